"""Which paragraphs of a PDF file are headings, and of which level: by size and weight of type."""

import re
import statistics
from collections import Counter
from collections.abc import Sequence
from itertools import groupby, pairwise

from ingest.pdf_layout import Line
from ingest.pdf_pages import Page
from ingest.pdf_paragraphs import BULLET, Paragraph

_HEADING_SIZE = 1.12
"""Type this much larger than the text's marks a heading."""
_MAX_HEADING_CHARS = 180
_SAME_SIZE = 0.95
"""Type down to this share of another's counts as the same."""
_MAX_SLIDE_LINES = 30
_DECLARED = 0.5
"""Share of the seeming headings, from which on those that the file declares are all there are."""

_NUMBERED_HEADING = re.compile(
    r"\d{1,2}(?:\.\d{1,2}){0,3}\.?\s+\S|第[一二三四五六七八九十百\d]{1,4}[章节部分]|"
    r"[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十]{1,3}[）)]|(?:Chapter|Section|Part|Appendix)\s|"
    r"(?:Abstract|Introduction|Conclusions?|References|Acknowledge?ments|摘要|引言|结论|参考文献)$"
)

_NUMBERS = (
    r"第[一二三四五六七八九十百\d]{1,4}[章部篇]|(?:Chapter|Part)\s",
    r"第[一二三四五六七八九十百\d]{1,4}节",
    r"[一二三四五六七八九十]{1,3}、",
    r"[（(][一二三四五六七八九十]{1,3}[）)]",
    r"(?:\d{1,2}|[A-Z])\.?\s|\d{1,2}[.、](?=\D)",
    r"(?:\d{1,2}|[A-Z])\.\d{1,2}\.?(?=\D)",
    r"(?:\d{1,2}|[A-Z])(?:\.\d{1,2}){2}\.?(?=\D)",
    r"(?:\d{1,2}|[A-Z])(?:\.\d{1,2}){3}\.?(?=\D)",
)
"""How headings are numbered, from the topmost level down."""


def set_levels(paragraphs: list[Paragraph], body_size: float) -> None:
    """Mark the headings, and join those of several lines: the largest type is level 1.

    In one type, the numbering tells the levels: 一、 stands above （一）, 1.1 above 1.1.1.
    """
    n_bold = sum(each.first.is_bold for each in paragraphs)
    is_bold_telling = n_bold < 0.5 * len(paragraphs)
    headings = [
        each
        for each in paragraphs
        if _looks_like_heading(each, body_size, is_bold_telling=is_bold_telling)
    ]
    declared = [each for each in paragraphs if each.first.level]
    # Tags on a cover only, where the chapters are merely set large, tell too little.
    if len(declared) >= max(_DECLARED * len(headings), 2):
        _trust(declared, paragraphs[: paragraphs.index(declared[0])], headings)
        return
    headings = _without_bylines(headings)
    _join_lines(paragraphs, headings)
    keys = _styles(headings)
    ranks = sorted(set(keys.values()))
    for heading, found in keys.items():
        heading.level = min(ranks.index(found) + 1, 6)


def _trust(declared: list[Paragraph], before: list[Paragraph], headings: list[Paragraph]) -> None:
    """Give the levels that the file declares, below the title if that isn't among them."""
    largest = max(each.first.size for each in declared)
    title = headings[0] if headings and headings[0].first.size > largest else None
    shift = 0
    if title is not None and title in before:
        title.level = 1
        shift = 2 - min(each.first.level for each in declared)
    for heading in declared:
        heading.level = min(heading.first.level + shift, 6)


def _styles(headings: Sequence[Paragraph]) -> dict[Paragraph, tuple[int, bool, int]]:
    """Return what tells the headings' ranks: the step of their size, weight, and numbering."""
    steps: list[float] = []
    for size in sorted({heading.first.size for heading in headings}, reverse=True):
        if not steps or size < _SAME_SIZE * steps[-1]:
            steps.append(size)
    styles = {
        heading: (max(i for i, step in enumerate(steps) if heading.first.size <= step), not bold)
        for heading in headings
        for bold in [heading.first.is_bold]
    }
    depths = {heading: _depth(heading.first.text) for heading in headings}
    shallowest: dict[tuple[int, bool], int] = {}
    for heading, style in styles.items():
        if depths[heading]:
            shallowest[style] = min(shallowest.get(style, 99), depths[heading])
    return {
        heading: (*style, depths[heading] or shallowest.get(style, 0))
        for heading, style in styles.items()
    }


