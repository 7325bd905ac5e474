import logging
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.answer_events import Event, Finished, Found, Restarted, Wrote
from assistant.errors import BusyError, ModelTimeout
from assistant.gaps import Gaps
from assistant.records import Answer, Turn
from tests.fakes import FakeAssistant
from tests.ui.samples import ABSTAINED_ZH, ATTENTION_ZH, SHORT_ZH, events, hit
from ui.conversations import Conversations, StoredTurn
from ui.jobs import AnswerJob, AnswerJobs, Draft

HITS = (hit(ATTENTION_ZH),)


@pytest.fixture
def turn(store: Conversations) -> StoredTurn:
    return store.begin_turn(store.create("anna", "t", "zh").conversation_id, SHORT_ZH.question)


def kept(store: Conversations, turn: StoredTurn) -> StoredTurn:
    """Return what the conversations know of the turn."""
    found = store.turn_of(turn.turn_id, "anna")
    assert found is not None
    return found


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, 5 seconds at most."""
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_answer_is_kept_though_nobody_looks(store: Conversations, turn: StoredTurn) -> None:
    assistant = FakeAssistant({turn.question: events(SHORT_ZH, HITS)}, next_questions=["接着?"])
    history = [Turn(question="a", answer="b")]
    job = AnswerJobs(store).start(assistant, turn, history=history)
    assert job.wait(5)
    assert kept(store, turn).answer == SHORT_ZH
    assert kept(store, turn).state == "done"
    assert kept(store, turn).next_questions == ("接着?",)
    assert assistant.asked == [(turn.question, tuple(history))]


def test_draft_grows_and_starts_anew(store: Conversations, turn: StoredTurn) -> None:
    reply: list[Event] = [Found(HITS), Wrote("wrong"), Restarted(), Wrote("自"), Wrote("注")]
    reply.append(Finished(SHORT_ZH))
    assistant = FakeAssistant({turn.question: reply}, hold=True)
    jobs = AnswerJobs(store)
    job = jobs.start(assistant, turn)
    until(lambda: job.draft().text == "自注")
    assert job.draft() == Draft(hits=HITS, text="自注")
    assert jobs.find(turn.turn_id) is job
    assert jobs.running() == {turn.turn_id}
    assert kept(store, turn).state == "writing"
    assistant.go_on.set()
    assert job.wait(5)
    assert jobs.find(turn.turn_id) is None
    assert jobs.running() == frozenset()


def test_stop_keeps_what_is_there_and_closes_the_stream(
    store: Conversations, turn: StoredTurn
) -> None:
    assistant = FakeAssistant({turn.question: events(SHORT_ZH, HITS)}, pause_s=0.05)
    job = AnswerJobs(store).start(assistant, turn)
    until(lambda: "自注意力" in job.draft().text)
    job.stop()
    assert job.is_over
    stopped = kept(store, turn)
    assert stopped.state == "stopped"
    assert stopped.answer is not None
    assert stopped.answer.stopped
    assert SHORT_ZH.text.startswith(stopped.answer.text)
    assert stopped.answer.nearest == HITS
    until(lambda: assistant.n_closed == 1)
    assert kept(store, turn) == stopped


def test_answer_that_comes_after_the_stop_is_not_kept(
    store: Conversations, turn: StoredTurn
) -> None:
    assistant = FakeAssistant({turn.question: [Found(HITS), Finished(SHORT_ZH)]}, hold=True)
    jobs = AnswerJobs(store)
    job = jobs.start(assistant, turn)
    until(lambda: job.draft().hits is not None)
    job.stop()
    store.begin_again(turn.turn_id)  # the turn is being written anew when the old answer comes
    assistant.go_on.set()
    time.sleep(0.2)
    assert kept(store, turn).state == "writing"


def test_known_error_is_kept_with_its_hint(store: Conversations, turn: StoredTurn) -> None:
    assistant = FakeAssistant({turn.question: ModelTimeout("Too slow.", hint="Wait.")})
    assert AnswerJobs(store).start(assistant, turn).wait(5)
    failed = kept(store, turn)
    assert failed.state == "failed"
    assert failed.failure is not None
    assert (failed.failure.kind, failed.failure.message, failed.failure.hint) == (
        "ModelTimeout",
        "Too slow.",
        "Wait.",
    )


@pytest.mark.parametrize("reply", [RuntimeError("secret"), [Found(HITS)]], ids=["raises", "ends"])
def test_unforeseen_error_is_logged_and_only_its_id_kept(
    store: Conversations,
    turn: StoredTurn,
    caplog: pytest.LogCaptureFixture,
    reply: list[Event] | Exception,
) -> None:
    with caplog.at_level(logging.ERROR):
        assert AnswerJobs(store).start(FakeAssistant({turn.question: reply}), turn).wait(5)
    failure = kept(store, turn).failure
    assert failure is not None
    assert failure.kind == "Unexpected"
    assert failure.message == ""
    assert failure.incident in caplog.text
    assert "RuntimeError" in caplog.text


def test_answer_without_suggestions_is_still_an_answer(
    store: Conversations, turn: StoredTurn
) -> None:
    class Mute(FakeAssistant):
        def related(self, answer: Answer) -> tuple[str, ...]:
            raise BusyError("The index is being replaced.")

    assistant = Mute({turn.question: events(SHORT_ZH, HITS)})
    assert AnswerJobs(store).start(assistant, turn).wait(5)
    assert kept(store, turn).answer == SHORT_ZH
    assert kept(store, turn).next_questions == ()


def test_jobs_that_are_over_are_forgotten(store: Conversations, turn: StoredTurn) -> None:
    assistant = FakeAssistant({turn.question: events(SHORT_ZH, HITS)})
    jobs = AnswerJobs(store)
    first = jobs.start(assistant, turn)
    assert first.wait(5)
    second = jobs.start(assistant, turn)
    assert second.wait(5)
    assert isinstance(second, AnswerJob)
    assert jobs.find(turn.turn_id) is None


def test_question_without_an_answer_is_a_gap(
    store: Conversations, turn: StoredTurn, home: Path
) -> None:
    gaps = Gaps(home / "gaps.sqlite", keep_days=90)
    replies = {turn.question: events(ABSTAINED_ZH, ())}
    assert AnswerJobs(store, gaps).start(FakeAssistant(replies), turn).wait(5)
    assert [gap.question for gap in gaps.all()] == [ABSTAINED_ZH.question]
    answered = store.begin_turn(turn.conversation_id, SHORT_ZH.question)
    replies = {answered.question: events(SHORT_ZH, HITS)}
    assert AnswerJobs(store, gaps).start(FakeAssistant(replies), answered).wait(5)
    assert len(gaps.all()) == 1


def test_answer_is_kept_though_the_gap_cannot_be(
    store: Conversations, turn: StoredTurn, home: Path
) -> None:
    (home / "gaps.sqlite").mkdir()
    gaps = Gaps(home / "gaps.sqlite", keep_days=90)
    replies = {turn.question: events(ABSTAINED_ZH, ())}
    assert AnswerJobs(store, gaps).start(FakeAssistant(replies), turn).wait(5)
    assert kept(store, turn).answer == ABSTAINED_ZH
