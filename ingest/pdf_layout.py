"""Glyphs of a PDF page → lines in reading order, and tables. Pure geometry, points and top-down.

Reading order: a page is cut into bands of columns where a gutter runs down it; across the bands
lines go from top to bottom. Tables are found by their rules, else by cells that stand below each
other on successive lines.
"""

import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ingest.cleaning import join_lines, replace_lookalikes
from ingest.pdf_pages import Font, Glyph, Page, Rule
from ingest.tables import markdown_table

_SAME_LINE = 0.6
"""Share of the font size by which a raised or lowered glyph may leave its line."""
_CELL_GAP = 1.2
"""Ems of white space that part two cells, or two columns' lines."""
_GUTTER = 0.9
_MIN_COLUMN_LINES = 3
_MIN_COLUMN_EMS = 10
_TOUCH = 2.5

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


@dataclass(slots=True)
class _Run:
    """Glyphs on one base line without a wide gap; or a whole table."""

    glyphs: list[Glyph]
    table: str = ""
    box: tuple[float, float, float, float] = (0, 0, 0, 0)
    x0: float = field(init=False)
    x1: float = field(init=False)
    y: float = field(init=False)
    size: float = field(init=False)

    def __post_init__(self) -> None:
        if self.table:
            self.x0, top, self.x1, self.y = self.box
            self.size = self.y - top
            return
        sizes = Counter([glyph.font.size for glyph in self.glyphs])
        self.size = sizes.most_common(1)[0][0]
        self.y = Counter([glyph.y for glyph in self.glyphs]).most_common(1)[0][0]
        self.x0 = min(glyph.x0 for glyph in self.glyphs)
        self.x1 = max(glyph.x1 for glyph in self.glyphs)

    @property
    def top(self) -> float:
        return self.y - self.size


def read_lines(page: Page) -> list[Line]:
    """Return the lines and tables of a page in reading order."""
    rest, tables = _take_ruled_tables(page.glyphs, page.rules)
    runs = _runs(rest) + tables
    lines: list[Line] = []
    for number, column in enumerate(_columns(runs)):
        lines += _lines(column, number)
    return lines


def _runs(glyphs: Iterable[Glyph]) -> list[_Run]:
    runs: list[list[Glyph]] = []
    for glyph in glyphs:
        if runs and _follows(runs[-1], glyph):
            runs[-1].append(glyph)
        else:
            runs.append([glyph])
    return [_Run(run) for run in runs]


def _follows(run: Sequence[Glyph], glyph: Glyph) -> bool:
    before = run[-1]
    size = max(glyph.font.size, before.font.size)
    is_level = glyph.y == before.y and glyph.font is before.font
    if not is_level and abs(glyph.y - _base(run)) > _SAME_LINE * size:
        return False
    # The letters of a ligature all stand where it stands.
    is_same_place = abs(glyph.x0 - before.x0) < 0.01
    return is_same_place or -0.5 * size < glyph.x0 - before.x1 < _CELL_GAP * size


def _base(glyphs: Sequence[Glyph]) -> float:
    """Return the base line of the largest of the last glyphs: raised ones are smaller."""
    return max(glyphs[-8:], key=lambda glyph: glyph.font.size).y


# ---- Reading order


def _columns(runs: list[_Run]) -> list[list[_Run]]:
    """Return the runs in groups that are read one after the other."""
    gutter = _gutter(runs)
    if gutter is None:
        return [runs] if runs else []
    groups: list[list[_Run]] = []
    for is_split, band in _bands(runs, gutter):
        if is_split:
            groups += _columns([run for run in band if run.x1 <= gutter])
            groups += _columns([run for run in band if run.x0 >= gutter])
        else:
            groups.append(band)
    return groups


