import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import BusyError, StudyError
from assistant.gaps import Gaps, question_of
from assistant.records import Answer
from tests.ui.samples import ABSTAINED_ZH, COST_ZH, SHORT_EN

DAY_S = 86_400.0


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


Open = Callable[..., Gaps]


@pytest.fixture
def open_gaps(tmp_path: Path, clock: Clock) -> Open:
    def build(*, keep_days: int = 90, with_names: bool = False) -> Gaps:
        return Gaps(
            tmp_path / "home" / "gaps.sqlite",
            keep_days=keep_days,
            with_names=with_names,
            now=clock,
        )

    return build


def ask(gaps: Gaps, answer: Answer = ABSTAINED_ZH, asker: str = "") -> None:
    gaps.record(answer, kind="unanswered", channel="page", asker=asker)


def test_question_is_kept_with_language_time_and_nearest(open_gaps: Open, clock: Clock) -> None:
    ask(open_gaps())
    [gap] = open_gaps().all()
    assert (gap.kind, gap.question, gap.language) == ("unanswered", ABSTAINED_ZH.question, "zh")
    assert (gap.asked_at, gap.channel) == (clock.now, "page")
    assert gap.nearest[0].source == COST_ZH.source
    assert gap.nearest[0].heading == COST_ZH.heading


def test_names_are_kept_only_when_the_operator_says_so(open_gaps: Open, tmp_path: Path) -> None:
    ask(open_gaps(), asker="U123")
    assert open_gaps().all()[0].asker == ""
    assert b"U123" not in (tmp_path / "home" / "gaps.sqlite").read_bytes()
    ask(open_gaps(with_names=True), asker="U123")
    assert open_gaps().all()[1].asker == "U123"


def test_questions_expire_and_leave_nothing_in_the_file(
    open_gaps: Open, clock: Clock, tmp_path: Path
) -> None:
    gaps = open_gaps(keep_days=2)
    ask(gaps)
    gaps.keep_vectors("e", {question_of(ABSTAINED_ZH): b"vector"})
    clock.now += DAY_S
    ask(gaps, replace(ABSTAINED_ZH, question="later"))
    assert len(gaps.all()) == 2
    clock.now += DAY_S + 1
    assert [gap.question for gap in gaps.all()] == ["later"]
    assert gaps.vectors("e") == {}
    content = (tmp_path / "home" / "gaps.sqlite").read_bytes()
    assert ABSTAINED_ZH.question.encode() not in content


def test_follow_up_is_kept_as_the_question_it_stands_for(open_gaps: Open) -> None:
    answer = replace(ABSTAINED_ZH, question="它呢?", standalone_question="LoRA 的\n缺点?")
    ask(open_gaps(), answer)
    assert open_gaps().all()[0].question == "LoRA 的 缺点?"


def test_dislike_is_withdrawn_once(open_gaps: Open) -> None:
    gaps = open_gaps()
    for _ in range(2):
        gaps.record(SHORT_EN, kind="disliked", channel="page", comment=" wrong\nnumber ")
    ask(gaps, replace(SHORT_EN, abstained=True))
    gaps.withdraw(SHORT_EN)
    kept = gaps.all()
    assert [gap.kind for gap in kept] == ["disliked", "unanswered"]
    assert kept[0].comment == "wrong number"
    assert kept[0].nearest[0].source == "papers/lora.pdf"


def test_nothing_recorded_makes_no_file(open_gaps: Open, tmp_path: Path) -> None:
    assert open_gaps().all() == ()
    assert list(tmp_path.iterdir()) == []


def test_file_is_for_its_owner_alone(open_gaps: Open, tmp_path: Path) -> None:
    ask(open_gaps())
    assert (tmp_path / "home" / "gaps.sqlite").stat().st_mode & 0o777 == 0o600


def test_damaged_file_is_told_with_a_hint(open_gaps: Open, tmp_path: Path) -> None:
    ask(open_gaps())
    (tmp_path / "home" / "gaps.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(StudyError, match="can't be read") as caught:
        open_gaps().all()
    assert "moved away" in caught.value.hint


def test_held_file_is_told_as_busy(
    open_gaps: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.gaps._LOCK_TIMEOUT_S", 0.05)
    ask(open_gaps())
    holder = sqlite3.connect(tmp_path / "home" / "gaps.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(BusyError):
        ask(open_gaps())
    holder.close()
