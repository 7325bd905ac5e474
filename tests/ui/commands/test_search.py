"""`study search`: the passages it prints."""

import json
from pathlib import Path

from tests.ui.commands.conftest import Study, json_lines

FIELDS = ["passage_id", "source", "heading", "page", "text", "score", "dense_rank", "word_rank"]


def test_hits_are_a_numbered_list_with_place_and_sentence(study: Study, indexed: Path) -> None:
    result = study("search", "How heavy is the dome?", "--top-k", "1")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("1. The Altenmoor observatory › Dome · en/observatory.md")
    assert "weighs 4 tons" in result.stdout
    assert "2. " not in result.stdout


def test_json_has_exactly_the_fields_of_the_design(study: Study, indexed: Path) -> None:
    (values,) = json_lines(study("search", "圆顶有多重?", "--json").stdout)
    assert list(values) == ["question", "hits"]
    hits = values["hits"]
    assert isinstance(hits, list)
    assert list(hits[0]) == FIELDS
    assert hits[0]["source"] == "zh/observatory.md"


def test_a_file_gives_a_line_a_question(study: Study, indexed: Path) -> None:
    lines = [json.dumps({"id": 5, "question": "圆顶有多重?"}), "garbage"]
    result = study("search", "--file", "-", input="\n".join(lines))
    assert result.exit_code == 1
    rows = json_lines(result.stdout)
    assert rows[0]["id"] == 5
    assert rows[0]["hits"]
    assert rows[1] == {"line": 2, "error": "it is not valid JSON.", "hint": ""}


def test_without_an_index_it_says_what_to_do(study: Study) -> None:
    result = study("search", "x")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: Nothing has been ingested yet.\nHint: Run `study ingest PATH…` to build it.\n"
    )
