"""The inbox: each question once, held by one, free again when its holder is gone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from assistant.errors import StudyError
from ui.slack_inbox import Inbox, Limits
from ui.slack_records import Deleted, Edited, Heard

HEARD = Heard(
    key="T1/C1/1.1",
    team="T1",
    channel="C1",
    user="U1",
    text="What?",
    surface="channel",
    ts="1.1",
    thread_ts="1.1",
)


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_inbox(tmp_path: Path, clock: Clock) -> Callable[[str], Inbox]:
    def open_it(holder: str, per_user: int = 3, overall: int = 5) -> Inbox:
        return Inbox(
            tmp_path / "slack.sqlite",
            holder=holder,
            limits=Limits(per_user=per_user, overall=overall, workers=2),
            lease_s=30,
            clock=clock,
        )

    return open_it


def heard(number: int, **changes: str) -> Heard:
    ts = f"1.{number}"
    values = {"key": f"T1/C1/{ts}", "ts": ts, "thread_ts": ts, "user": f"U{number}", **changes}
    return replace(HEARD, **values)  # type: ignore[arg-type]


def test_question_is_new_once_for_all_processes(open_inbox: Callable[[str], Inbox]) -> None:
    assert open_inbox("a").take_in(HEARD)
    assert not open_inbox("b").take_in(HEARD)


def test_event_is_taken_in_once_whatever_it_is_about(
    open_inbox: Callable[[str], Inbox],
) -> None:
    inbox = open_inbox("a")
    assert inbox.take_in(heard(1, event_id="Ev1"))
    assert not inbox.take_in(heard(2, event_id="Ev1"))
    assert inbox.take_in(heard(2, event_id="Ev2"))
    assert inbox.take_in(heard(3))
    assert inbox.take_in(heard(4))


def test_who_asked_is_known_of_a_turn(open_inbox: Callable[[str], Inbox]) -> None:
    inbox = open_inbox("a")
    inbox.take_in(heard(1))
    question = inbox.claim("new")
    assert question is not None
    inbox.note_turn(question.question_id, "conversation", "turn")
    assert [inbox.asked_in("turn", user) for user in ("U1", "U2")] == ["C1", ""]


def test_many_threads_take_in_and_claim_each_question_once(
    open_inbox: Callable[..., Inbox],
) -> None:
    inboxes = [open_inbox(name, overall=1000) for name in "abcd"]
    claimed: list[int] = []

    def work(inbox: Inbox) -> None:
        for number in range(25):
            inbox.take_in(heard(number))
        while question := inbox.claim("new"):
            claimed.append(question.question_id)

    threads = [Thread(target=work, args=(inbox,)) for inbox in inboxes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 25


def test_lease_that_runs_out_frees_the_question(
    open_inbox: Callable[[str], Inbox], clock: Clock
) -> None:
    one, other = open_inbox("a"), open_inbox("b")
    one.take_in(HEARD)
    first = one.claim("new")
    assert first is not None
    assert other.claim("new") is None
    clock.now_s += 20
    one.keep([first.question_id])
    clock.now_s += 20
    assert other.claim("new") is None
    clock.now_s += 20
    taken = other.claim("new")
    assert taken is not None
    assert taken.attempts == 2
    assert one.look(first.question_id) is None
    assert not one.pass_on(first.question_id, "done")
    assert other.pass_on(first.question_id, "waiting")


def test_freed_question_is_taken_again_and_not_counted(open_inbox: Callable[[str], Inbox]) -> None:
    one, other = open_inbox("a"), open_inbox("b")
    one.take_in(HEARD)
    question = one.claim("new")
    assert question is not None
    one.free(question.question_id)
    again = other.claim("new")
    assert again is not None
    assert again.attempts == 1


def test_question_that_rests_is_taken_later(
    open_inbox: Callable[[str], Inbox], clock: Clock
) -> None:
    inbox = open_inbox("a")
    inbox.take_in(HEARD)
    question = inbox.claim("new")
    assert question is not None
    inbox.free(question.question_id, rests_s=5)
    assert inbox.claim("new") is None
    clock.now_s += 6
    assert inbox.claim("new") is not None


def test_questions_of_a_thread_are_answered_one_after_the_other(
    open_inbox: Callable[[str], Inbox],
) -> None:
    inbox = open_inbox("a")
    for number in (1, 2, 3):
        inbox.take_in(heard(number, thread_ts="1.1" if number < 3 else "1.3"))
        question = inbox.claim("new")
        assert question is not None
        inbox.pass_on(question.question_id, "waiting")
    first, other_thread = inbox.claim("waiting"), inbox.claim("waiting")
    assert first is not None
    assert other_thread is not None
    assert (first.heard.ts, other_thread.heard.ts) == ("1.1", "1.3")
    assert inbox.claim("waiting") is None
    inbox.pass_on(first.question_id, "done")
    second = inbox.claim("waiting")
    assert second is not None
    assert second.heard.ts == "1.2"


def test_beyond_the_limits_people_are_turned_away(open_inbox: Callable[..., Inbox]) -> None:
    inbox = open_inbox("a", per_user=2, overall=3)
    for number in range(5):
        inbox.take_in(heard(number, user="U1" if number < 3 else f"U{number}"))
    found = [inbox.claim("new") for _ in range(5)]
    assert [each.heard.notice if each else None for each in found] == [
        "",
        "",
        "busy_you",
        "",
        "busy_all",
    ]
    assert found[2] is not None
    assert found[2].wait_s > 0


def test_edit_counts_and_deletion_withdraws_only_what_is_open(
    open_inbox: Callable[[str], Inbox],
) -> None:
    inbox = open_inbox("a")
    inbox.take_in(HEARD)
    question = inbox.claim("new")
    assert question is not None
    inbox.edit(Edited(team="T1", channel="C1", ts="1.1", text="What?"))  # unfurled, say
    inbox.edit(Edited(team="T1", channel="C1", ts="1.1", text="Why?"))
    now = inbox.look(question.question_id)
    assert now is not None
    assert (now.heard.text, now.revision) == ("Why?", 1)
    inbox.withdraw(Deleted(team="T1", channel="C1", ts="1.1"))
    assert not inbox.pass_on(question.question_id, "waiting")
    tidied = inbox.claim("new", "withdrawn")
    assert tidied is not None
    assert tidied.state == "withdrawn"
    assert inbox.pass_on(tidied.question_id, "done")
    inbox.withdraw(Deleted(team="T1", channel="C1", ts="1.1"))
    assert inbox.claim("new", "withdrawn") is None


def test_thread_is_the_bots_if_its_first_message_was_a_question(
    open_inbox: Callable[[str], Inbox],
) -> None:
    inbox = open_inbox("a")
    inbox.take_in(HEARD)
    inbox.take_in(heard(2, thread_ts="0.9"))
    assert inbox.began_thread("T1", "C1", "1.1")
    assert not inbox.began_thread("T1", "C1", "0.9")
    assert not inbox.began_thread("T1", "C1", "1.2")
    assert not inbox.began_thread("T1", "C2", "1.1")


def test_file_that_is_none_is_told_so(tmp_path: Path, open_inbox: Callable[[str], Inbox]) -> None:
    (tmp_path / "slack.sqlite").write_text("this is no database, whatever its name says" * 50)
    with pytest.raises(StudyError, match=r"slack\.sqlite") as raised:
        open_inbox("a")
    assert "moved away" in raised.value.hint
