"""PDF → blocks: paragraphs, headings by the size of their type, lists, code and tables.

Running heads, feet and page numbers are left out, words broken at a line's end are joined. The
page of a block is the one that it begins on, counted from 1 as viewers do.

What is not covered: text in pictures (a scanned file is refused with a sentence), formulas (their
glyphs come as text), tables without rules whose cells have several lines.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from ingest.cleaning import join_lines
from ingest.errors import Unreadable
from ingest.pdf_headings import as_slides, body_size_of, is_deck, set_levels
from ingest.pdf_layout import Line, read_lines
from ingest.pdf_margins import without_margins
from ingest.pdf_outline import with_outline
from ingest.pdf_pages import read_pages
from ingest.pdf_paragraphs import BULLET, Paragraph, rejoin, split_paragraphs
from ingest.records import Block, Extract

_HYPHENATED = 0.01
"""Share of lines that end in a hyphen, from which on a hyphen there is a broken word's."""


_COMPOUND = re.compile(r"(?<![\w-])(\w+)-(\w+)")
_LONG_PREFIX = 4
"""Letters of what makes compounds ("self-"), not of a syllable ("re-")."""


@dataclass(frozen=True, slots=True)
class Hyphens:
    """How a file uses hyphens: whether it breaks words, and its compounds, as pairs of words."""

    drops: bool
    compounds: frozenset[tuple[str, str]]

    def joined(self, text: str, line: str) -> str:
        """Return the text that ends in a hyphen and the line that goes on with it."""
        first = re.split(r"\W", text[:-1].lower())[-1]
        pair = first, re.split(r"\W", line.lower())[0]
        is_prefix = len(first) >= _LONG_PREFIX and any(one == first for one, _ in self.compounds)
        keeps = not self.drops or pair in self.compounds or is_prefix
        return (text if keeps else text[:-1]) + line


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
            place="page 1" if len(pages) == 1 else f"pages 1–{len(pages)}",
        )
    pages = without_margins(with_outline(pages))
    hyphens = _find_hyphens([line for _, lines in pages for line in lines])
    paragraphs = split_paragraphs(pages)
    body_size = body_size_of(paragraphs)
    set_levels(paragraphs, body_size)
    if is_deck(pages):
        paragraphs = as_slides(paragraphs)
    return Extract(blocks=tuple(_blocks(rejoin(paragraphs, body_size), hyphens)))


def _find_hyphens(lines: Sequence[Line]) -> Hyphens:
    n_hyphens = sum(line.ends_in_hyphen for line in lines)
    compounds = {found for line in lines for found in _COMPOUND.findall(line.text.lower())}
    return Hyphens(drops=n_hyphens > _HYPHENATED * len(lines), compounds=frozenset(compounds))


def _blocks(paragraphs: Sequence[Paragraph], hyphens: Hyphens) -> Iterator[Block]:
    for is_list, group in groupby(paragraphs, key=lambda each: each.is_item and not each.level):
        members = list(group)
        if is_list:
            text = _list_text(members, hyphens)
            yield Block(kind="text", text=text, page=members[0].page)
            continue
        for paragraph in members:
            yield _block(paragraph, hyphens)


def _block(paragraph: Paragraph, hyphens: Hyphens) -> Block:
    first, page = paragraph.first, paragraph.page
    if first.is_table:
        return Block(kind="table", text=first.text, page=page)
    if paragraph.level:
        text = _flowing(paragraph.lines, hyphens)
        return Block(kind="heading", text=text, level=paragraph.level, page=page)
    if paragraph.is_code:
        return Block(kind="code", text=_listing(paragraph.lines), page=page)
    text = _flowing(paragraph.lines, hyphens)
    return Block(kind="text", text=text, page=page)


def _flowing(lines: Sequence[Line], hyphens: Hyphens) -> str:
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
            out = hyphens.joined(out, line.text)
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


def _list_text(items: Sequence[Paragraph], hyphens: Hyphens) -> str:
    """Return items as a Markdown list, indented by where they begin on the page."""
    edges: list[float] = []
    for x in sorted(item.first.x0 for item in items):
        if not edges or x - edges[-1] > 0.8 * items[0].first.size:
            edges.append(x)
    lines = []
    for item in items:
        level = max(i for i, edge in enumerate(edges) if edge <= item.first.x0)
        text = _flowing(item.lines, hyphens)
        lines.append("  " * level + BULLET.sub("- ", text, count=1))
    return "\n".join(lines)


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
