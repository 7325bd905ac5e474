"""Glyphs of a PDF page → lines in reading order, and tables. Pure geometry, points and top-down.

See `ingest/pdf_columns.py` for the reading order, `ingest/pdf_tables.py` for tables.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from ingest.pdf_columns import columns, split_edges
from ingest.pdf_formulas import level_formulas
from ingest.pdf_open_tables import take_open_tables
from ingest.pdf_pages import Font, Page
from ingest.pdf_runs import SAME_LINE, Run, run_text, split_runs, with_bullets
from ingest.pdf_tables import aligned_table, take_ruled_tables

_MIN_TABLE_RULE = 8
"""Points; a shorter rule is a fraction's bar or part of a drawing."""

MARKER = re.compile(
    r"[•◦‣▪▫■□●○◆◇➢➤►✓✔*–—-]|\uf0b7|\uf0a7|\uf0d8|\(?\d{1,2}[.)、]|[（(]?[一二三四五六七八九十]{1,3}[）)、]"
)
"""What stands before an item of a list, at some distance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of text, or a table in a line's stead. `right` is the right edge of its column.

    `level` is that of a heading which the file itself declares, 0 for others. `edge` numbers the
    rows that stand at the page's edges, apart from its text; 0 elsewhere.
    """

    text: str
    x0: float
    x1: float
    y: float
    size: float
    left: float
    right: float
    is_bold: bool = False
    is_fixed: bool = False
    is_table: bool = False
    ends_in_hyphen: bool = False
    column: int = 0
    edge: int = 0
    level: int = 0
    is_artifact: bool = False


def read_lines(page: Page) -> list[Line]:
    """Return the lines and tables of a page in reading order."""
    rules = [rule for rule in page.rules if rule.length >= _MIN_TABLE_RULE]
    rest, tables = take_ruled_tables(page.glyphs, rules)
    rest, open_tables = take_open_tables(rest, rules)
    rest = level_formulas(rest, page.rules)
    runs = with_bullets(split_runs(rest), page.dots)
    edges = split_edges(runs + tables + open_tables, page.width, page.height)
    head = [_edge_line(run, n) for n, row in enumerate(edges.top, start=1) for run in row]
    body = [
        line for number, column in enumerate(columns(edges.body)) for line in _lines(column, number)
    ]
    feet = [*edges.bottom, *([run] for run in edges.sides)]
    first = len(edges.top) + 1
    foot = [_edge_line(run, n) for n, row in enumerate(feet, start=first) for run in row]
    return head + body + foot


def _edge_line(run: Run, number: int) -> Line:
    return replace(_text_line([run], run.x0, run.x1, -number), edge=number)


def _lines(runs: list[Run], column: int) -> list[Line]:
    """Return the lines of one column from top to bottom, tables found among them."""
    rows: list[list[Run]] = []
    for run in sorted(runs, key=lambda run: (run.y, run.x0)):
        row = rows[-1] if rows else None
        if (
            row
            and not run.table
            and not row[0].table
            and abs(run.y - row[0].y) < SAME_LINE * max(run.size, row[0].size) / 1.5
            and all(run.x0 >= other.x1 - 0.5 * run.size or run.x1 <= other.x0 for other in row)
        ):
            row.append(run)
        else:
            rows.append([run])
    for row in rows:
        row.sort(key=lambda run: run.x0)
        if len(row) > 1 and MARKER.fullmatch(run_text(row[0].glyphs)):
            row[:2] = [Run(row[0].glyphs + row[1].glyphs)]
    left, right = min(run.x0 for run in runs), max(run.x1 for run in runs)
    lines: list[Line] = []
    while rows:
        n_rows, table = aligned_table(rows)
        taken, rows = rows[: max(n_rows, 1)], rows[max(n_rows, 1) :]
        if table or taken[0][0].table:
            lines.append(_table_line(taken, table or taken[0][0].table, left, right, column))
        else:
            lines.append(_text_line(taken[0], left, right, column))
    return lines


def _table_line(rows: list[list[Run]], table: str, left: float, right: float, column: int) -> Line:
    return Line(
        text=table,
        x0=min(run.x0 for row in rows for run in row),
        x1=max(run.x1 for row in rows for run in row),
        y=rows[-1][0].y,
        size=0,
        left=left,
        right=right,
        is_table=True,
        column=column,
    )


def _text_line(row: list[Run], left: float, right: float, column: int) -> Line:
    glyphs = [glyph for run in row for glyph in run.glyphs]
    text = " ".join(run_text(run.glyphs) for run in row)
    fonts = Counter(glyph.font for glyph in glyphs)
    sizes = Counter(glyph.font.size for glyph in glyphs)
    return Line(
        text=text,
        x0=row[0].x0,
        x1=max(run.x1 for run in row),
        y=row[0].y,
        size=sizes.most_common(1)[0][0],
        left=left,
        right=right,
        is_bold=_share(fonts, lambda font: font.is_bold) > 0.5,
        # A name in the type of code does not make a line of text one of code.
        is_fixed=_share(fonts, lambda font: font.is_fixed) > 0.95,
        level=fonts.most_common(1)[0][0].level,
        is_artifact=all(font.is_artifact for font in fonts),
        ends_in_hyphen=glyphs[-1].is_soft_hyphen or glyphs[-1].text in "-‐",
        column=column,
    )


def _share(fonts: Counter[Font], is_so: Callable[[Font], bool]) -> float:
    return sum(n for font, n in fonts.items() if is_so(font)) / fonts.total()
