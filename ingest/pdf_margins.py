"""Running heads, running feet and page numbers of a PDF file: found by repetition, and left out."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from ingest.pdf_columns import MARGIN
from ingest.pdf_layout import Line
from ingest.pdf_pages import Page

_DASH = r"[-–—―─·•~\s]"
_COUNT = r"(?:\d+|[〇零一二三四五六七八九十百]+)"
_MAX_SIZE = 1.12
"""Of their type, by that of most of the text."""


def without_margins(
    pages: Sequence[tuple[Page, list[Line]]],
) -> list[tuple[Page, list[Line]]]:
    """Return the pages without running heads, running feet and page numbers."""
    sizes = Counter[float]()
    for line in (line for _, lines in pages for line in lines if not line.is_table):
        sizes[line.size] += len(line.text)
    body_size = max(sizes, key=lambda size: sizes[size], default=0.0)

    def is_marginal(page: Page, line: Line) -> bool:
        is_outside = line.edge or not MARGIN * page.height < line.y < (1 - MARGIN) * page.height
        is_text = line.is_table or line.level or line.size >= _MAX_SIZE * body_size
        return bool(is_outside) and not is_text

    def key(line: Line) -> tuple[str, int]:
        text = re.sub(r"\d+|\b[ivxlc]+\b", "#", line.text)
        return "".join(text.split()), round(line.y / 4)

    def is_head(page: Page, line: Line) -> bool:
        is_top = line.edge > 0 and line.y < MARGIN * page.height and page.height > page.width
        return is_top and line.size < 0.95 * body_size

    def head_key(line: Line) -> tuple[int, float]:
        return round(line.y / 4), line.size

    marginal = [
        (page, {key(line): line for line in lines if is_marginal(page, line)})
        for page, lines in pages
    ]
    repeated = Counter(key for _, found in marginal for key in found)
    # Running heads that change with the chapter give themselves away by the page number in them.
    offsets = Counter(
        offset
        for page, found in marginal
        for offset in {
            n - page.number for line in found.values() if line.edge for n in _outer_numbers(line)
        }
    )
    # Heads of odd and even pages differ, but stand on one line, in small type.
    heads = Counter(
        key for page, lines in pages for key in {head_key(x) for x in lines if is_head(page, x)}
    )
    n_needed = 2 if len(pages) <= 4 else 3

    def has_page_number(page: Page, line: Line) -> bool:
        return any(offsets[n - page.number] >= n_needed for n in _outer_numbers(line))

    def is_running(page: Page, line: Line) -> bool:
        return is_marginal(page, line) and (
            (line.edge > 0 and line.is_artifact)
            or repeated[key(line)] >= n_needed
            or (line.edge > 0 and has_page_number(page, line))
            or _is_page_number(line.text, page)
            or (is_head(page, line) and heads[head_key(line)] >= n_needed)
        )

    def kept(page: Page, lines: list[Line]) -> list[Line]:
        running = {id(line) for line in lines if is_running(page, line)}
        # What stands beside a page number at the page's edge is part of the running head.
        edges = {line.edge for line in lines if line.edge and id(line) in running}
        return [line for line in lines if id(line) not in running and line.edge not in edges]

    return [(page, kept(page, lines)) for page, lines in pages]


def _outer_numbers(line: Line) -> set[int]:
    """Return the whole numbers that a line set apart begins and ends with."""
    return {int(found) for found in re.findall(r"^\d{1,4}(?=\s|$)|(?<=\s)\d{1,4}$", line.text)}


def _is_page_number(text: str, page: Page) -> bool:
    """Whether a line is this page's number, or looks like that of any (第 3 页, - 3 -)."""
    text = unicodedata.normalize("NFKC", text).strip()
    own = f"(?:{re.escape(page.label or str(page.number))}|{page.number})"
    return any(
        re.fullmatch(pattern, text, re.IGNORECASE)
        for pattern in (
            rf"{_DASH}*(?:page\s+)?{own}(?:\s*(?:/|of)\s*\d+)?{_DASH}*",
            rf"{_DASH}+\d+{_DASH}+",
            rf"{_DASH}*第\s*{_COUNT}\s*页(?:\W*共\s*{_COUNT}\s*页)?{_DASH}*",
            r"page\s+\d+\s+of\s+\d+",
        )
    )
