"""What went wrong with which files at the last ingestion or publication, for the page to show."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from assistant.generations import write_atomically
from ui.library.records import FileProblem, read_problem

_FILE = "library/problems.json"


def keep_problems(home: Path, problems: Iterable[FileProblem]) -> None:
    """Note the problems in place of the earlier ones; raises OSError."""
    path = home / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    values = [
        {"source": each.source, "place": each.place, "message": each.message, "hint": each.hint}
        for each in problems
    ]
    at = datetime.now(UTC).isoformat()
    write_atomically(path, json.dumps({"at": at, "failures": values}, ensure_ascii=False))


def read_problems(home: Path) -> Mapping[str, FileProblem]:
    """Return the problems by source; none where nothing, or nothing readable, was noted."""
    try:
        values = json.loads((home / _FILE).read_text(encoding="utf-8"))
        problems = [read_problem(each) for each in values["failures"]]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {problem.source: problem for problem in problems}
