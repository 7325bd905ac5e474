"""What a PDF page holds and doesn't show: text drawn invisibly, in white, tiny, or off the page.

Also the opposite: pages that show text and hold none, since they are pictures.

White type on a dark area or a picture drawn before it is shown, and not reported. Text laid
invisibly under a scan is (it is what the assistant reads). pypdfium2 is at home in
`ingest/pdf_pages.py`; here its text objects are looked at, which the reader of pages doesn't keep.
"""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ingest.findings import Finding, FindingKind, Stretch, of_kind

_TINY_POINTS = 2.5
_WHITE = 245
_TRANSPARENT = 12
_MAX_OBJECTS = 200_000
"""Of the whole file; past that, nothing more is looked at."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PdfLooks:
    """What the pages hide, and their text as it can be copied."""

    findings: list[Finding]
    stretches: list[Stretch]


def look_into_pdf(data: bytes) -> PdfLooks:
    """Return what a PDF hides, by page; one that can't be opened hides nothing to us."""
    import pypdfium2

    findings: list[Finding] = []
    stretches: list[Stretch] = []
    n_left = _MAX_OBJECTS
    document = pypdfium2.PdfDocument(data)
    try:
        for index in range(len(document)):
            page = document[index]
            text_page = page.get_textpage()
            text = text_page.get_text_range()
            stretches.append(Stretch(text=text, unit="page", number=index + 1))
            if not text.strip() and _is_picture(page):
                findings.append(
                    Finding(kind="unread-page", unit="page", number=index + 1, excerpt="")
                )
            hidden: dict[FindingKind, list[str]] = {}
            for kind, piece in _hidden_text(page, text_page):
                hidden.setdefault(kind, []).append(piece)
                n_left -= 1
                if n_left <= 0:
                    return PdfLooks(findings, stretches)
            for kind, pieces in hidden.items():
                findings += of_kind(kind, "page", [(index + 1, "".join(pieces))])
            findings += of_kind("comment", "page", [(index + 1, _notes(page))])
            text_page.close()
            page.close()
    finally:
        document.close()
    return PdfLooks(findings, stretches)


def _is_picture(page: Any) -> bool:
    """Whether a picture fills most of a page, as a scan does."""
    import pypdfium2.raw as pdfium

    left, bottom, right, top = page.get_bbox()
    areas = [
        (x1 - x0) * (y1 - y0)
        for item in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE])
        for x0, y0, x1, y1 in [item.get_bounds()]
    ]
    return bool(max(areas, default=0.0) > 0.5 * (right - left) * (top - bottom))


def _hidden_text(page: Any, text_page: Any) -> Iterator[tuple[FindingKind, str]]:
    import pypdfium2.raw as pdfium

    grounds: list[Box] = []
    edges = page.get_bbox()
    for item in page.get_objects(max_depth=4):
        if item.type == pdfium.FPDF_PAGEOBJ_TEXT:
            kind = _kind(item, grounds, edges)
            if kind is not None:
                yield kind, _text(item, text_page)
        elif _is_ground(item):
            grounds.append(item.get_bounds())


def _kind(item: Any, grounds: list[Box], edges: Box) -> FindingKind | None:
    import pypdfium2.raw as pdfium

    box = item.get_bounds()
    if pdfium.FPDFTextObj_GetTextRenderMode(item.raw) == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE:
        return "hidden-text"
    if box[2] < edges[0] or box[0] > edges[2] or box[3] < edges[1] or box[1] > edges[3]:
        return "hidden-text"
    size = ctypes.c_float()
    pdfium.FPDFTextObj_GetFontSize(item.raw, size)
    matrix = item.get_matrix()
    if 0 < size.value * abs(matrix.d or matrix.c or 1.0) < _TINY_POINTS:
        return "tiny-text"
    red, green, blue, alpha = _fill(item)
    if alpha <= _TRANSPARENT:
        return "hidden-text"
    is_white = min(red, green, blue) >= _WHITE
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    if is_white and not any(_holds(ground, middle) for ground in grounds):
        return "pale-text"
    return None


def _holds(box: Box, point: tuple[float, float]) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


def _is_ground(item: Any) -> bool:
    """Whether white type on it can be read: a picture, or an area that is not white."""
    import pypdfium2.raw as pdfium

    if item.type != pdfium.FPDF_PAGEOBJ_PATH:
        return item.type in (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_SHADING)
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(item.raw, fill, stroke)
    return bool(fill.value) and min(_fill(item)[:3]) < _WHITE


def _fill(item: Any) -> tuple[int, int, int, int]:
    import pypdfium2.raw as pdfium

    parts = [ctypes.c_uint() for _ in range(4)]
    if not pdfium.FPDFPageObj_GetFillColor(item.raw, *parts):
        return 0, 0, 0, 255
    red, green, blue, alpha = (part.value for part in parts)
    return red, green, blue, alpha


def _text(item: Any, text_page: Any) -> str:
    import pypdfium2.raw as pdfium

    n_bytes = pdfium.FPDFTextObj_GetText(item.raw, text_page.raw, None, 0)
    buffer = ctypes.create_string_buffer(n_bytes)
    n_read = pdfium.FPDFTextObj_GetText(
        item.raw, text_page.raw, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), n_bytes
    )
    return buffer.raw[: max(n_read - 2, 0)].decode("utf-16-le", "replace")


def _notes(page: Any) -> str:
    """Return the text of the page's notes and comments."""
    import pypdfium2.raw as pdfium

    texts = []
    for index in range(pdfium.FPDFPage_GetAnnotCount(page.raw)):
        note = pdfium.FPDFPage_GetAnnot(page.raw, index)
        if pdfium.FPDFAnnot_GetSubtype(note) not in (
            pdfium.FPDF_ANNOT_LINK,
            pdfium.FPDF_ANNOT_WIDGET,
        ):
            n_bytes = pdfium.FPDFAnnot_GetStringValue(note, b"Contents", None, 0)
            buffer = ctypes.create_string_buffer(n_bytes)
            pdfium.FPDFAnnot_GetStringValue(
                note, b"Contents", ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), n_bytes
            )
            texts.append(buffer.raw[: max(n_bytes - 2, 0)].decode("utf-16-le", "replace"))
        pdfium.FPDFPage_CloseAnnot(note)
    return " ".join(text for text in texts if text.strip())
