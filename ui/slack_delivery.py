"""One message of Slack: posted once, updated in place, found again after a crash.

Before a message is posted that is noted, and its `ts` after. Where the note is there without
a `ts` (the process or the connection died in between), the thread is searched for the message: its
first block carries the delivery's name.
"""

import logging
from collections.abc import Iterable

from assistant.answer_json import JsonObject
from ui.slack_api import SlackApi, SlackFailed, Unsure
from ui.slack_posted import Posted
from ui.slack_records import Message, Question

_log = logging.getLogger(__name__)
_TOLD = "told"
"""Noted instead of a `ts` for what the asker got elsewhere, and which can't be changed any more."""

_LATEST_REPLIES = 200
_LOOK_TRIES = 3
_REFUSED_FORMS = ("invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long")
_UNPARSED: JsonObject = {"link_names": False, "parse": "none"}
"""Slack makes nothing of a message's text that we didn't make ourselves."""
_NO_PREVIEWS: JsonObject = {"unfurl_links": False, "unfurl_media": False}


class Delivery:
    """Posts the parts of answers; safe for several threads and processes."""

    def __init__(self, api: SlackApi, posted: Posted) -> None:
        self._api = api
        self._posted = posted

    def put(self, question: Question, part: int, message: Message) -> None:
        """Have a part stand in the thread, in place of what is there for it.

        Raises:
            SlackFailed: it can't be posted.
        """
        ts = self._posted.ts(question.question_id, part)
        if ts == _TOLD:
            return
        if ts:
            try:
                self.update(question, part, ts, message)
            except SlackFailed as error:
                if error.is_passing:
                    raise
                _log.info("%s It is posted anew.", error)
                self._posted.forget(question.question_id, part)
                if error.code != "message_not_found":
                    self._remove(question, ts)
            else:
                return
        found_ts, is_new = self.post_once(question, part, message)
        if not is_new:
            self.update(question, part, found_ts, message)

    def post_once(self, question: Question, part: int, message: Message) -> tuple[str, bool]:
        """Return the `ts` of a part's message, and whether it was posted just now.

        Raises:
            SlackFailed: it can't be posted.
        """
        known = self._posted.ts(question.question_id, part)
        if known:
            return known, False
        if known == "" and (found := self._find(question, part)):
            return found, False
        heard = question.heard
        self._posted.note(question.question_id, part)
        for _ in range(_LOOK_TRIES):
            try:
                posted = self._call(
                    "chat.postMessage",
                    _content(question, part, message),
                    is_repeatable=False,
                    channel=heard.channel,
                    thread_ts=heard.thread_ts,
                    **_NO_PREVIEWS,
                )
            except Unsure as error:
                _log.info("%s Looking whether it is there.", error)
                if found := self._find(question, part):
                    return found, False
            except SlackFailed:
                self._posted.forget(question.question_id, part)
                raise
            else:
                ts = str(posted.get("ts") or "")  # without one, it can only be looked for
                self._posted.note(question.question_id, part, ts)
                return ts, True
        raise Unsure("chat.postMessage", "unreachable")

    def update(
        self,
        question: Question,
        part: int,
        ts: str,
        message: Message,
        *,
        patience_s: float | None = None,
    ) -> None:
        """Put a message in place of an earlier one of ours.

        Raises:
            SlackFailed: it can't be put there.
        """
        self._call(
            "chat.update",
            _content(question, part, message),
            patience_s=patience_s,
            channel=question.heard.channel,
            ts=ts,
        )

    def reply(self, question: Question, part: int, message: Message) -> None:
        """Send a part to the address that the question came with, unless it was sent before.

        Raises:
            SlackFailed: the address is used up, or Slack can't be reached.
        """
        if self._posted.ts(question.question_id, part) != _TOLD:
            self.reply_in_passing(question, part, message)
            self._posted.note(question.question_id, part, _TOLD)

    def reply_in_passing(
        self, question: Question, part: int, message: Message, *, patience_s: float | None = None
    ) -> None:
        """As `reply`, but something in passing, which may be said again.

        Raises:
            SlackFailed: as there.
        """
        self._api.reply_privately(
            question.heard.response_url,
            {
                "response_type": "ephemeral",
                "replace_original": part == 0 and question.heard.surface == "command",
                **_content(question, part, message),
                **_NO_PREVIEWS,
            },
            patience_s=patience_s,
        )

    def tell_directly(self, question: Question, part: int, message: Message) -> None:
        """Send a part to its asker as a direct message, unless it was sent before.

        Raises:
            SlackFailed: it can't be posted, or nobody knows whether it was.
        """
        if self._posted.ts(question.question_id, part) != _TOLD:
            self.send(question, question.heard.user, message, part=part)
            self._posted.note(question.question_id, part, _TOLD)

    def send(self, question: Question, target: str, message: Message, *, part: int = 0) -> None:
        """Post to another channel, or as a direct message to a person.

        Raises:
            SlackFailed: it can't be posted, or nobody knows whether it was.
        """
        self._call(
            "chat.postMessage",
            _content(question, part, message),
            is_repeatable=False,
            channel=target,
            **_NO_PREVIEWS,
        )

    def take_back(self, question: Question) -> bool:
        """Remove the first part, if it stands anywhere; return whether it was posted."""
        ts = self._posted.ts(question.question_id, 0)
        if ts == "":
            ts = self._find(question, 0)
        if ts:
            self._remove(question, ts)
        return bool(ts)

    def _remove(self, question: Question, ts: str) -> None:
        try:
            self._api.call("chat.delete", channel=question.heard.channel, ts=ts)
        except SlackFailed as error:
            if error.code == "stopped":
                raise
            _log.info("%s Nothing is left to remove, then.", error)

    def _find(self, question: Question, part: int) -> str:
        """Return the `ts` of a message that may have been posted, "" if it isn't there."""
        heard = question.heard
        name = _name(question, part)
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
        messages: Iterable[JsonObject] = found.get("messages") or ()
        for message in messages:
            first: JsonObject = next(iter(message.get("blocks") or ()), {})
            if first.get("block_id") == name:
                ts = str(message["ts"])
                self._posted.note(question.question_id, part, ts)
                return ts
        return ""

    def _call(
        self,
        method: str,
        content: JsonObject,
        *,
        patience_s: float | None = None,
        is_repeatable: bool = True,
        **arguments: object,
    ) -> JsonObject:
        """Return what Slack says to a message; where it refuses the blocks, to the text alone."""
        try:
            return self._api.call(
                method,
                patience_s=patience_s,
                is_repeatable=is_repeatable,
                **arguments,
                **content,
                **_UNPARSED,
            )
        except SlackFailed as error:
            if error.code not in _REFUSED_FORMS or not content["blocks"]:
                raise
            _log.error("%s Only the text is shown.", error)
        return self._call(
            method,
            {"text": content["text"], "blocks": []},
            patience_s=patience_s,
            is_repeatable=is_repeatable,
            **arguments,
        )


def _name(question: Question, part: int) -> str:
    return f"study-{question.question_id}-{part}-{int(question.created_at * 1000)}"


def _content(question: Question, part: int, message: Message) -> JsonObject:
    """Return a message's text and blocks, the first block named after the delivery."""
    name: JsonObject = {"block_id": _name(question, part)}
    blocks: list[JsonObject] = [
        block | (name if index == 0 else {}) for index, block in enumerate(message.blocks)
    ]
    return {"text": message.text, "blocks": blocks}
