"""`study publish`: measured before it goes live, put back, logged; a model that says the same."""

import io
import json
import shutil
import threading
import time
from pathlib import Path

import pytest

from assistant import audit, generations
from assistant.settings import Settings
from tests.assistant.openai_server import Exchange, OpenAIServer
from tests.ui.commands.conftest import Study, json_lines, says
from tests.ui.commands.test_watch import wait_for
from ui.commands.pruning import publishing
from ui.commands.publication import Outcome, Request, publish_materials
from ui.commands.watch import follow
from ui.publish_progress import ProgressFile, Stage
from ui.terminal import PlainBars

CASES: list[dict[str, object]] = [
    {
        "id": f"en-{n}",
        "language": "en",
        "kind": "fact",
        "question": question,
        "reference": "37 centimetres.",
        "evidence": [{"source": "en/observatory.md", "heading": heading}],
    }
    for n, (question, heading) in enumerate(
        [
            ("What is the aperture of the telescope of the Altenmoor observatory?", "Telescope"),
            ("How wide is the aperture of the Altenmoor telescope?", "Telescope"),
            ("Who gave the telescope to the Altenmoor observatory?", "Telescope"),
            ("When is the Altenmoor telescope open to the public?", "Telescope"),
            ("How heavy is the dome of the Altenmoor observatory?", "Dome"),
            ("How long does the dome of the Altenmoor observatory take to turn?", "Dome"),
            ("What is the dome of the Altenmoor observatory made of?", "Dome"),
        ]
    )
]
OTHERS: list[dict[str, object]] = [
    {
        "id": "zh-dome",
        "language": "zh",
        "question": "圆顶转一圈要多久？",
        "reference": "9 分钟。",
        "evidence": [{"source": "zh/observatory.md", "heading": "圆顶"}],
    },
    {
        "id": "zh-telescope",
        "language": "zh",
        "question": "望远镜的口径是多少？",
        "reference": "37 厘米。",
        "evidence": [{"source": "zh/observatory.md", "heading": "望远镜"}],
    },
]
STRANGERS: list[dict[str, object]] = [
    {
        "id": "other",
        "language": "en",
        "question": "What is a token?",
        "evidence": [{"source": "en/tokens.md", "heading": ""}],
    }
]
GATE = """
[at_most]
errors = 0.1
[set.smoke.at_least]
"recall@5" = 0.5
[max_drop]
"recall@5" = 0.02
"""
ANSWER = "The telescope of the Altenmoor observatory has an aperture of 37 centimetres [1]."


def write_cases(path: Path, cases: list[dict[str, object]]) -> Path:
    path.write_text("\n".join(map(json.dumps, cases)), encoding="utf-8")
    return path