def _gutter(runs: list[_Run]) -> float | None:
    """Return where a gutter runs down the page between two columns of text, None without one."""
    texts = [run for run in runs if not run.table]
    if len(texts) < 2 * _MIN_COLUMN_LINES:
        return None
    em = statistics.median(run.size for run in texts)
    left, right = min(run.x0 for run in texts), max(run.x1 for run in texts)
    best: tuple[int, float] | None = None
    edges = sorted({run.x0 for run in runs})
    for x in edges:  # a gutter ends where the lines of the right column begin
        middle = x - _GUTTER * em / 2
        if not left + 0.15 * (right - left) < middle < left + 0.85 * (right - left):
            continue
        crossing = sum(run.x0 < middle < run.x1 for run in texts)
        if (best is None or crossing < best[0]) and _is_gutter(texts, middle, em):
            best = crossing, middle
    return None if best is None else best[1]


def _is_gutter(texts: list[_Run], x: float, em: float) -> bool:
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


def _bands(runs: list[_Run], gutter: float) -> list[tuple[bool, list[_Run]]]:
    """Return the page in bands from the top, each with whether the gutter splits it."""
    bands: list[tuple[bool, list[_Run]]] = []
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


def _lines(runs: list[_Run], column: int) -> list[Line]:
    """Return the lines of one column from top to bottom, tables found among them."""
    rows: list[list[_Run]] = []
    for run in sorted(runs, key=lambda run: (run.y, run.x0)):
        row = rows[-1] if rows else None
        if (
            row
            and not run.table
            and not row[0].table
            and abs(run.y - row[0].y) < _SAME_LINE * max(run.size, row[0].size) / 1.5
            and all(run.x0 >= other.x1 - 0.5 * run.size or run.x1 <= other.x0 for other in row)
        ):
            row.append(run)
        else:
            rows.append([run])
    for row in rows:
        row.sort(key=lambda run: run.x0)
        if len(row) > 1 and MARKER.fullmatch(_text(row[0].glyphs)):
            row[:2] = [_Run(row[0].glyphs + row[1].glyphs)]
    left, right = min(run.x0 for run in runs), max(run.x1 for run in runs)
    lines: list[Line] = []
    while rows:
        n_rows, table = _aligned_table(rows)
        taken, rows = rows[: max(n_rows, 1)], rows[max(n_rows, 1) :]
        if table or taken[0][0].table:
            lines.append(_table_line(taken, table or taken[0][0].table, left, right, column))
        else:
            lines.append(_text_line(taken[0], left, right, column))
    return lines


def _table_line(rows: list[list[_Run]], table: str, left: float, right: float, column: int) -> Line:
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


def _text_line(row: list[_Run], left: float, right: float, column: int) -> Line:
    glyphs = [glyph for run in row for glyph in run.glyphs]
    text = " ".join(_text(run.glyphs) for run in row)
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


def _text(glyphs: Sequence[Glyph]) -> str:
    out = [glyphs[0].text]
    for before, glyph in pairwise(glyphs):
        gap = glyph.x0 - before.x1
        if not glyph.has_space_before and gap < 0.25 * glyph.font.size:
            out.append(glyph.text)
            continue
        is_wide = _is_wide(before.text) and _is_wide(glyph.text)
        # Justified Chinese text has gaps between its characters that are no spaces.
        if (glyph.has_space_before and not is_wide) or gap > (0.8 if is_wide else 0.25) * (
            glyph.font.size
        ):
            out.append(" ")
        out.append(glyph.text)
    return replace_lookalikes("".join(out))


def _is_wide(character: str) -> bool:
    return "\u2e80" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef"


# ---- Tables


def _aligned_table(rows: list[list[_Run]]) -> tuple[int, str]:
    """Return how many of the first rows make a table without rules, and its text; 0, "" if none."""
    n_rows = 0
    cells: list[_Run] = []
    while n_rows < len(rows) and len(rows[n_rows]) >= 2 and _may_be_cells(rows[n_rows]):
        grown = cells + rows[n_rows]
        if n_rows and len(_stripes(grown)) < 2:
            break
        if n_rows and rows[n_rows][0].y - rows[n_rows - 1][0].y > 3 * rows[n_rows][0].size:
            break
        cells = grown
        n_rows += 1
    stripes = _stripes(cells)
    if n_rows < 3 or len(stripes) < 2:
        return 0, ""
    table = []
    for row in rows[:n_rows]:
        texts = [""] * len(stripes)
        for run in row:
            index = next(i for i, (x0, x1) in enumerate(stripes) if x0 <= run.x0 <= x1)
            texts[index] = (texts[index] + " " + _text(run.glyphs)).strip()
        table.append(texts)
    return n_rows, markdown_table(table)


