"""Gaps as a table: rows for the screen, and CSV that Excel opens in Chinese and runs nothing of."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from assistant.gaps import NearPassage

if TYPE_CHECKING:
    from assistant.gap_groups import GapGroup

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel takes UTF-8 for the code page of the country."""

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True, kw_only=True)
class GapHeadings:
    """The headings of the table's columns in one language."""

    question: str
    times: str
    unanswered: str
    disliked: str
    languages: str
    last_asked: str
    nearest: str
    wordings: str
    comments: str


ENGLISH = GapHeadings(
    question="Question",
    times="Times",
    unanswered="Unanswered",
    disliked="Disliked",
    languages="Languages",
    last_asked="Last asked (UTC)",
    nearest="Nearest passages",
    wordings="Other wordings",
    comments="Comments",
)


def gap_rows(groups: "Sequence[GapGroup]", say: GapHeadings) -> list[dict[str, object]]:
    """Return a row for each group, by the headings of the columns."""
    return [
        {
            say.question: group.question,
            say.times: group.n,
            say.unanswered: group.n_unanswered,
            say.disliked: group.n_disliked,
            say.languages: " ".join(f"{name} {n}" for name, n in sorted(group.languages.items())),
            say.last_asked: last_asked(group),
            say.nearest: " | ".join(place(each) for each in group.nearest),
            say.wordings: " | ".join(group.questions[1:]),
            say.comments: " | ".join(group.comments),
        }
        for group in groups
    ]


def gaps_csv(groups: "Sequence[GapGroup]", say: GapHeadings) -> bytes:
    """Return the table as CSV in UTF-8 with a byte order mark, lines ended as in RFC 4180."""
    file = io.StringIO()
    headings = [getattr(say, name) for name in GapHeadings.__dataclass_fields__]
    writer = csv.DictWriter(file, headings, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(_harmless(row) for row in gap_rows(groups, say))
    return (BYTE_ORDER_MARK + file.getvalue()).encode("utf-8", "replace")


def last_asked(group: "GapGroup") -> str:
    """Return the day and minute of the last question, UTC."""
    return datetime.fromtimestamp(group.last_asked, UTC).strftime("%Y-%m-%d %H:%M")


def place(near: NearPassage) -> str:
    """Return "title › heading (source)"."""
    title = near.title or near.source
    heading = [part for part in near.heading if part != title]
    return f"{' › '.join([title, *heading])} ({near.source})"


def _harmless(row: Mapping[str, object]) -> dict[str, object]:
    """Return the row with an apostrophe before what a spreadsheet would run as a formula."""
    return {
        name: f"'{value}" if isinstance(value, str) and value.startswith(_STARTS_FORMULA) else value
        for name, value in row.items()
    }
