"""Checks on our own labelled statements, `evals/sets/judge_labels.jsonl`."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from assistant.language import detect_language
from assistant.records import Language
from evals.labels import OWN, load_labelled
from evals.records import Split

CORPUS = Path(__file__).parents[2] / "corpus"
REWORDED = {"paraphrase", "merged", "shortened", "derived"}
ERRORS = {
    "cause and effect exchanged",
    "exchanged comparison",
    "negation",
    "not in the passage",
    "over-generalisation",
    "swapped number",
    "wrong formula",
    "wrong name",
    "wrong subject",
    "wrong unit",
    "wrong year",
}


class Source(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    source: str = Field(min_length=1)
    heading: str = Field(min_length=1)


class Line(BaseModel):
    """One line: exactly these fields, in this order."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: str
    language: Language
    statement: str = Field(pattern=r"^\S")
    passages: list[str] = Field(min_length=1, max_length=3)
    sources: list[Source]
    question: str = Field(pattern=r"^\S")
    supported: bool
    how: str
    split: Split


TEXTS = OWN.read_text("utf-8").rstrip("\n").split("\n")
LINES = [Line.model_validate_json(text) for text in TEXTS]


def section(source: Source) -> str:
    """Return what stands under the heading, up to the next."""
    text = (CORPUS / source.source).read_text("utf-8")
    found = re.search(rf"(?ms)^#+ +{re.escape(source.heading)}$(.*?)(?=^#+ |\Z)", text)
    assert found, f"{source.source} has no heading {source.heading}"
    return found[1]


def test_fields_stand_in_order() -> None:
    for text in TEXTS:
        assert list(json.loads(text)) == list(Line.model_fields)


def test_there_are_enough_and_each_once() -> None:
    assert len(LINES) >= 140
    assert len({line.id for line in LINES}) == len({line.statement for line in LINES}) == len(LINES)
    assert all(re.fullmatch(rf"{line.language}-\d{{3}}", line.id) for line in LINES)


def test_languages_labels_and_splits_are_balanced() -> None:
    counts = Counter((line.language, line.supported, line.split) for line in LINES)
    assert len(counts) == 8
    assert len(set(counts.values())) == 1


def test_passages_are_in_one_split_only() -> None:
    splits = {passage: line.split for line in LINES for passage in line.passages}
    assert all(splits[passage] == line.split for line in LINES for passage in line.passages)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.id)
def test_passages_stand_in_the_corpus(line: Line) -> None:
    assert len(line.passages) == len(line.sources)
    for passage, source in zip(line.passages, line.sources, strict=True):
        assert passage in section(source)
        assert source.source.startswith(f"{line.language}/")


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.id)
def test_statements_are_in_their_language_and_no_copies(line: Line) -> None:
    assert detect_language(line.statement) == line.language
    assert detect_language(line.question) == line.language
    assert not any(line.statement.rstrip("。.") in passage for passage in line.passages)


def test_the_kinds_are_known_and_all_there() -> None:
    assert {line.how for line in LINES if line.supported} == REWORDED
    assert {line.how for line in LINES if not line.supported} == ERRORS


def test_the_loader_reads_each_split() -> None:
    dev, record = load_labelled(OWN, split="dev"), load_labelled(OWN, split="record")
    assert len(dev) == len(record) == len(load_labelled(OWN)) / 2
