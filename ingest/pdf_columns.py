"""Runs of a PDF page → groups that are read one after the other. Pure geometry.

What stands at the page's edges is set apart first: it stands across columns that it isn't part of.
Then the page is cut into bands of columns where a gutter runs down it; across the bands lines go
from top to bottom.
"""

import statistics
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate

from ingest.pdf_runs import Run

MARGIN = 0.12
"""Share of the page's height or width, at its edges, where running heads and feet stand."""

_GUTTER = 0.9
_MIN_COLUMN_LINES = 3
_MIN_COLUMN_EMS = 10
_MAX_EDGES = 40
_MARGIN_GAP = 1.4
"""Ems of white space that part a running head from the text."""
_STACK = 1.8
"""Ems from one character of a vertical line to the next, at most."""


@dataclass(frozen=True, slots=True)
class Edges:
    """The runs of a page: at its top, its sides and bottom, and in between."""

    top: list[list[Run]]
    body: list[Run]
    bottom: list[list[Run]]
    sides: list[Run]


def split_edges(runs: list[Run], width: float, height: float) -> Edges:
    """Return the runs with those set apart that stand at the page's edges, by rows.

    Args:
        runs: of one page.
        width: of the page, points.
        height: of the page, points.
    """
    sides, runs = _stacks(runs, width)
    rows = _rows(runs)
    top: list[list[Run]] = []
    while len(rows) > 1 and rows[0][0].y < MARGIN * height and _is_apart(rows[0], *rows[:2]):
        top.append(rows.pop(0))
    bottom: list[list[Run]] = []
    foot = (1 - MARGIN) * height
    while len(rows) > 1 and rows[-1][0].y > foot and _is_apart(rows[-1], *rows[-2:]):
        bottom.insert(0, rows.pop())
    taken = {id(run) for row in (*top, *bottom) for run in row}
    return Edges(top, [run for run in runs if id(run) not in taken], bottom, sides)


def _rows(runs: list[Run]) -> list[list[Run]]:
    """Return the runs by base line, from the top."""
    rows: list[list[Run]] = []
    for run in sorted(runs, key=lambda run: (run.y, run.x0)):
        if rows and run.y - rows[-1][0].y < 0.4 * run.size:
            rows[-1].append(run)
        else:
            rows.append([run])
    return rows


def _is_apart(edge: list[Run], above: list[Run], below: list[Run]) -> bool:
    """Whether `edge`, one of the two rows, is parted from the other by white space."""
    if any(run.table for run in edge):
        return False
    gap = min(run.y - run.size for run in below) - max(run.y for run in above)
    return gap > _MARGIN_GAP * max(run.size for run in edge)


def _stacks(runs: list[Run], width: float) -> tuple[list[Run], list[Run]]:
    """Return vertical lines at the page's sides, each as one run, and the other runs."""
    single = [
        run
        for run in runs
        if len(run.glyphs) == 1
        and not MARGIN * width < (run.x0 + run.x1) / 2 < (1 - MARGIN) * width
    ]
    stacks: list[list[Run]] = []
    for run in sorted(single, key=lambda run: (round(run.x0 + run.x1), run.y)):
        last = stacks[-1][-1] if stacks else None
        if (
            last
            and abs(run.x0 + run.x1 - last.x0 - last.x1) < run.size
            and 0 < run.y - last.y < _STACK * run.size
        ):
            stacks[-1].append(run)
        else:
            stacks.append([run])
    stacks = [stack for stack in stacks if len(stack) >= 3]
    taken = {id(run) for stack in stacks for run in stack}
    joined = [Run([glyph for run in stack for glyph in run.glyphs]) for stack in stacks]
    return joined, [run for run in runs if id(run) not in taken]


# ---- Columns


