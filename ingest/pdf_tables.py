"""Tables on a PDF page: by their rules, or by cells that stand below each other on many lines."""

from collections.abc import Iterable

from ingest.cleaning import join_lines
from ingest.pdf_pages import Glyph, Rule
from ingest.pdf_runs import Run, run_text, split_runs
from ingest.tables import markdown_table

_TOUCH = 2.5
"""Points within which rules meet."""


def aligned_table(rows: list[list[Run]]) -> tuple[int, str]:
    """Return how many of the first rows make a table without rules, and its text; 0, "" if none."""
    n_rows = 0
    cells: list[Run] = []
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
            texts[index] = (texts[index] + " " + run_text(run.glyphs)).strip()
        table.append(texts)
    return n_rows, markdown_table(table)


def _may_be_cells(row: list[Run]) -> bool:
    """Whether runs on one line can be cells; in code they are comments."""
    return not any(run.table or run.glyphs[0].font.is_fixed for run in row)


def _stripes(cells: list[Run]) -> list[tuple[float, float]]:
    """Return the columns of a table: the stretches of x that cells stand in."""
    stripes: list[tuple[float, float]] = []
    for run in sorted(cells, key=lambda run: run.x0):
        if stripes and run.x0 < stripes[-1][1] + 0.3 * run.size:
            stripes[-1] = stripes[-1][0], max(stripes[-1][1], run.x1)
        else:
            stripes.append((run.x0, run.x1))
    return stripes


def take_ruled_tables(glyphs: list[Glyph], rules: list[Rule]) -> tuple[list[Glyph], list[Run]]:
    """Return the glyphs outside of ruled tables, and the tables."""
    tables: list[Run] = []
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
                [_cellrun_text(cells.get((row, column), [])) for column in range(len(xs) - 1)]
                for row in range(len(ys) - 1)
            ]
        )
        tables.append(Run([], table, (xs[0], ys[0], xs[-1], ys[-1])))
        glyphs = rest
    return glyphs, tables


def _cellrun_text(glyphs: list[Glyph]) -> str:
    runs = sorted(split_runs(glyphs), key=lambda run: (round(run.y), run.x0))
    return join_lines("\n".join(run_text(run.glyphs) for run in runs))


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
