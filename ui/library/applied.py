"""Staged changes put into the folders of the materials, and taken out again unless published.

    JOB/journal.json     what is about to be done, written before anything is done
    JOB/backup/N         what lay at the place of the Nth change

Whatever happens in between (a rejected publication, a kill, a full disk), `settle` finds the
journal and makes an end of it: done where the new content is live, as before where it isn't.
"""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant import generations
from assistant.errors import StudyError
from assistant.generations import Source
from ui.library.staging import Staged, Staging

_JOURNAL, _BACKUP = "journal.json", "backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One change: the place, its content before (if any) and after ("" for none) by sha256."""

    entry_id: str
    source: str
    root: Path
    path: Path
    before: str
    after: str
    backup: Path


def put_in(folder: Path, changes: Sequence[Staged]) -> None:
    """Put the changes into place, after noting in `folder` how to undo it.

    Raises:
        StudyError: a place can't be written to. What was done until then is undone.
    """
    steps = [_step(folder, number, staged) for number, staged in enumerate(changes)]
    (folder / _BACKUP).mkdir(exist_ok=True)
    try:
        for step in steps:
            if step.before:
                _copy(step.path, step.backup)
        generations.write_atomically(folder / _JOURNAL, _journal(steps))
        for step, staged in zip(steps, changes, strict=True):
            if staged.content is None:
                step.path.unlink(missing_ok=True)
            else:
                step.path.parent.mkdir(parents=True, exist_ok=True)
                _copy(staged.content, step.path)
    except OSError as error:
        for step in _steps(folder):
            _put_back(step)
        _close(folder)
        raise StudyError(
            f"{error.filename} can't be read or written: {error.strerror}.",
            hint="Check the folder's permissions and free space; the changes still wait.",
        ) from error


def settle(folder: Path, home: Path, staging: Staging) -> tuple[str, ...]:
    """Make an end of what was put in; return the sources that somebody else changed meanwhile.

    A change whose content is live waits no longer. Of the others, what lay there before comes back,
    unless what lies there now is neither the one nor the other: then it stays as it is.
    """
    steps = _steps(folder)
    if not steps:
        return ()
    name = generations.current_name(home)
    live = generations.read_manifest(home, name).sources if name else {}
    foreign = []
    for step in steps:
        if step.after in _live_content(step, live):
            staging.discard(step.entry_id, only_sha256=step.after)
        elif not _put_back(step):
            foreign.append(step.source)
    _close(folder)
    return tuple(foreign)


def _live_content(step: _Step, live: Mapping[str, Source]) -> set[str]:
    """Return what the index holds of this place, by sha256; "" for nothing."""
    held = {
        record.sha256
        for source, record in live.items()
        # A name that two folders have gets the folder's name before it.
        if Path(record.root) == step.root
        and (source == step.source or source.endswith(f"/{step.source}"))
    }
    return held or {""}


def _put_back(step: _Step) -> bool:
    """Put back what lay there before; return whether that was ours to do."""
    now = _hash(step.path)
    if now not in (step.before, step.after):
        return False
    if now != step.before and step.before:
        step.path.parent.mkdir(parents=True, exist_ok=True)
        _copy(step.backup, step.path)
    elif now != step.before:
        step.path.unlink(missing_ok=True)
    return True


def _step(folder: Path, number: int, staged: Staged) -> _Step:
    return _Step(
        entry_id=staged.entry_id,
        source=staged.target.source,
        root=staged.target.root,
        path=staged.target.path,
        before=_hash(staged.target.path),
        after=staged.sha256,
        backup=folder / _BACKUP / str(number),
    )


def _journal(steps: Sequence[_Step]) -> str:
    return json.dumps(
        [
            {
                "entry_id": step.entry_id,
                "source": step.source,
                "root": str(step.root),
                "path": str(step.path),
                "before": step.before,
                "after": step.after,
                "backup": step.backup.name,
            }
            for step in steps
        ],
        ensure_ascii=False,
    )


def _steps(folder: Path) -> list[_Step]:
    try:
        values = json.loads((folder / _JOURNAL).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [
        _Step(
            entry_id=each["entry_id"],
            source=each["source"],
            root=Path(each["root"]),
            path=Path(each["path"]),
            before=each["before"],
            after=each["after"],
            backup=folder / _BACKUP / each["backup"],
        )
        for each in values
    ]


def _close(folder: Path) -> None:
    (folder / _JOURNAL).unlink(missing_ok=True)
    shutil.rmtree(folder / _BACKUP, ignore_errors=True)


def _hash(path: Path) -> str:
    return generations.hash_file(path) if path.is_file() else ""


def _copy(origin: Path, target: Path) -> None:
    """Put a copy at `target` at once; meanwhile its name is one that no ingestion looks at."""
    temporary = target.with_name(f".{target.name[:40]}.new")
    try:
        shutil.copy2(origin, temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
