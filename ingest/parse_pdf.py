"""PDF → blocks: paragraphs, headings by the size of their type, lists, code and tables.

Running heads, feet and page numbers are left out, words broken at a line's end are joined. The
page of a block is the one that it begins on, counted from 1 as viewers do.

What is not covered: text in pictures (a scanned file is refused with a sentence), formulas (their
glyphs come as text), tables without rules whose cells have several lines.
"""

import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from ingest.cleaning import join_lines
from ingest.errors import Unreadable
from ingest.pdf_layout import Line, read_lines
from ingest.pdf_pages import Page, read_pages
from ingest.records import Block, Extract

_MARGIN = 0.12
"""Share of the page's height, at its top and bottom, where running heads and feet stand."""
_HEADING_SIZE = 1.12
"""Type this much larger than the text's marks a heading."""
_MAX_HEADING_CHARS = 180
_SAME_SIZE = 0.95
_MAX_SLIDE_LINES = 30
_HYPHENATED = 0.01
"""Share of lines that end in a hyphen, from which on a hyphen there is a broken word's."""

_DOT = r"(?:[•◦‣▪▫■□●○◆◇➢➤►✓✔]|\uf0b7|\uf0a7|\uf0d8)"
_BULLET = re.compile(rf"(?:{_DOT}\s*|[-–—*]\s+)(?=\S)")
_NUMBER = re.compile(
    r"\(?\d{1,2}[.)、](?:\s|(?=[^\d\s]))|（\d{1,2}）|\[\d{1,3}\]\s|[（(]?[一二三四五六七八九十]{1,3}[）)、]|[①-⑳]|[a-z]\)\s"
)
_NUMBERED_HEADING = re.compile(
    r"\d{1,2}(?:\.\d{1,2}){0,3}\.?\s+\S|第[一二三四五六七八九十百\d]{1,4}[章节部分]|"
    r"[一二三四五六七八九十]{1,3}、|(?:Chapter|Section|Part|Appendix)\s|"
    r"(?:Abstract|Introduction|Conclusions?|References|Acknowledge?ments|摘要|引言|结论|参考文献)$"
)
_SENTENCE_END = tuple('。！？；.!?;:：…”"」）)')
_CODE_SIGN = re.compile(
    r"[{};]|\w\(|==|=>|->|</|[A-Za-z_]\w*\s?=\s?\S|\w_\w|^\s*(?:#|//|\$\s|>>>)|"
    r"^\s*(?:def|import|class|return|SELECT|FROM|WHERE)\b"
)
_CONTENTS_LINE = re.compile(r"(?:\.\s?){4,}\s*[\divxlc]+$|(?:…\s?){2,}\s*\d+$")


@dataclass(slots=True, eq=False)
class _Paragraph:
    """Lines that belong together; `level` is that of a heading, 0 for others."""

    page: int
    lines: list[Line]
    level: int = 0
    is_code: bool = False

    @property
    def first(self) -> Line:
        return self.lines[0]

    @property
    def last(self) -> Line:
        return self.lines[-1]

    @property
    def is_fixed(self) -> bool:
        return all(line.is_fixed for line in self.lines)

    @property
    def is_item(self) -> bool:
        return not self.is_code and bool(
            _BULLET.match(self.first.text) or _NUMBER.match(self.first.text)
        )


def parse_pdf(data: bytes) -> Extract:
    """Return what a PDF file holds.

    Raises:
        Unreadable: it is encrypted, damaged, cut off, or scanned pictures without text.
    """
    pages = [
        # The glyphs of a thick book would take a gigabyte.
        (replace(page, glyphs=[], rules=[]), read_lines(page))
        for page in read_pages(data)
    ]
    if not any(lines for _, lines in pages):
        raise Unreadable(
            "The PDF holds no text: its pages are pictures.",
            hint="Run text recognition on it (such as OCRmyPDF) and take in the result.",
        )
    pages = _without_margins(pages)
    drops_hyphens = _drops_hyphens([line for _, lines in pages for line in lines])
    paragraphs = [
        paragraph for page, lines in pages for paragraph in _paragraphs(page.number, lines)
    ]
    paragraphs = _with_whole_listings(paragraphs)
    _set_levels(paragraphs)
    if _is_deck(pages):
        paragraphs = _as_slides(paragraphs)
    return Extract(blocks=tuple(_blocks(_rejoined(paragraphs), drops_hyphens=drops_hyphens)))


