"""Tables ruled by level lines only, as in papers and Chinese print (三线表).

They are taken out before columns are looked for: a table across both columns has cells on either
side of the gutter. Cells stand closer here than columns of text do, so they are told apart by the
white space that all rows share.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from ingest.pdf_pages import Glyph, Rule
from ingest.pdf_runs import Run, run_text, split_runs
from ingest.tables import markdown_table

_TOUCH = 2.5
_CELL_GAP = 0.6
"""Ems of white space in every row that part two columns."""
_WORD_GAP = 0.55
"""Ems that part two cells of one row; a wide space in a cell does no harm."""
_WIDE_GAP = 1.2
_MAX_CELL_EMS = 25
"""Of an average cell. What is wider is running text between rules."""

_MAX_HEAD_LINES = 5
_MAX_RULES = 40
"""Of one width on a page; more are those of writing paper."""

Stripe = tuple[float, float]
Box = tuple[float, float, float, float]


def take_open_tables(glyphs: list[Glyph], rules: Sequence[Rule]) -> tuple[list[Glyph], list[Run]]:
    """Return the glyphs outside of such tables, and the tables."""
    tables: list[Run] = []
    level = [rule for rule in rules if rule.is_level]
    uprights = [rule for rule in rules if not rule.is_level]
    for ys, x0, x1 in _frames(level):
        if any(_is_side(rule, ys, x0, x1) for rule in uprights):
            continue  # boxes of text, one below the other
        first = 0
        while first + 2 < len(ys):
            # Rules of several tables may have the same ends: the most that make one table.
            for last in range(len(ys) - 1, first + 1, -1):
                inside, rest = _parted(glyphs, (x0, ys[first], x1, ys[last]))
                parts = [rule for rule in level if ys[first] < rule.y0 < ys[first + 1] - _TOUCH]
                text = _table(inside, ys[first + 1], parts)
                if text:
                    tables.append(Run([], text, (x0, ys[first], x1, ys[last])))
                    glyphs, first = rest, last
                    break
            first += 1
    return glyphs, tables


def _is_side(rule: Rule, ys: Sequence[float], x0: float, x1: float) -> bool:
    is_at_end = min(abs(rule.x0 - x0), abs(rule.x0 - x1)) < _TOUCH
    return is_at_end and rule.y0 < ys[-1] and rule.y1 > ys[0]


def _parted(glyphs: list[Glyph], box: Box) -> tuple[list[Glyph], list[Glyph]]:
    """Return the glyphs inside of a box, and those outside."""
    x0, y0, x1, y1 = box
    inside: list[Glyph] = []
    rest: list[Glyph] = []
    for glyph in glyphs:
        is_inside = y0 < glyph.y < y1 and x0 - _TOUCH < glyph.x0 < x1 + _TOUCH
        (inside if is_inside else rest).append(glyph)
    return inside, rest


def _frames(level: Sequence[Rule]) -> list[tuple[list[float], float, float]]:
    """Return three or more level rules of the same ends, as their heights and these ends."""
    groups: list[list[Rule]] = []
    for rule in sorted(_whole(level), key=lambda rule: (round(rule.x0), round(rule.x1), rule.y0)):
        last = groups[-1][-1] if groups else None
        if last and abs(rule.x0 - last.x0) < _TOUCH and abs(rule.x1 - last.x1) < _TOUCH:
            groups[-1].append(rule)
        else:
            groups.append([rule])
    frames = []
    for group in groups:
        ys = sorted(rule.y0 for rule in group)
        distinct = [y for n, y in enumerate(ys) if n == 0 or y - ys[n - 1] > _TOUCH]
        if 3 <= len(distinct) <= _MAX_RULES:
            frames.append((distinct, group[0].x0, group[0].x1))
    return frames


def _whole(level: Sequence[Rule]) -> list[Rule]:
    """Return level rules, those joined that were drawn cell by cell."""
    whole: list[Rule] = []
    for rule in sorted(level, key=lambda rule: (round(rule.y0), rule.x0)):
        last = whole[-1] if whole else None
        if last and abs(rule.y0 - last.y0) < 1 and rule.x0 <= last.x1 + 1:
            whole[-1] = replace(last, x1=max(last.x1, rule.x1))
        else:
            whole.append(rule)
    return whole


def _table(glyphs: list[Glyph], head_end: float, parts: Sequence[Rule]) -> str:
    """Return the table that the glyphs make, "" for anything else."""
    rows = _rows(glyphs)
    head = [row for row in rows if row[0].y < head_end]
    body = [row for row in rows if row[0].y >= head_end]
    stripes = _stripes([run for row in body for run in row])
    n_cells = sum(len(row) for row in body)
    if not 0 < len(head) <= _MAX_HEAD_LINES or len(stripes) < 2 or n_cells < 1.5 * len(body):
        return ""
    if sum(map(_is_text, body)) > 0.5 * len(body):
        return ""
    em = body[0][0].size
    if sum(run.x1 - run.x0 for row in body for run in row) > _MAX_CELL_EMS * em * n_cells:
        return ""
    titles = [""] * len(stripes)
    for row in head:
        for run in row:
            for index in _spanned(run, stripes, parts):
                titles[index] = f"{titles[index]} {run_text(run.glyphs)}".strip()
    table = [titles]
    for row in body:
        texts = [""] * len(stripes)
        for run in row:
            index = _nearest(run, stripes)
            texts[index] = f"{texts[index]} {run_text(run.glyphs)}".strip()
        # A row without a name goes on with the one above it, unless it is one of figures.
        if not texts[0] and len(table) > 1 and sum(map(bool, texts)) == 1:
            table[-1] = [" ".join(cell).strip() for cell in zip(table[-1], texts, strict=True)]
        else:
            table.append(texts)
    return markdown_table(table)


def _rows(glyphs: list[Glyph]) -> list[list[Run]]:
    runs = split_runs(glyphs, gap=_WORD_GAP)
    rows: list[list[Run]] = []
    for run in sorted(runs, key=lambda run: (run.y, run.x0)):
        if rows and run.y - rows[-1][0].y < 0.5 * run.size:
            rows[-1].append(run)
        else:
            rows.append([run])
    return [sorted(row, key=lambda run: run.x0) for row in rows]


def _is_text(row: Sequence[Run]) -> bool:
    """Whether no gap in a row is wider than those between the words of a slide."""
    return all(run.x0 - before.x1 < _WIDE_GAP * run.size for before, run in pairwise(row))


def _stripes(runs: list[Run]) -> list[Stripe]:
    """Return the stretches of x that cells stand in, parted by space that all rows share."""
    stripes: list[Stripe] = []
    for run in sorted(runs, key=lambda run: run.x0):
        if stripes and run.x0 < stripes[-1][1] + _CELL_GAP * run.size:
            stripes[-1] = stripes[-1][0], max(stripes[-1][1], run.x1)
        else:
            stripes.append((run.x0, run.x1))
    return stripes


def _spanned(run: Run, stripes: Sequence[Stripe], parts: Sequence[Rule]) -> list[int]:
    """Return the columns that a heading stands over: those above the rule that it stands on."""
    middle = (run.x0 + run.x1) / 2
    for rule in parts:
        if rule.x0 <= middle <= rule.x1 and 0 < rule.y0 - run.y < run.size:
            return [
                index
                for index, (x0, x1) in enumerate(stripes)
                if rule.x0 - _TOUCH <= (x0 + x1) / 2 <= rule.x1 + _TOUCH
            ]
    return [_nearest(run, stripes)]


def _nearest(run: Run, stripes: Sequence[Stripe]) -> int:
    def distance(index: int) -> float:
        x0, x1 = stripes[index]
        return max(x0 - run.x1, run.x0 - x1, -min(run.x1 - x0, x1 - run.x0) / 1e3)

    return min(range(len(stripes)), key=distance)
