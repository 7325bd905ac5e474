"""Lines of a PDF file → paragraphs, list items and listings, by their places on the page."""

import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from ingest.pdf_layout import Line
from ingest.pdf_pages import Page

_DOT = r"(?:[•◦‣▪▫■□●○◆◇➢➤►✓✔]|\uf0b7|\uf0a7|\uf0d8)"
BULLET = re.compile(rf"(?:{_DOT}\s*|[-–—*]\s+)(?=\S)")
_NUMBER = re.compile(
    r"\(?\d{1,2}[.)、](?:\s|(?=[^\d\s]))|（\d{1,2}）|\[\d{1,3}\]\s|[（(]?[一二三四五六七八九十]{1,3}[）)、]|[①-⑳]|[a-z]\)\s"
)
SENTENCE_END = tuple('。！？；.!?;:：…”"」）)')
_CODE_SIGN = re.compile(
    r"[{};]|\w\(|==|=>|->|</|[A-Za-z_]\w*\s?=\s?\S|\w_\w|^\s*(?:#|//|\$\s|>>>)|"
    r"^\s*(?:def|import|class|return|SELECT|FROM|WHERE)\b"
)
_CAPTION = re.compile(r"(?:Figure|Fig\.|Table|Algorithm|Listing)\s?\d|[图表]\s?\d", re.IGNORECASE)
_CONTENTS_LINE = re.compile(r"(?:\.\s?){4,}\s*[\divxlc]+$|(?:…\s?){2,}\s*\d+$")


@dataclass(slots=True, eq=False)
class Paragraph:
    """Lines that belong together; `level` is that of a heading, 0 for others."""

    page: int
    lines: list[Line]
    level: int = 0
    is_code: bool = False

    @property
    def first(self) -> Line:
        """The first line."""
        return self.lines[0]

    @property
    def last(self) -> Line:
        """The last line."""
        return self.lines[-1]

    @property
    def is_fixed(self) -> bool:
        """Whether all of it is in type of one width."""
        return all(line.is_fixed for line in self.lines)

    @property
    def is_item(self) -> bool:
        """Whether it begins like an item of a list."""
        return not self.is_code and bool(
            BULLET.match(self.first.text) or _NUMBER.match(self.first.text)
        )


def split_paragraphs(pages: Sequence[tuple[Page, list[Line]]]) -> list[Paragraph]:
    """Return the paragraphs of the pages in order; no paragraph goes on over a column's end."""
    return _whole_listings(
        [paragraph for page, lines in pages for paragraph in _paragraphs(page.number, lines)]
    )


def _paragraphs(number: int, lines: Sequence[Line]) -> Iterator[Paragraph]:
    paragraph: Paragraph | None = None
    pitches = _pitches(lines)
    for line in lines:
        if _CONTENTS_LINE.search(line.text):
            continue
        if paragraph and _continues(paragraph, line, pitches.get((line.column, line.size), 0)):
            paragraph.lines.append(line)
            continue
        if paragraph:
            yield paragraph
        paragraph = Paragraph(number, [line])
    if paragraph:
        yield paragraph


def _pitches(lines: Sequence[Line]) -> dict[tuple[int, float], float]:
    """Return the usual distance of base lines, by column and size."""
    steps: dict[tuple[int, float], list[float]] = {}
    for before, line in pairwise(lines):
        if (before.column, before.size) == (line.column, line.size) and line.size:
            step = line.y - before.y
            if 0 < step < 2.5 * line.size:
                steps.setdefault((line.column, line.size), []).append(step)
    return {key: statistics.median_low(values) for key, values in steps.items()}


def _continues(paragraph: Paragraph, line: Line, pitch: float) -> bool:
    """Whether `line` belongs to the paragraph above it."""
    before, em = paragraph.last, line.size
    if line.is_table or before.is_table or line.column != before.column:
        return False
    step = line.y - before.y
    if abs(em - before.size) > 0.08 * em or not 0 < step <= 1.3 * (pitch or 1.3 * em):
        return False
    if line.level or before.level:
        return line.level == before.level
    ends = before.text.endswith(SENTENCE_END)
    if line.is_fixed != before.is_fixed:  # a line of names of functions, in a full paragraph
        is_full = before.x1 > before.right - 2 * em
        return is_full and not ends and abs(line.x0 - before.x0) < 0.5 * em
    if line.is_fixed or (line.text[0].islower() and not ends):
        return re.match(_DOT, line.text) is None
    return line.is_bold == before.is_bold and not _begins(paragraph, line)