def _without_margins(
    pages: list[tuple[Page, list[Line]]],
) -> list[tuple[Page, list[Line]]]:
    """Return the pages without running heads, running feet and page numbers."""
    sizes = Counter[float]()
    for line in (line for _, lines in pages for line in lines if not line.is_table):
        sizes[line.size] += len(line.text)
    body_size = max(sizes, key=lambda size: sizes[size], default=0.0)

    def is_marginal(page: Page, line: Line) -> bool:
        is_outside = not _MARGIN * page.height < line.y < (1 - _MARGIN) * page.height
        return is_outside and not line.is_table and line.size < _HEADING_SIZE * body_size

    def key(line: Line) -> tuple[str, int]:
        return re.sub(r"\d+|\b[ivxlc]+\b", "#", line.text), round(line.y / 4)

    marginal = [
        (page, {key(line): line for line in lines if is_marginal(page, line)})
        for page, lines in pages
    ]
    repeated = Counter(key for _, found in marginal for key in found)
    # Running heads that change with the chapter give themselves away by the page number in them.
    offsets = Counter(
        offset
        for page, found in marginal
        for offset in {n - page.number for line in found.values() for n in _outer_numbers(line)}
    )
    n_needed = 2 if len(pages) <= 4 else 3

    def is_running(page: Page, line: Line) -> bool:
        return is_marginal(page, line) and (
            repeated[key(line)] >= n_needed
            or any(offsets[n - page.number] >= 3 for n in _outer_numbers(line))
            or _is_page_number(line.text, page)
        )

    return [(page, [line for line in lines if not is_running(page, line)]) for page, lines in pages]


def _outer_numbers(line: Line) -> set[int]:
    """Return the whole numbers that a line begins and ends with."""
    return {int(found) for found in re.findall(r"^\d{1,4}(?=\s|$)|(?<=\s)\d{1,4}$", line.text)}


def _is_page_number(text: str, page: Page) -> bool:
    number = f"(?:{re.escape(page.label or str(page.number))}|{page.number})"
    return bool(
        re.fullmatch(
            rf"[-–—\s]*(?:page|第)?\s*{number}\s*页?(?:\s*(?:/|of|共)\s*\d+\s*页?)?[-–—\s]*",
            text,
            re.IGNORECASE,
        )
    )


def _drops_hyphens(lines: Sequence[Line]) -> bool:
    """Whether this file breaks words: if hardly any line ends in a hyphen, those are real."""
    n_hyphens = sum(line.ends_in_hyphen for line in lines)
    return n_hyphens > _HYPHENATED * len(lines)


# ---- Paragraphs


def _paragraphs(number: int, lines: Sequence[Line]) -> Iterator[_Paragraph]:
    paragraph: _Paragraph | None = None
    pitches = _pitches(lines)
    for line in lines:
        if _CONTENTS_LINE.search(line.text):
            continue
        if paragraph and _continues(paragraph, line, pitches.get((line.column, line.size), 0)):
            paragraph.lines.append(line)
            continue
        if paragraph:
            yield paragraph
        paragraph = _Paragraph(number, [line])
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


def _continues(paragraph: _Paragraph, line: Line, pitch: float) -> bool:
    """Whether `line` belongs to the paragraph above it."""
    before, em = paragraph.last, line.size
    if line.is_table or before.is_table or line.column != before.column:
        return False
    step = line.y - before.y
    if abs(em - before.size) > 0.08 * em or not 0 < step <= 1.3 * (pitch or 1.3 * em):
        return False
    ends = before.text.endswith(_SENTENCE_END)
    if line.is_fixed != before.is_fixed:  # a line of names of functions, in a full paragraph
        is_full = before.x1 > before.right - 2 * em
        return is_full and not ends and abs(line.x0 - before.x0) < 0.5 * em
    if line.is_fixed or (line.text[0].islower() and not ends):
        return re.match(_DOT, line.text) is None
    return line.is_bold == before.is_bold and not _begins(paragraph, line)


def _begins(paragraph: _Paragraph, line: Line) -> bool:
    """Whether `line`, set like the one above it, begins a paragraph of its own."""
    before, em = paragraph.last, line.size
    if _BULLET.match(line.text):
        return True
    if _NUMBER.match(line.text) and line.x0 < paragraph.first.x0 + 0.5 * em:
        return True
    is_full = before.x1 > before.right - 2 * em
    ends = before.text.endswith(_SENTENCE_END)
    if ends and not is_full:
        return True
    if line.x0 > before.x0 + 0.8 * em:  # an indent, unless it hangs
        hangs = len(paragraph.lines) == 1 and is_full and not ends
        return not (paragraph.is_item or hangs)
    if paragraph.is_item and line.x0 < paragraph.first.x0 - 0.5 * em:
        return ends or not is_full
    # Back from the hanging lines of an item.
    return line.x0 < before.x0 - 0.8 * em and len(paragraph.lines) > 1 and paragraph.is_item


