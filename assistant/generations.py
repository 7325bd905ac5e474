"""Generations on disk: complete, immutable folders, one of which is live.

    HOME/index/CURRENT               the name of the live one, replaced atomically
    HOME/index/generations/NAME/     vectors, words, passages, and manifest.json, written last
    HOME/index/generations/NAME/CANDIDATE     there as long as it never was live

A folder without a manifest is unfinished and never read. What is not here: how to search one
(`assistant/index.py`).
"""

import errno
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from hashlib import file_digest
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.errors import BusyError, IndexCorrupt, IndexMissing, StorageError

FORMAT = 1
"""Raised whenever a reader of older code would misread the files."""

BUILD_HINT = "Run `study ingest PATH…` to build it."
SWITCH_HINT = "`study index list` shows the generations, `study index rollback` makes one live."
CANDIDATE = "CANDIDATE"
"""The file that marks a generation which never was live."""

REBUILD_HINT = "Run `study ingest PATH… --rebuild` to build a new generation."


_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source file as it was taken in: its sha256, its root and what is known of it.

    `parsed_by` stands for the settings and versions that made its passages, "" if unknown.
    """

    sha256: str
    root: str
    title: str = ""
    language: str = ""
    audience: str = "all"
    owner: str = ""
    version: str = ""
    n_passages: int = 0
    parsed_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a generation is made of; its existence means that the generation is complete.

    `shaped_by` holds everything that shapes the content (embedder, chunk settings, parser
    versions); `files` the sha256 of each file by its path in the folder.
    """

    name: str
    created_at: str
    n_passages: int
    n_sentences: int
    dim: int
    shaped_by: dict[str, str]
    sources: dict[str, Source]
    files: dict[str, str]
    roots: tuple[str, ...] = ()
    format: int = FORMAT
    counts: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the manifest as indented JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)

    @classmethod
    def from_values(cls, values: object) -> "Manifest":
        """Return the manifest that parsed JSON holds; raises ValueError if it is none."""
        from pydantic import TypeAdapter

        return TypeAdapter(cls).validate_python(values)


def index_folder(home: Path) -> Path:
    """Return where the index of this home lives."""
    return home / "index"


def generation_folder(home: Path, name: str) -> Path:
    """Return the folder of the generation `name`."""
    return index_folder(home) / "generations" / name


def current_name(home: Path) -> str | None:
    """Return the name of the live generation; None before the first one.

    Raises:
        IndexCorrupt: the file that names it is damaged.
    """
    try:
        return (index_folder(home) / "CURRENT").read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise IndexCorrupt(
            "CURRENT names no generation: it is damaged.", hint=SWITCH_HINT
        ) from error


