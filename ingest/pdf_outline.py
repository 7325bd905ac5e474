"""Marks the lines of a PDF file as headings that its outline (bookmarks) names."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ingest.pdf_layout import Line
from ingest.pdf_pages import Page

_MAX_HEADING_LINES = 3
_FOUND = 0.6
"""Share of an outline's entries that must stand on their pages for it to be believed."""
_NUMBER = re.compile(r"[\divxlcA-Z]{0,6}")


def with_outline(
    pages: Sequence[tuple[Page, list[Line]]],
) -> list[tuple[Page, list[Line]]]:
    """Return the pages, the lines marked with their levels that the outline names.

    An outline that mostly doesn't fit the text, such as one of slide numbers, changes nothing.
    """
    n_entries = sum(len(page.outline) for page, _ in pages)
    n_found = 0
    marked = []
    for page, lines in pages:
        found = [
            (*span, level)
            for title, level in page.outline
            for span in [_find(lines, title)]
            if span is not None
        ]
        n_found += len(found)
        marked.append((page, _marked(lines, found)))
    return marked if n_found >= max(_FOUND * n_entries, 2) else list(pages)


def _find(lines: Sequence[Line], title: str) -> tuple[int, int] | None:
    """Return where the lines begin and end that make `title`, a number before it left aside."""
    wanted = _plain(title)
    texts = [_plain(line.text) for line in lines]
    for n_lines in range(1, _MAX_HEADING_LINES + 1) if wanted else ():
        for start in range(len(texts) - n_lines + 1):
            text = "".join(texts[start : start + n_lines])
            if text.endswith(wanted) and _NUMBER.fullmatch(text[: -len(wanted)]):
                return start, start + n_lines
    return None


def _plain(text: str) -> str:
    """Return the letters and figures of a text: outlines write other dashes and quotes."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text)))


def _marked(lines: list[Line], spans: Iterable[tuple[int, int, int]]) -> list[Line]:
    out = list(lines)
    for start, end, level in spans:
        out[start:end] = [replace(line, level=level) for line in lines[start:end]]
    return out
