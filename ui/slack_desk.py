"""What the workers of the Slack bot share."""

import threading
from dataclasses import dataclass

from assistant.gaps import Gaps
from ui.conversations import Conversations
from ui.ports import GuidedAnswerer
from ui.slack_audiences import Audiences
from ui.slack_blocks import Offers
from ui.slack_inbox import Inbox
from ui.slack_outbox import Outbox

MAX_ATTEMPTS = 3
"""A question during which the process died so often is given up."""

CHANNEL = "slack"
"""Where a question was asked, for the gaps."""


class HandedOver(Exception):
    """The question is not this worker's any more: shutdown, edit, deletion, or a lost lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What it takes to answer: who writes, where things are kept, how they are shown."""

    assistant: GuidedAnswerer
    conversations: Conversations
    gaps: Gaps
    inbox: Inbox
    outbox: Outbox
    audiences: Audiences
    offers: Offers
    content_owner: str | None
    timeout_s: float
    stopped: threading.Event


def owner_of(channel: str, private_to: str = "") -> str:
    """Return under which owner the conversations keep what is said in a channel.

    Answers that only one person sees have an owner of their own.
    """
    return f"slack/{channel}" + (f"/{private_to}" if private_to else "")
