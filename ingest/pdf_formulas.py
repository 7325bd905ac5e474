"""Formulas on a PDF page that take more than one line, written on one: a/b, max_{i∈p}.

Only what its place tells is put together: fractions by their bars, limits by the operator that they
stand above or below. Roots, matrices and the rest stay as their glyphs come.
"""

import re
from collections.abc import Sequence

from ingest.pdf_pages import Glyph, Rule
from ingest.pdf_runs import Run, run_text, split_runs

MAX_BAR_POINTS = 300
_TERM_EMS = 1.5
"""From the bar to the base lines above and below it."""
_CENTRED = 2.0
"""Points by which what stands above or below something may be off its centre."""

_OPERATORS = re.compile(r"[∑∏∫⋃⋂⨁]|(?:arg\s?)?(?:max|min)|lim(?:sup|inf)?")
_ONE_TERM = re.compile(r"\w+|[^\s\w]")


def level_formulas(glyphs: list[Glyph], rules: Sequence[Rule]) -> list[Glyph]:
    """Return the glyphs with each fraction and each limit as one glyph on its line.

    Args:
        glyphs: of one page, in the order of the file.
        rules: level ones among them may be the bars of fractions.
    """
    # The shortest bar first: a fraction may stand in another.
    for bar in sorted(
        (rule for rule in rules if rule.is_level and rule.x1 - rule.x0 <= MAX_BAR_POINTS),
        key=lambda rule: rule.x1 - rule.x0,
    ):
        glyphs = _with_fraction(glyphs, bar)
    return _with_limits(glyphs)


def _with_fraction(glyphs: list[Glyph], bar: Rule) -> list[Glyph]:
    near = [
        (index, glyph)
        for index, glyph in enumerate(glyphs)
        if -2 * glyph.font.size < glyph.y - bar.y0 < 2 * glyph.font.size
        and bar.x0 - 3 * glyph.font.size < glyph.x0 < bar.x1 + 3 * glyph.font.size
    ]
    within = [pair for pair in near if bar.x0 - 1 < (pair[1].x0 + pair[1].x1) / 2 < bar.x1 + 1]
    above = [pair for pair in within if pair[1].y <= bar.y0]
    if not above:
        return glyphs
    em = max(glyph.font.size for _, glyph in above)
    above = [pair for pair in above if bar.y0 - pair[1].y < _TERM_EMS * em]
    below = [pair for pair in within if 0.4 * em < pair[1].y - bar.y0 < _TERM_EMS * em]
    if not above or not below:
        return glyphs
    taken = {index for index, _ in above + below}
    others = [glyph for index, glyph in near if index not in taken]
    for side in (above, below):
        found = [glyph for _, glyph in side]
        if not _is_centred(found, bar) or _goes_on(found, others) or len(split_runs(found)) > 1:
            return glyphs
    if not _fills([glyph for _, glyph in above + below], bar):
        return glyphs
    top, bottom = (_term([glyph for _, glyph in side]) for side in (above, below))
    first = above[0][1]
    whole = first._replace(
        text=f"{top}/{bottom}", x0=bar.x0, x1=bar.x1, y=bar.y0 + 0.25 * em, has_space_before=True
    )
    at = min(taken)
    return [
        whole if index == at else glyph
        for index, glyph in enumerate(glyphs)
        if index == at or index not in taken
    ]


def _is_centred(glyphs: Sequence[Glyph], bar: Rule) -> bool:
    x0, x1 = min(glyph.x0 for glyph in glyphs), max(glyph.x1 for glyph in glyphs)
    return abs(x0 + x1 - bar.x0 - bar.x1) < 2 * _CENTRED


def _fills(glyphs: Sequence[Glyph], bar: Rule) -> bool:
    """Whether the bar is as wide as what it parts, as the rule under a table's cell is not."""
    width = max(glyph.x1 for glyph in glyphs) - min(glyph.x0 for glyph in glyphs)
    return width > bar.length - 2 * _CENTRED


def _goes_on(glyphs: Sequence[Glyph], others: Sequence[Glyph]) -> bool:
    """Whether text on the same line goes on beside the bar, as beside what is underlined."""
    x0, x1 = min(glyph.x0 for glyph in glyphs), max(glyph.x1 for glyph in glyphs)
    y, em = glyphs[0].y, glyphs[0].font.size
    return any(
        abs(other.y - y) < 0.15 * em
        and (x1 - 1 < other.x0 < x1 + em or x0 - em < other.x1 < x0 + 1)
        for other in others
    )


def _term(glyphs: Sequence[Glyph]) -> str:
    text = " ".join(run_text(run.glyphs) for run in split_runs(glyphs))
    return text if _ONE_TERM.fullmatch(text) else f"({text})"


def _with_limits(glyphs: list[Glyph]) -> list[Glyph]:
    sizes = {glyph.font.size for glyph in glyphs}
    text = "".join(glyph.text for glyph in glyphs)
    if not sizes or min(sizes) > 0.8 * max(sizes) or not _OPERATORS.search(text):
        return glyphs
    runs = split_runs(glyphs)
    owners = {id(glyph): run for run in runs for glyph in run.glyphs}
    limits: dict[int, list[Run]] = {}
    for first, last in _operators(runs):
        middle, size = (first.x0 + last.x1) / 2, owners[id(first)].size
        for run in runs:
            is_near = 0.4 * size < abs(run.y - first.y) < 2 * size
            if is_near and run.size < 0.8 * size and abs(run.x0 + run.x1 - 2 * middle) < 6:
                limits.setdefault(id(last), []).append(run)
    taken = {id(glyph) for found in limits.values() for run in found for glyph in run.glyphs}
    out: list[Glyph] = []
    for glyph in glyphs:
        if id(glyph) in taken:
            continue
        out.append(glyph)
        for run in sorted(limits.get(id(glyph), ()), key=lambda run: -run.y):
            mark = "_" if run.y > glyph.y else "^"
            text = f"{mark}{{{run_text(run.glyphs)}}}"
            out.append(glyph._replace(text=text, x0=glyph.x1, has_space_before=False))
    return out


def _operators(runs: Sequence[Run]) -> list[tuple[Glyph, Glyph]]:
    """Return the first and last glyphs of each operator that may have limits."""
    found = []
    for run in runs:
        text = "".join(glyph.text[0] for glyph in run.glyphs)
        found += [
            (run.glyphs[match.start()], run.glyphs[match.end() - 1])
            for match in _OPERATORS.finditer(text)
        ]
    return found