def _may_be_cells(row: list[_Run]) -> bool:
    """Whether runs on one line can be cells; in code they are comments."""
    return not any(run.table or run.glyphs[0].font.is_fixed for run in row)


def _stripes(cells: list[_Run]) -> list[tuple[float, float]]:
    """Return the columns of a table: the stretches of x that cells stand in."""
    stripes: list[tuple[float, float]] = []
    for run in sorted(cells, key=lambda run: run.x0):
        if stripes and run.x0 < stripes[-1][1] + 0.3 * run.size:
            stripes[-1] = stripes[-1][0], max(stripes[-1][1], run.x1)
        else:
            stripes.append((run.x0, run.x1))
    return stripes


def _take_ruled_tables(glyphs: list[Glyph], rules: list[Rule]) -> tuple[list[Glyph], list[_Run]]:
    """Return the glyphs outside of ruled tables, and the tables."""
    tables: list[_Run] = []
    for group in _touching(rules):
        ys = _distinct(rule.y0 for rule in group if rule.is_level)
        xs = _distinct(rule.x0 for rule in group if not rule.is_level)
        if len(ys) < 3 or len(xs) < 3:
            continue
        uprights = [rule for rule in group if not rule.is_level]
        cells: dict[tuple[int, int], list[Glyph]] = {}
        rest: list[Glyph] = []
        for glyph in glyphs:
            row = _interval(ys, glyph.y - 0.3 * glyph.font.size)
            column = _interval(xs, (glyph.x0 + glyph.x1) / 2)
            if row is None or column is None:
                rest.append(glyph)
                continue
            middle = (ys[row] + ys[row + 1]) / 2
            while column and not _has_upright(uprights, xs[column], middle):
                column -= 1
            cells.setdefault((row, column), []).append(glyph)
        n_cells = (len(ys) - 1) * (len(xs) - 1)
        n_glyphs = sum(map(len, cells.values()))
        # A frame around a page is no table, nor is the grid of a chart.
        if len(cells) < 0.4 * n_cells or max(map(len, cells.values())) > 0.8 * n_glyphs:
            continue
        table = markdown_table(
            [
                [_cell_text(cells.get((row, column), [])) for column in range(len(xs) - 1)]
                for row in range(len(ys) - 1)
            ]
        )
        tables.append(_Run([], table, (xs[0], ys[0], xs[-1], ys[-1])))
        glyphs = rest
    return glyphs, tables


def _cell_text(glyphs: list[Glyph]) -> str:
    if not glyphs:
        return ""
    lines = _lines(_runs(glyphs), 0)
    return join_lines("\n".join(line.text for line in lines))


def _touching(rules: list[Rule]) -> list[list[Rule]]:
    """Return the rules in groups that hang together."""
    groups: list[list[Rule]] = []
    for rule in rules:
        near = [group for group in groups if any(_meet(rule, other) for other in group)]
        merged = [rule, *(other for group in near for other in group)]
        groups = [group for group in groups if group not in near] + [merged]
    return groups


def _meet(one: Rule, other: Rule) -> bool:
    return (
        one.x0 <= other.x1 + _TOUCH
        and other.x0 <= one.x1 + _TOUCH
        and one.y0 <= other.y1 + _TOUCH
        and other.y0 <= one.y1 + _TOUCH
    )


def _distinct(values: Iterable[float]) -> list[float]:
    out: list[float] = []
    for value in sorted(values):
        if not out or value - out[-1] > _TOUCH:
            out.append(value)
    return out


def _interval(edges: list[float], value: float) -> int | None:
    for index in range(len(edges) - 1):
        if edges[index] <= value < edges[index + 1]:
            return index
    return None


def _has_upright(uprights: list[Rule], x: float, y: float) -> bool:
    return any(abs(rule.x0 - x) <= _TOUCH and rule.y0 <= y <= rule.y1 for rule in uprights)
