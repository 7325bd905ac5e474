"""Presentations → blocks, through unstructured; the slide's number is the page.

A slide's title is its heading. Put right: notes, which unstructured puts before the title; short
Chinese lines, which it takes for titles; dates, footers and slide numbers; hidden slides, which
are not shown to an audience and so not taken in.

What is not covered: charts, SmartArt, text in pictures.
"""

from io import BytesIO
from itertools import groupby

from ingest.partition import Part, partition_pptx
from ingest.records import Block, Extract


def parse_pptx(data: bytes) -> Extract:
    """Return what a presentation holds; raises whatever python-pptx and unstructured raise."""
    import pptx
    from pptx.enum.shapes import PP_PLACEHOLDER

    fillings = (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER)
    presentation = pptx.Presentation(BytesIO(data))
    notes: dict[int, str] = {}
    hidden: set[int] = set()
    for number, slide in enumerate(presentation.slides, start=1):
        if slide._element.get("show") in ("0", "false"):
            hidden.add(number)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            notes[number] = slide.notes_slide.notes_text_frame.text.strip()
        for shape in list(slide.placeholders):
            if shape.placeholder_format.type in fillings:
                shape._element.getparent().remove(shape._element)
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
