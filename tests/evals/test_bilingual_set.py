"""Checks on the shape of the bilingual retrieval set in evals/sets."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

SETS = Path(__file__).resolve().parents[2] / "evals" / "sets"
PARAGRAPHS_FILE = SETS / "bilingual_paragraphs.jsonl"
QUESTIONS_FILE = SETS / "bilingual_questions.jsonl"

SUBJECTS = 40
PARAGRAPHS_PER_SUBJECT = 4
QUESTIONS_PER_PARAGRAPH = 4

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
HAN_OR_FULL_WIDTH = re.compile(r"[\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]")
LATIN = re.compile(r"[A-Za-z]")
HALF_WIDTH_BESIDE_HAN = re.compile(r"[\u4e00-\u9fff][,;:?!()]|[,;:?!()][\u4e00-\u9fff]")

Record = dict[str, str]


def read(path: Path) -> list[Record]:
    rows: list[Record] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        assert isinstance(row, dict)
        assert all(isinstance(value, str) for value in row.values())
        rows.append(row)
    return rows


@pytest.fixture(scope="module")
def paragraphs() -> list[Record]:
    return read(PARAGRAPHS_FILE)


@pytest.fixture(scope="module")
def questions() -> list[Record]:
    return read(QUESTIONS_FILE)


def repeated(values: list[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def normal(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()


def test_fields(paragraphs: list[Record], questions: list[Record]) -> None:
    for row in paragraphs:
        assert set(row) == {"id", "subject", "en", "zh"}, row
    for row in questions:
        assert set(row) == {"id", "paragraph", "en", "zh"}, row
    for row in paragraphs + questions:
        for name, value in row.items():
            assert value != "", (row["id"], name)
            assert value == value.strip(), (row["id"], name)


def test_size(paragraphs: list[Record], questions: list[Record]) -> None:
    per_subject = Counter(row["subject"] for row in paragraphs)
    assert len(per_subject) == SUBJECTS
    assert set(per_subject.values()) == {PARAGRAPHS_PER_SUBJECT}
    assert len(questions) == len(paragraphs) * QUESTIONS_PER_PARAGRAPH


def test_ids_are_unique(paragraphs: list[Record], questions: list[Record]) -> None:
    assert repeated([row["id"] for row in paragraphs + questions]) == []


def test_ids_follow_the_pattern(paragraphs: list[Record], questions: list[Record]) -> None:
    for row in paragraphs:
        assert re.fullmatch(r"[a-z]+(?:-[a-z]+)*-[1-4]", row["id"]), row["id"]
    for row in questions:
        assert row["id"] in {f"{row['paragraph']}-{letter}" for letter in "abcd"}, row["id"]


def test_ids_of_one_subject_share_a_stem(paragraphs: list[Record]) -> None:
    stems: dict[str, set[str]] = {}
    for row in paragraphs:
        stems.setdefault(row["subject"], set()).add(row["id"].rsplit("-", 1)[0])
    assert all(len(found) == 1 for found in stems.values())
    assert len(set().union(*stems.values())) == SUBJECTS


def test_every_paragraph_has_its_questions(
    paragraphs: list[Record], questions: list[Record]
) -> None:
    known = {row["id"] for row in paragraphs}
    counts = Counter(row["paragraph"] for row in questions)
    assert set(counts) == known
    assert set(counts.values()) == {QUESTIONS_PER_PARAGRAPH}


def test_english_is_english(paragraphs: list[Record], questions: list[Record]) -> None:
    for row in paragraphs + questions:
        assert not HAN_OR_FULL_WIDTH.search(row["en"]), row["id"]
        letters = len(LATIN.findall(row["en"]))
        assert letters > 0.7 * len(row["en"].replace(" ", "")), row["id"]


def test_chinese_is_chinese(paragraphs: list[Record], questions: list[Record]) -> None:
    for row in paragraphs:
        assert len(HAN.findall(row["zh"])) > 0.6 * len(row["zh"]), row["id"]
    for row in questions:
        assert len(HAN.findall(row["zh"])) >= 3, row["id"]
        assert len(HAN.findall(row["zh"])) > 0.4 * len(row["zh"]), row["id"]


def test_chinese_punctuation_is_full_width(
    paragraphs: list[Record], questions: list[Record]
) -> None:
    for row in paragraphs + questions:
        assert not HALF_WIDTH_BESIDE_HAN.search(row["zh"]), row["id"]


def test_endings(paragraphs: list[Record], questions: list[Record]) -> None:
    for row in paragraphs:
        assert row["en"].endswith((".", '."', '".')), row["id"]
        assert row["zh"].endswith(("。", "。”")), row["id"]
    for row in questions:
        assert row["en"].endswith("?"), row["id"]
        assert row["zh"].endswith("？"), row["id"]


def test_paragraph_lengths(paragraphs: list[Record]) -> None:
    for row in paragraphs:
        assert 90 <= len(row["en"].split()) <= 220, row["id"]
        assert 140 <= len(row["zh"]) <= 420, row["id"]


def test_paragraph_lengths_vary(paragraphs: list[Record]) -> None:
    lengths = [len(row["en"].split()) for row in paragraphs]
    assert min(lengths) < 110
    assert max(lengths) > 180


def test_question_lengths(questions: list[Record]) -> None:
    for row in questions:
        assert 3 <= len(row["en"].split()) <= 25, row["id"]
        assert 5 <= len(row["zh"]) <= 60, row["id"]


def test_no_text_occurs_twice(paragraphs: list[Record], questions: list[Record]) -> None:
    for language in ("en", "zh"):
        assert repeated([normal(row[language]) for row in paragraphs]) == []
        assert repeated([normal(row[language]) for row in questions]) == []


def test_questions_are_not_copied_from_paragraphs(
    paragraphs: list[Record], questions: list[Record]
) -> None:
    texts = {row["id"]: row for row in paragraphs}
    for row in questions:
        for language in ("en", "zh"):
            body = normal(texts[row["paragraph"]][language])
            assert normal(row[language]) not in body, (row["id"], language)
