"""The outermost handler of the command line: every end is an exit status and a sentence.

0: good. 1: a known error, or a failed file or question among several. 2: wrong usage (Typer's).
130 and 143: stopped by Ctrl-C or by SIGTERM. 141: nobody reads the output any more.
"""

import logging
import os
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from typer.core import TyperGroup

from assistant.errors import StudyError
from ui import terminal
from ui.incidents import log_incident

STOPPED = "Stopped; run the command again to go on."
UNEXPECTED = "Something went wrong that nobody foresaw (incident {incident})."
LOG_FILE = "logs/study.log"

_WANTS_JSON = "study.json"
_STOPPED = "study.stopped"


class Terminated(KeyboardInterrupt):
    """SIGTERM came: everything is stopped as after Ctrl-C, only the exit status differs."""


def remember_json(context: typer.Context, wanted: bool) -> bool:
    """Note that results are wanted as JSON, so that a failure is told as JSON, too."""
    context.meta[_WANTS_JSON] = wanted
    return wanted


def say_when_stopped(context: typer.Context, sentence: str) -> None:
    """Note what is said, from now on, if the command is stopped: how it goes on."""
    context.meta[_STOPPED] = sentence


JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON on stdout.", callback=remember_json)
]


class CommandGroup(TyperGroup):
    """All commands; turns what they raise into a sentence and an exit status."""

    # The supertype's `Context` is private to Typer; what comes is Typer's own.
    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run the command that the line names.

        Raises:
            typer.Exit: it failed, and why has been printed.
        """
        try:
            return super().invoke(ctx)
        except StudyError as error:
            _tell(ctx, str(error), error.hint)
            raise typer.Exit(1) from error
        except Terminated as error:
            terminal.note(ctx.meta.get(_STOPPED, STOPPED))
            raise typer.Exit(128 + signal.SIGTERM) from error
        except KeyboardInterrupt as error:
            terminal.note(ctx.meta.get(_STOPPED, STOPPED))
            raise typer.Exit(128 + signal.SIGINT) from error
        except BrokenPipeError as error:
            _silence_stdout()
            raise typer.Exit(141) from error
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except Exception as error:  # the outermost handler: an id, never a traceback
            _tell(ctx, *log_unexpected())
            raise typer.Exit(1) from error


def stop_on_sigterm() -> None:
    """Have SIGTERM stop the command as Ctrl-C does, so that servers it started are stopped."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, on_signal)


def _tell(context: typer.Context, sentence: str, hint: str) -> None:
    terminal.print_failure(sentence, hint)
    if context.meta.get(_WANTS_JSON):
        terminal.print_json({"error": sentence, "hint": hint})


def log_unexpected() -> tuple[str, str]:
    """Log the exception being handled; return a sentence with the incident's id, and a hint."""
    log, handler = _log_handler()
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        return UNEXPECTED.format(incident=log_incident()), f"The details are in {log}."
    finally:
        root.removeHandler(handler)
        handler.close()


def _log_handler() -> tuple[Path, logging.FileHandler]:
    """Return the log of this home, or one among temporary files where that can't be written."""
    from assistant.settings import Settings

    try:
        home = Settings.load().home
    except StudyError:
        home = Path("var")
    for log in (home / LOG_FILE, Path(tempfile.gettempdir()) / "study.log"):
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            handler = logging.FileHandler(log, encoding="utf-8")
        except OSError:
            continue
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        return log, handler
    return Path(os.devnull), logging.FileHandler(os.devnull)


def _silence_stdout() -> None:
    """Leave nothing that Python could flush into the broken pipe at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