@pytest.fixture
def corpus(indexed: Path, built: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the corpus that is live, with cases and a gate for it."""
    corpus = indexed / "corpus"
    shutil.copytree(built / "corpus", corpus)
    name = generations.current_name(indexed) or ""
    manifest = generations.generation_folder(indexed, name) / "manifest.json"
    text = manifest.read_text(encoding="utf-8").replace(str(built / "corpus"), str(corpus))
    manifest.write_text(text, encoding="utf-8")
    monkeypatch.setenv(
        "STUDY_PUBLISH__SMOKE", str(write_cases(indexed / "smoke.jsonl", CASES + STRANGERS))
    )
    others = write_cases(indexed / "others.jsonl", OTHERS)
    monkeypatch.setenv("STUDY_PUBLISH__CASES", json.dumps([str(others)]))
    (indexed / "gate.toml").write_text(GATE, encoding="utf-8")
    monkeypatch.setenv("STUDY_PUBLISH__GATE", str(indexed / "gate.toml"))
    return corpus


@pytest.fixture
def model(server: OpenAIServer) -> OpenAIServer:
    """A model that always says the same."""
    server.scripts = [says(ANSWER)] * 200
    return server


def edit(corpus: Path, old: str, new: str, file: str = "en/observatory.md") -> None:
    path = corpus / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def published(study: Study, corpus: Path, *more: str) -> dict[str, object]:
    (values,) = json_lines(study("publish", str(corpus), "--json", *more).stdout)
    return values


def test_an_own_smoke_set_has_limits_by_its_name(
    study: Study,
    corpus: Path,
    indexed: Path,
    model: OpenAIServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STUDY_PUBLISH__SMOKE", str(write_cases(indexed / "mine.jsonl", CASES)))
    (indexed / "gate.toml").write_text('[set.mine.at_least]\n"recall@5" = 1.1\n', encoding="utf-8")
    edit(corpus, "9 minutes", "11 minutes")
    values = published(study, corpus)
    assert not values["published"]
    assert "must be at least 1.100" in str(values["reason"])


def test_a_good_candidate_goes_live_and_is_logged(
    study: Study, corpus: Path, indexed: Path, model: OpenAIServer
) -> None:
    before = generations.current_name(indexed)
    edit(corpus, "9 minutes", "11 minutes")
    values = published(study, corpus, "--by", "the owner", "--reason", "new motor")
    assert values["published"], values["reason"]
    live = generations.current_name(indexed)
    assert (values["generation"], values["candidate"], values["previous"]) == (live, live, before)
    assert live != before
    assert not generations.is_candidate(indexed, str(live))
    assert values["cases"] == 7  # the stranger is about other materials
    assert values["scores"]["recall@5"] == {"candidate": 1, "live": 1}  # type: ignore[index]
    (entry,) = audit.read(indexed)
    assert (entry.by, entry.action, entry.former, entry.to) == (
        "the owner", "publish", before, live,
    )  # fmt: skip
    assert entry.reason == "new motor"
    assert entry.summary == "files: 1 changed"
    assert entry.scores["recall@5"] == {"candidate": 1, "live": 1}
    state = json.loads((indexed / "publish" / "progress.json").read_text(encoding="utf-8"))
    assert (state["stage"], state["message"]) == ("done", values["reason"])


def test_a_candidate_that_loses_is_kept_but_not_published(
    study: Study, corpus: Path, indexed: Path, model: OpenAIServer
) -> None:
    before = generations.current_name(indexed)
    (corpus / "en" / "observatory.md").unlink()
    (corpus / "en" / "other.md").write_text("# Bees\n\nBees make honey.", encoding="utf-8")
    result = study("publish", str(corpus))
    assert result.exit_code == 1
    assert generations.current_name(indexed) == before
    assert "recall@5" in result.stderr
    assert "the live generation has, too" in result.stderr
    assert "study publish --force --reason TEXT" in result.stderr
    (candidate,) = set(generations.list_names(indexed)) - {before}
    assert generations.is_candidate(indexed, candidate)
    assert generations.verify(indexed, candidate) == []
    (entry,) = audit.read(indexed)
    assert (entry.action, entry.former, entry.to) == ("reject", before, candidate)
    assert "(candidate, never live)" in study("index", "list").stdout
    assert study("index", "rollback", "--to", candidate).exit_code == 1

    n_asked = len(model.bodies)
    forced = published(study, corpus, "--force", "--reason", "bees matter")
    assert (forced["published"], forced["forced"], forced["candidate"]) == (True, True, candidate)
    assert len(model.bodies) == n_asked
    assert audit.read(indexed)[-1].action == "force"
    assert audit.read(indexed)[-1].reason == "bees matter"
    assert generations.current_name(indexed) == candidate


def test_force_needs_a_reason(study: Study, corpus: Path) -> None:
    assert study("publish", str(corpus), "--force").exit_code == 2


def test_cases_whose_evidence_changed_join_the_smoke_set(
    study: Study, corpus: Path, model: OpenAIServer
) -> None:
    edit(corpus, "9 分钟", "11 分钟", "zh/observatory.md")
    (values,) = json_lines(study("publish", str(corpus), "--dry-run", "--json").stdout)
    assert list(values) == ["plan"]
    (file,) = values["plan"]["files"]  # type: ignore[index]
    assert (file["source"], file["change"], file["cases"]) == (
        "zh/observatory.md", "changed", ["zh-dome"],
    )  # fmt: skip
    assert file["passages"] == {"added": 0, "changed": 1, "moved": 0, "removed": 0, "kept": 1}
    (change,) = file["changes"]
    assert [word for word in change["words"] if word["op"] != "same"] == [
        {"op": "removed", "text": "9"},
        {"op": "added", "text": "11"},
    ]
    assert values["plan"]["kept_files"] == 1  # type: ignore[index]
    assert values["plan"]["vectors"] == 2  # type: ignore[index]
    assert published(study, corpus)["cases"] == 8


def test_a_renamed_file_takes_its_evidence_along(
    study: Study, corpus: Path, indexed: Path, model: OpenAIServer
) -> None:
    (corpus / "en" / "observatory.md").rename(corpus / "en" / "sky.md")
    values = published(study, corpus)
    assert values["published"], values["reason"]
    (file,) = values["plan"]["files"]  # type: ignore[index]
    assert (file["change"], file["moved_from"]) == ("moved", "en/observatory.md")
    assert values["plan"]["vectors"] == 0  # type: ignore[index]


def test_nothing_new_is_no_failure_and_writes_no_log(
    study: Study, corpus: Path, indexed: Path
) -> None:
    result = study("publish", str(corpus), "--json")
    assert result.exit_code == 0
    (values,) = json_lines(result.stdout)
    assert (values["published"], values["candidate"]) == (False, None)
    assert "Nothing has changed" in str(values["reason"])
    assert audit.read(indexed) == []


def test_without_a_model_the_candidate_waits_and_force_is_offered(
    study: Study, corpus: Path, indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY_MODEL__URL", "http://127.0.0.1:9/v1")
    before = generations.current_name(indexed)
    edit(corpus, "9 minutes", "11 minutes")
    result = study("publish", str(corpus))
    assert result.exit_code == 1
    assert "No model answers" in result.stderr
    assert "--force --reason" in result.stderr
    assert generations.current_name(indexed) == before
    state = json.loads((indexed / "publish" / "progress.json").read_text(encoding="utf-8"))
    assert state["stage"] == "failed"


def test_a_stopped_publication_goes_on_with_candidate_and_answers(
    study: Study, corpus: Path, indexed: Path, model: OpenAIServer
) -> None:
    n_before = 4
    edit(corpus, "9 minutes", "11 minutes")
    with pytest.MonkeyPatch.context() as patch:
        interrupt_after(patch, n_before)
        result = study("publish", str(corpus))
    assert result.exit_code == 130
    assert "Stopped" in result.stderr
    names = generations.list_names(indexed)
    n_asked = len(model.bodies)
    assert published(study, corpus)["published"]
    assert generations.list_names(indexed) == names
    assert len(model.bodies) - n_asked == 14 - n_before


def interrupt_after(patch: pytest.MonkeyPatch, n_cases: int) -> None:
    """Have Ctrl-C come once so many cases are answered."""
    tell = ProgressFile.tell

    def told(
        self: ProgressFile, stage: Stage, done: int = 0, total: int = 0, message: str = ""
    ) -> None:
        if stage == "evaluate" and done >= n_cases:
            raise KeyboardInterrupt
        tell(self, stage, done, total, message)

    patch.setattr(ProgressFile, "tell", told)


def test_two_publications_do_not_meet(study: Study, corpus: Path, indexed: Path) -> None:
    edit(corpus, "9 minutes", "11 minutes")
    with publishing(indexed):
        result = study("publish", str(corpus))
    assert result.exit_code == 1
    assert "Another publication is under way." in result.stderr


def test_what_went_live_meanwhile_is_not_overwritten(
    study: Study, corpus: Path, indexed: Path, server: OpenAIServer
) -> None:
    edit(corpus, "9 minutes", "10 minutes")
    assert study("ingest", str(corpus)).exit_code == 0
    edit(corpus, "10 minutes", "11 minutes")

    def go_back(exchange: Exchange) -> None:
        study("index", "rollback")
        says(ANSWER)(exchange)

    server.scripts = [says(ANSWER), go_back] + [says(ANSWER)] * 100
    result = study("publish", str(corpus))
    assert result.exit_code == 1
    assert "Another generation went live" in result.stderr
    assert audit.read(indexed)[-1].action == "rollback"


def test_a_bad_file_is_told_and_the_rest_goes_live(
    study: Study, corpus: Path, model: OpenAIServer
) -> None:
    edit(corpus, "9 minutes", "11 minutes")
    (corpus / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing of a PDF")
    result = study("publish", str(corpus), "--json")
    assert result.exit_code == 1
    (values,) = json_lines(result.stdout)
    assert values["published"]
    (failure,) = list[dict[str, str]](values["failures"])  # type: ignore[call-overload]
    assert failure["source"] == "broken.pdf"
    assert set(failure) == {"source", "place", "message", "hint"}


def test_the_first_generation_needs_the_floors_alone(
    study: Study, corpus: Path, indexed: Path, model: OpenAIServer
) -> None:
    shutil.rmtree(indexed / "index")
    values = published(study, corpus)
    assert values["published"], values["reason"]
    assert values["previous"] is None
    assert values["scores"]["recall@5"] == {"candidate": 1, "live": None}  # type: ignore[index]


def test_a_watched_folder_publishes_through_the_gate(
    corpus: Path, indexed: Path, model: OpenAIServer
) -> None:
    settings, told, stop = Settings.load(), list[Outcome](), threading.Event()
    request = Request(roots=[corpus], by="watch", retries_refused=False)

    def publish() -> Outcome:
        return publish_materials(settings, request, PlainBars(io.StringIO()))

    watch = threading.Thread(
        target=lambda: follow(
            [corpus], publish, told.append, settle_s=0.3, rescan_s=1, polling=False, stop=stop
        )
    )
    watch.start()
    try:
        edit(corpus, "9 minutes", "11 minutes")
        wait_for(lambda: len(told) == 1, timeout_s=60)
        (corpus / "en" / "observatory.md").write_text("# Bees\n\nBees make honey.", "utf-8")
        wait_for(lambda: len(told) == 2, timeout_s=60)
        time.sleep(3)  # it is looked at again, but neither measured nor logged again
    finally:
        stop.set()
        watch.join()
    assert [outcome.published for outcome in told] == [True, False]
    assert generations.current_name(indexed) == told[0].candidate
    assert [entry.action for entry in audit.read(indexed)] == ["publish", "reject"]
