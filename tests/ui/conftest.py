"""The page under test: settings in a temporary home, a fake assistant, nothing left behind."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from assistant.settings import PREFIX, Settings
from tests.fakes import FakeAssistant
from ui import resources, streamlit_app
from ui.conversations import CONVERSATIONS_FILE, Conversations

TIMEOUT_S = 20

Draw = Callable[[FakeAssistant | Exception], AppTest]


@pytest.fixture(autouse=True)
def keep_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """`AppTest` leaves its script as the main module, and a spawned process would run that."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of the test's own; what the page shares between sessions is made anew."""
    for name in os.environ:
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.setenv("STUDY_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    _forget()
    yield tmp_path
    _forget()


def _forget() -> None:
    for cached in (
        resources.settings,
        resources.assistant,
        resources.conversations,
        resources.jobs,
        resources.gaps,
        resources.library_jobs,
        resources.staging,
    ):
        cached.clear()


@pytest.fixture
def store(home: Path) -> Conversations:
    """Conversations in a file of the test's own."""
    return Conversations(home / CONVERSATIONS_FILE)


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Draw:
    """Return the page over an assistant, or over an error that keeps it from being built."""

    def build(assistant: FakeAssistant | Exception) -> AppTest:
        def build_assistant(settings: Settings) -> FakeAssistant:
            if isinstance(assistant, Exception):
                raise assistant
            return assistant

        monkeypatch.setattr(resources, "build_assistant", build_assistant)
        return AppTest.from_file(streamlit_app.__file__, default_timeout=TIMEOUT_S)

    return build