def read_manifest(home: Path, name: str) -> Manifest:
    """Return the manifest of the generation `name`.

    Raises:
        IndexMissing: there is no such generation.
        IndexCorrupt: it is half-written, damaged, or written by a newer program.
    """
    folder = generation_folder(home, name)
    if not folder.is_dir():
        raise IndexMissing(f"There is no generation {name}.", hint="`study index list` shows them.")
    try:
        values = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        # First of all: a newer program may have other fields.
        found = values["format"]
        manifest = Manifest.from_values(values) if found == FORMAT else None
    except FileNotFoundError as error:
        raise IndexCorrupt(
            f"Generation {name} is half-written: it has no manifest.", hint=REBUILD_HINT
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise IndexCorrupt(
            f"The manifest of generation {name} can't be read.", hint=REBUILD_HINT
        ) from error
    if manifest is None:
        raise IndexCorrupt(
            f"Generation {name} has format {found}; this program reads {FORMAT}.",
            hint=REBUILD_HINT,
        )
    # A folder that was copied goes by its own name.
    return replace(manifest, name=name)


def list_names(home: Path) -> list[str]:
    """Return the names of all complete generations, oldest first."""
    folder = index_folder(home) / "generations"
    if not folder.is_dir():
        return []
    return sorted(path.parent.name for path in folder.glob("*/manifest.json"))


def verify(home: Path, name: str) -> list[str]:
    """Return what is wrong with the generation's files, a sentence each; none if all is well."""
    manifest, folder = read_manifest(home, name), generation_folder(home, name)
    problems = []
    for file, sha256 in sorted(manifest.files.items()):
        path = folder / file
        if not path.is_file():
            problems.append(f"{file} is missing.")
        elif hash_file(path) != sha256:
            problems.append(f"{file} is damaged: its sha256 differs from the manifest's.")
    return problems


def hash_file(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


@contextmanager
def writing(home: Path) -> Iterator[None]:
    """Hold the only right to write to this home's index.

    Raises:
        BusyError: another process is writing.
        StorageError: nobody can write there.
    """
    with only_one(
        index_folder(home) / "write.lock",
        BusyError(
            "Another process is building the index.",
            hint="Wait for it to end, then run the command again.",
        ),
    ):
        yield


@contextmanager
def only_one(path: Path, busy: BusyError) -> Iterator[None]:
    """Hold the lock at `path`, or raise `busy` if another process or thread does.

    Raises:
        StorageError: nobody can write there.
    """
    lock = FileLock(path)
    with storing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise busy from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def storing(folder: Path) -> Iterator[None]:
    """Turn what a full, failing or read-only disk raises into a StorageError."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        number = error.errno if isinstance(error, OSError) else None
        is_full = number in _NO_ROOM or any(word in str(error) for word in ("full", "No space"))
        raise StorageError(
            f"{folder} can't be written to: {getattr(error, 'strerror', None) or error}.",
            hint=(
                "Make room (`study index prune` removes old generations), then run it again."
                if is_full
                else "Check that the disk is writable and that the folder is yours."
            ),
        ) from error


def seal(folder: Path, manifest: Manifest) -> None:
    """Make a generation complete: everything on disk first, then the manifest, at once."""
    for path in folder.rglob("*"):
        _sync(path)
    write_atomically(folder / "manifest.json", manifest.to_json())
    # The names of the folders, too: CURRENT must never name one that a power cut takes away.
    for path in (folder.parent, folder.parent.parent):
        _sync(path)


def mark_candidate(folder: Path) -> None:
    """Have the generation that is being built in `folder` count as one that never was live."""
    (folder / CANDIDATE).touch()


def is_candidate(home: Path, name: str) -> bool:
    """Whether the generation `name` never was live."""
    return (generation_folder(home, name) / CANDIDATE).exists() and name != current_name(home)


def unmark_live(home: Path) -> None:
    """Have the live generation count as live also later on; call only while `writing`."""
    try:
        live = current_name(home)
    except IndexCorrupt:
        return
    if live is not None:
        (generation_folder(home, live) / CANDIDATE).unlink(missing_ok=True)


def publish(home: Path, name: str) -> None:
    """Make the generation `name` the live one; readers switch between two requests.

    Call only while `writing`.
    """
    read_manifest(home, name)
    with storing(index_folder(home)):
        unmark_live(home)  # by a process that was killed before it could
        write_atomically(index_folder(home) / "CURRENT", name + "\n")
        unmark_live(home)


def remove(home: Path, name: str) -> None:
    """Delete the generation `name`; call only while `writing`, and never for the live one."""
    folder = generation_folder(home, name)
    with storing(folder.parent):
        # First what makes it complete: killed from here on, it is an unfinished one.
        (folder / "manifest.json").unlink(missing_ok=True)
        shutil.rmtree(folder)


def remove_unfinished(home: Path) -> None:
    """Delete what an interrupted build left behind; call only while `writing`."""
    folder = index_folder(home) / "generations"
    for path in folder.iterdir() if folder.is_dir() else ():
        if not (path / "manifest.json").is_file():
            shutil.rmtree(path, ignore_errors=True)


def write_atomically(path: Path, text: str) -> None:
    """Replace the file at `path`: a reader sees the old or the new text, never a part."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text, encoding="utf-8")
    _sync(temporary)
    temporary.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def differences(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """Return the names of the settings whose values differ, sorted."""
    return sorted(key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key))
