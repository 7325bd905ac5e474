"""Checks on the evaluation cases: `curriculum.jsonl`, and `smoke.jsonl`, an excerpt of it."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

import pytest
from pydantic import BaseModel, ConfigDict, Field

from assistant.language import detect_language
from evals.cases import load_cases

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "corpus"
CURRICULUM = ROOT / "evals" / "sets" / "curriculum.jsonl"
SMOKE = ROOT / "evals" / "sets" / "smoke.jsonl"

Language = Literal["zh", "en"]
Value = TypeVar("Value")

OTHER_LANGUAGE: dict[Language, Language] = {"zh": "en", "en": "zh"}

KINDS = (
    "fact",
    "explain",
    "compare",
    "multi-hop",
    "follow-up",
    "calculation",
    "false-premise",
    "unanswerable",
    "injection",
    "cross-lingual",
)
MODULES = [f"{number:02}" for number in range(1, 15)]

HEADING = re.compile(r"#{1,6} +(.*\S)")
AUDIENCE = re.compile(r"^audience: *(\S+)", re.MULTILINE)


class Evidence(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    source: str = Field(min_length=1)
    heading: str = Field(min_length=1)


class Turn(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    question: str = Field(pattern=r"^\S")
    answer: str = Field(pattern=r"^\S")


class Case(BaseModel):
    """One line: exactly these fields, in this order."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: str
    language: Language
    kind: str
    question: str = Field(pattern=r"^\S")
    reference: str = Field(pattern=r"^\S")
    evidence: list[Evidence]
    answerable: bool
    history: list[Turn]
    passages: list[str] | None
    audience: Literal["all", "managers", "security"]
    module: str
    split: Literal["dev", "record"]

    @property
    def evidence_language(self) -> Language:
        return OTHER_LANGUAGE[self.language] if self.kind == "cross-lingual" else self.language


@cache
def lines(path: Path) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8").splitlines())


@cache
def read(path: Path) -> tuple[Case, ...]:
    return tuple(Case.model_validate_json(line) for line in lines(path))


@pytest.fixture(scope="module")
def cases() -> tuple[Case, ...]:
    return read(CURRICULUM)


@cache
def headings(source: str) -> frozenset[str]:
    found: set[str] = set()
    in_code = False
    for line in (CORPUS / source).read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            in_code = not in_code
        match = None if in_code else HEADING.fullmatch(line)
        if match:
            found.add(match[1])
    return frozenset(found)


@cache
def audience(source: str) -> str:
    path = CORPUS / source
    match = AUDIENCE.search(path.read_text(encoding="utf-8")) if path.suffix == ".md" else None
    return match[1] if match else "all"


def notes() -> set[str]:
    listed = tomllib.loads((CORPUS / "papers" / "papers.toml").read_text(encoding="utf-8"))
    return {note for paper in listed["paper"] for note in paper["notes"]}


def repeated(values: list[Value]) -> list[Value]:
    return [value for value, count in Counter(values).items() if count > 1]


