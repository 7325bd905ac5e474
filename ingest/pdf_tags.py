"""What a PDF file says about its own structure: tags of headings, and its outline (bookmarks).

Both are the author's word, and worth more than a guess by size and weight of type. Word processors
and browsers write tags; LaTeX and publishers write outlines. pypdfium2 is at home in
`ingest/pdf_pages.py`, which asks here.
"""

import ctypes
import re
from collections.abc import Iterator, Mapping
from typing import Any

_HEADING = re.compile(r"H([1-6])")
_MAX_ELEMENTS = 20_000
"""Of one page; a tree may be damaged and go round in circles."""


def read_outline(document: Any) -> dict[int, list[tuple[str, int]]]:
    """Return the titles of the outline and their levels from 1, by the index of their page."""
    outline: dict[int, list[tuple[str, int]]] = {}
    for item in document.get_toc():
        target = item.get_dest()
        index = target.get_index() if target else None
        if index is not None:
            outline.setdefault(index, []).append((item.get_title(), item.level + 1))
    return outline


def read_heading_tags(page: Any) -> Mapping[int, int] | None:
    """Return the levels of a page's pieces of content that are tagged as headings.

    None without any tags. A piece is known by the number that marks it in the page's content.
    """
    import pypdfium2.raw as pdfium

    tree = pdfium.FPDF_StructTree_GetForPage(page.raw)
    if not tree:
        return None
    try:
        n_tops = pdfium.FPDF_StructTree_CountChildren(tree)
        tops = [pdfium.FPDF_StructTree_GetChildAtIndex(tree, index) for index in range(n_tops)]
        return dict(_headings(pdfium, tops)) if any(tops) else None
    finally:
        pdfium.FPDF_StructTree_Close(tree)


def _headings(pdfium: Any, tops: list[Any]) -> Iterator[tuple[int, int]]:
    waiting = [(top, 0) for top in tops if top]
    for _ in range(_MAX_ELEMENTS):
        if not waiting:
            return
        element, level = waiting.pop()
        match = _HEADING.fullmatch(_type(pdfium, element))
        level = int(match.group(1)) if match else level
        for index in range(pdfium.FPDF_StructElement_CountChildren(element)):
            number = pdfium.FPDF_StructElement_GetChildMarkedContentID(element, index)
            if number >= 0:
                if level:
                    yield number, level
                continue
            child = pdfium.FPDF_StructElement_GetChildAtIndex(element, index)
            if child:
                waiting.append((child, level))


def _type(pdfium: Any, element: Any) -> str:
    buffer = ctypes.create_string_buffer(64)
    n_bytes = pdfium.FPDF_StructElement_GetType(element, buffer, len(buffer))
    return buffer.raw[: max(min(n_bytes, len(buffer)) - 2, 0)].decode("utf-16-le", "replace")
