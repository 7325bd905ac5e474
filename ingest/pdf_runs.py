"""Glyphs of a PDF page → runs: what stands on one base line without a wide gap."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ingest.cleaning import replace_lookalikes
from ingest.pdf_pages import Glyph, Point

SAME_LINE = 0.6
"""Share of the type's size by which a raised or lowered glyph may leave its line."""

_CELL_GAP = 1.2
"""Ems of white space that part two cells, or two columns' lines."""

_RAISABLE = "0123456789+-−"
_RAISED = str.maketrans(_RAISABLE, "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_BEFORE_FOOTNOTE = tuple('.,;:!?。，；：！？、”’"')


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


def split_runs(glyphs: Iterable[Glyph], *, gap: float = _CELL_GAP) -> list[Run]:
    """Return the runs that the glyphs make, in the order of the file; `gap` (ems) parts them."""
    runs: list[list[Glyph]] = []
    for glyph in glyphs:
        if runs and _follows(runs[-1], glyph, gap):
            runs[-1].append(glyph)
        else:
            runs.append([glyph])
    return [Run(run) for run in runs]


def with_bullets(runs: Sequence[Run], dots: Sequence[Point]) -> list[Run]:
    """Return the runs, with a bullet before those beside which one was drawn.

    Bullets stand below each other; a single dot is the head of an arrow or part of a drawing.
    """
    found = {id(run): dot for run in runs for dot in [_bullet(run, dots)] if dot} if dots else {}
    columns = Counter(round(x / 2) for x, _ in found.values())
    out = []
    for run in runs:
        x, _ = found.get(id(run), (0, 0))
        if columns[round(x / 2)] < 2:
            out.append(run)
            continue
        first = run.glyphs[0]
        bullet = first._replace(text="•", x0=x, x1=x)
        out.append(Run([bullet, first._replace(has_space_before=True), *run.glyphs[1:]]))
    return out


def _bullet(run: Run, dots: Sequence[Point]) -> Point | None:
    for x, y in dots:
        is_beside = 0.3 * run.size < run.x0 - x < 2 * run.size
        if is_beside and abs(run.y - 0.35 * run.size - y) < 0.25 * run.size:
            return x, y
    return None


def _follows(run: Sequence[Glyph], glyph: Glyph, gap: float) -> bool:
    before = run[-1]
    size = max(glyph.font.size, before.font.size)
    is_level = glyph.y == before.y and glyph.font is before.font
    if not is_level and abs(glyph.y - _base(run)) > SAME_LINE * size:
        return False
    # The letters of a ligature all stand where it stands.
    is_same_place = abs(glyph.x0 - before.x0) < 0.01
    return is_same_place or -0.5 * size < glyph.x0 - before.x1 < gap * size


def _base(glyphs: Sequence[Glyph]) -> float:
    """Return the base line of the largest of the last glyphs: raised ones are smaller."""
    return max(glyphs[-8:], key=lambda glyph: glyph.font.size).y


def run_text(glyphs: Sequence[Glyph]) -> str:
    """Return the text of a run, with the spaces that its gaps make.

    Raised figures stay raised (10⁶), save those of footnotes, which would hide a sentence's end.
    """
    raised = _raised(glyphs)
    out = [glyphs[0].text]
    for index in range(1, len(glyphs)):
        before, glyph = glyphs[index - 1], glyphs[index]
        gap = glyph.x0 - before.x1
        text = glyph.text
        if index in raised:
            if out[-1][-1:] in _BEFORE_FOOTNOTE or (out[-1] == "" and index - 1 in raised):
                text = ""
            else:
                text = text.translate(_RAISED)
        if (not glyph.has_space_before or index in raised) and gap < 0.25 * glyph.font.size:
            out.append(text)
            continue
        is_wide = _is_wide(before.text) and _is_wide(glyph.text)
        # Justified Chinese text has gaps between its characters that are no spaces.
        if (glyph.has_space_before and not is_wide) or gap > (0.8 if is_wide else 0.25) * (
            glyph.font.size
        ):
            out.append(" ")
        out.append(text)
    if 0 in raised:
        out[0] = out[0].translate(_RAISED)
    return replace_lookalikes("".join(out))


def _raised(glyphs: Sequence[Glyph]) -> set[int]:
    """Return where the glyphs are figures in small type above the base line."""
    y = glyphs[0].y
    if all(glyph.y == y for glyph in glyphs):
        return set()
    largest = max(glyphs, key=lambda glyph: glyph.font.size)
    size = largest.font.size
    return {
        index
        for index, glyph in enumerate(glyphs)
        if glyph.text in _RAISABLE
        and glyph.font.size < 0.85 * size
        and 0.2 * size < largest.y - glyph.y < SAME_LINE * size
    }


def _is_wide(character: str) -> bool:
    return "\u2e80" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef"