def columns(runs: list[Run]) -> list[list[Run]]:
    """Return the runs in groups that are read one after the other."""
    gutter = _gutter(runs)
    if gutter is None:
        return [runs] if runs else []
    groups: list[list[Run]] = []
    for is_split, band in _bands(runs, gutter):
        if is_split:
            groups += columns([run for run in band if not _is_right(run, gutter)])
            groups += columns([run for run in band if _is_right(run, gutter)])
        else:
            groups.append(band)
    return groups


def _crosses(run: Run, gutter: float) -> bool:
    """Whether a run belongs to neither column; one that only juts out of its own does."""
    em = 1 if run.table else run.size
    return run.x0 < gutter - em and run.x1 > gutter + em


def _is_right(run: Run, gutter: float) -> bool:
    return (run.x0 + run.x1) / 2 >= gutter


def _gutter(runs: list[Run]) -> float | None:
    """Return where a gutter runs down the page between two columns of text, None without one.

    Of several the one with the most text on both sides: a line between the titles of two columns
    crosses fewer lines, but has little beside it.
    """
    texts = [run for run in runs if not run.table]
    if len(texts) < 2 * _MIN_COLUMN_LINES:
        return None
    em = statistics.median(run.size for run in texts)
    left, right = min(run.x0 for run in texts), max(run.x1 for run in texts)
    total = sum(run.x1 - run.x0 for run in texts)
    best: tuple[float, float] | None = None
    # A gutter ends where the lines of the right column begin: at an edge that many runs share.
    edges = Counter(round(run.x0) for run in texts).most_common(_MAX_EDGES)
    for x in sorted(edge for edge, n_runs in edges if n_runs >= _MIN_COLUMN_LINES - 1):
        middle = x - _GUTTER * em / 2
        if not left + 0.15 * (right - left) < middle < left + 0.85 * (right - left):
            continue
        before = [run for run in texts if run.x1 <= middle + em / 4]
        after = [run for run in texts if run.x0 >= middle - em / 4]
        if _are_columns(before, after, total, em):
            beside = min(sum(run.x1 - run.x0 for run in side) for side in (before, after))
            if best is None or beside > best[0]:
                best = beside, middle
    return None if best is None else best[1]


def _are_columns(before: list[Run], after: list[Run], width: float, em: float) -> bool:
    """Whether lines of text, not cells of a table, stand on both sides; `width` is that of all."""
    if min(len(before), len(after)) < _MIN_COLUMN_LINES:
        return False
    share = sum(run.x1 - run.x0 for run in (*before, *after)) / width
    widths = [_usual_width(side) for side in (before, after)]
    if min(widths) >= _MIN_COLUMN_EMS * em:
        return share >= 0.6 or (share >= 0.3 and _is_flush(before, em) and _is_flush(after, em))
    # Narrow columns: the rows of a table share their base lines, those of two texts don't.
    shared = sum(any(abs(run.y - other.y) < 0.3 * em for other in before) for run in after)
    return share >= 0.6 and min(widths) >= 3 * em and shared < 0.5 * len(after)


def _usual_width(runs: list[Run]) -> float:
    """Return the width that half of the text has: pieces of formulas and figures count little."""
    widths = sorted(run.x1 - run.x0 for run in runs)
    sums = list(accumulate(widths))
    return widths[bisect_left(sums, sums[-1] / 2)]


def _is_flush(runs: list[Run], em: float) -> bool:
    """Whether most lines end at one edge, as those of a column do and cells don't."""
    edge = statistics.median_high(run.x1 for run in runs)
    return sum(abs(run.x1 - edge) < em for run in runs) >= 0.5 * len(runs)


def _bands(runs: list[Run], gutter: float) -> list[tuple[bool, list[Run]]]:
    """Return the page in bands from the top, each with whether the gutter splits it."""
    bands: list[tuple[bool, list[Run]]] = []
    crossing = sorted((run for run in runs if _crosses(run, gutter)), key=lambda run: run.y)
    sides = [run for run in runs if not _crosses(run, gutter)]
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
