"""From Slack's events to what they mean for the bot. No network, no database.

What is not covered: whether a thread is the bot's (`Inbox.began_thread`), which only the inbox
knows; such messages come back with `is_addressed` False.
"""

import html
import re
import secrets
from collections.abc import Mapping
from typing import Any

from assistant.language import detect_language
from ui.slack_labels import SLACK_LABELS
from ui.slack_records import Deleted, Edited, Heard, Notice, Spoken

MAX_QUESTION_CHARS = 4000
MAX_EXPLAINED_CHARS = 1000

_SPOKEN = (None, "file_share", "thread_broadcast")
"""Subtypes of messages that people write."""

_REFERENCE = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
_COURTESY = re.compile(
    r"(?:thanks?(?: you)?(?: (?:so|very) much| a lot)?|thx|ty|ok(?:ay)?|great|got it|cool|perfect|"
    r"谢谢(?:你|您|啦|了)?|多谢|感谢|好的?|明白了?|知道了?|收到|懂了)[\s!.,~。！，～]*",
    re.IGNORECASE,
)


def read_event(body: Mapping[str, Any], bot_user: str) -> Spoken | Edited | Deleted | None:
    """Return what the Events API tells with `body`; None for what is not for the bot.

    Messages of bots (the bot's own too), notices of joining and the like are not; nor is an
    `app_mention` that an edit brought about.
    """
    event = body.get("event") or {}
    team = str(body.get("team_id") or event.get("team") or "")
    channel = str(event.get("channel") or "")
    if event.get("subtype") == "message_changed":
        return _changed(team, channel, event.get("message") or {})
    if event.get("subtype") == "message_deleted":
        return Deleted(team=team, channel=channel, ts=str(event.get("deleted_ts") or ""))
    is_person = bool(event.get("user")) and event.get("user") not in (bot_user, "USLACKBOT")
    if (
        event.get("type") not in ("message", "app_mention")
        or event.get("subtype") not in _SPOKEN
        or event.get("bot_id")
        or event.get("edited")
        or not is_person
        or not channel
        or not event.get("ts")
    ):
        return None
    return _spoken(body, event, team, bot_user)


def _spoken(
    body: Mapping[str, Any], event: Mapping[str, Any], team: str, bot_user: str
) -> Spoken | None:
    channel, ts = str(event["channel"]), str(event["ts"])
    written = str(event.get("text") or "")
    is_dm = event.get("channel_type", "im" if channel.startswith("D") else "") == "im"
    is_mention = event["type"] == "app_mention" or bool(
        bot_user and re.search(rf"<@{re.escape(bot_user)}[|>]", written)
    )
    thread_ts = str(event.get("thread_ts") or ts)
    text = plain_text(written)
    if not is_mention and (
        (thread_ts != ts and _COURTESY.fullmatch(text)) or re.match(r"\s*<@", written)
    ):
        return None  # thanks, or words to somebody else
    heard = Heard(
        key=f"{team}/{channel}/{ts}",
        team=team,
        channel=channel,
        user=str(event["user"]),
        text=text,
        surface="dm" if is_dm else "channel",
        ts=ts,
        thread_ts=thread_ts,
        notice=unanswerable(text, has_files=bool(event.get("files"))),
        event_id=str(body.get("event_id") or ""),
    )
    return Spoken(heard=heard, is_addressed=is_dm or is_mention)


def _changed(team: str, channel: str, message: Mapping[str, Any]) -> Edited | Deleted | None:
    ts = str(message.get("ts") or "")
    if message.get("subtype") == "tombstone":  # what is left of a deleted message with a thread
        return Deleted(team=team, channel=channel, ts=ts)
    if message.get("bot_id"):
        return None
    text = plain_text(str(message.get("text") or ""))
    if unanswerable(text):
        return Deleted(team=team, channel=channel, ts=ts)
    return Edited(team=team, channel=channel, ts=ts, text=text)


def read_thread_started(body: Mapping[str, Any]) -> Heard:
    """Return the opening of the assistant's panel, which is to be answered with a welcome."""
    thread = body["event"]["assistant_thread"]
    team, channel, ts = str(body["team_id"]), str(thread["channel_id"]), str(thread["thread_ts"])
    return Heard(
        key=f"{team}/{channel}/{ts}/started",
        team=team,
        channel=channel,
        user=str(thread.get("user_id") or ""),
        text="",
        surface="dm",
        thread_ts=ts,
        notice="welcome",
        event_id=str(body.get("event_id") or ""),
    )


def read_command(body: Mapping[str, Any], question: str) -> Heard:
    """Return the `question` of a slash command; its answer is for the asker's eyes only."""
    text = plain_text(question)
    return Heard(
        key=f"command/{_occasion(body)}",
        team=str(body.get("team_id") or ""),
        channel=str(body.get("channel_id") or ""),
        user=str(body["user_id"]),
        text=text,
        surface="command",
        response_url=str(body.get("response_url") or ""),
        notice=unanswerable(text),
    )


def read_shortcut(body: Mapping[str, Any]) -> Heard:
    """Return the message that somebody wants explained, for that person's eyes only."""
    message = body.get("message") or {}
    words = plain_text(str(message.get("text") or ""))[:MAX_EXPLAINED_CHARS]
    text = SLACK_LABELS[detect_language(words)].explain.format(text=words) if words else ""
    return Heard(
        key=f"shortcut/{_occasion(body)}",
        team=str((body.get("team") or {}).get("id") or ""),
        channel=str((body.get("channel") or {}).get("id") or ""),
        user=str(body["user"]["id"]),
        text=text,
        surface="private",
        response_url=str(body.get("response_url") or ""),
        notice="" if text else "no_words",
    )


def _occasion(body: Mapping[str, Any]) -> str:
    """Return what tells a command or shortcut from all others."""
    return str(body.get("trigger_id") or secrets.token_hex(8))


def plain_text(written: str) -> str:
    """Return what was typed: without mentions of people, links as their words, entities undone."""
    written = written.encode(errors="replace").decode()  # JSON can hold halves of characters

    def spelled(match: re.Match[str]) -> str:
        kind, target, label = match.groups()
        if kind == "@":
            return " "
        if kind == "#":
            return f"#{label or target}"
        if kind == "!":
            return label or ""
        return label or target

    return " ".join(html.unescape(_REFERENCE.sub(spelled, written)).split())


def unanswerable(text: str, *, has_files: bool = False) -> Notice:
    """Return why `text` can't be answered, "" if it can."""
    if not re.search(r"\w", text):
        return "no_words" if has_files else "help"
    return "too_long" if len(text) > MAX_QUESTION_CHARS else ""