def _depth(text: str) -> int:
    """Return how deep a heading's number says that it stands, 0 without a number."""
    for depth, pattern in enumerate(_NUMBERS, start=1):
        if re.match(pattern, text):
            return depth
    return 0


def _without_bylines(headings: list[Paragraph]) -> list[Paragraph]:
    """Return the headings without what is set large below a title: authors, a date, a place.

    It stands on the first page only, neither bold nor in the largest type, where others are bold.
    """
    sizes = [heading.first.size for heading in headings]
    plain = {heading.first.size for heading in headings if not heading.first.is_bold}
    pages = {
        size: {each.page for each in headings if each.first.size == size and not each.first.is_bold}
        for size in plain
    }
    is_bold_used = any(each.first.is_bold for each in headings)
    return [
        each
        for each in headings
        if not is_bold_used
        or each.first.is_bold
        or each.first.size == max(sizes)
        or pages[each.first.size] != {1}
        or _NUMBERED_HEADING.match(each.first.text)
    ]


def _join_lines(paragraphs: list[Paragraph], headings: list[Paragraph]) -> None:
    """Join headings that follow each other in one type: a title whose lines were taken apart."""
    found = set(map(id, headings))
    for before, heading in pairwise(list(paragraphs)):
        line, last = heading.first, before.last
        if (
            {id(before), id(heading)} <= found
            and (before.page, last.column) == (heading.page, line.column)
            and (last.size, last.is_bold) == (line.size, line.is_bold)
            and 0 < line.y - last.y < 1.6 * line.size
            and not _NUMBERED_HEADING.match(line.text)
        ):
            heading.lines[:0] = before.lines
            paragraphs.remove(before)
            headings.remove(before)


def body_size_of(paragraphs: Sequence[Paragraph]) -> float:
    """Return the size of the largest type that much of the running text is set in.

    Not simply the most frequent: on slides that is often the small type of examples.
    """
    sizes, running = Counter[float](), Counter[float]()
    for paragraph in paragraphs:
        if not paragraph.first.is_table:
            n_chars = sum(len(line.text) for line in paragraph.lines)
            sizes[paragraph.first.size] += n_chars
            running[paragraph.first.size] += n_chars if _is_running_text(paragraph) else 0
    if running.total() < 0.1 * sizes.total():
        return max(sizes, key=lambda size: sizes[size], default=0.0)
    return max((size for size, n in running.items() if n >= 0.1 * running.total()), default=0.0)


def _is_running_text(paragraph: Paragraph) -> bool:
    """Whether it is a sentence or an item, as headings rarely are; some of them are numbered."""
    ends = paragraph.last.text.endswith(tuple("。！.!；;"))
    is_long = sum(len(line.text) for line in paragraph.lines) >= 20
    return BULLET.match(paragraph.first.text) is not None or (
        is_long and (ends or paragraph.is_item)
    )


def _looks_like_heading(paragraph: Paragraph, body_size: float, *, is_bold_telling: bool) -> bool:
    line = paragraph.first
    text = " ".join(each.text for each in paragraph.lines)
    if line.is_table or line.is_fixed or len(text) > _MAX_HEADING_CHARS:
        return False
    if not any(character.isalpha() for character in text) or BULLET.match(text):
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


def is_deck(pages: Sequence[tuple[Page, list[Line]]]) -> bool:
    """Whether the pages are slides: wide, with few lines."""
    n_wide = sum(page.width > 1.2 * page.height for page, _ in pages)
    n_lines = statistics.median(len(lines) for _, lines in pages)
    return n_wide > 0.8 * len(pages) and n_lines <= _MAX_SLIDE_LINES


def as_slides(paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """Return the paragraphs with one heading a page, its first: the one in the largest type."""
    out: list[Paragraph] = []
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
