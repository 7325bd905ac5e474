"""The evaluation runs that lie under the state's home, read as the plain JSON that they are.

Of each run folder, `run.json` (what produced it) and `scores.json` (its figures) are read. What is
not covered: making runs, and looking into their cases (`study eval` does both).
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

RUNS = "evals"
"""The folder of runs under `STUDY_HOME`."""

_RUN, _SCORES, _REPORT = "run.json", "scores.json", "report.html"
_EVERYONE = ["all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigure:
    """A figure over `n` cases with its 95 % interval; None where there was nothing to measure."""

    value: float | None
    low: float | None
    high: float | None
    n: int


Figures = Mapping[str, RunFigure]
"""Figures by metric, in the run's order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRun:
    """A finished run; `name` is its folder's.

    `cases` stands for the cases that were asked, what they say and which were chosen: it differs
    where they do. `groups` holds figures by "mode", "kind" and "language", then by the group.
    `report` is None where there is none. `is_for_everyone`: nothing in it comes from materials that
    only some may see.
    """

    name: str
    date: datetime
    commit: str
    is_dirty: bool
    model: str
    generation: str
    sets: tuple[str, ...]
    n_cases: int
    cases: str
    judge: str
    judge_quality: Figures
    overall: Figures
    groups: Mapping[str, Mapping[str, Figures]]
    report: Path | None
    is_for_everyone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRuns:
    """Finished runs, newest first, and the names of those that are unfinished or damaged."""

    runs: tuple[QualityRun, ...]
    unreadable: tuple[str, ...]


def find_runs(home: Path) -> FoundRuns:
    """Return the runs under `home`; a folder that no run was begun in is not looked at.

    The gate keeps which runs passed it beside the runs, in such a folder.
    """
    folder = home / RUNS
    runs, unreadable = [], []
    for each in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not each.is_dir() or each.name.startswith("."):
            continue
        try:
            if (each / _RUN).exists():
                runs.append(_read(each))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            unreadable.append(each.name)
    runs.sort(key=lambda run: run.date, reverse=True)
    return FoundRuns(runs=tuple(runs), unreadable=tuple(unreadable))


def _read(folder: Path) -> QualityRun:
    made = json.loads((folder / _RUN).read_text(encoding="utf-8"))
    scores = json.loads((folder / _SCORES).read_text(encoding="utf-8"))
    date = datetime.fromisoformat(made["date"])
    report = folder / _REPORT
    return QualityRun(
        name=folder.name,
        date=date.replace(tzinfo=date.tzinfo or UTC).astimezone(UTC),
        commit=str(made["commit"]),
        is_dirty=bool(made["dirty"]),
        model=str(made["model"]),
        generation=str(made["generation"]),
        sets=tuple(Path(name).stem for name in made["sets"]),
        n_cases=int(made["n_cases"]),
        cases=_digest([*sorted(made["sets"].values()), made.get("selection", "")]),
        judge=str(made["judge"]),
        judge_quality=_figures(made.get("judge_quality", [])),
        overall=_figures(scores["overall"]),
        groups={
            name: {group: _figures(each) for group, each in scores["groups"].get(name, {}).items()}
            for name in ("mode", "language", "kind")
        },
        report=report if report.is_file() else None,
        is_for_everyone=made.get("audiences") == _EVERYONE,
    )


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _figures(figures: list[Mapping[str, object]]) -> Figures:
    return {
        str(each["metric"]): RunFigure(
            value=_number(each["value"]),
            low=_number(each["low"]),
            high=_number(each["high"]),
            n=int(str(each["n"])),
        )
        for each in figures
    }


def _number(value: object) -> float | None:
    if value is None:
        return None
    number = float(str(value))
    return number if math.isfinite(number) else None
