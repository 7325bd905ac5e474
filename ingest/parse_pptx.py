"""Presentations → blocks, through unstructured; the slide's number is the page.

A slide's title is its heading. Put right: notes, which unstructured puts before the title; short
Chinese lines, which it takes for titles; the order of shapes, which it reads row by row across
columns; dates, footers and slide numbers; hidden slides, which are not shown to an audience and so
not taken in. Charts, diagrams and descriptions of pictures, which it leaves out, are written into
the copy that it gets to read.

What is not covered: text in pictures, sound, video.
"""

import re
from collections import Counter
from io import BytesIO
from itertools import groupby
from typing import Any

from ingest.errors import Unreadable
from ingest.partition import Part, partition_pptx
from ingest.pptx_graphics import chart_rows, chart_title, description, diagram_lines
from ingest.pptx_order import reading_order
from ingest.records import Block, Extract

_MARGIN = 0.15
"""Share of a slide's height, at its top and bottom, where what repeats is no content."""
_REPEATED = 3


def parse_pptx(data: bytes) -> Extract:
    """Return what a presentation holds; raises whatever python-pptx and unstructured raise.

    Raises:
        Unreadable: a slide can't be read; its number is the place.
    """
    import pptx

    presentation = pptx.Presentation(BytesIO(data))
    width, height = presentation.slide_width or 0, presentation.slide_height or 0
    _remove_furniture(presentation, height)
    notes: dict[int, str] = {}
    hidden: set[int] = set()
    for number, slide in enumerate(presentation.slides, start=1):
        try:
            if slide._element.get("show") in ("0", "false"):
                hidden.add(number)
            if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
                notes[number] = slide.notes_slide.notes_text_frame.text.strip()
            _prepare(slide, width, height)
        except Exception as error:  # python-pptx raises anything on a damaged part
            raise Unreadable(
                f"It is damaged: its parser gave up ({type(error).__name__}).",
                hint="Open it in PowerPoint, look at that slide, and save it again.",
                place=f"slide {number}",
            ) from error
    prepared = BytesIO()
    presentation.save(prepared)
    by_page: dict[int, list[Part]] = {number: [] for number in notes}
    for page, parts in groupby(partition_pptx(prepared.getvalue()), lambda part: part.page or 0):
        by_page[page] = list(parts)
    blocks = [
        block
        for page, parts in sorted(by_page.items())
        if page not in hidden
        for block in _slide(parts, page, notes.get(page, ""))
    ]
    return Extract(blocks=tuple(blocks), title=(presentation.core_properties.title or "").strip())


def _remove_furniture(presentation: Any, height: int) -> None:
    """Remove dates, footers and numbers: placeholders for them, and boxes that repeat."""
    from pptx.enum.shapes import PP_PLACEHOLDER

    fillings = (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER)
    boxes: list[tuple[tuple[str, int, int], Any]] = []
    for slide in presentation.slides:
        for shape in list(slide.shapes):
            if shape.is_placeholder and shape.placeholder_format.type in fillings:
                shape._element.getparent().remove(shape._element)
            elif not shape.is_placeholder and shape.has_text_frame:
                text = re.sub(r"\d+", "#", shape.text_frame.text.strip())
                top, bottom = shape.top or 0, (shape.top or 0) + (shape.height or 0)
                if text and (top > (1 - _MARGIN) * height or bottom < _MARGIN * height):
                    boxes.append(((text, top, shape.left or 0), shape))
    n_times = Counter(key for key, _ in boxes)
    for key, shape in boxes:
        if n_times[key] >= _REPEATED:
            shape._element.getparent().remove(shape._element)


def _prepare(slide: Any, width: int, height: int) -> None:
    """Write what unstructured doesn't read into the slide, and the order in which it is to read."""
    shapes = [shape for shape in slide.shapes if not _is_off(shape, width, height)]
    ordered = [
        written
        for shape in reading_order(shapes, width)
        for written in [*_written(slide, shape), shape]
    ]
    for rank, shape in enumerate(ordered, start=1):
        shape.top, shape.left = rank, 0  # by which unstructured sorts
    for shape in [shape for shape in slide.shapes if _is_off(shape, width, height)]:
        shape._element.getparent().remove(shape._element)


def _is_off(shape: Any, width: int, height: int) -> bool:
    """Whether a shape lies beside the slide, where no audience sees it."""
    left, top = shape.left or 0, shape.top or 0
    right, bottom = left + (shape.width or 0), top + (shape.height or 0)
    return bool(right < 0 or bottom < 0 or left > width or top > height)


def _written(slide: Any, shape: Any) -> list[Any]:
    """Return new shapes that say what a chart, a diagram or a picture shows."""
    if shape.has_chart:
        title, rows = chart_title(shape.chart), chart_rows(shape.chart)
        return [
            *([_box(slide, [(0, title)])] if title else []),
            *([_table(slide, rows)] if rows else []),
        ]
    lines = diagram_lines(shape)
    if not lines and shape.shape_type == _picture():
        lines = [(0, description(shape))]
    return [_box(slide, lines)] if any(text for _, text in lines) else []


def _picture() -> Any:
    from pptx.enum.shapes import MSO_SHAPE_TYPE

    return MSO_SHAPE_TYPE.PICTURE


def _box(slide: Any, lines: list[tuple[int, str]]) -> Any:
    box = slide.shapes.add_textbox(0, 0, 1, 1)
    for number, (level, text) in enumerate(lines):
        frame = box.text_frame
        paragraph = frame.add_paragraph() if number else frame.paragraphs[0]
        paragraph.text, paragraph.level = text, min(level, 8)
    return box


def _table(slide: Any, rows: list[list[str]]) -> Any:
    frame = slide.shapes.add_table(len(rows), len(rows[0]), 0, 0, 1, 1)
    for row, texts in zip(frame.table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    return frame


def _slide(parts: list[Part], page: int, notes: str) -> list[Block]:
    # Only the title placeholder gives depth 0: what merely looks like a title is deeper.
    titles = [part.text for part in parts if part.kind == "Title" and part.depth == 0]
    blocks = [Block(kind="heading", text=" ".join(titles), level=1, page=page)]
    lines: list[tuple[int, str]] = []
    for part in [*parts, Part(kind="End", text="")]:
        if part.kind == "Title" and part.depth == 0:
            continue
        if part.kind not in ("Table", "End", "Image"):
            lines.append(_line(part))
            continue
        if lines:
            blocks.append(Block(kind="text", text=_outline(lines), page=page))
            lines = []
        if part.kind == "Table":
            blocks.append(Block(kind="table", text=part.table, page=page))
    if notes:
        blocks.append(Block(kind="text", text=notes, page=page))
    return blocks


def _line(part: Part) -> tuple[int, str]:
    """Return a line's level from 0 and its text; one taken for a title counts a level too deep."""
    depth = (part.depth or 0) - (1 if part.kind == "Title" else 0)
    return max(depth, 0), " ".join(part.text.split())


def _outline(lines: list[tuple[int, str]]) -> str:
    """Return the lines as a list if they have levels: which are bulleted, the layout decides."""
    if not any(level for level, _ in lines):
        return "\n".join(text for _, text in lines)
    return "\n".join("  " * level + "- " + text for level, text in lines)
