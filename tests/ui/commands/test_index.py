"""`study index`: listing, checking, going back."""

import json
import shutil
from pathlib import Path

import pytest

from assistant import audit, generations
from tests.ui.commands.conftest import Study, json_lines, write_corpus


@pytest.fixture
def two(study: Study, indexed: Path) -> tuple[str, str]:
    """The names of two generations, the second live."""
    corpus = write_corpus(indexed / "corpus")
    (corpus / "new.md").write_text("# New\n\nA new file about comets.", encoding="utf-8")
    assert study("ingest", str(corpus)).exit_code == 0
    first, second = generations.list_names(indexed)
    return first, second


def test_list_tells_which_is_live(study: Study, two: tuple[str, str]) -> None:
    lines = study("index", "list").stdout.splitlines()
    assert [line[:2] for line in lines] == ["  ", "* "]
    assert lines[1].endswith("(live)")
    (values,) = json_lines(study("index", "list", "--json").stdout)
    assert values["live"] == two[1]
    assert [row["name"] for row in values["generations"]] == list(two)  # type: ignore[attr-defined]


def test_list_without_an_index_says_how_to_make_one(study: Study) -> None:
    result = study("index", "list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "study ingest" in result.stderr


def test_verify_finds_what_is_damaged(study: Study, indexed: Path) -> None:
    assert study("index", "verify").exit_code == 0
    name = generations.current_name(indexed) or ""
    path = generations.generation_folder(indexed, name) / "centres.json"
    path.write_bytes(path.read_bytes() + b" ")
    result = study("index", "verify", "--json")
    assert result.exit_code == 1
    (values,) = json_lines(result.stdout)
    problem = "centres.json is damaged: its sha256 differs from the manifest's."
    assert values == {"name": name, "problems": [problem]}


def test_diff_tells_what_changed_and_what_rests_on_it(
    study: Study, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = home / "corpus"
    corpus.mkdir()
    (corpus / "old.md").write_text("# Old\n\nA file about the dome.", encoding="utf-8")
    assert study("ingest", str(corpus)).exit_code == 0
    (corpus / "new.md").write_text("# New\n\nA new file about comets.", encoding="utf-8")
    assert study("ingest", str(corpus)).exit_code == 0
    two = generations.list_names(home)
    case = {
        "id": "c",
        "language": "en",
        "question": "?",
        "evidence": [{"source": "new.md", "heading": ""}],
    }
    (home / "cases.jsonl").write_text(json.dumps(case), encoding="utf-8")
    monkeypatch.setenv("STUDY_PUBLISH__CASES", json.dumps([str(home / "cases.jsonl")]))
    result = study("index", "diff", *two)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == [
        "  + new.md  passages: 1 added",
        "      cases that rest on it: c",
        "1 file unchanged.",
    ]
    (plan,) = json_lines(study("index", "diff", *reversed(two), "--json").stdout)
    assert [(file["source"], file["change"]) for file in plan["files"]] == [  # type: ignore[attr-defined]
        ("new.md", "removed")
    ]
    assert (plan["kept_files"], plan["rebuild"]) == (1, None)


def test_diff_of_what_is_not_there_is_a_known_error(study: Study, indexed: Path) -> None:
    result = study("index", "diff", "a", "b")
    assert result.exit_code == 1
    assert "There is no generation a." in result.stderr


def test_prune_keeps_the_live_one_those_before_it_and_new_candidates(
    study: Study, indexed: Path, two: tuple[str, str]
) -> None:
    corpus = indexed / "corpus"
    for number in range(3):
        (corpus / "new.md").write_text(f"# New\n\nAbout {number} comets.", encoding="utf-8")
        assert study("ingest", str(corpus)).exit_code == 0
    *_, before, live = names = generations.list_names(indexed)
    candidate = generations.generation_folder(indexed, two[1]) / generations.CANDIDATE
    candidate.touch()
    dry = study("index", "prune", "--keep", "1", "--dry-run", "--json")
    (told,) = json_lines(dry.stdout)
    assert generations.list_names(indexed) == names
    (values,) = json_lines(study("index", "prune", "--keep", "1", "--json").stdout)
    assert values["removed"] == told["removed"] == [names[0], names[2]]
    assert generations.list_names(indexed) == [two[1], before, live]
    assert study("index", "verify").exit_code == 0


def test_prune_lets_go_of_old_candidates(
    study: Study, indexed: Path, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (generations.generation_folder(indexed, two[0]) / generations.CANDIDATE).touch()
    monkeypatch.setenv("STUDY_PUBLISH__KEEP_DAYS", "0")
    assert study("index", "prune").stdout.startswith("1 generation went")
    assert generations.list_names(indexed) == [two[1]]


def test_rollback_passes_over_candidates_and_is_logged(
    study: Study, indexed: Path, two: tuple[str, str]
) -> None:
    live = generations.current_name(indexed) or ""
    folder = generations.generation_folder(indexed, live)
    shutil.copytree(folder, folder.with_name("20990101-000000"))
    (folder.with_name("20990101-000000") / generations.CANDIDATE).touch()
    (folder.with_name("20260101-000000")).mkdir()  # unfinished
    result = study("index", "rollback", "--reason", "wrong figures", "--by", "o", "--json")
    (values,) = json_lines(result.stdout)
    assert values == {"live": two[0], "former": two[1]}
    entry = audit.read(indexed)[-1]
    assert (entry.action, entry.by, entry.reason) == ("rollback", "o", "wrong figures")
    assert (entry.former, entry.to) == (two[1], two[0])
    refused = study("index", "rollback", "--to", "20990101-000000")
    assert refused.exit_code == 1
    assert "never was live" in refused.stderr


def test_rollback_goes_to_the_one_before(study: Study, indexed: Path, two: tuple[str, str]) -> None:
    result = study("index", "rollback")
    assert result.stdout == f"{two[0]} is live; it was {two[1]}.\n"
    assert generations.current_name(indexed) == two[0]
    (values,) = json_lines(study("index", "rollback", "--to", two[1], "--json").stdout)
    assert values == {"live": two[1], "former": two[0]}


def test_rollback_refuses_a_damaged_generation(
    study: Study, indexed: Path, two: tuple[str, str]
) -> None:
    (generations.generation_folder(indexed, two[0]) / "vectors.faiss").write_bytes(b"")
    result = study("index", "rollback")
    assert result.exit_code == 1
    assert generations.current_name(indexed) == two[1]


@pytest.mark.parametrize(
    "arguments", [("rollback",), ("rollback", "--to", "20200101-000000")], ids=" ".join
)
def test_rollback_to_nothing_is_a_known_error(
    study: Study, indexed: Path, arguments: tuple[str, ...]
) -> None:
    result = study("index", *arguments)
    assert result.exit_code == 1
    assert "There is no generation" in result.stderr
