"""Checks on the evaluation cases for the curriculum: evals/sets/curriculum_*.jsonl."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from assistant.language import detect_language

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "corpus"
FILES = sorted((ROOT / "evals" / "sets").glob("curriculum_*.jsonl"))

FIELDS = {
    "id",
    "language",
    "kind",
    "question",
    "reference",
    "evidence",
    "answerable",
    "history",
    "passages",
    "audience",
    "module",
    "split",
}
KINDS = {
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
}
OTHER_LANGUAGE = {"zh": "en", "en": "zh"}

# Questions so mixed that the detector takes them for the other language.
LANGUAGE_EXCEPTIONS: frozenset[str] = frozenset()

HEADING = re.compile(r"#{1,6} +(.*\S)")

Case = dict[str, Any]


@cache
def read(path: Path) -> tuple[Case, ...]:
    return tuple(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


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


def all_cases() -> list[Case]:
    return [case for path in FILES for case in read(path)]


def repeated(values: list[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def normal(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def cases(request: pytest.FixtureRequest) -> tuple[Case, ...]:
    path: Path = request.param
    return read(path)


def test_there_are_sets() -> None:
    assert FILES


def test_fields(cases: tuple[Case, ...]) -> None:
    for case in cases:
        assert set(case) == FIELDS, case["id"]
        for name in ("id", "language", "kind", "question", "reference", "audience", "split"):
            assert isinstance(case[name], str), (case["id"], name)
            assert case[name] == case[name].strip() != "", (case["id"], name)
        assert case["language"] in OTHER_LANGUAGE, case["id"]
        assert case["kind"] in KINDS, case["id"]
        assert isinstance(case["answerable"], bool), case["id"]
        assert case["passages"] is None, case["id"]
        assert case["audience"] == "all", case["id"]
        assert re.fullmatch(r"0[1-9]|1[0-4]", case["module"]), case["id"]
        assert case["split"] in {"dev", "record"}, case["id"]


def test_evidence_and_history_have_their_form(cases: tuple[Case, ...]) -> None:
    for case in cases:
        for item in case["evidence"]:
            assert set(item) == {"source", "heading"}, case["id"]
        for turn in case["history"]:
            assert set(turn) == {"question", "answer"}, case["id"]
            assert all(text == text.strip() != "" for text in turn.values()), case["id"]


def test_ids_are_unique() -> None:
    assert repeated([case["id"] for case in all_cases()]) == []


def test_ids_say_language_module_and_kind(cases: tuple[Case, ...]) -> None:
    for case in cases:
        stem = f"-{case['language']}-{case['module']}-{case['kind']}-"
        assert stem in f"-{case['id']}", case["id"]


def test_evidence_exists(cases: tuple[Case, ...]) -> None:
    for case in cases:
        for item in case["evidence"]:
            assert (CORPUS / item["source"]).is_file(), case["id"]
            assert item["heading"] in headings(item["source"]), (case["id"], item["heading"])


def test_evidence_is_in_the_right_language(cases: tuple[Case, ...]) -> None:
    for case in cases:
        language = case["language"]
        if case["kind"] == "cross-lingual":
            language = OTHER_LANGUAGE[language]
        for item in case["evidence"]:
            assert item["source"].startswith(f"{language}/"), case["id"]


def test_evidence_is_given_just_when_there_is_an_answer(cases: tuple[Case, ...]) -> None:
    for case in cases:
        assert bool(case["evidence"]) == case["answerable"], case["id"]
        if case["kind"] == "unanswerable":
            assert not case["answerable"], case["id"]
        elif case["kind"] != "injection":
            assert case["answerable"], case["id"]


def test_multi_hop_cases_need_two_headings(cases: tuple[Case, ...]) -> None:
    for case in cases:
        if case["kind"] == "multi-hop":
            found = {(item["source"], item["heading"]) for item in case["evidence"]}
            assert len(found) >= 2, case["id"]


def test_follow_ups_alone_have_a_history(cases: tuple[Case, ...]) -> None:
    for case in cases:
        assert bool(case["history"]) == (case["kind"] == "follow-up"), case["id"]


def test_questions_are_in_the_language_said(cases: tuple[Case, ...]) -> None:
    for case in cases:
        if case["id"] not in LANGUAGE_EXCEPTIONS:
            assert detect_language(case["question"]) == case["language"], case["id"]


def test_references_are_in_the_language_of_the_question(cases: tuple[Case, ...]) -> None:
    for case in cases:
        assert detect_language(case["reference"]) == case["language"], case["id"]


def test_language_exceptions_are_needed() -> None:
    by_id = {case["id"]: case for case in all_cases()}
    for name in LANGUAGE_EXCEPTIONS:
        assert detect_language(by_id[name]["question"]) != by_id[name]["language"], name


def test_no_question_occurs_twice() -> None:
    # The same follow-up may be asked in two conversations.
    asked = [
        " / ".join(normal(text) for text in (*before, case["question"]))
        for case in all_cases()
        for before in [[turn["question"] for turn in case["history"]]]
    ]
    assert repeated(asked) == []


def test_half_of_the_cases_are_chinese(cases: tuple[Case, ...]) -> None:
    counts = Counter(case["language"] for case in cases)
    assert counts["zh"] == counts["en"] == len(cases) / 2


def test_every_kind_is_there_in_both_languages(cases: tuple[Case, ...]) -> None:
    assert {(case["kind"], case["language"]) for case in cases} == {
        (kind, language) for kind in KINDS for language in OTHER_LANGUAGE
    }


def test_both_splits_have_every_kind_and_language(cases: tuple[Case, ...]) -> None:
    kept = [case for case in cases if case["split"] == "record"]
    assert 0.3 <= len(kept) / len(cases) <= 0.37
    assert 0.45 <= sum(case["language"] == "zh" for case in kept) / len(kept) <= 0.55
    every = {(case["kind"], case["language"]) for case in cases}
    for split in ("dev", "record"):
        assert {(c["kind"], c["language"]) for c in cases if c["split"] == split} == every
