"""`study index`: listing, checking, going back."""

from pathlib import Path

import pytest

from assistant import generations
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
