"""Glyphs of a PDF page → lines in reading order, and tables. Pure geometry, points and top-down.

Reading order: a page is cut into bands of columns where a gutter runs down it; across the bands
lines go from top to bottom. See `ingest/pdf_tables.py` for tables.
"""

import re
import statistics
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from ingest.pdf_pages import Font, Page
from ingest.pdf_runs import SAME_LINE, Run, run_text, split_runs
from ingest.pdf_tables import aligned_table, take_ruled_tables

_GUTTER = 0.9
_MIN_COLUMN_LINES = 3
_MIN_COLUMN_EMS = 10
_MAX_EDGES = 40

MARKER = re.compile(
    r"[•◦‣▪▫■□●○◆◇➢➤►✓✔*–—-]|\uf0b7|\uf0a7|\uf0d8|\(?\d{1,2}[.)、]|[（(]?[一二三四五六七八九十]{1,3}[）)、]"
)
"""What stands before an item of a list, at some distance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of text, or a table in a line's stead. `right` is the right edge of its column."""

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


def read_lines(page: Page) -> list[Line]:
    """Return the lines and tables of a page in reading order."""
    rest, tables = take_ruled_tables(page.glyphs, page.rules)
    runs = split_runs(rest) + tables
    lines: list[Line] = []
    for number, column in enumerate(_columns(runs)):
        lines += _lines(column, number)
    return lines


# ---- Reading order


def _columns(runs: list[Run]) -> list[list[Run]]:
    """Return the runs in groups that are read one after the other."""
    gutter = _gutter(runs)
    if gutter is None:
        return [runs] if runs else []
    groups: list[list[Run]] = []
    for is_split, band in _bands(runs, gutter):
        if is_split:
            groups += _columns([run for run in band if run.x1 <= gutter])
            groups += _columns([run for run in band if run.x0 >= gutter])
        else:
            groups.append(band)
    return groups


def _gutter(runs: list[Run]) -> float | None:
    """Return where a gutter runs down the page between two columns of text, None without one."""
    texts = [run for run in runs if not run.table]
    if len(texts) < 2 * _MIN_COLUMN_LINES:
        return None
    em = statistics.median(run.size for run in texts)
    left, right = min(run.x0 for run in texts), max(run.x1 for run in texts)
    best: tuple[int, float] | None = None
    # A gutter ends where the lines of the right column begin: at an edge that many runs share.
    edges = Counter(round(run.x0) for run in texts).most_common(_MAX_EDGES)
    for x in sorted(edge for edge, n_runs in edges if n_runs >= _MIN_COLUMN_LINES - 1):
        middle = x - _GUTTER * em / 2
        if not left + 0.15 * (right - left) < middle < left + 0.85 * (right - left):
            continue
        crossing = sum(run.x0 < middle < run.x1 for run in texts)
        if (best is None or crossing < best[0]) and _is_gutter(texts, middle, em):
            best = crossing, middle
    return None if best is None else best[1]


def _is_gutter(texts: list[Run], x: float, em: float) -> bool:
    """Whether lines of text, not cells of a table, stand on both sides of `x`."""
    gap = _GUTTER * em / 2
    before = [run for run in texts if run.x1 <= x + gap / 2]
    after = [run for run in texts if run.x0 >= x - gap / 2]
    if min(len(before), len(after)) < _MIN_COLUMN_LINES:
        return False
    if len(before) + len(after) < 0.6 * len(texts):
        return False
    widths = [statistics.median(run.x1 - run.x0 for run in side) for side in (before, after)]
    if min(widths) >= _MIN_COLUMN_EMS * em:
        return True
    # Narrow columns: the rows of a table share their base lines, those of two texts don't.
    shared = sum(any(abs(run.y - other.y) < 0.3 * em for other in before) for run in after)
    return min(widths) >= 3 * em and shared < 0.5 * len(after)


def _bands(runs: list[Run], gutter: float) -> list[tuple[bool, list[Run]]]:
    """Return the page in bands from the top, each with whether the gutter splits it."""
    bands: list[tuple[bool, list[Run]]] = []
    crossing = sorted((run for run in runs if run.x0 < gutter < run.x1), key=lambda run: run.y)
    sides = [run for run in runs if not run.x0 < gutter < run.x1]
    top = float("-inf")
    for run in [*crossing, None]:
        bottom = float("inf") if run is None else run.y - 0.3 * run.size
        band = [other for other in sides if top <= other.y < bottom]
        if band:
            bands.append((True, band))
        if run is not None:
            if bands and not bands[-1][0]:
                bands[-1][1].append(run)
            else:
                bands.append((False, [run]))
            top = bottom
    return bands


# ---- Lines


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
        ends_in_hyphen=glyphs[-1].is_soft_hyphen or glyphs[-1].text in "-‐",
        column=column,
    )


def _share(fonts: Counter[Font], is_so: Callable[[Font], bool]) -> float:
    return sum(n for font, n in fonts.items() if is_so(font)) / fonts.total()
