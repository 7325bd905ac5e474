"""One question of Slack, from its claim to what stands in the thread.

The assistant writes in a thread of its own, so that an edit, a deletion, a shutdown or the end of
patience is heeded also while the model is silent.
"""

import logging
import queue
import threading
import time
from collections.abc import Generator, Sequence
from dataclasses import replace
from functools import partial

from assistant.answer_events import Event, Finished, Found, Restarted, Wrote
from assistant.errors import ModelTimeout, StudyError
from assistant.language import detect_language
from assistant.records import EVERYONE, Answer, Turn
from ui.conversations import Conversations, Failure, StoredTurn
from ui.incidents import log_incident
from ui.labels import LABELS
from ui.ports import GuidedAnswerer
from ui.render import without_markers
from ui.slack_blocks import (
    answer_messages,
    draft_message,
    plain_message,
)
from ui.slack_desk import CHANNEL, MAX_ATTEMPTS, Desk, HandedOver, owner_of
from ui.slack_inbox import Inbox
from ui.slack_labels import SLACK_LABELS
from ui.slack_mrkdwn import escape
from ui.slack_records import TO_ASKER, Heard, Message, Question

_log = logging.getLogger(__name__)
_HISTORY_TURNS = 6
_LOOK_EVERY_S = 0.5
_TICK_S = 0.2


def answer(question: Question, desk: Desk) -> None:
    """Answer the question, or say why not; it is done then.

    Raises:
        HandedOver: it is not ours any more; whoever has it finds everything it needs.
        SlackFailed: neither can be posted.
    """
    if question.attempts > 2 * MAX_ATTEMPTS:  # not even that it was given up can be said
        desk.inbox.pass_on(question.question_id, "done")
        return
    if question.attempts > MAX_ATTEMPTS:
        _log.error("Question %d was given up: %s", question.question_id, question.heard.key)
        messages = _failure_messages(question, Failure(kind="Unexpected", incident=log_incident()))
    else:
        messages = _messages(question, desk)
    desk.outbox.deliver(question, messages)
    desk.inbox.pass_on(question.question_id, "done")


def _messages(question: Question, desk: Desk) -> Sequence[Message]:
    turn: StoredTurn | None = None
    try:
        turn, history = _begin(question, desk)
        if turn.state == "done" and turn.answer is not None:  # written before its process died
            return answer_messages(turn.answer, turn.turn_id, desk.offers)
        written = _written(question, history, desk)
        desk.conversations.settle(turn.turn_id, "done", answer=written)
        _note_gap(question, written, desk)
        return answer_messages(written, turn.turn_id, desk.offers)
    except HandedOver:
        raise
    except StudyError as error:
        incident = log_incident()
        failure = Failure(
            kind=type(error).__name__, message=str(error), hint=error.hint, incident=incident
        )
    except Exception:  # noqa: BLE001 - the outermost handler of a question
        failure = Failure(kind="Unexpected", incident=log_incident())
    if turn is not None:
        try:
            desk.conversations.settle(turn.turn_id, "failed", failure=failure)
        except StudyError as error:
            _log.warning("The failure of turn %s can't be kept: %s", turn.turn_id, error)
    return _failure_messages(question, failure)


def _note_gap(question: Question, answer: Answer, desk: Desk) -> None:
    if not answer.abstained:
        return
    try:
        desk.gaps.record(answer, kind="unanswered", channel=CHANNEL, asker=question.heard.user)
    except StudyError as error:  # the answer is there all the same
        _log.warning("A gap can't be kept: %s", error)


def _begin(question: Question, desk: Desk) -> tuple[StoredTurn, tuple[Turn, ...]]:
    """Return the question's turn, and what was said before it in its thread."""
    heard, store = question.heard, desk.conversations
    owner = _owner(heard)
    if question.turn_id and (known := store.turn_of(question.turn_id, owner)):
        if known.question == heard.text and known.state == "done":
            return known, ()
        if known.question == heard.text:
            store.begin_again(known.turn_id)
            return replace(known, state="writing"), _history(store, known)
    conversation = store.find(question.conversation_id, owner)
    if conversation is None:
        desk.outbox.entitle(question)
        conversation = store.create(owner, heard.text, detect_language(heard.text))
    turn = store.begin_turn(conversation.conversation_id, heard.text)
    desk.inbox.note_turn(question.question_id, conversation.conversation_id, turn.turn_id)
    return turn, _history(store, turn)


