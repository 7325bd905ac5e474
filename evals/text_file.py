"""Files that people name to the harness, read or written as text or refused with one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.errors import ConfigError, StudyError

ENCODING = "utf-8-sig"
"""UTF-8, with or without the byte order mark that Windows tools put first."""


def read_lines(path: Path, error: type[StudyError]) -> list[str]:
    """Return the lines of a text file.

    Raises:
        StudyError: of the kind `error`: the file is missing, or not UTF-8.
    """
    with reading(path, error, "Give a file of JSON lines in UTF-8."):
        return path.read_text(encoding=ENCODING).split("\n")


@contextmanager
def reading(path: Path, error: type[StudyError], hint: str) -> Iterator[None]:
    """Tell with a sentence and `hint` why the text file `path` can't be read.

    Raises:
        StudyError: of the kind `error`: the file is missing, or not UTF-8.
    """
    try:
        yield
    except OSError as cause:
        raise error(f"{path} can't be read: {cause.strerror or cause}.", hint=hint) from cause
    except UnicodeDecodeError as cause:
        raise error(f"{path} can't be read: it is not text in UTF-8.", hint=hint) from cause


def make_folder(path: Path) -> None:
    """Make a folder, with those above it, unless it is there.

    Raises:
        ConfigError: it can't be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise ConfigError(
            f"The folder {path} can't be made: {cause.strerror or cause}.",
            hint="Name one in a place that you can write to.",
        ) from cause


def write_file(path: Path, text: str) -> None:
    """Put `text` into a file.

    Raises:
        StudyError: it can't be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as cause:
        raise StudyError(
            f"{path} can't be written: {cause.strerror or cause}.", hint="Choose another file."
        ) from cause
