"""What publishing says, read from its JSON: plan, outcome, progress.

Read defensively: what is missing counts as nothing, what is of another shape raises ValueError.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ui.library.word_changes import OPS, Piece


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageChange:
    """What happened to a passage, and with which words: what stayed, went and came, in order."""

    change: str
    heading: tuple[str, ...]
    words: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """A source that would change, with its passages and the cases that rest on them."""

    source: str
    change: str
    moved_from: str | None
    counts: Mapping[str, int]
    changes: tuple[PassageChange, ...]
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a publication would change; `rebuild` says why all must be built anew, "" if not."""

    files: tuple[PlannedFile, ...] = ()
    n_kept: int = 0
    n_vectors: int = 0
    rebuild: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.files and not self.rebuild


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProblem:
    """A file that could not be taken in: where, what happened, what to do."""

    source: str
    place: str = ""
    message: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a publication; `scores` by name: candidate's and live one's."""

    is_published: bool
    generation: str
    candidate: str
    previous: str
    reason: str
    is_forced: bool
    plan: Plan
    scores: Mapping[str, tuple[float | None, float | None]]
    n_cases: int
    failures: tuple[FileProblem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a publication is; `stage` as the contract names it."""

    stage: str
    done: int
    total: int
    pid: int
    started_at: datetime | None
    message: str


def read_plan(values: object) -> Plan:
    """Return the plan; raises ValueError."""
    plan = _mapping(values)
    files = [_planned(each) for each in _list(plan.get("files"))]
    n_kept = sum(file.change == "kept" for file in files)
    return Plan(
        files=tuple(file for file in files if file.change != "kept"),
        n_kept=_int(plan.get("kept_files")) or n_kept,
        n_vectors=_int(plan.get("vectors")),
        rebuild=_text(plan.get("rebuild")),
    )


def _planned(values: object) -> PlannedFile:
    file = _mapping(values)
    return PlannedFile(
        source=_text(file.get("source")),
        change=_text(file.get("change")),
        moved_from=_text(file.get("moved_from")) or None,
        counts={str(key): _int(n) for key, n in _mapping(file.get("passages")).items()},
        changes=tuple(_change(each) for each in _list(file.get("changes"))),
        cases=tuple(_text(each) for each in _list(file.get("cases"))),
    )


def _change(values: object) -> PassageChange:
    change = _mapping(values)
    return PassageChange(
        change=_text(change.get("change")),
        heading=tuple(_text(each) for each in _list(change.get("heading"))),
        words=tuple(map(_piece, _list(change.get("words")))) or _whole(change),
    )


def _piece(values: object) -> Piece:
    word = _mapping(values)
    op = word.get("op")
    if op not in OPS:
        raise ValueError(f"{op!r:.40} is no change of words.")
    return Piece(op, _text(word.get("text")))


def _whole(change: Mapping[str, Any]) -> tuple[Piece, ...]:
    """Return a passage that only came or went, or whose words nobody compared."""
    pieces = (
        Piece("removed", _text(change.get("before"))),
        Piece("added", _text(change.get("after"))),
    )
    return tuple(piece for piece in pieces if piece.text)


def read_outcome(values: object) -> Outcome:
    """Return the outcome; raises ValueError."""
    found = _mapping(values)
    if not isinstance(found.get("published"), bool):
        raise ValueError("It doesn't say whether it was published.")
    return Outcome(
        is_published=bool(found["published"]),
        generation=_text(found.get("generation")),
        candidate=_text(found.get("candidate")),
        previous=_text(found.get("previous")),
        reason=_text(found.get("reason")),
        is_forced=bool(found.get("forced")),
        plan=read_plan(found.get("plan")),
        scores=_scores(found.get("scores")),
        n_cases=_int(found.get("cases")),
        failures=tuple(read_problem(each) for each in _list(found.get("failures"))),
    )


def _scores(values: object) -> dict[str, tuple[float | None, float | None]]:
    return {
        str(name): (_number(pair.get("candidate")), _number(pair.get("live")))
        for name, pair in ((name, _mapping(pair)) for name, pair in _mapping(values).items())
    }


def read_problem(values: object) -> FileProblem:
    """Return why a file failed; raises ValueError."""
    found = _mapping(values)
    return FileProblem(
        source=_text(found.get("source")),
        place=_text(found.get("place")),
        message=_text(found.get("message") or found.get("reason")),
        hint=_text(found.get("hint")),
    )


def read_progress(values: object) -> Progress:
    """Return how far a publication is; raises ValueError."""
    found = _mapping(values)
    return Progress(
        stage=_text(found.get("stage")),
        done=_int(found.get("done")),
        total=_int(found.get("total")),
        pid=_int(found.get("pid")),
        started_at=read_time(found.get("started_at")),
        message=_text(found.get("message")),
    )


def read_time(value: object) -> datetime | None:
    """Return a time given as ISO text or as seconds since 1970; None for anything else."""
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        found = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _mapping(values: object) -> Mapping[str, Any]:
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise ValueError(f"{values!r:.40} is no mapping.")
    return values


def _list(values: object) -> Sequence[object]:
    if values is None:
        return ()
    if not isinstance(values, list):
        raise ValueError(f"{values!r:.40} is no list.")
    return values


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _int(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
