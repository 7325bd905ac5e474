"""Which files below the given folders are to be taken in, and what each is called.

The name of a source is its path relative to its root, with forward slashes. It stays the same
from run to run: a root inside a root that is live already takes its names from there.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import IngestError
from assistant.generations import hash_file
from ingest.records import FileFailure, Skipped, SourceFile

SUFFIXES = frozenset({".docx", ".htm", ".html", ".ipynb", ".md", ".mdx", ".pdf", ".pptx", ".txt"})

READ_HINT = "Check that the file is there and that you may read it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A part of the file system that an ingestion covers; `within` equals `root` or is below."""

    root: Path
    within: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What was found, each in the order of its names; `scopes` are what was looked through."""

    files: tuple[SourceFile, ...]
    skipped: tuple[Skipped, ...]
    failures: tuple[FileFailure, ...]
    scopes: tuple[Scope, ...]


def discover(
    roots: Sequence[Path],
    *,
    max_file_bytes: int,
    live_roots: Mapping[str, str] | None = None,
    progress: Callable[[int, int, str], None] = lambda done, total, source: None,
) -> Discovery:
    """Return the files below `roots` that a parser exists for, named and hashed.

    Args:
        roots: folders and single files. One inside another is looked through once.
        max_file_bytes: larger files are listed but not read, so they have no sha256.
        live_roots: the root of each live source, by the source's name. A name that belongs to
            another root is not given again.
        progress: called with (files hashed, files found, name).

    Raises:
        IngestError: a root doesn't exist. Taken for an empty folder, it would have everything
            removed that came from it.
    """
    live = live_roots or {}
    scopes = _scopes(roots, set(live.values()))
    walk = _Walk(
        {
            source
            for source, root in live.items()
            if not any(covers(scope, source, root) for scope in scopes)
        }
    )
    for scope in scopes:
        walk.look_through(scope)
    files = []
    for done, (source, path, root, size_bytes) in enumerate(sorted(walk.found)):
        try:
            sha256 = hash_file(path) if size_bytes <= max_file_bytes else ""
        except OSError as error:
            walk.fail(source, error)
            continue
        files.append(
            SourceFile(path=path, source=source, root=root, size_bytes=size_bytes, sha256=sha256)
        )
        progress(done + 1, len(walk.found), source)
    return Discovery(
        files=tuple(files),
        skipped=tuple(sorted(walk.skipped, key=lambda skipped: skipped.source)),
        failures=tuple(sorted(walk.failures, key=lambda failure: failure.source)),
        scopes=tuple(scopes),
    )


def covers(scope: Scope, source: str, root: str) -> bool:
    """Whether a live source of `root` lies in `scope`, so that its file should have been found."""
    root_path = Path(root)
    if root_path.is_relative_to(scope.within):
        return True
    if root_path.name == scope.within.name and not root_path.exists():
        return True  # the folder was moved
    if root_path != scope.root:
        return False
    below = scope.within.relative_to(scope.root).as_posix()
    inner = source.removeprefix(scope.root.name + "/")
    return any(name == below or name.startswith(below + "/") for name in (source, inner))


def _scopes(roots: Sequence[Path], live_roots: set[str]) -> list[Scope]:
    """Return what to look through, in the order given, without what lies inside another root."""
    wanted: list[Path] = []
    for root in roots:
        if not root.exists():
            raise IngestError(
                f"There is no file or folder {root}.", hint="Check the path for a typing error."
            )
        wanted.append(root.resolve())
    scopes = []
    for position, path in enumerate(wanted):
        if path in wanted[:position] or any(other in path.parents for other in wanted):
            continue
        above = [Path(live) for live in live_roots if Path(live) in path.parents]
        scopes.append(Scope(root=min(above, default=path), within=path))
    return scopes


class _Walk:
    """Collects what is found below each root and gives it names."""

    def __init__(self, taken: set[str]) -> None:
        self.found: list[tuple[str, Path, str, int]] = []
        self.skipped: list[Skipped] = []
        self.failures: list[FileFailure] = []
        self._taken = taken

    def look_through(self, scope: Scope) -> None:
        if scope.within.is_file():
            self._take(scope, scope.within, is_named_by_user=True)
            return
        for path in self._files_below(scope):
            self._take(scope, path)

    def fail(self, source: str, error: OSError) -> None:
        self.failures.append(
            FileFailure(
                source=source, reason=f"It can't be read: {error.strerror}.", hint=READ_HINT
            )
        )

    def _files_below(self, scope: Scope) -> Iterator[Path]:
        def fail(error: OSError) -> None:
            if Path(error.filename) == scope.within:
                raise IngestError(
                    f"The folder {scope.within} can't be read: {error.strerror}.", hint=READ_HINT
                ) from error
            # The slash at the end tells that everything below is in doubt.
            self.fail(_relative(scope, Path(error.filename)) + "/", error)

        for folder, folders, files in os.walk(scope.within, onerror=fail):
            for name in sorted(folders):
                path = Path(folder, name)
                if name.startswith("."):
                    self._skip(scope, path, "hidden", is_folder=True)
                elif path.is_symlink():
                    self._skip(scope, path, "a link to a folder", is_folder=True)
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                yield Path(folder, name)

    def _take(self, scope: Scope, path: Path, *, is_named_by_user: bool = False) -> None:
        try:
            reason = _reason_to_skip(scope, path)
            if not reason or (is_named_by_user and path.suffix.lower() in SUFFIXES):
                size_bytes = path.stat().st_size
                self.found.append(
                    (self._name(scope, path), path, scope.root.as_posix(), size_bytes)
                )
                return
        except OSError as error:
            self.fail(_relative(scope, path), error)
            return
        if is_named_by_user:
            hint = "These are read: " + ", ".join(sorted(SUFFIXES)) + "."
            self.failures.append(
                FileFailure(source=_relative(scope, path), reason=f"There is {reason}.", hint=hint)
            )
        else:
            self._skip(scope, path, reason)

    def _skip(self, scope: Scope, path: Path, reason: str, *, is_folder: bool = False) -> None:
        source = _relative(scope, path) + ("/" if is_folder else "")
        self.skipped.append(Skipped(source=source, reason=reason))

    def _name(self, scope: Scope, path: Path) -> str:
        """Return a name that no other root has."""
        name = candidate = _relative(scope, path)
        number = 1
        while candidate in self._taken:
            prefix = scope.root.name if number == 1 else f"{scope.root.name}-{number}"
            candidate = f"{prefix}/{name}"
            number += 1
        self._taken.add(candidate)
        return candidate


def _relative(scope: Scope, path: Path) -> str:
    name = path.name if path == scope.root else path.relative_to(scope.root).as_posix()
    # A name that is not UTF-8 holds lone surrogates, which no output can print.
    return name.encode("utf-8", "replace").decode("utf-8")


def _reason_to_skip(scope: Scope, path: Path) -> str:
    """Return why a file below a root is left out, "" if it is not; raises OSError."""
    reason = _reason_in_name(path)
    if reason:
        return reason
    if not stat.S_ISREG(path.stat().st_mode):
        return "not a regular file"
    if path.is_symlink() and not path.resolve().is_relative_to(scope.root):
        return "a link that leads out of the folder"
    return ""


def _reason_in_name(path: Path) -> str:
    suffix = path.suffix.lower()
    if path.name.startswith("."):
        return "hidden"
    if path.name.startswith("~$"):
        return "a temporary file of an office program"
    if suffix not in SUFFIXES:
        return f"no reader for {suffix}" if suffix else "no reader for a file without an extension"
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    return ""
