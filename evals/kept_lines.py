"""Files of JSON lines that a run keeps: added to as it goes, read when it goes on."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from assistant.errors import StudyError
from assistant.generations import write_atomically
from evals.records import Record
from evals.text_file import reading
from evals.validation import first_fault

LineT = TypeVar("LineT", bound=Record)

_HINT = "Take the line out, or begin anew in another place."


class RunUnreadable(StudyError):
    """A folder holds no finished run, or a file of it is damaged."""


def kept_lines(path: Path, kind: type[LineT]) -> list[LineT]:
    """Return what `path` has so far; a last line that was cut off is left out.

    Raises:
        RunUnreadable: the file can't be read, or another line is no `kind`.
    """
    if not path.exists():
        return []
    with reading(path, RunUnreadable, _HINT):
        texts = path.read_text(encoding="utf-8").rstrip().split("\n")
    lines = []
    for number, text in enumerate(texts, start=1):
        try:
            if text.strip():
                lines.append(kind.model_validate_json(text))
        except ValidationError as error:
            is_cut_off = text.startswith("{") and error.errors()[0]["type"] == "json_invalid"
            if number < len(texts) or not is_cut_off:
                raise RunUnreadable(
                    f"{path}, line {number} is damaged: {first_fault(error)}.", hint=_HINT
                ) from error
    return lines


def add_lines(path: Path, lines: Iterable[Record]) -> None:
    """Add `lines` at the end of `path`."""
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{line.model_dump_json()}\n" for line in lines)


def replace_lines(path: Path, lines: Iterable[Record]) -> None:
    """Put `lines` in the place of those that `path` has, all of them or none."""
    write_atomically(path, "".join(f"{line.model_dump_json()}\n" for line in lines))