def _begins(paragraph: Paragraph, line: Line) -> bool:
    """Whether `line`, set like the one above it, begins a paragraph of its own."""
    before, em = paragraph.last, line.size
    if BULLET.match(line.text):
        return True
    if _NUMBER.match(line.text) and line.x0 < paragraph.first.x0 + 0.5 * em:
        return True
    is_full = before.x1 > before.right - 2 * em
    ends = before.text.endswith(SENTENCE_END)
    if ends and not is_full:
        return True
    if line.x0 > before.x0 + 0.8 * em:  # an indent, unless it hangs
        hangs = len(paragraph.lines) == 1 and is_full and not ends
        return not (paragraph.is_item or hangs)
    if paragraph.is_item and line.x0 < paragraph.first.x0 - 0.5 * em:
        return ends or not is_full
    # Back from the hanging lines of an item.
    return line.x0 < before.x0 - 0.8 * em and len(paragraph.lines) > 1 and paragraph.is_item


def _whole_listings(paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """Return the paragraphs, those in type of one width joined where one of them is code."""
    out: list[Paragraph] = []
    for (*_, is_fixed), group in groupby(
        paragraphs, key=lambda each: (each.page, each.first.column, each.is_fixed)
    ):
        members = list(group)
        if is_fixed and any(_looks_like_code(member.lines) for member in members):
            lines = [line for member in members for line in member.lines]
            members = [Paragraph(members[0].page, lines, is_code=True)]
        out += members
    return out


def rejoin(paragraphs: Sequence[Paragraph], body_size: float) -> list[Paragraph]:
    """Return the paragraphs, those joined that a column's or a page's end broke.

    Footnotes, captions and tables that stand in between come after the whole paragraph.
    """
    out: list[Paragraph] = []
    asides: list[Paragraph] = []
    for paragraph in paragraphs:
        before = out[-1] if out else None
        is_moved = before is not None and (
            before.page != paragraph.page or before.last.column != paragraph.first.column
        )
        if before and is_moved and _is_rest(before, paragraph):
            before.lines += paragraph.lines
        elif before and _may_go_on(before) and _is_aside(paragraph, body_size):
            asides.append(paragraph)
            continue
        else:
            out += [*asides, paragraph]
            asides = []
            continue
    return out + asides


def _is_aside(paragraph: Paragraph, body_size: float) -> bool:
    """Whether it may stand between two parts of a paragraph: a note, a caption or a table."""
    first = paragraph.first
    is_small = max(line.size for line in paragraph.lines) < 0.95 * body_size
    is_caption = _CAPTION.match(first.text) is not None
    return not paragraph.level and bool(first.is_table or first.edge or is_small or is_caption)


def _may_go_on(paragraph: Paragraph) -> bool:
    last = paragraph.last
    if last.is_table or last.is_fixed or paragraph.level:
        return False
    is_full = last.x1 > last.right - 2 * last.size or last.ends_in_hyphen
    return is_full and not last.text.endswith(SENTENCE_END)


def _is_rest(before: Paragraph, paragraph: Paragraph) -> bool:
    last, line = before.last, paragraph.first
    if not _may_go_on(before) or line.is_table or line.is_fixed or paragraph.is_item:
        return False
    if abs(last.size - line.size) > 0.5 or paragraph.level or _CAPTION.match(line.text):
        return False
    return line.text[0].islower() or (line.text[0] >= "\u2e80" and last.text[-1] >= "\u2e80")


def _looks_like_code(lines: Sequence[Line]) -> bool:
    """Whether lines in type of one width are code, not text set that way."""
    n_signs = sum(bool(_CODE_SIGN.search(line.text)) for line in lines)
    return n_signs >= max(0.4 * len(lines), 1)
