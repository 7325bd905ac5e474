"""`study eval` over the small index, without a model: runs, gates, judges, comparisons, imports."""

import json
import shutil
from pathlib import Path

import pytest

from assistant.settings import Settings
from assistant.wiring import build_assistant
from evals.gate import GATE
from tests.assistant.openai_server import OpenAIServer
from tests.ui.commands.conftest import Study, json_lines, says
from ui.commands.eval import side_by_side

CASES: list[dict[str, object]] = [
    {
        "id": "en-1",
        "language": "en",
        "kind": "fact",
        "question": "What is the aperture of the telescope of the Altenmoor observatory?",
        "reference": "37 centimetres.",
        "evidence": [{"source": "en/observatory.md", "heading": "Telescope"}],
    },
    {
        "id": "zh-1",
        "language": "zh",
        "kind": "unanswerable",
        "question": "今年春节放几天假？",
        "answerable": False,
    },
]


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(map(json.dumps, CASES)), encoding="utf-8")
    return path


def run(study: Study, cases: Path, out: Path, *more: str) -> dict[str, float | None]:
    """Run without a model; return the overall figures by name."""
    result = study(
        "eval", "run", "--set", str(cases), "--no-model", "--out", str(out), "--json", *more
    )
    assert result.exit_code == 0, result.stderr
    return {figure["metric"]: figure["value"] for figure in json.loads(result.stdout)["figures"]}


def test_a_run_leaves_figures_and_reports(
    study: Study, indexed: Path, cases: Path, tmp_path: Path
) -> None:
    figures = run(study, cases, tmp_path / "run")

    assert figures["recall@1"] == 1
    assert figures["wrongly_answered"] == 0
    assert figures["wrongly_refused"] == 0
    assert figures["errors"] == 0
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {
        "run.json", "rows.jsonl", "verdicts.jsonl", "scores.json", "report.html", "report.md",
        "junit.xml",
    }  # fmt: skip
    made = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert made["n_cases"] == 2
    assert made["generation"]
    assert made["judge"] == "rules"
    assert "python" in made["versions"]


def test_what_was_begun_with_other_cases_is_not_gone_on_with(
    study: Study, indexed: Path, cases: Path, tmp_path: Path
) -> None:
    run(study, cases, tmp_path / "run")
    run(study, cases, tmp_path / "run")  # the same goes on

    rows = (tmp_path / "run" / "rows.jsonl").read_bytes()

    result = study(
        "eval", "run", "--set", str(cases), "--no-model", "--kinds", "unanswerable",
        "--out", str(tmp_path / "run"),
    )  # fmt: skip

    assert result.exit_code == 1
    assert "begun with another choice of cases" in result.stderr
    assert (tmp_path / "run" / "rows.jsonl").read_bytes() == rows


def test_a_folder_of_other_files_is_left_alone(
    study: Study, indexed: Path, cases: Path, tmp_path: Path
) -> None:
    result = study("eval", "run", "--set", str(cases), "--no-model", "--out", str(tmp_path))

    assert result.exit_code == 1
    assert "holds other files, and no run" in " ".join(result.stderr.split())
    assert not (tmp_path / "run.json").exists()


