"""`study doctor`: whether everything is in order, and what to do where not."""

from dataclasses import asdict
from itertools import chain

import typer

from assistant.errors import StudyError
from ui import terminal
from ui.command_group import JsonOption


def doctor(as_json: JsonOption = False) -> None:
    """Check packages, disk, memory, settings, model, index, ports and Slack; change nothing."""
    from assistant.settings import Settings
    from ui.checks import Check, run_checks
    from ui.slack_checks import slack_checks

    found: list[Check] = []

    def tell(check: Check) -> None:
        found.append(check)
        if not as_json:
            terminal.print_check(check.verdict, check.matter, check.finding, check.hint)

    try:
        settings = Settings.load()
    except StudyError as error:
        tell(Check(matter="settings", verdict="problem", finding=str(error), hint=error.hint))
    else:
        names = sorted(settings.model_fields_set)
        finding = f"set by you: {', '.join(names)}" if names else "all as they come"
        tell(Check(matter="settings", verdict="ok", finding=finding))
        for check in chain(run_checks(settings), slack_checks(settings)):
            tell(check)
    if as_json:
        terminal.print_json({"checks": [asdict(check) for check in found]})
    if any(check.verdict == "problem" for check in found):
        raise typer.Exit(1)
