"""Documents of each format, made on the spot, in Chinese and English."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

CHINESE_FONT = "STSong-Light"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A line of text on a PDF page: x from the left, y from the top, points."""

    x: float
    y: float
    text: str
    size: float = 10
    font: str = "Helvetica"


def pdf(
    pages: Sequence[Sequence[Text]],
    *,
    size: tuple[float, float] = (595, 842),
    password: str = "",
    rules: Sequence[tuple[float, float, float, float]] = (),
) -> bytes:
    """Return a PDF with text at exact places; `rules` are drawn on every page."""
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE_FONT))
    out = BytesIO()
    encrypt = StandardEncryption(password) if password else None
    canvas = Canvas(out, pagesize=size, encrypt=encrypt)
    for page in pages:
        for line in page:
            canvas.setFont(line.font, line.size)
            canvas.drawString(line.x, size[1] - line.y, line.text)
        for x0, y0, x1, y1 in rules:
            canvas.line(x0, size[1] - y0, x1, size[1] - y1)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def picture_pdf() -> bytes:
    """Return a PDF whose only page is a drawing: what a scanner makes."""
    from reportlab.pdfgen.canvas import Canvas

    out = BytesIO()
    canvas = Canvas(out)
    canvas.rect(50, 50, 300, 300, fill=1)
    canvas.save()
    return out.getvalue()


def paragraph(
    x: float, y: float, lines: Sequence[str], *, size: float = 10, font: str = "Helvetica"
) -> list[Text]:
    """Return lines set 1.3 times their size apart."""
    return [
        Text(x=x, y=y + 1.3 * size * number, text=line, size=size, font=font)
        for number, line in enumerate(lines)
    ]


def docx(build: Any) -> bytes:
    """Return the Word document that `build` fills."""
    import docx as python_docx

    document = python_docx.Document()
    build(document)
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def pptx(build: Any) -> bytes:
    """Return the presentation that `build` fills."""
    import pptx as python_pptx

    presentation = python_pptx.Presentation()
    build(presentation)
    out = BytesIO()
    presentation.save(out)
    return out.getvalue()


def notebook(*cells: dict[str, Any]) -> bytes:
    """Return a notebook with these cells."""
    import json

    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 4,
            "metadata": {"language_info": {"name": "python"}},
            "cells": [{"metadata": {}, **cell} for cell in cells],
        }
    ).encode()
