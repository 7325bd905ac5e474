"""Running heads, running feet and page numbers of a PDF file: found by repetition, and left out."""

import re
from collections import Counter
from collections.abc import Sequence

from ingest.pdf_layout import Line
from ingest.pdf_pages import Page

_MARGIN = 0.12
"""Share of the page's height, at its top and bottom, where running heads and feet stand."""
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
        is_outside = not _MARGIN * page.height < line.y < (1 - _MARGIN) * page.height
        return is_outside and not line.is_table and line.size < _MAX_SIZE * body_size

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
