"""Files that people name to the harness, read or written as text or refused with one sentence."""

from pathlib import Path

from assistant.errors import ConfigError, StudyError


def read_lines(path: Path, error: type[StudyError]) -> list[str]:
    """Return the lines of a text file.

    Raises:
        StudyError: of the kind `error`: the file is missing, or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as cause:
        raise error(
            f"{path} can't be read: {cause}.", hint="Give a file of JSON lines in UTF-8."
        ) from cause


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
