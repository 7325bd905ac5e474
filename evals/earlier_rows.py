"""Answers of earlier runs, where the same program gave them: the same question costs nothing."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

from evals.provenance import Provenance
from evals.records import Case
from evals.run_folder import RUN
from evals.runner import read_rows, write_rows

_SAME = ("commit", "engine", "generation", "model", "seed", "settings_fingerprint", "versions")
"""What must be alike for an answer to be the same."""


def reuse_rows(
    folder: Path, now: Provenance, cases: Sequence[Case], earlier: Iterable[Path]
) -> int:
    """Return how many answers `folder` has now, those it lacked taken over from `earlier` runs.

    Answers of a program with uncommitted changes, errors and changed cases are not taken over.

    Args:
        folder: of the run to come.
        now: what produces it.
        cases: what it asks.
        earlier: folders that may hold runs.
    """
    rows = {row.case.id: row for row in read_rows(folder) if not row.error}
    wanted = {case.id: case for case in cases}
    for each in sorted(earlier):
        if each == folder or now.dirty or not _is_same(each, now):
            continue
        for row in read_rows(each):
            if not row.error and row.case.id not in rows and wanted.get(row.case.id) == row.case:
                rows[row.case.id] = row
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder, list(rows.values()))
    return len(rows)


def _is_same(folder: Path, now: Provenance) -> bool:
    try:
        made = Provenance.model_validate_json((folder / RUN).read_bytes())
    except (OSError, ValidationError):
        return False
    return not made.dirty and all(getattr(made, name) == getattr(now, name) for name in _SAME)
