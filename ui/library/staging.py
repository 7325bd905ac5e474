"""Changes that wait to be published: new files, and removals. The materials are not touched yet.

    HOME/library/staged/ID/     entry.json, and `content` unless it is a removal

One change for each place; a later one takes the place of an earlier. All owners share them.
"""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from assistant.errors import StudyError
from assistant.generations import write_atomically
from ui.library.targets import Target
from ui.library.upload_check import CheckedUpload

Change = Literal["add", "replace", "remove"]

_STAGED, _INCOMING = "staged", "incoming"
_ENTRY, _CONTENT = "entry.json", "content"


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A change that waits; `content` is None for a removal.

    `warnings` says how many findings were seen and accepted.
    """

    entry_id: str
    change: Change
    target: Target
    content: Path | None
    sha256: str
    size_bytes: int
    title: str
    audience: str
    n_warnings: int
    staged_at: datetime
    by: str

    def to_json(self) -> dict[str, Any]:
        """Return the values that JSON can hold."""
        return {
            "entry_id": self.entry_id,
            "change": self.change,
            "root": str(self.target.root),
            "path": str(self.target.path),
            "source": self.target.source,
            "sha256": self.sha256,
            "size_bytes": self.size_bytes,
            "title": self.title,
            "audience": self.audience,
            "n_warnings": self.n_warnings,
            "staged_at": self.staged_at.isoformat(),
            "by": self.by,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any], folder: Path) -> "Staged":
        """Return the change that `folder` holds; raises KeyError, TypeError or ValueError."""
        content = folder / _CONTENT
        return cls(
            entry_id=str(values["entry_id"]),
            change=values["change"],
            target=Target(
                root=Path(values["root"]), path=Path(values["path"]), source=str(values["source"])
            ),
            content=None if values["change"] == "remove" else content,
            sha256=str(values["sha256"]),
            size_bytes=int(values["size_bytes"]),
            title=str(values["title"]),
            audience=str(values["audience"]),
            n_warnings=int(values["n_warnings"]),
            staged_at=datetime.fromisoformat(values["staged_at"]),
            by=str(values["by"]),
        )


class Staging:
    """The changes that wait under one home."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "library"

    def entries(self) -> tuple[Staged, ...]:
        """Return the changes by the names of their sources; a damaged one is left out."""
        folder = self._folder / _STAGED
        found = []
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            try:
                values = json.loads((path / _ENTRY).read_text(encoding="utf-8"))
                staged = Staged.from_json(values, path)
            except (OSError, ValueError, KeyError, TypeError):
                continue
            if staged.content is None or staged.content.is_file():
                found.append(staged)
        return tuple(sorted(found, key=lambda each: each.target.source))

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """Yield an empty folder for uploads that are being checked; it is gone afterwards."""
        with _told():
            folder = self._folder / _INCOMING / secrets.token_hex(8)
            folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def put(self, upload: CheckedUpload, content: bytes, target: Target, by: str) -> Staged:
        """Return the change that puts `content` where `target` says, kept until published.

        Raises:
            StudyError: it can't be written.
        """
        staged = Staged(
            entry_id=_entry_id(target),
            change="replace" if target.is_taken else "add",
            target=target,
            content=self._folder / _STAGED / _entry_id(target) / _CONTENT,
            sha256=sha256(content).hexdigest(),
            size_bytes=len(content),
            title=upload.title,
            audience=upload.audience,
            n_warnings=upload.n_findings,
            staged_at=datetime.now(UTC),
            by=by,
        )
        self._keep(staged, content)
        return staged

    def remove(self, target: Target, *, title: str, audience: str, by: str) -> Staged:
        """Return the change that takes the file at `target` away; raises StudyError."""
        staged = Staged(
            entry_id=_entry_id(target),
            change="remove",
            target=target,
            content=None,
            sha256="",
            size_bytes=0,
            title=title,
            audience=audience,
            n_warnings=0,
            staged_at=datetime.now(UTC),
            by=by,
        )
        self._keep(staged, None)
        return staged

    def discard(self, entry_id: str, *, only_sha256: str | None = None) -> None:
        """Forget a change; with `only_sha256`, only if it still is the one with this content."""
        for staged in self.entries():
            if staged.entry_id == entry_id and only_sha256 in (None, staged.sha256):
                shutil.rmtree(self._folder / _STAGED / entry_id, ignore_errors=True)

    def find(self, target: Target) -> Staged | None:
        """Return the change that waits for this place."""
        wanted = _entry_id(target)
        return next((each for each in self.entries() if each.entry_id == wanted), None)

    def _keep(self, staged: Staged, content: bytes | None) -> None:
        final = self._folder / _STAGED / staged.entry_id
        new = final.with_name(f".{staged.entry_id}-{secrets.token_hex(4)}")
        with _told():
            try:
                new.mkdir(parents=True)
                if content is not None:
                    _write(new / _CONTENT, content)
                write_atomically(new / _ENTRY, json.dumps(staged.to_json(), ensure_ascii=False))
                shutil.rmtree(final, ignore_errors=True)
                new.rename(final)
            except OSError:
                shutil.rmtree(new, ignore_errors=True)
                raise


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StudyError(
            f"The change can't be kept: {error.strerror}.",
            hint="Check the free space and the permissions of STUDY_HOME.",
        ) from error


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _entry_id(target: Target) -> str:
    return sha256(str(target.path).encode("utf-8", "surrogateescape")).hexdigest()[:16]
