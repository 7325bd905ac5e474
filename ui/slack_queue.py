"""The bot's threads: some greet what comes in, some answer, one renews the leases.

All of them take their work from the inbox, as do those of other processes.
"""

import logging
import threading
import time
from collections.abc import Callable

from assistant.errors import StudyError
from ui.incidents import log_incident
from ui.slack_answering import answer
from ui.slack_api import SlackFailed
from ui.slack_desk import Desk, HandedOver
from ui.slack_greeting import greet
from ui.slack_records import Question, State

N_GREETERS = 4

_log = logging.getLogger(__name__)
_LOOK_EVERY_S = 0.5
"""How soon what another process left is noticed; what comes in here is, at once."""
_REST_S = 2.0
_RETRY_AFTER_S = 5.0
"""After patience with Slack ran out, for the next try of the same."""


class Workers:
    """The threads of this process."""

    def __init__(self, desk: Desk, *, n_workers: int, lease_s: float) -> None:
        self._desk = desk
        self._lease_s = lease_s
        self._is_closed = threading.Event()
        self._lock = threading.Lock()
        self._at_work: set[int] = set()
        self._came_in = [threading.Event() for _ in range(N_GREETERS)]
        self._greeted = [threading.Event() for _ in range(n_workers)]
        self._threads = [
            *(
                self._thread("slack-greeter", self._serve, wake, ("new", "withdrawn"), greet)
                for wake in self._came_in
            ),
            *(
                self._thread("slack-worker", self._serve, wake, ("waiting",), answer)
                for wake in self._greeted
            ),
        ]
        self._keeper = self._thread("slack-leases", self._keep)

    def _thread(
        self, name: str, target: Callable[..., None], *arguments: object
    ) -> threading.Thread:
        return threading.Thread(target=target, args=arguments, name=name, daemon=True)

    def start(self) -> None:
        """Begin to work."""
        for thread in (*self._threads, self._keeper):
            thread.start()

    def wake(self) -> None:
        """Have the greeters look into the inbox now."""
        for event in self._came_in:
            event.set()

    def close(self, grace_s: float) -> None:
        """Take nothing new; finish what is begun within `grace_s`, and leave the rest to others."""
        self._is_closed.set()
        for event in (*self._came_in, *self._greeted):
            event.set()
        deadline_s = time.monotonic() + grace_s
        for thread in self._threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        self._desk.stopped.set()
        for thread in self._threads:
            thread.join(_REST_S)

    def _serve(
        self,
        wake: threading.Event,
        states: tuple[State, ...],
        work: Callable[[Question, Desk], None],
    ) -> None:
        while not self._is_closed.is_set():
            wake.clear()
            try:
                question = self._desk.inbox.claim(*states)
            except StudyError as error:
                _log.warning("%s", error)
                self._is_closed.wait(_REST_S)
                continue
            if question is None:
                wake.wait(_LOOK_EVERY_S)
                continue
            self._do(question, work)
            for event in self._greeted if "new" in states else ():
                event.set()

    def _do(self, question: Question, work: Callable[[Question, Desk], None]) -> None:
        inbox = self._desk.inbox
        with self._lock:
            self._at_work.add(question.question_id)
        try:
            try:
                work(question, self._desk)
            except HandedOver:
                inbox.free(question.question_id)
            except SlackFailed as error:
                if error.is_passing:
                    _log.warning("%s It is tried again: %s", error, question.heard.key)
                    is_stop = error.code == "stopped"
                    inbox.free(question.question_id, rests_s=0.0 if is_stop else _RETRY_AFTER_S)
                else:
                    _log.error("%s Nobody could be told: %s", error, question.heard.key)
                    inbox.pass_on(question.question_id, "done")
        except Exception:  # noqa: BLE001 - the outermost handler of these threads
            log_incident()  # its lease runs out, and it is tried again
        finally:
            with self._lock:
                self._at_work.discard(question.question_id)

    def _keep(self) -> None:
        while not self._desk.stopped.wait(self._lease_s / 3):
            with self._lock:
                at_work = set(self._at_work)
            try:
                self._desk.inbox.keep(at_work)
            except StudyError as error:
                _log.warning("%s", error)
