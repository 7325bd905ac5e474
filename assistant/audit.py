"""The log of what went live: who made which generation live, when, why, with which scores.

    HOME/publish/audit.jsonl     a line for each switch, and for each candidate that was turned away
    HOME/publish/switch.json     the switch that is under way

A switch and its line can't be written at once. So the line is put down first, as `switch.json`;
a process that is killed in between leaves it behind, and the next one adds the line if the switch
took place.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from assistant import generations
from assistant.generations import storing, write_atomically

Action = Literal["publish", "force", "reject", "rollback", "ingest"]
"""`ingest` goes live without being measured, `force` although it was not, or did badly."""

Scores = Mapping[str, Mapping[str, float | None]]
"""Figures by metric, of the "candidate" and of the "live" one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the log. `former` was live before, None before the first; `to` is what it is about.

    `at` is in UTC, ISO 8601. `summary` says in a few words what changed.
    """

    at: str
    by: str
    action: Action
    former: str | None
    to: str
    reason: str = ""
    scores: Scores = field(default_factory=dict)
    summary: str = ""

    def to_json(self) -> dict[str, object]:
        """Return the line as values that JSON can hold."""
        return {
            "at": self.at,
            "by": self.by,
            "action": self.action,
            "from": self.former,
            "to": self.to,
            "reason": self.reason,
            "scores": {name: dict(each) for name, each in self.scores.items()},
            "summary": self.summary,
        }

    @classmethod
    def from_json(cls, text: str) -> "Entry":
        """Return the entry of a line; raises ValueError if it is none."""
        from pydantic import TypeAdapter

        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("A line of the log is an object.")
        return TypeAdapter(cls).validate_python({**values, "former": values.get("from")})


def publish_folder(home: Path) -> Path:
    """Return where the state of publishing lives."""
    return home / "publish"


def now() -> str:
    """Return the present time as it stands in the log."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def switch(home: Path, entry: Entry) -> None:
    """Make the generation `entry.to` live and log it; call only while `generations.writing`.

    Raises:
        IndexUnusable: there is no such generation, or it is not whole.
        StorageError: the disk is full or can't be written to; what was live stays.
    """
    heal(home)
    generations.read_manifest(home, entry.to)
    folder = publish_folder(home)
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(_under_way(home), json.dumps(entry.to_json(), ensure_ascii=False))
    generations.publish(home, entry.to)
    heal(home)


def record(home: Path, entry: Entry) -> None:
    """Log what made no generation live: a candidate that was turned away.

    Raises:
        StorageError: the disk is full or can't be written to.
    """
    folder = publish_folder(home)
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _append(_log(home), json.dumps(entry.to_json(), ensure_ascii=False))


def heal(home: Path) -> None:
    """Bring to its end what a killed process began; call only while `generations.writing`.

    Raises:
        StorageError: the disk is full or can't be written to.
    """
    generations.remove_unfinished(home)
    pending = _pending(home)
    with storing(publish_folder(home)):
        generations.unmark_live(home)
        if pending is not None and generations.current_name(home) == pending.to:
            lines = _entries(home)
            if not lines or lines[-1] != pending:
                _append(_log(home), json.dumps(pending.to_json(), ensure_ascii=False))
        _under_way(home).unlink(missing_ok=True)


def read(home: Path) -> list[Entry]:
    """Return the log, oldest first; a line that was cut off is left out."""
    entries, pending = _entries(home), _pending(home)
    if (
        pending is not None
        and pending not in entries[-1:]
        and generations.current_name(home) == pending.to
    ):
        entries.append(pending)
    return entries


def was_live_before(home: Path, live: str) -> str | None:
    """Return what was live when `live` was first made so; None where the log doesn't know.

    A rollback doesn't count: going back twice goes further back, not to and fro.
    """
    for entry in reversed(read(home)):
        if entry.to == live and entry.action not in {"rollback", "reject"}:
            return entry.former
    return None


def _log(home: Path) -> Path:
    return publish_folder(home) / "audit.jsonl"


def _under_way(home: Path) -> Path:
    return publish_folder(home) / "switch.json"


def _entries(home: Path) -> list[Entry]:
    try:
        text = _log(home).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    entries = []
    for line in text.split("\n"):
        try:
            entries.append(Entry.from_json(line))
        except ValueError:
            continue
    return entries


def _pending(home: Path) -> Entry | None:
    try:
        return Entry.from_json(_under_way(home).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _append(path: Path, line: str) -> None:
    with path.open("ab+") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            # A line that was cut off must not swallow the next one.
            line = line if file.read(1) == b"\n" else "\n" + line
        file.write(line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
