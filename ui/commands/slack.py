"""`study slack`: the bot in a Slack workspace, until Ctrl-C."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ui import terminal
from ui.command_group import JsonOption

if TYPE_CHECKING:
    from assistant.settings import Settings

LOG_FILE = "logs/slack.log"
_MAX_LOG_BYTES = 10_000_000
_MODEL_STOP_TIMEOUT_S = 15.0


def slack(
    mode: Annotated[
        Literal["socket", "http"] | None,
        typer.Option(
            "--mode",
            help="socket: no open port; http: Slack posts to /slack/events. As the secrets are.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Answer in a Slack workspace, until Ctrl-C; docs/slack.md shows how to set it up.

    Uses the model server that runs, or starts one; until it is ready, answers are extracts.
    """
    from assistant.settings import Settings
    from assistant.wiring import build_assistant
    from ui.conversations import CONVERSATIONS_FILE, Conversations
    from ui.slack_bot import choose_mode, running_bot

    settings = Settings.load()
    chosen = choose_mode(settings.slack, mode)
    assistant = build_assistant(settings)
    assistant.retriever.live_index.get()  # without an index there is nothing to say
    conversations = Conversations(settings.home / CONVERSATIONS_FILE)
    with (
        _logging_to(settings.home / LOG_FILE),
        _model_in_background(settings) as start_model,
        running_bot(settings, chosen, assistant, conversations) as bot,
    ):
        start_model()
        threading.Thread(target=assistant.prepare, name="prepare", daemon=True).start()
        where = f"listens at {bot.url}" if bot.url else "is connected"
        terminal.note(f"{bot.name} {where} and answers in {bot.team}. Ctrl-C stops it.")
        terminal.note(f"What goes on is in {settings.home / LOG_FILE}.")
        if as_json:
            terminal.print_json({"event": "ready", "mode": chosen, "url": bot.url or None})
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
        terminal.note("Stopping; answers under way are finished or handed over …")
    terminal.note("Stopped.")


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """Have what is logged go to a file of bounded size while the block runs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=_MAX_LOG_BYTES, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    logging.getLogger("ui").setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


@contextmanager
def _model_in_background(settings: "Settings") -> Iterator[Callable[[], None]]:
    """Yield what has a model server come up; it goes when the block ends, if it is ours."""
    from ui.serving import model_for_questions

    is_over = threading.Event()

    def hold() -> None:
        with model_for_questions(settings):
            is_over.wait()

    thread = threading.Thread(target=hold, name="slack-model", daemon=True)
    try:
        yield thread.start
    finally:
        is_over.set()
        if thread.is_alive():
            thread.join(_MODEL_STOP_TIMEOUT_S)
