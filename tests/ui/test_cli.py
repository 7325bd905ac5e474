"""The command line as a whole: help at once, and every end an exit status and a sentence."""

import logging
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from assistant.errors import StudyError
from ui.cli import app
from ui.command_group import STOPPED, CommandGroup, JsonOption, Terminated

COMMANDS = ("up", "ask", "search", "ingest", "publish", "index", "model", "doctor")


def failing_with(error: BaseException) -> typer.Typer:
    """Return a command line with the one command `fail`, which raises `error`."""
    made = typer.Typer(cls=CommandGroup, pretty_exceptions_enable=False)

    @made.callback()
    def several_commands() -> None:
        """Without it, Typer would make the one command the whole."""

    @made.command()
    def fail(as_json: JsonOption = False) -> None:
        raise error

    return made


def test_help_names_every_command() -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    for command in COMMANDS:
        assert re.search(rf"^│ {command} ", result.stdout, re.MULTILINE), command


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command: str) -> None:
    assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


def test_every_command_takes_json() -> None:
    group = typer.main.get_command(app)
    pending = list(group.commands.values())  # type: ignore[attr-defined]
    n_commands = 0
    while pending:
        command = pending.pop()
        if hasattr(command, "commands"):
            pending += command.commands.values()
        else:
            n_commands += 1
            assert "--json" in {name for each in command.params for name in each.opts}, command.name
    assert n_commands >= len(COMMANDS)


def test_help_takes_less_than_a_second_of_computing() -> None:
    # Time on the processor, not on the wall: the machine may be busy with other things.
    before = os.times()
    subprocess.run(
        [sys.executable, "-m", "ui.cli", "--help"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after = os.times()
    assert after.children_user - before.children_user < 1


def test_a_known_error_is_a_sentence_and_a_hint() -> None:
    error = StudyError("The moon is missing.", hint="Look up.")
    result = CliRunner().invoke(failing_with(error), ["fail"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: The moon is missing.\nHint: Look up.\n"


def test_with_json_the_error_is_on_stdout_too() -> None:
    error = StudyError("缺少月亮。", hint="Look up.")
    result = CliRunner().invoke(failing_with(error), ["fail", "--json"])
    assert result.exit_code == 1
    assert result.stdout == '{"error": "缺少月亮。", "hint": "Look up."}\n'


def test_what_nobody_foresaw_is_an_id_and_a_traceback_in_the_log(home: Path) -> None:
    result = CliRunner().invoke(failing_with(ZeroDivisionError("secret")), ["fail"])
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert "secret" not in result.output
    found = re.search(r"incident (\w+)", result.stderr)
    assert found
    log = (home / "logs" / "study.log").read_text(encoding="utf-8")
    assert f"Incident {found[1]}" in log
    assert "ZeroDivisionError: secret" in log


def test_what_nobody_foresaw_is_told_even_where_settings_are_wrong(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY_RETRIEVAL__TOP_K", "-1")
    result = CliRunner().invoke(failing_with(ZeroDivisionError()), ["fail"])
    assert result.exit_code == 1
    assert (home / "var" / "logs" / "study.log").is_file()


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), 130), (Terminated(), 143)], ids=["Ctrl-C", "TERM"]
)
def test_being_stopped_says_how_to_go_on(error: BaseException, status: int) -> None:
    result = CliRunner().invoke(failing_with(error), ["fail"])
    assert (result.exit_code, result.stderr) == (status, STOPPED + "\n")


def test_an_unknown_setting_is_named_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDY_RETREIVAL__TOP_K", "3")
    result = CliRunner().invoke(app, ["search", "x"])
    assert result.exit_code == 1
    assert "There is no setting STUDY_RETREIVAL__TOP_K." in result.stderr
    assert "Did you mean STUDY_RETRIEVAL__TOP_K?" in result.stderr


def test_a_mistyped_command_is_wrong_usage_with_a_suggestion() -> None:
    result = CliRunner().invoke(app, ["serch", "x"])
    assert result.exit_code == 2
    assert "Did you mean 'search'" in result.stderr


def run_program(code: str) -> "subprocess.Popen[bytes]":
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": root},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_reader_that_leaves_is_no_reason_for_noise() -> None:
    code = """
import sys, ui.cli, ui.commands.index as index
from ui import terminal
@ui.cli.app.command()
def chatter():
    while True:
        terminal.print_json("x" * 1000)
sys.argv = ["study", "chatter"]
ui.cli.main()
"""
    process = run_program(code)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait(30) == 141
    process.stderr.close()


def test_sigterm_stops_as_ctrl_c_does(tmp_path: Path) -> None:
    code = f"""
import sys, time, pathlib, ui.cli
@ui.cli.app.command()
def linger():
    try:
        pathlib.Path({str(tmp_path)!r}, "began").touch()
        time.sleep(60)
    finally:
        pathlib.Path({str(tmp_path)!r}, "cleaned").touch()
sys.argv = ["study", "linger"]
ui.cli.main()
"""
    process = run_program(code)
    deadline = time.monotonic() + 30
    while not (tmp_path / "began").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 143
    assert errors.decode() == STOPPED + "\n"
    assert (tmp_path / "cleaned").exists()


def test_no_handler_stays_behind_after_an_incident(home: Path) -> None:
    before = list(logging.getLogger().handlers)
    CliRunner().invoke(failing_with(ZeroDivisionError()), ["fail"])
    assert logging.getLogger().handlers == before