def _with_whole_listings(paragraphs: Sequence[_Paragraph]) -> list[_Paragraph]:
    """Return the paragraphs, those in type of one width joined where one of them is code."""
    out: list[_Paragraph] = []
    for (*_, is_fixed), group in groupby(
        paragraphs, key=lambda each: (each.page, each.first.column, each.is_fixed)
    ):
        members = list(group)
        if is_fixed and any(_looks_like_code(member.lines) for member in members):
            lines = [line for member in members for line in member.lines]
            members = [_Paragraph(members[0].page, lines, is_code=True)]
        out += members
    return out


def _rejoined(paragraphs: Sequence[_Paragraph]) -> list[_Paragraph]:
    """Return the paragraphs, those joined that a column's or a page's end broke."""
    out: list[_Paragraph] = []
    for paragraph in paragraphs:
        before = out[-1] if out else None
        is_moved = before is not None and (
            before.page != paragraph.page or before.last.column != paragraph.first.column
        )
        if before and is_moved and _is_rest(before, paragraph):
            before.lines += paragraph.lines
        else:
            out.append(paragraph)
    return out


def _is_rest(before: _Paragraph, paragraph: _Paragraph) -> bool:
    last, line = before.last, paragraph.first
    if last.is_table or line.is_table or last.is_fixed or line.is_fixed or paragraph.is_item:
        return False
    if abs(last.size - line.size) > 0.5 or before.level or paragraph.level:
        return False
    is_full = last.x1 > last.right - 2 * last.size
    goes_on = line.text[0].islower() or (line.text[0] >= "\u2e80" and last.text[-1] >= "\u2e80")
    return is_full and goes_on and not last.text.endswith(_SENTENCE_END)


# ---- Headings


def _set_levels(paragraphs: Sequence[_Paragraph]) -> None:
    """Mark the headings: the style with the largest type is level 1."""
    body_size = _body_size(paragraphs)
    n_bold = sum(each.first.is_bold for each in paragraphs)
    is_bold_telling = n_bold < 0.5 * len(paragraphs)
    headings = [
        each
        for each in paragraphs
        if _looks_like_heading(each, body_size, is_bold_telling=is_bold_telling)
    ]
    steps: list[float] = []
    for size in sorted({heading.first.size for heading in headings}, reverse=True):
        if not steps or size < _SAME_SIZE * steps[-1]:
            steps.append(size)
    styles = {
        heading: (max(i for i, step in enumerate(steps) if heading.first.size <= step), not bold)
        for heading in headings
        for bold in [heading.first.is_bold]
    }
    ranks = sorted(set(styles.values()))
    for heading, style in styles.items():
        heading.level = min(ranks.index(style) + 1, 6)


def _body_size(paragraphs: Sequence[_Paragraph]) -> float:
    """Return the size of the largest type that much of the running text is set in.

    Not simply the most frequent: on slides that is often the small type of examples.
    """
    sizes = Counter[float]()
    for paragraph in paragraphs:
        is_running = len(paragraph.lines) > 1 and (
            paragraph.is_item or paragraph.last.text.endswith(_SENTENCE_END)
        )
        if not paragraph.first.is_table:
            n_chars = sum(len(line.text) for line in paragraph.lines)
            sizes[paragraph.first.size] += n_chars if is_running else n_chars // 4
    return max((size for size, n in sizes.items() if n >= 0.1 * sizes.total()), default=0.0)


def _looks_like_heading(paragraph: _Paragraph, body_size: float, *, is_bold_telling: bool) -> bool:
    line = paragraph.first
    text = " ".join(each.text for each in paragraph.lines)
    if line.is_table or line.is_fixed or len(text) > _MAX_HEADING_CHARS:
        return False
    if not any(character.isalpha() for character in text) or _BULLET.match(text):
        return False
    if line.size >= _HEADING_SIZE * body_size:
        return len(paragraph.lines) <= 4 and not text.endswith(("。", "；", "，", ","))
    return (
        is_bold_telling
        and line.is_bold
        and line.size > 0.95 * body_size
        and len(paragraph.lines) <= 2
        and bool(_NUMBERED_HEADING.match(text))
        and not text.endswith(("。", "；", "，", ",", "."))
    )


