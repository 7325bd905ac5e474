"""`study eval` over the small index, without a model: runs, gates, judges, comparisons, imports."""

import json
from pathlib import Path

import pytest

from tests.assistant.openai_server import OpenAIServer
from tests.ui.commands.conftest import Study, json_lines, says

CASES = [
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

    result = study(
        "eval", "run", "--set", str(cases), "--no-model", "--limit", "1",
        "--out", str(tmp_path / "run"),
    )  # fmt: skip

    assert result.exit_code == 1
    assert "begun with another n cases" in result.stderr


def test_gate_ends_with_1_and_the_reason_and_what_holds_is_accepted(
    study: Study, indexed: Path, cases: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate.toml"
    gate.write_text('[at_least]\n"recall@1" = 0.9\n', encoding="utf-8")
    run(study, cases, tmp_path / "good", "--gate", str(gate))
    assert (indexed / "evals" / "accepted" / "cases").is_file()

    gate.write_text("[at_most]\ntotal_s = 0.0\n", encoding="utf-8")
    result = study(
        "eval", "run", "--set", str(cases), "--no-model", "--gate", str(gate),
        "--out", str(tmp_path / "slow"),
    )  # fmt: skip

    assert result.exit_code == 1
    assert "total_s" in result.stderr or "total" in result.stderr.lower()


def test_with_a_model_the_stack_judges(
    study: Study, indexed: Path, cases: Path, tmp_path: Path, server: OpenAIServer
) -> None:
    answer = "The telescope has an aperture of 37 centimetres [1]."
    server.scripts = [says(answer), *[says("Yes")] * 40]

    result = study(
        "eval", "run", "--set", str(cases), "--out", str(tmp_path / "run"), "--json",
        "--kinds", "fact", "--judge", "rules",
    )  # fmt: skip

    assert result.exit_code == 0, result.stderr
    figures = {f["metric"]: f["value"] for f in json.loads(result.stdout)["figures"]}
    assert figures["citation_recall"] == 1
    assert figures["faithfulness"] == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("run", "--kinds", "facts"), "There is no kind facts"),
        (("run", "--set", "none.jsonl"), "none.jsonl can't be read"),
        (("run", "--no-model", "--judge", "oracle"), "There is no judge oracle"),
        (("score", "--file", "none.jsonl"), "none.jsonl can't be read"),
        (("compare", "none", "none"), "can't be read"),
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


def test_imported_set_can_be_run(study: Study, home: Path, tmp_path: Path) -> None:
    squad = {
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
    (tmp_path / "squad.json").write_text(json.dumps(squad), encoding="utf-8")
    out = tmp_path / "out"
    assert study("eval", "import", "squad", str(tmp_path / "squad.json"), str(out)).exit_code == 0
    assert study("ingest", str(out / "corpus")).exit_code == 0

    figures = run(study, out / "cases.jsonl", tmp_path / "run")

    assert figures["recall@1"] == 1


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
