"""What travels through the Slack bot: what was heard, questions on their way, messages to show."""

from dataclasses import dataclass
from typing import Literal

from assistant.answer_json import JsonObject

Surface = Literal["channel", "dm", "command", "private"]
"""Where the answer goes: a thread of a channel, a thread of a direct message, or to the asker
alone, through the `response_url` of a command (in place of what acknowledged it) or of a shortcut
or button."""

TO_ASKER: tuple[Surface, ...] = ("command", "private")

Notice = Literal["", "welcome", "help", "no_words", "too_long", "busy_you", "busy_all", "pass_on"]
"""What is said instead of an answer; "" where there is to be one. pass_on: the question goes to the
content owner."""

State = Literal["new", "waiting", "withdrawn", "done"]
"""new: to be greeted. waiting: to be answered. withdrawn: what was posted is to be removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message to the bot, a command or a shortcut.

    `key` is the same for all events that Slack sends about it, and different for anything else.
    `ts` is "" for what is no message; `thread_ts` is where the answer goes, "" for none.
    """

    key: str
    team: str
    channel: str
    user: str
    text: str
    surface: Surface
    ts: str = ""
    thread_ts: str = ""
    response_url: str = ""
    notice: Notice = ""
    event_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A message of a person; `is_addressed`: to the bot, whatever thread it is in."""

    heard: Heard
    is_addressed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A message whose text is now another."""

    team: str
    channel: str
    ts: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A message that is gone."""

    team: str
    channel: str
    ts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was heard, as it stands in the inbox; `revision` counts its edits.

    `attempts`: how often it was begun in its state, this time included; more than once after a
    process died.

    `wait_s`: what whoever is turned away was to be told. `conversation_id` is that of its thread,
    "" where it is the first. `created_at`: seconds since 1970.
    """

    question_id: int
    heard: Heard
    state: State
    revision: int
    attempts: int
    turn_id: str
    conversation_id: str
    wait_s: float
    created_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What Slack is to show: `text` for notifications and readers, `blocks` for the eye."""

    text: str
    blocks: tuple[JsonObject, ...] = ()
