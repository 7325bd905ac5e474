"""The real bot against the stand-in workspace."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from assistant.gaps import FILE, Gaps
from assistant.settings import Settings
from tests.ui.slack.made_assistant import MadeAssistant
from tests.ui.slack.stand_in import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, StandIn, standing_in
from ui.conversations import CONVERSATIONS_FILE, Conversations
from ui.slack_bot import Mode, Running, running_bot

RunBot = Callable[..., AbstractContextManager[Running]]


@pytest.fixture
def slack() -> Iterator[StandIn]:
    """A workspace; at the end it must have had nothing to complain of."""
    with standing_in() as stand_in:
        yield stand_in
    assert stand_in.complaints == []


def bot_settings(home: Path, api_url: str, **slack: Any) -> Settings:
    """Return settings of a bot of that workspace, quick where waiting is of no interest."""
    values = {
        "api_url": api_url,
        "bot_token": BOT_TOKEN,
        "app_token": APP_TOKEN,
        "signing_secret": SIGNING_SECRET,
        "port": 0,
        "update_every_s": 0.05,
        "shutdown_s": 0.2,
        **slack,
    }
    return Settings(home=home, slack=values)


@pytest.fixture
def run_bot(tmp_path: Path, slack: StandIn) -> RunBot:
    """Run a bot of the workspace: `with run_bot(assistant, mode="http", workers=4) as bot`."""

    @contextmanager
    def run(
        assistant: MadeAssistant | None = None, *, mode: Mode = "http", **options: Any
    ) -> Iterator[Running]:
        settings = bot_settings(tmp_path, slack.url, **options)
        conversations = Conversations(tmp_path / CONVERSATIONS_FILE)
        with running_bot(settings, mode, assistant or MadeAssistant(), conversations) as bot:
            yield bot

    return run


@pytest.fixture
def store(tmp_path: Path) -> Conversations:
    """What the bot keeps; a file of its own, not that of the page's tests."""
    return Conversations(tmp_path / CONVERSATIONS_FILE)


def wait_for(holds: Callable[[], object], timeout_s: float = 10.0) -> None:
    """Return as soon as `holds()` is true.

    Raises:
        AssertionError: it isn't within `timeout_s`.
    """
    deadline_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.01)


def all_text(message: dict[str, Any]) -> str:
    """Return every text of a message, one below the other."""

    def texts(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            for key, inner in value.items():
                if key == "text" and isinstance(inner, str):
                    yield inner
                else:
                    yield from texts(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from texts(inner)

    return "\n".join(texts(message))


def is_answered(message: dict[str, Any]) -> bool:
    """Whether a message has the buttons that finished answers have."""
    return any(block["type"] == "actions" for block in message["blocks"])


@pytest.fixture
def gaps(tmp_path: Path) -> Gaps:
    """What the bot of this test could not answer, or answered badly."""
    return Gaps(tmp_path / FILE, keep_days=1)
