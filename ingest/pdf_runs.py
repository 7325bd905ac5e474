"""Glyphs of a PDF page → runs: what stands on one base line without a wide gap."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ingest.cleaning import replace_lookalikes
from ingest.pdf_pages import Glyph

SAME_LINE = 0.6
"""Share of the type's size by which a raised or lowered glyph may leave its line."""

_CELL_GAP = 1.2
"""Ems of white space that part two cells, or two columns' lines."""


@dataclass(slots=True)
class Run:
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


def split_runs(glyphs: Iterable[Glyph]) -> list[Run]:
    """Return the runs that the glyphs make, in the order of the file."""
    runs: list[list[Glyph]] = []
    for glyph in glyphs:
        if runs and _follows(runs[-1], glyph):
            runs[-1].append(glyph)
        else:
            runs.append([glyph])
    return [Run(run) for run in runs]


def _follows(run: Sequence[Glyph], glyph: Glyph) -> bool:
    before = run[-1]
    size = max(glyph.font.size, before.font.size)
    is_level = glyph.y == before.y and glyph.font is before.font
    if not is_level and abs(glyph.y - _base(run)) > SAME_LINE * size:
        return False
    # The letters of a ligature all stand where it stands.
    is_same_place = abs(glyph.x0 - before.x0) < 0.01
    return is_same_place or -0.5 * size < glyph.x0 - before.x1 < _CELL_GAP * size


def _base(glyphs: Sequence[Glyph]) -> float:
    """Return the base line of the largest of the last glyphs: raised ones are smaller."""
    return max(glyphs[-8:], key=lambda glyph: glyph.font.size).y


def run_text(glyphs: Sequence[Glyph]) -> str:
    """Return the text of a run, with the spaces that its gaps make."""
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
