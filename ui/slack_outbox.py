"""What the bot posts for a question: each part once, updated in place, whatever Slack does.

Before a message is posted the inbox notes so, and its `ts` after. Where the note is there without
a `ts` (the process or the connection died in between), the thread is searched for the message: its
first block carries the delivery's name.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Sequence

from assistant.answer_json import JsonObject
from ui.slack_api import SlackApi, SlackFailed, Unsure
from ui.slack_inbox import Inbox
from ui.slack_records import TO_ASKER, Heard, Message, Question

_log = logging.getLogger(__name__)
_GONE = ("message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found")
_LATEST_REPLIES = 200
_LOOK_TRIES = 3
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

    def __init__(self, api: SlackApi, inbox: Inbox, pace: Pace) -> None:
        self._api = api
        self._inbox = inbox
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
            self._reply_privately(question, [message])
        elif heard.surface == "channel" or not self._set_status(heard, status):
            self._post_once(question, 0, message)

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
            ts = self._inbox.posted(question.question_id, 0)
            if ts:
                self._update(question, 0, ts, message(), patience_s=0)
            elif ts is None:
                self._post_once(question, 0, message())
        except SlackFailed as error:
            _log.info("No update of a draft: %s", error)
        return True

    def deliver(self, question: Question, messages: Sequence[Message]) -> None:
        """Post the end of the matter, the first part in place of what stands there.

        Where it can't be posted (the bot was removed from the channel, say), the asker gets it as
        a direct message.

        Raises:
            SlackFailed: nothing of this is possible.
        """
        heard = question.heard
        if heard.surface in TO_ASKER:
            self._deliver_privately(question, messages)
            return
        try:
            for part, message in enumerate(messages):
                self._put(question, part, message)
        except SlackFailed as error:
            if error.is_passing or not heard.user:
                raise
            _log.warning("%s The answer goes to its asker directly.", error)
            self._send_directly(question, messages)

    def _put(self, question: Question, part: int, message: Message) -> None:
        ts = self._inbox.posted(question.question_id, part)
        if ts:
            try:
                self._update(question, part, ts, message)
            except SlackFailed as error:
                if error.code not in _GONE:
                    raise
                self._inbox.forget_posting(question.question_id, part)
            else:
                return
        found_ts, is_new = self._post_once(question, part, message)
        if not is_new:
            self._update(question, part, found_ts, message)

    def take_back(self, question: Question) -> None:
        """Remove what was posted for a question that its asker deleted."""
        ts = self._inbox.posted(question.question_id, 0)
        if ts == "":
            ts = self._find(question, 0)
        if not ts:
            self._set_status(question.heard, "")  # nothing is posted: then the panel says so
            return
        try:
            self._api.call("chat.delete", channel=question.heard.channel, ts=ts)
        except SlackFailed as error:
            if error.code == "stopped":
                raise
            _log.info("%s Nothing is left to remove, then.", error)

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

    # One message

    def _post_once(self, question: Question, part: int, message: Message) -> tuple[str, bool]:
        """Return the `ts` of a part's message, and whether it was posted just now."""
        known = self._inbox.posted(question.question_id, part)
        if known:
            return known, False
        if known == "" and (found := self._find(question, part)):
            return found, False
        heard = question.heard
        self._inbox.note_posting(question.question_id, part)
        for _ in range(_LOOK_TRIES):
            try:
                posted = self._api.call(
                    "chat.postMessage",
                    is_repeatable=False,
                    channel=heard.channel,
                    thread_ts=heard.thread_ts,
                    **_content(question, part, message),
                    **_QUIET,
                )
            except Unsure as error:
                _log.info("%s Looking whether it is there.", error)
                if found := self._find(question, part):
                    return found, False
            except SlackFailed:
                self._inbox.forget_posting(question.question_id, part)
                raise
            else:
                ts = str(posted["ts"])
                self._inbox.note_posting(question.question_id, part, ts)
                return ts, True
        raise Unsure("chat.postMessage", "unreachable")

    def _find(self, question: Question, part: int) -> str:
        """Return the `ts` of a message that may have been posted, "" if it isn't there."""
        heard = question.heard
        name = _delivery(question, part)
        try:
            found = self._api.call(
                "conversations.replies",
                channel=heard.channel,
                ts=heard.thread_ts,
                limit=_LATEST_REPLIES,
                oldest=heard.ts or heard.thread_ts,
            )
        except SlackFailed as error:
            if error.is_passing:
                raise
            _log.warning("%s It is posted again, perhaps twice.", error)
            return ""
        for message in found.get("messages") or ():
            first: JsonObject = next(iter(message.get("blocks") or ()), {})
            if first.get("block_id") == name:
                ts = str(message["ts"])
                self._inbox.note_posting(question.question_id, part, ts)
                return ts
        return ""

    def _update(
        self,
        question: Question,
        part: int,
        ts: str,
        message: Message,
        *,
        patience_s: float | None = None,
    ) -> None:
        self._api.call(
            "chat.update",
            patience_s=patience_s,
            channel=question.heard.channel,
            ts=ts,
            **_content(question, part, message),
        )

    def _deliver_privately(self, question: Question, messages: Sequence[Message]) -> None:
        try:
            self._reply_privately(question, messages)
        except SlackFailed as error:
            if error.code == "stopped":
                raise
            _log.info("%s The answer goes to its asker directly.", error)
            self._send_directly(question, messages)

    def _reply_privately(self, question: Question, messages: Sequence[Message]) -> None:
        for part, message in enumerate(messages):
            self._api.reply_privately(
                question.heard.response_url,
                {
                    "response_type": "ephemeral",
                    "replace_original": part == 0 and question.heard.surface == "command",
                    **_content(question, part, message),
                },
            )

    def _send_directly(self, question: Question, messages: Sequence[Message]) -> None:
        for part, message in enumerate(messages):
            self.send(question, question.heard.user, message, part=part)

    def send(self, question: Question, target: str, message: Message, *, part: int = 0) -> None:
        """Post to another channel, or as a direct message to a person.

        Raises:
            SlackFailed: it can't be posted, or nobody knows whether it was.
        """
        self._api.call(
            "chat.postMessage",
            is_repeatable=False,
            channel=target,
            **_content(question, part, message),
            **_QUIET,
        )


_QUIET: JsonObject = {
    "unfurl_links": False,
    "unfurl_media": False,
    "link_names": False,
    "parse": "none",
}
"""Slack makes nothing of a message's text that we didn't make ourselves."""


def _delivery(question: Question, part: int) -> str:
    return f"study-{question.question_id}-{part}-{int(question.created_at * 1000)}"


def _content(question: Question, part: int, message: Message) -> JsonObject:
    """Return a message's text and blocks, the first block named after the delivery."""
    name: JsonObject = {"block_id": _delivery(question, part)}
    blocks: list[JsonObject] = [
        block | (name if index == 0 else {}) for index, block in enumerate(message.blocks)
    ]
    return {"text": message.text, "blocks": blocks}
