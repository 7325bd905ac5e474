"""Old generations go: which may, and deleting them with what was measured of them."""

import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from assistant import audit, generations
from assistant.errors import BusyError, IndexUnusable

MEASURED = "runs"
"""The folder of evaluation runs of publications, under `HOME/publish/`, by generation."""


def prune_generations(
    home: Path, *, keep: int, keep_candidates_s: float, dry_run: bool = False
) -> tuple[list[str], int]:
    """Return the names of the generations that went, oldest first, and how many bytes they had.

    Args:
        home: where state lives.
        keep: so many that were live before the live one stay.
        keep_candidates_s: candidates that are younger stay, seconds.
        dry_run: delete nothing.

    Raises:
        BusyError: another process is writing or publishing.
        StorageError: they can't be deleted.
    """
    if dry_run:
        gone = _superfluous(home, keep, keep_candidates_s)
        return gone, sum(_size(home, name) for name in gone)
    with publishing(home), generations.writing(home):
        audit.heal(home)
        gone = _superfluous(home, keep, keep_candidates_s)
        n_bytes = sum(_size(home, name) for name in gone)
        for name in gone:
            generations.remove(home, name)
        left = set(generations.list_names(home))
        measured = audit.publish_folder(home) / MEASURED
        for folder in measured.iterdir() if measured.is_dir() else ():
            if folder.name not in left:
                shutil.rmtree(folder, ignore_errors=True)
    return gone, n_bytes


def publishing(home: Path) -> AbstractContextManager[None]:
    """Return what holds the only right to publish in this home while its block runs.

    Raises:
        BusyError: another process is publishing.
    """
    return generations.only_one(
        audit.publish_folder(home) / "publish.lock",
        BusyError(
            "Another publication is under way.",
            hint="Wait for it to end; publish/progress.json tells how far it is.",
        ),
    )


def _superfluous(home: Path, keep: int, keep_candidates_s: float) -> list[str]:
    live = generations.current_name(home)
    names = generations.list_names(home)
    candidates = [name for name in names if generations.is_candidate(home, name)]
    former = [name for name in names if name != live and name not in candidates]
    before = _by_last_use(home, former)
    old = [name for name in candidates if _age_s(home, name) > keep_candidates_s]
    return sorted([*before[: max(len(before) - keep, 0)], *old])


def _by_last_use(home: Path, names: Sequence[str]) -> list[str]:
    """Return `names`, those last that were live last; what the log doesn't know comes first."""
    last_use = {
        name: number
        for number, entry in enumerate(audit.read(home))
        for name in (entry.to, entry.former)
        if name is not None and entry.action != "reject"
    }
    return sorted(names, key=lambda name: (last_use.get(name, -1), name))


def _age_s(home: Path, name: str) -> float:
    try:
        made = datetime.fromisoformat(generations.read_manifest(home, name).created_at)
    except (IndexUnusable, ValueError):
        return float("inf")
    return (datetime.now(UTC) - made).total_seconds()


def _size(home: Path, name: str) -> int:
    folder = generations.generation_folder(home, name)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
