"""What a change of the materials comes to, as JSON and as text: the plan of ingest and publish.

Puts together what changed (`ingest/changes.py`) and the evaluation cases that rest on it
(`evals/resting.py`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, TypedDict

from ui import terminal

if TYPE_CHECKING:
    from assistant.settings import Settings
    from evals.records import Case
    from ingest.changes import Changes, FileChange, PassageChange

_SIGNS = {"added": "+", "changed": "~", "moved": ">", "removed": "-", "failed": "!"}
_MOST_FILES = 50
_MOST_PASSAGES = 5
"""Of one file, in full."""
_MOST_CASES = 6
_AROUND = 25
"""Characters shown of what stays the same, before and after what changed."""


class WordsJson(TypedDict):
    """A stretch of text; `op` is "same", "removed" or "added"."""

    op: str
    text: str


class ChangeJson(TypedDict):
    """A passage that changes; `words` is empty unless it was changed."""

    change: str
    heading: list[str]
    before: str | None
    after: str | None
    words: list[WordsJson]


class FileJson(TypedDict):
    """A file that changes, and the ids of the cases whose evidence rests on what changed."""

    source: str
    change: str
    moved_from: str | None
    passages: Mapping[str, int]
    changes: list[ChangeJson]
    cases: list[str]


class PlanJson(TypedDict):
    """A whole change of the materials; `rebuild` says why all must be built anew, if it must."""

    files: list[FileJson]
    kept_files: int
    vectors: int
    rebuild: str | None


def plan_json(
    changes: "Changes",
    settings: "Settings",
    *,
    n_vectors: int = 0,
    rebuild: str = "",
) -> PlanJson:
    """Return the plan as JSON has it.

    Raises:
        StudyError: a set of cases can't be read.
    """
    resting = cases_resting_on(changes, list(known_cases(settings).values()))
    return PlanJson(
        files=[_file(file, resting.get(file.source, [])) for file in changes.files],
        kept_files=changes.n_kept_files,
        vectors=n_vectors,
        rebuild=rebuild or None,
    )


def known_cases(settings: "Settings") -> "dict[str, Case]":
    """Return the cases of the settings by their ids; one of the smoke set goes before another.

    Raises:
        CasesUnreadable: a file of them can't be read.
    """
    from evals.cases import CURRICULUM, SMOKE, load_cases

    options = settings.publish
    paths = (options.smoke or SMOKE, *(options.cases or (CURRICULUM,)))
    return {case.id: case for path in reversed(paths) for case in load_cases([path])}


def cases_resting_on(changes: "Changes", cases: "list[Case]") -> dict[str, list[str]]:
    """Return, for each file, the ids of the cases whose evidence is among what changed."""
    from evals.resting import Touched, resting_on

    touched = []
    for file in changes.files:
        if file.change == "failed" and not file.passages.removed:
            continue
        headings = None if file.is_whole else frozenset(_headings(file))
        names = {file.source, file.moved_from or file.source}
        touched.append(Touched(name=file.source, sources=frozenset(names), headings=headings))
    return resting_on(touched, cases)


def resting_cases(plan: PlanJson) -> frozenset[str]:
    """Return the ids of all cases that rest on what changes."""
    return frozenset(case for file in plan["files"] for case in file["cases"])


def plan_lines(plan: PlanJson, *, counts_vectors: bool = True) -> list[str]:
    """Return the plan for people, a line each."""
    lines = []
    if plan["rebuild"]:
        lines.append(f"Everything is built anew: {plan['rebuild']}.")
    for file in plan["files"][:_MOST_FILES]:
        lines += _file_lines(file)
    if (more := len(plan["files"]) - _MOST_FILES) > 0:
        lines.append(f"  … and {terminal.counted(more, 'more file')}")
    vectors = f"; {terminal.counted(plan['vectors'], 'vector')} to compute"
    lines.append(
        f"{terminal.counted(plan['kept_files'], 'file')} unchanged"
        f"{vectors if counts_vectors else ''}."
    )
    return [terminal.printable(line) for line in lines]


def _headings(file: "FileChange") -> Iterator[tuple[str, ...]]:
    for change in file.changes:
        yield change.heading
        yield change.former_heading


def _file(file: "FileChange", cases: list[str]) -> FileJson:
    return FileJson(
        source=file.source,
        change=file.change,
        moved_from=file.moved_from,
        passages=asdict(file.passages),
        changes=[_change(change) for change in file.changes],
        cases=cases,
    )


def _change(change: "PassageChange") -> ChangeJson:
    from ingest.word_changes import word_changes

    words = (
        word_changes(change.before or "", change.after or "") if change.change == "changed" else ()
    )
    return ChangeJson(
        change=change.change,
        heading=list(change.heading),
        before=change.before,
        after=change.after,
        words=[WordsJson(op=word.op, text=word.text) for word in words],
    )


def _file_lines(file: FileJson) -> Iterator[str]:
    counts = ", ".join(f"{n} {word}" for word, n in file["passages"].items() if n)
    origin = f" (was {file['moved_from']})" if file["moved_from"] else ""
    yield f"  {_SIGNS[file['change']]} {file['source']}{origin}  passages: {counts or 'none'}"
    if file["change"] in {"changed", "moved"}:
        for change in file["changes"][:_MOST_PASSAGES]:
            yield f"      {_SIGNS[change['change']]} {' › '.join(change['heading']) or '(file)'}"
            if text := _text(change):
                yield f"        {text}"
        if (more := len(file["changes"]) - _MOST_PASSAGES) > 0:
            yield f"      … and {more} more"
    if cases := file["cases"]:
        rest = f" and {len(cases) - _MOST_CASES} more" if len(cases) > _MOST_CASES else ""
        yield f"      cases that rest on it: {', '.join(cases[:_MOST_CASES])}{rest}"


def _text(change: ChangeJson) -> str:
    """Return the words that changed, as in "turns in [-9-]{+11+} minutes"."""
    if change["change"] == "moved":
        return ""
    if change["change"] != "changed":
        return _shortened(change["after"] or change["before"] or "", is_first=True)
    parts = []
    last = len(change["words"]) - 1
    for number, word in enumerate(change["words"]):
        if word["op"] == "same":
            parts.append(_shortened(word["text"], is_first=number == 0, is_last=number == last))
        else:
            marks = ("[-", "-]") if word["op"] == "removed" else ("{+", "+}")
            parts.append(word["text"].join(marks))
    return " ".join("".join(parts).split())


def _shortened(text: str, *, is_first: bool = False, is_last: bool = False) -> str:
    """Return `text`, of which the part that is far from any change is left out."""
    head = "" if is_first and not is_last else text[:_AROUND]
    tail = "" if is_last else text[-_AROUND:]
    if is_first and is_last:
        return text
    return text if len(text) <= len(head) + len(tail) + 3 else f"{head} … {tail}".strip()
