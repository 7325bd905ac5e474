"""`study check`: can these files be taken in, and do they hide anything? Nothing is kept."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui import terminal
from ui.command_group import JsonOption

if TYPE_CHECKING:
    from ingest.check import CheckedFile

UNREAD = "a picture; run text recognition to have its text read"


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Files to look through.")],
    as_json: JsonOption = False,
) -> None:
    """Say whether files can be taken in, and warn of hidden text and words to the model.

    Warned of: text that readers don't see (hidden, white, tiny, comments, invisible characters)
    and phrases such as "ignore the previous instructions".

    Example: study check notes/lecture.pdf policy.docx
    """
    from assistant.settings import Settings
    from ingest.check import check as check_files
    from ingest.parse import Limits
    from ingest.parser_pool import n_workers

    options = Settings.load().ingest
    checked = check_files(
        files,
        Limits(
            max_file_bytes=int(options.max_file_mb * 1e6),
            max_unpacked_bytes=int(options.max_unpacked_mb * 1e6),
            timeout_s=options.timeout_s,
        ),
        workers=n_workers(options.workers),
    )
    if as_json:
        terminal.print_json({"files": [file.to_json() for file in checked]})
    else:
        lines = [line for file in checked for line in _lines(file)]
        terminal.print_result("\n".join(terminal.printable(line) for line in lines))
    if any(file.refusal for file in checked):
        raise typer.Exit(1)


def _lines(file: "CheckedFile") -> list[str]:
    if file.refusal:
        return [f"! {file.name}: {file.refusal.message} {file.refusal.hint}".rstrip()]
    lines = [f"{'?' if file.findings else ' '} {file.name}: {file.title} (for {file.audience})"]
    lines += [
        f"    {each.unit} {each.number}, {each.kind}: {each.excerpt or UNREAD}"
        for each in file.findings
    ]
    more = file.n_findings - len(file.findings)
    return [*lines, *([f"    … and {more} more"] if more else [])]
