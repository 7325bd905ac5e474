"""`study gaps`: what learners asked and the materials could not answer, grouped by meaning."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.errors import StudyError
from ui import terminal
from ui.command_group import JsonOption

if TYPE_CHECKING:
    from assistant.gap_groups import GapGroup


def gaps(
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write a table for a spreadsheet to FILE."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List what learners asked and the materials could not answer, and answers they disliked.

    Questions of the page and of Slack are kept, without names, for STUDY_GAPS__KEEP_DAYS days;
    those of `study ask` and of evaluations are not.

    Example: study gaps --csv gaps.csv
    """
    from assistant.gap_groups import groups
    from assistant.settings import Settings
    from assistant.wiring import open_gaps, open_settings_embedder
    from ui.gaps_csv import ENGLISH, gaps_csv

    settings = Settings.load()
    store = open_gaps(settings)
    found = groups(store, open_settings_embedder(settings), audiences=None) if store.all() else ()
    if csv is not None:
        try:
            csv.write_bytes(gaps_csv(found, ENGLISH))
        except OSError as error:
            raise StudyError(
                f"{csv} can't be written: {error.strerror}.", hint="Choose another file."
            ) from error
        terminal.note(f"{terminal.counted(len(found), 'group')} written to {csv}.")
    if as_json:
        terminal.print_json({"groups": [_as_json(group) for group in found]})
    elif csv is None:
        _print(found)


def _print(found: "tuple[GapGroup, ...]") -> None:
    from ui.gaps_csv import last_asked, place

    if not found:
        terminal.note("No question is kept that the materials could not answer.")
    for group in found:
        disliked = f", {group.n_disliked} disliked" if group.n_disliked else ""
        lines = [
            f"{group.n}× {group.question}",
            f"    last {last_asked(group)} UTC, {'/'.join(sorted(group.languages))}{disliked}",
            *(f"    also: {each}" for each in group.questions[1:]),
            *(f"    near: {place(each)}" for each in group.nearest),
        ]
        terminal.print_result("\n".join(terminal.printable(line) for line in lines))


def _as_json(group: "GapGroup") -> dict[str, object]:
    return {
        "question": group.question,
        "times": group.n,
        "unanswered": group.n_unanswered,
        "disliked": group.n_disliked,
        "languages": dict(group.languages),
        "last_asked": group.last_asked,
        "questions": list(group.questions),
        "comments": list(group.comments),
        "askers": list(group.askers),
        "nearest": [
            {"source": near.source, "title": near.title, "heading": list(near.heading)}
            for near in group.nearest
        ],
    }
