"""What the bot shows for a question, and where: placeholder, drafts, the end, and the panel.

What is not covered: how one message comes to stand there once (`ui/slack_delivery.py`).
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Sequence

from ui.slack_api import SlackApi, SlackFailed
from ui.slack_delivery import Delivery
from ui.slack_posted import Posted
from ui.slack_records import TO_ASKER, Heard, Message, Question

_log = logging.getLogger(__name__)
_GREETING_PATIENCE_S = 5.0
"""The answer comes anyway."""
_MAX_TITLE_CHARS, _MAX_PROMPT_CHARS = 100, 75


class Pace:
    """Says when the next update of a draft may go out, for all answers together."""

    def __init__(self, every_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._every_s = every_s
        self._clock = clock
        self._lock = threading.Lock()
        self._next_s = 0.0

    def is_due(self) -> bool:
        """Return whether one may go out now; the next one may `every_s` later."""
        with self._lock:
            now_s = self._clock()
            if now_s < self._next_s:
                return False
            self._next_s = now_s + self._every_s
            return True


class Outbox:
    """Posts for questions; safe for several threads and processes."""

    def __init__(self, api: SlackApi, posted: Posted, pace: Pace) -> None:
        self._api = api
        self._posted = posted
        self._delivery = Delivery(api, posted)
        self._pace = pace

    def greet(self, question: Question, status: str, message: Message) -> None:
        """Show at once that a question arrived: a status in the assistant's panel, else a message.

        Args:
            question: that of a command was told when it was acknowledged.
            status: plain text for the panel.
            message: the placeholder that the answer replaces.
        """
        heard = question.heard
        if heard.surface == "private":
            self._delivery.reply_in_passing(question, 0, message, patience_s=_GREETING_PATIENCE_S)
        elif heard.surface == "channel" or not self._set_status(heard, status):
            self._delivery.post_once(question, 0, message)

    def _set_status(self, heard: Heard, status: str) -> bool:
        if heard.surface == "command":
            return True
        in_panel = heard.surface == "dm" and heard.thread_ts != heard.ts
        return in_panel and self._in_panel("setStatus", heard, status=status)

    def entitle(self, question: Question) -> None:
        """Name a thread of the assistant's panel after its first question."""
        heard = question.heard
        if heard.surface == "dm" and heard.thread_ts != heard.ts:
            title = heard.text[:_MAX_TITLE_CHARS]
            self._in_panel("setTitle", heard, title=title)

    def suggest(self, question: Question, prompts: Sequence[str], title: str) -> None:
        """Offer questions to begin with in the assistant's panel."""
        offered = [{"title": prompt[:_MAX_PROMPT_CHARS], "message": prompt} for prompt in prompts]
        if offered:
            self._in_panel("setSuggestedPrompts", question.heard, title=title, prompts=offered)

    def _in_panel(self, what: str, heard: Heard, **arguments: object) -> bool:
        """Return whether the panel took it; a thread that is in no panel has none of this."""
        try:
            self._api.call(
                f"assistant.threads.{what}",
                patience_s=0,
                channel_id=heard.channel,
                thread_ts=heard.thread_ts,
                **arguments,  # type: ignore[arg-type]
            )
        except SlackFailed as error:
            if error.code == "stopped":
                raise
            _log.info("%s", error)
            return False
        return True

    def draft(self, question: Question, message: Callable[[], Message]) -> bool:
        """Show how far an answer has come, if it is time for an update; return whether it was.

        Failures don't matter: the next update comes soon.
        """
        if question.heard.surface in TO_ASKER or not self._pace.is_due():
            return False
        try:
            ts = self._posted.ts(question.question_id, 0)
            if ts:
                self._delivery.update(question, 0, ts, message(), patience_s=0)
            elif ts is None:
                self._delivery.post_once(question, 0, message())
        except SlackFailed as error:
            _log.info("No update of a draft: %s", error)
        return True

    def deliver(self, question: Question, messages: Sequence[Message]) -> None:
        """Post the end of the matter, the first part in place of what stands there.

        Where it can't be posted (the bot was removed from the channel, an address is used up),
        the asker gets it as a direct message.

        Raises:
            SlackFailed: nothing of this is possible.
        """
        heard = question.heard
        for part, message in enumerate(messages):
            try:
                if heard.surface in TO_ASKER:
                    self._delivery.reply(question, part, message)
                else:
                    self._delivery.put(question, part, message)
            except SlackFailed as error:
                may_pass = error.is_passing and heard.surface not in TO_ASKER
                if may_pass or error.code == "stopped" or not heard.user:
                    raise
                _log.warning("%s The answer goes to its asker directly.", error)
                self._delivery.tell_directly(question, part, message)

    def send(self, question: Question, target: str, message: Message, *, part: int = 0) -> None:
        """Post to another channel, or as a direct message to a person.

        Raises:
            SlackFailed: it can't be posted, or nobody knows whether it was.
        """
        self._delivery.send(question, target, message, part=part)

    def take_back(self, question: Question) -> None:
        """Remove what was posted for a question that its asker deleted."""
        if not self._delivery.take_back(question):
            self._set_status(question.heard, "")  # nothing is posted: then the panel says so

    def link_to(self, heard: Heard) -> str:
        """Return the address of a message in a channel; "" where others can't follow it."""
        if heard.channel.startswith("D") or not heard.ts:
            return ""
        try:
            found = self._api.call(
                "chat.getPermalink", patience_s=0, channel=heard.channel, message_ts=heard.ts
            )
        except SlackFailed as error:
            _log.info("%s", error)
            return ""
        link = str(found.get("permalink") or "")
        return link if re.fullmatch(r"https?://[^\s<>|]+", link) else ""