def _owner(heard: Heard) -> str:
    private_to = heard.user if heard.surface in TO_ASKER else ""
    return owner_of(heard.channel, private_to)


def _history(store: Conversations, until: StoredTurn) -> tuple[Turn, ...]:
    turns = [
        Turn(question=turn.question, answer=without_markers(turn.answer.text))
        for turn in store.turns(until.conversation_id)
        if turn.number < until.number and turn.answer and turn.state == "done"
    ]
    return tuple(turns[-_HISTORY_TURNS:])


def _written(question: Question, history: Sequence[Turn], desk: Desk) -> Answer:
    """Return the finished answer; its drafts are shown on the way."""
    heard = question.heard
    language = detect_language(heard.text)
    audiences = desk.audiences.of_user(heard.user) if heard.surface == "dm" else EVERYONE
    deadline_s = time.monotonic() + desk.timeout_s
    look_at_s = 0.0
    text: str | None = None
    shown: str | None = None  # until passages are found: the placeholder says that the search is on
    writer = _Writer(desk.assistant, heard.text, history, audiences)
    writer.start()
    try:
        while True:
            now_s = time.monotonic()
            if desk.stopped.is_set():
                raise HandedOver
            if now_s >= look_at_s:
                _require_unchanged(question, desk.inbox)
                look_at_s = now_s + _LOOK_EVERY_S
            if now_s > deadline_s:
                raise ModelTimeout(f"The answer took more than {desk.timeout_s:g} s.")
            event = writer.next_event(_TICK_S)
            if isinstance(event, Finished):
                _require_unchanged(question, desk.inbox)
                return event.answer
            if isinstance(event, Found | Restarted):
                text = ""
            elif isinstance(event, Wrote):
                text = (text or "") + event.text
            if text is not None and text != shown:
                message = partial(draft_message, text, language)
                shown = text if desk.outbox.draft(question, message) else shown
    finally:
        writer.stop()


def _require_unchanged(question: Question, inbox: Inbox) -> None:
    now = inbox.look(question.question_id)
    if now is None or now.revision != question.revision:
        raise HandedOver


def _failure_messages(question: Question, failure: Failure) -> Sequence[Message]:
    language = detect_language(question.heard.text)
    say, labels = SLACK_LABELS[language], LABELS[language]
    kinds = labels.failures
    reason = kinds.get(failure.kind, kinds["StudyError"]).format(incident=failure.incident)
    again = say.try_again.format(incident=failure.incident)
    return [plain_message(f"{say.failed.format(reason=escape(reason))}\n{escape(again)}")]


class _Writer:
    """The assistant at work on one question, in a thread of its own."""

    def __init__(
        self,
        assistant: GuidedAnswerer,
        question: str,
        history: Sequence[Turn],
        audiences: frozenset[str],
    ) -> None:
        self._assistant = assistant
        self._question = question
        self._history = history
        self._audiences = audiences
        self._events: queue.SimpleQueue[Event | Exception] = queue.SimpleQueue()
        self._is_stopped = threading.Event()

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._run, name="slack-writer", daemon=True).start()

    def stop(self) -> None:
        """Have the model stop as soon as it says something."""
        self._is_stopped.set()

    def next_event(self, timeout_s: float) -> Event | None:
        """Return what happened next, None if nothing did within `timeout_s`.

        Raises:
            Exception: what the assistant raised.
        """
        try:
            event = self._events.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(event, Exception):
            raise event
        return event

    def _run(self) -> None:
        try:
            events = self._assistant.stream(
                self._question, history=self._history, audiences=self._audiences
            )
            try:
                for event in events:
                    self._events.put(event)
                    if self._is_stopped.is_set():
                        return
            finally:
                if isinstance(events, Generator):
                    events.close()  # stops the model
            self._events.put(RuntimeError("The assistant ended without a finished answer."))
        except Exception as error:  # noqa: BLE001 - raised again where the events are read
            self._events.put(error)