def test_without_a_server_nothing_is_measured_unless_that_is_asked_for(
    study: Study, indexed: Path, cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY_MODEL__URL", "http://127.0.0.1:9")

    result = study("eval", "run", "--set", str(cases), "--out", str(tmp_path / "run"))

    assert result.exit_code == 1
    assert "No model answers" in result.stderr
    assert "--no-model" in result.stderr
    assert not (tmp_path / "run").exists()
    run(study, cases, tmp_path / "run")


def test_rows_that_the_model_failed_at_are_errors_and_tried_again(
    study: Study, indexed: Path, cases: Path, tmp_path: Path, server: OpenAIServer
) -> None:
    def eval_run() -> tuple[dict[str, float | None], str]:
        result = study(
            "eval", "run", "--set", str(cases), "--kinds", "fact", "--judge", "rules",
            "--out", str(tmp_path / "run"), "--json",
        )  # fmt: skip
        assert result.exit_code == 0, result.stderr
        figures = {f["metric"]: f["value"] for f in json.loads(result.stdout)["figures"]}
        return figures, " ".join(result.stderr.split())

    server.scripts = [lambda exchange: exchange.send_status(400, "no such thing")] * 5
    figures, said = eval_run()
    assert (figures["errors"], figures["wrongly_refused"]) == (1, 1)
    assert "1 case failed, which counts as wrong. The same command with --out" in said

    answer = "The telescope has an aperture of 37 centimetres [1]."
    server.scripts = [says(answer)] * 5
    figures, said = eval_run()
    assert (figures["errors"], figures["wrongly_refused"]) == (0, 0)
    assert "failed" not in said


def test_what_is_said_when_it_is_stopped_names_the_folder(
    study: Study, indexed: Path, cases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("evals.evaluation.run_cases", stop)

    result = study("eval", "run", "--set", str(cases), "--no-model")

    assert result.exit_code == 130
    (folder,) = (indexed / "evals").iterdir()
    said = " ".join(result.stderr.split())
    assert f"Stopped; the same command with --out {folder} goes on." in said
    assert "run the command again" not in said


def test_cases_with_passages_need_no_index(study: Study, home: Path, tmp_path: Path) -> None:
    given: dict[str, object] = {
        **CASES[0],
        "passages": ["The telescope has an aperture of 37 centimetres."],
    }
    cases = tmp_path / "given.jsonl"
    cases.write_text(json.dumps(given), encoding="utf-8")

    figures = run(study, cases, tmp_path / "run")

    assert figures["errors"] == 0
    assert json.loads((tmp_path / "run" / "run.json").read_bytes())["generation"] == ""


def test_gate_ends_with_1_and_the_reason_and_what_holds_is_accepted(
    study: Study, indexed: Path, cases: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate.toml"
    gate.write_text('[at_least]\n"recall@1" = 0.9\n', encoding="utf-8")
    run(study, cases, tmp_path / "good", "--gate", str(gate))
    (accepted,) = (indexed / "evals" / "accepted").iterdir()
    assert accepted.name.startswith("cases-")
    assert json.loads(accepted.read_bytes())["provenance"]["name"] == "good"

    gate.write_text("[at_most]\ntotal_s = 0.0\n", encoding="utf-8")
    result = study(
        "eval", "run", "--set", str(cases), "--no-model", "--gate", str(gate),
        "--out", str(tmp_path / "slow"),
    )  # fmt: skip

    assert result.exit_code == 1
    assert "total_s" in result.stderr or "total" in result.stderr.lower()


def test_the_shipped_gate_holds_for_the_same_run_again_whatever_kinds_it_has(
    study: Study, indexed: Path, cases: Path, tmp_path: Path
) -> None:
    for name in ("first", "again"):
        run(study, cases, tmp_path / name, "--kinds", "fact", "--gate", str(GATE))


def test_a_run_that_passes_but_lost_something_is_not_what_later_ones_are_compared_with(
    study: Study, indexed: Path, cases: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate.toml"
    gate.write_text("[max_drop]\nmrr = 0.05\n", encoding="utf-8")
    run(study, cases, tmp_path / "good", "--gate", str(gate))
    (accepted,) = (indexed / "evals" / "accepted").iterdir()
    # As if the accepted run had been better by what one case alone doesn't prove.
    values = json.loads(accepted.read_bytes())
    values["scores"]["per_case"]["en-1"]["mrr"] = 1.2
    accepted.write_text(json.dumps(values), encoding="utf-8")

    result = study(
        "eval", "run", "--set", str(cases), "--no-model", "--gate", str(gate),
        "--out", str(tmp_path / "worse"),
    )  # fmt: skip

    assert result.exit_code == 0
    said = " ".join(result.stderr.split())
    assert "mrr fell by no more than it allows" in said
    assert "still compared with the accepted one, good." in said
    assert json.loads(accepted.read_bytes()) == values


def test_an_accepted_run_that_is_judged_again_or_deleted_is_still_compared_with(
    study: Study, indexed: Path, cases: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate.toml"
    gate.write_text("[max_drop]\nmrr = 0.05\n", encoding="utf-8")
    run(study, cases, tmp_path / "good", "--gate", str(gate))
    # As if another judge had found it better.
    figures = tmp_path / "good" / "scores.json"
    values = json.loads(figures.read_bytes())
    values["per_case"]["en-1"]["mrr"] = 1.2
    figures.write_text(json.dumps(values), encoding="utf-8")

    for name in ("second", "third"):
        result = study(
            "eval", "run", "--set", str(cases), "--no-model", "--gate", str(gate),
            "--out", str(tmp_path / name),
        )  # fmt: skip

        said = " ".join(result.stderr.split())
        assert "The gate holds; later runs are compared with this one." in said
        assert "can't be compared" not in said
        assert "accepted before" not in said
        shutil.rmtree(tmp_path / name)


def test_a_run_is_reported_and_held_to_a_gate_again(
    study: Study, indexed: Path, cases: Path, tmp_path: Path
) -> None:
    figures = run(study, cases, tmp_path / "run")
    gate = tmp_path / "gate.toml"
    gate.write_text("[at_least]\nmrr = 1.1\n", encoding="utf-8")
    shutil.rmtree(indexed / "index")  # nothing is searched

    again = study("eval", "report", str(tmp_path / "run"), "--json")
    judged = study("eval", "report", str(tmp_path / "run"), "--judge", "rules", "--json")
    held = study("eval", "report", str(tmp_path / "run"), "--gate", str(gate))

    for result in (again, judged):
        assert result.exit_code == 0, result.stderr
        found = json.loads(result.stdout)["figures"]
        assert {figure["metric"]: figure["value"] for figure in found} == figures
    assert held.exit_code == 1
    assert "must be at least 1.100" in " ".join(held.stderr.split())


def test_misspelt_gate_is_told_before_anything_is_asked(
    study: Study, indexed: Path, cases: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate.toml"
    gate.write_text("[at_least]\nrecal = 0.9\n", encoding="utf-8")

    result = study(
        "eval", "run", "--set", str(cases), "--no-model", "--gate", str(gate),
        "--out", str(tmp_path / "run"),
    )  # fmt: skip

    assert result.exit_code == 1
    assert "there is no metric recal" in " ".join(result.stderr.split())
    assert not (tmp_path / "run").exists()


def test_limits_of_a_set_that_is_not_run_are_told_also_when_a_run_is_reported_again(
    study: Study, indexed: Path, cases: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate.toml"
    gate.write_text("[set.cases.at_least]\nmrr = 0.9\n", encoding="utf-8")
    run(study, cases, tmp_path / "run", "--gate", str(gate))
    again = ("eval", "report", str(tmp_path / "run"), "--gate", str(gate))
    assert study(*again).exit_code == 0

    gate.write_text("[set.casse.at_least]\nmrr = 0.9\n", encoding="utf-8")
    result = study(*again)

    assert result.exit_code == 1
    assert "there is no set casse (is cases meant?)" in " ".join(result.stderr.split())


def test_with_a_model_the_stack_judges(
    study: Study, indexed: Path, cases: Path, tmp_path: Path, server: OpenAIServer
) -> None:
    answer = "The telescope has an aperture of 37 centimetres [1]."
    server.scripts = [says(answer), *[says("Yes")] * 40]
    server.models = {"data": [{"id": "m", "owned_by": "vllm"}]}

    result = study(
        "eval", "run", "--set", str(cases), "--out", str(tmp_path / "run"), "--json",
        "--kinds", "fact", "--judge", "rules",
    )  # fmt: skip

    assert result.exit_code == 0, result.stderr
    figures = {f["metric"]: f["value"] for f in json.loads(result.stdout)["figures"]}
    assert figures["citation_recall"] == 1
    assert figures["faithfulness"] == 1
    assert json.loads((tmp_path / "run" / "run.json").read_bytes())["engine"] == "vllm"


@pytest.mark.parametrize(("owner", "n"), [("vllm", 16), ("llamacpp", 1), ("a-vendor", 1)])
def test_what_serves_tells_how_many_questions_are_asked_at_a_time(
    indexed: Path, server: OpenAIServer, owner: str, n: int
) -> None:
    server.models = {"data": [{"id": "m", "owned_by": owner}]}
    settings = Settings.load()
    assert side_by_side(settings, build_assistant(settings)) == n


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("run", "--kinds", "facts"), "There is no kind facts"),
        (("run", "--set", "none.jsonl"), "none.jsonl can't be read"),
        (("run", "--no-model", "--judge", "oracle"), "There is no judge oracle"),
        (("run", "--judge", "oracle"), "There is no judge oracle"),
        (("judge", "--judge", "oracle"), "There is no judge oracle"),
        (
            ("run", "--no-model", "--out", "/dev/null/run"),
            "/dev/null/run can't be made in /dev/null",
        ),
        (("score", "--file", "none.jsonl"), "none.jsonl can't be read"),
        (("compare", "none", "none"), "can't be read"),
        (("report", "none"), "can't be read"),
        (("import", "squad", "none.json", "out"), "none.json can't be read"),
        (("judge", "--labels", "none.jsonl", "--judge", "rules"), "none.jsonl can't be read"),
    ],
)
def test_wrong_input_gets_one_sentence(
    study: Study, indexed: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    result = study("eval", *arguments)

    assert result.exit_code in {1, 2}
    assert sentence in result.stderr.replace("\n", " ")
    assert "Traceback" not in result.stderr


def test_given_answers_are_scored_a_line_each(study: Study, home: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    passage = "The dome is made of copper sheets and weighs 4 tons."
    rows.write_text(
        "\n".join(
            json.dumps({"id": name, "question": "Dome?", "passages": [passage], "answer": answer})
            for name, answer in [("good", passage), ("bad", "The dome weighs 9 tons of copper.")]
        ),
        encoding="utf-8",
    )

    result = study("eval", "score", "--file", str(rows), "--judge", "rules", "--json")

    good, bad = json_lines(result.stdout)
    assert (good["id"], good["supported"]) == ("good", True)
    assert (bad["id"], bad["supported"]) == ("bad", False)
    assert "9 is not in the passage" in str(bad["sentences"])


def test_judge_is_measured_on_labels(study: Study, home: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.jsonl"
    rows = [
        {
            "id": f"l{number}",
            "language": "en",
            "statement": f"The dome weighs {4 + number % 2} tons.",
            "passages": ["The dome weighs 4 tons."],
            "supported": number % 2 == 0,
        }
        for number in range(6)
    ]
    labels.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")

    result = study("eval", "judge", "--labels", str(labels), "--judge", "rules", "--json")

    (quality,) = json_lines(result.stdout)
    assert quality["balanced_accuracy"]["value"] == 1  # type: ignore[index]

    result = study(
        "eval", "judge", "--labels", str(labels), "--judge", "rules", "--json", "--limit", "4"
    )
    (quality,) = json_lines(result.stdout)
    assert (quality["n"], quality["n_unsupported"]) == (4, 2)

    result = study("eval", "judge", "--labels", str(labels), "--split", "record")
    assert result.exit_code == 1
    assert "is in the split record" in result.stderr.replace("\n", " ")


def test_runs_are_compared(study: Study, indexed: Path, cases: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run(study, cases, tmp_path / name)

    result = study("eval", "compare", str(tmp_path / "a"), str(tmp_path / "b"))

    assert result.exit_code == 0
    assert "2 cases are the same in both" in result.stdout

    result = study("eval", "compare", str(tmp_path / "a"), str(tmp_path / "b"), "--json")

    (values,) = json_lines(result.stdout)
    assert values["n_shared"] == 2
    assert values["mended"] == values["broken"] == values["differences"] == []

    page = str(tmp_path / "none" / "x.html")
    result = study("eval", "compare", str(tmp_path / "a"), str(tmp_path / "b"), "--html", page)

    assert result.exit_code == 1
    assert "can't be written: No such file or directory." in result.stderr.replace("\n", " ")
    assert "nobody foresaw" not in result.stderr


SQUAD = {
    "data": [
        {
            "title": "Owls",
            "paragraphs": [
                {
                    "context": "An owl hunts at night and sleeps by day in a hollow tree.",
                    "qas": [
                        {
                            "id": "1",
                            "question": "When does an owl hunt?",
                            "answers": [{"text": "at night"}],
                        }
                    ],
                }
            ],
        }
    ]
}


def test_imported_set_can_be_run(study: Study, home: Path, tmp_path: Path) -> None:
    (tmp_path / "squad.json").write_text(json.dumps(SQUAD), encoding="utf-8")
    out = tmp_path / "out"
    assert study("eval", "import", "squad", str(tmp_path / "squad.json"), str(out)).exit_code == 0
    assert study("ingest", str(out / "corpus")).exit_code == 0

    figures = run(study, out / "cases.jsonl", tmp_path / "run")

    assert figures["recall@1"] == 1


def test_index_is_advertised_only_where_the_import_needs_one(
    study: Study, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "squad.json").write_text(json.dumps(SQUAD), encoding="utf-8")
    squad = ("eval", "import", "squad", str(tmp_path / "squad.json"), str(tmp_path / "out"))

    assert "study ingest" in study(*squad).stderr
    given = study(*squad, "--given")  # the folder of the first import is there still

    assert "study eval run" in given.stderr
    assert "ingest" not in given.stderr
    (told,) = json_lines(study(*squad, "--given", "--json").stdout)
    assert told["corpus"] is None


def test_questions_that_bring_their_passages_are_run_as_they_are(
    study: Study, indexed: Path, tmp_path: Path
) -> None:
    rows = [
        {
            "query_id": name,
            "language": "en",
            "question": question,
            "passages": ["The dome of the tower is made of copper."],
            "answerable": answerable,
        }
        for name, question, answerable in [
            ("1", "What is the dome of the tower made of?", True),
            ("2", "Who was the first emperor of China?", False),
        ]
    ]
    (tmp_path / "dev.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    out = tmp_path / "set"

    imported = study("eval", "import", "nomiracl", str(tmp_path / "dev.jsonl"), str(out), "--json")
    (told,) = json_lines(imported.stdout)
    assert (told["n_cases"], told["corpus"], told["unread"]) == (2, None, [])

    figures = run(study, out / "cases.jsonl", tmp_path / "run")
    assert (figures["wrongly_answered"], figures["wrongly_refused"]) == (0, 0)
