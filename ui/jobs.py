"""Answers being written, in background threads: a reload, or nobody looking, loses none.

A job hands its answer to the conversations when it is finished, stopped or has failed; a question
that the materials could not answer also goes to the gaps. What is not covered: a restart of the
program; turns that were being written then stay so (`find` gives None).
"""

import logging
import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from assistant.answer_events import Event, Finished, Found, Restarted, Wrote
from assistant.errors import StudyError
from assistant.gaps import Gaps
from assistant.language import detect_language
from assistant.records import EVERYONE, Answer, Hit, Turn
from ui.conversations import Conversations, Failure, StoredTurn
from ui.incidents import log_incident
from ui.ports import StudyAssistant

CHANNEL = "page"
"""Where questions of the page are said to have been asked."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """How far an answer has come: `hits` is None until the passages are known.

    A marker [n] in the text means `hits[n - 1]`, says the model; nobody has checked it yet.
    """

    hits: tuple[Hit, ...] | None
    text: str


class AnswerJob:
    """One answer being written."""

    def __init__(
        self,
        assistant: StudyAssistant,
        conversations: Conversations,
        turn: StoredTurn,
        *,
        history: Sequence[Turn],
        audiences: frozenset[str],
        gaps: Gaps | None,
    ) -> None:
        self._gaps = gaps
        self._assistant = assistant
        self._conversations = conversations
        self._turn = turn
        self._history = tuple(history)
        self._audiences = audiences
        self._lock = threading.Lock()
        self._draft = Draft(hits=None, text="")
        self._is_settled = False
        self._is_over = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"answer-{turn.turn_id}", daemon=True
        )

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether the conversations know what became of it."""
        return self._is_over.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Return whether it is over within `timeout_s`."""
        return self._is_over.wait(timeout_s)

    def draft(self) -> Draft:
        """Return what is there so far."""
        with self._lock:
            return self._draft

    def stop(self) -> None:
        """Keep what is there as the answer, at once; the model is told to stop as it goes on.

        The text was not checked: its markers mean the answer's `nearest`, as the model set them.
        """
        if self._claim():
            draft = self.draft()
            question = self._turn.question
            answer = Answer(
                question=question,
                language=detect_language(question),
                text=draft.text.strip(),
                abstained=False,
                mode="model",
                nearest=draft.hits or (),
                stopped=True,
            )
            try:
                self._conversations.settle(self._turn.turn_id, "stopped", answer=answer)
            finally:
                self._is_over.set()

    def _claim(self) -> bool:
        """Whether the caller is the one to say what became of the turn."""
        with self._lock:
            is_first, self._is_settled = not self._is_settled, True
            return is_first

    def _run(self) -> None:
        answer, failure = None, None
        try:
            answer = self._answer()
        except StudyError as exc:
            failure = Failure(kind=type(exc).__name__, message=str(exc), hint=exc.hint)
        except Exception:  # noqa: BLE001 - the outermost handler of this thread
            failure = Failure(kind="Unexpected", incident=log_incident())
        if not self._claim():
            return
        try:
            if answer is not None:
                self._conversations.settle(
                    self._turn.turn_id, "done", answer=answer, next_questions=self._next(answer)
                )
                self._note_gap(answer)
            else:
                self._conversations.settle(self._turn.turn_id, "failed", failure=failure)
        except StudyError:
            _log.exception("The answer to turn %s can't be kept.", self._turn.turn_id)
        finally:
            self._is_over.set()

    def _note_gap(self, answer: Answer) -> None:
        if self._gaps is None or not answer.abstained:
            return
        try:
            self._gaps.record(answer, kind="unanswered", channel=CHANNEL)
        except StudyError as exc:  # the answer is there all the same
            _log.warning("A gap can't be kept: %s", exc)

    def _answer(self) -> Answer | None:
        """Return the finished answer; None if the job was stopped before."""
        events = self._assistant.stream(
            self._turn.question, history=self._history, audiences=self._audiences
        )
        try:
            for event in events:
                if isinstance(event, Finished):
                    return event.answer
                if self._is_settled:
                    return None
                self._take(event)
        finally:
            if isinstance(events, Generator):
                events.close()  # stops the model
        raise RuntimeError("The assistant ended without a finished answer.")

    def _take(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, Found):
                self._draft = Draft(hits=event.hits, text=self._draft.text)
            elif isinstance(event, Wrote):
                self._draft = Draft(hits=self._draft.hits, text=self._draft.text + event.text)
            elif isinstance(event, Restarted):
                self._draft = Draft(hits=self._draft.hits, text="")

    def _next(self, answer: Answer) -> tuple[str, ...]:
        try:
            return self._assistant.related(answer)
        except StudyError as exc:  # an answer without suggestions is still an answer
            _log.warning("No next questions: %s", exc)
            return ()


class AnswerJobs:
    """The jobs of this process, by turn."""

    def __init__(self, conversations: Conversations, gaps: Gaps | None = None) -> None:
        """Begin without jobs; questions without an answer are kept in `gaps`, if given."""
        self._conversations = conversations
        self._gaps = gaps
        self._lock = threading.Lock()
        self._jobs: dict[str, AnswerJob] = {}

    def start(
        self,
        assistant: StudyAssistant,
        turn: StoredTurn,
        *,
        history: Sequence[Turn] = (),
        audiences: frozenset[str] = EVERYONE,
    ) -> AnswerJob:
        """Return the job that writes the answer to `turn`, begun.

        Args:
            assistant: who answers.
            turn: a turn in the state "writing".
            history: the turns before it, oldest first.
            audiences: what the asker may see.
        """
        job = AnswerJob(
            assistant,
            self._conversations,
            turn,
            history=history,
            audiences=audiences,
            gaps=self._gaps,
        )
        with self._lock:
            self._jobs = {key: old for key, old in self._jobs.items() if not old.is_over}
            self._jobs[turn.turn_id] = job
        job.start()
        return job

    def find(self, turn_id: str) -> AnswerJob | None:
        """Return the job that writes the turn's answer; None if it is over, or not done here."""
        with self._lock:
            job = self._jobs.get(turn_id)
        return None if job is None or job.is_over else job

    def running(self) -> frozenset[str]:
        """Return the turns whose answers are being written here.

        Ask before reading the turns: one that is missing here is then already settled there.
        """
        with self._lock:
            return frozenset(key for key, job in self._jobs.items() if not job.is_over)