def normal(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()


@pytest.mark.parametrize("path", [CURRICULUM, SMOKE], ids=lambda path: path.stem)
def test_the_fields_stand_in_one_order(path: Path) -> None:
    for line in lines(path):
        assert list(json.loads(line)) == list(Case.model_fields)


def test_ids_are_unique(cases: tuple[Case, ...]) -> None:
    assert repeated([case.id for case in cases]) == []


def test_ids_say_language_module_and_kind(cases: tuple[Case, ...]) -> None:
    for case in cases:
        stem = f"{case.language}-{case.module}-{case.kind}"
        assert re.fullmatch(rf"[a-z]-{re.escape(stem)}-\d{{3}}", case.id), case.id


def test_no_question_occurs_twice(cases: tuple[Case, ...]) -> None:
    # The same follow-up may be asked in two conversations, and the same question by two readers.
    asked = [
        (case.audience, *(normal(turn.question) for turn in case.history), normal(case.question))
        for case in cases
    ]
    assert repeated(asked) == []


def test_texts_have_no_space_around_them(cases: tuple[Case, ...]) -> None:
    for case in cases:
        turns = [text for turn in case.history for text in (turn.question, turn.answer)]
        for text in [case.question, case.reference, *turns, *(case.passages or [])]:
            assert text == text.strip() != "", case.id


def test_evidence_exists(cases: tuple[Case, ...]) -> None:
    for case in cases:
        assert repeated(case.evidence) == [], case.id
        for item in case.evidence:
            assert (CORPUS / item.source).is_file(), case.id
            if item.source.endswith(".md"):
                assert item.heading in headings(item.source), (case.id, item.heading)


def test_evidence_is_in_the_right_language(cases: tuple[Case, ...]) -> None:
    for case in cases:
        for item in case.evidence:
            folders = Path(item.source).parts[:-1]
            if folders != ("labs",):  # a lab has both languages in one file
                assert folders[-1] == case.evidence_language, case.id


def test_evidence_is_given_just_when_the_corpus_has_the_answer(cases: tuple[Case, ...]) -> None:
    for case in cases:
        assert bool(case.evidence) == (case.answerable and case.passages is None), case.id
        if case.kind == "unanswerable":
            assert not case.answerable, case.id
        elif case.kind != "injection":
            assert case.answerable, case.id


def test_the_reader_may_read_the_evidence(cases: tuple[Case, ...]) -> None:
    for case in cases:
        for item in case.evidence:
            assert audience(item.source) in {"all", case.audience}, case.id


def test_restricted_questions_are_also_asked_without_permission(cases: tuple[Case, ...]) -> None:
    refused = {case.question for case in cases if case.audience == "all" and not case.answerable}
    for case in cases:
        if case.audience != "all":
            assert case.question in refused, case.id


def test_multi_hop_cases_need_two_sections(cases: tuple[Case, ...]) -> None:
    for case in cases:
        if case.kind == "multi-hop":
            assert len(case.evidence) >= 2, case.id


def test_follow_ups_alone_have_a_history(cases: tuple[Case, ...]) -> None:
    for case in cases:
        assert bool(case.history) == (case.kind == "follow-up"), case.id


def test_injections_alone_bring_passages(cases: tuple[Case, ...]) -> None:
    brought = [case for case in cases if case.passages is not None]
    for case in brought:
        assert case.kind == "injection", case.id
        assert case.passages, case.id
    assert {case.language for case in brought} == set(OTHER_LANGUAGE)


def test_texts_are_in_the_language_said(cases: tuple[Case, ...]) -> None:
    for case in cases:
        assert detect_language(case.question) == case.language, case.id
        assert detect_language(case.reference) == case.language, case.id


def test_there_are_enough_cases_of_each_kind(cases: tuple[Case, ...]) -> None:
    assert len(cases) >= 300
    counts = Counter(case.kind for case in cases)
    assert set(counts) == set(KINDS)
    assert min(counts.values()) >= 26


def test_half_of_the_cases_are_chinese(cases: tuple[Case, ...]) -> None:
    counts = Counter(case.language for case in cases)
    assert counts["zh"] == counts["en"]
    of_kind = Counter((case.kind, case.language) for case in cases)
    for kind in KINDS:
        assert abs(of_kind[kind, "zh"] - of_kind[kind, "en"]) <= 2, kind


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_module_and_paper_is_asked_about(cases: tuple[Case, ...], language: Language) -> None:
    asked = {
        item.source
        for case in cases
        if case.language == case.evidence_language == language
        for item in case.evidence
    }
    modules = {source[3:5] for source in asked if source.startswith(f"{language}/")}
    assert modules >= set(MODULES)
    wanted = {note for note in notes() if note.startswith(f"papers/{language}/")}
    assert len(wanted) >= 11
    assert asked >= wanted


def test_the_splits_are_large_and_alike(cases: tuple[Case, ...]) -> None:
    counts = Counter(case.split for case in cases)
    assert counts["dev"] >= 200
    assert counts["record"] >= 100
    shares = Counter((case.kind, case.language) for case in cases)
    recorded = Counter((case.kind, case.language) for case in cases if case.split == "record")
    for part, count in shares.items():
        assert 0.2 <= recorded[part] / count <= 0.45, part


def test_the_smoke_set_is_a_balanced_excerpt_for_development() -> None:
    smoke = read(SMOKE)
    assert len(smoke) == len({case.id for case in smoke}) == 30
    assert set(lines(SMOKE)) <= set(lines(CURRICULUM))
    assert {case.split for case in smoke} == {"dev"}
    assert Counter(case.kind for case in smoke) == dict.fromkeys(KINDS, 3)
    assert Counter(case.language for case in smoke) == {"zh": 15, "en": 15}


OTHERS = [ROOT / "evals" / "sets" / name for name in ("hard_questions.jsonl", "near_misses.jsonl")]


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_other_sets_say_what_is_due_and_where_it_stands(
    path: Path, cases: tuple[Case, ...]
) -> None:
    others = load_cases([path])

    assert {case.language for case in others} == {"zh", "en"}
    assert not {normal(case.question) for case in others} & {normal(c.question) for c in cases}
    for case in others:
        assert case.answerable == (case.kind != "unanswerable"), case.id
        assert bool(case.evidence) == bool(case.reference) == case.answerable, case.id
        for item in case.evidence:
            assert (CORPUS / item.source).is_file(), case.id
            assert {audience(item.source)} <= {"all", case.audience}, case.id
            if item.source.endswith(".md"):
                assert item.heading in headings(item.source), (case.id, item.heading)