def _is_deck(pages: Sequence[tuple[Page, list[Line]]]) -> bool:
    """Whether the pages are slides: wide, with few lines."""
    n_wide = sum(page.width > 1.2 * page.height for page, _ in pages)
    n_lines = statistics.median(len(lines) for _, lines in pages)
    return n_wide > 0.8 * len(pages) and n_lines <= _MAX_SLIDE_LINES


def _as_slides(paragraphs: Sequence[_Paragraph]) -> list[_Paragraph]:
    """Return the paragraphs with one heading a page, its first: the one in the largest type."""
    out: list[_Paragraph] = []
    for _, group in groupby(paragraphs, key=lambda each: each.page):
        members = list(group)
        title = min(
            (each for each in members if each.level), key=lambda each: each.level, default=None
        )
        for member in members:
            member.level = 0
        if title is not None:
            title.level = 1
            members.remove(title)
            members.insert(0, title)
        out += members
    return out


# ---- Blocks


def _blocks(paragraphs: Sequence[_Paragraph], *, drops_hyphens: bool) -> Iterator[Block]:
    for is_list, group in groupby(paragraphs, key=lambda each: each.is_item and not each.level):
        members = list(group)
        if is_list:
            text = _list_text(members, drops_hyphens=drops_hyphens)
            yield Block(kind="text", text=text, page=members[0].page)
            continue
        for paragraph in members:
            yield _block(paragraph, drops_hyphens=drops_hyphens)


def _block(paragraph: _Paragraph, *, drops_hyphens: bool) -> Block:
    first, page = paragraph.first, paragraph.page
    if first.is_table:
        return Block(kind="table", text=first.text, page=page)
    if paragraph.level:
        text = _flowing(paragraph.lines, drops_hyphens=drops_hyphens)
        return Block(kind="heading", text=text, level=paragraph.level, page=page)
    if paragraph.is_code:
        return Block(kind="code", text=_listing(paragraph.lines), page=page)
    text = _flowing(paragraph.lines, drops_hyphens=drops_hyphens)
    return Block(kind="text", text=text, page=page)


def _flowing(lines: Sequence[Line], *, drops_hyphens: bool) -> str:
    """Return lines as running text, the words joined that they break.

    A line that ends although the next word would have fitted was ended on purpose.
    """
    out = lines[0].text
    edges: dict[tuple[float, float], float] = {}
    for line in lines:
        column = line.left, line.right
        edges[column] = max(edges.get(column, 0), line.x1)
    for before, line in pairwise(lines):
        first_word = re.match(r"[\u2e80-\uffef]|\S+", line.text)
        width = 0.55 * line.size * len(first_word.group() if first_word else "")
        if before.ends_in_hyphen and line.text[0].islower():
            out = (out[:-1] if drops_hyphens else out) + line.text
        elif (
            before.x1 + width + 1.5 * line.size < edges[before.left, before.right]
            and not line.text[0].islower()
        ):
            out += "\n" + line.text
        else:
            out = _joined(out, line.text)
    return out


def _joined(text: str, line: str) -> str:
    last = text.rfind("\n") + 1
    return text[:last] + join_lines(text[last:] + "\n" + line)


def _list_text(items: Sequence[_Paragraph], *, drops_hyphens: bool) -> str:
    """Return items as a Markdown list, indented by where they begin on the page."""
    edges: list[float] = []
    for x in sorted(item.first.x0 for item in items):
        if not edges or x - edges[-1] > 0.8 * items[0].first.size:
            edges.append(x)
    lines = []
    for item in items:
        level = max(i for i, edge in enumerate(edges) if edge <= item.first.x0)
        text = _flowing(item.lines, drops_hyphens=drops_hyphens)
        lines.append("  " * level + _BULLET.sub("- ", text, count=1))
    return "\n".join(lines)


def _looks_like_code(lines: Sequence[Line]) -> bool:
    """Whether lines in type of one width are code, not text set that way."""
    n_signs = sum(bool(_CODE_SIGN.search(line.text)) for line in lines)
    return n_signs >= max(0.4 * len(lines), 1)


def _listing(lines: Sequence[Line]) -> str:
    """Return lines of code with their indentation, and a blank line where there is a gap."""
    left = min(line.x0 for line in lines)
    pitch = min((line.y - before.y for before, line in pairwise(lines)), default=0)
    out = []
    for number, line in enumerate(lines):
        if number and line.y - lines[number - 1].y > 1.5 * pitch:
            out.append("")
        out.append(" " * round((line.x0 - left) / (0.6 * line.size)) + line.text)
    return "\n".join(out)
