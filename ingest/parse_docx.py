"""Word documents → blocks, through unstructured; what it would lose is put right before.

It takes headings from styles, renders the numbers of lists and leaves out headers and footers by
class. Put right: headings that have an outline level but no English style name, text in content
controls and in tracked insertions, formulas. Deleted and hidden text goes, so does the table of
contents. A Word file has no pages until it is laid out, so its passages have none.

What is not covered: footnotes, text boxes that float, text in pictures.
"""

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ingest.omml import M, latex
from ingest.partition import Part, partition_docx
from ingest.records import Block, Extract

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

_UNWRAPPED = ("ins", "moveTo", "smartTag", "customXml", "sdt", "sdtContent")
_DROPPED = ("del", "moveFrom", "sdtPr", "sdtEndPr")
_CONTENTS_STYLE = re.compile(r"toc \d|TOC Heading|table of figures", re.IGNORECASE)


def parse_docx(data: bytes) -> Extract:
    """Return what a Word document holds; raises whatever python-docx and unstructured raise."""
    import docx

    document = docx.Document(BytesIO(data))
    _unwrap(document.element.body)
    _write_formulas(document.element.body)
    _drop_unseen(document)
    _mark_headings(document)
    title = _styled_title(document)
    prepared = BytesIO()
    document.save(prepared)
    return Extract(
        blocks=tuple(_blocks(partition_docx(prepared.getvalue()), title)),
        title=(document.core_properties.title or "").strip(),
    )


def _unwrap(body: Any) -> None:
    """Put what is inside wrappers in their place: only direct children are read."""
    for name in _DROPPED:
        for element in list(body.iter(W + name)):
            element.getparent().remove(element)
    for name in _UNWRAPPED:
        for element in list(body.iter(W + name)):
            parent = element.getparent()
            position = parent.index(element)
            for child in reversed(list(element)):
                parent.insert(position, child)
            parent.remove(element)


def _write_formulas(body: Any) -> None:
    for formula in list(body.iter(M + "oMath")):
        holder, mark = formula, "$"
        if formula.getparent().tag == M + "oMathPara":
            holder = formula.getparent()
            mark = "$" if holder.getparent().findall(W + "r") else "$$"
        run = body.makeelement(W + "r")
        text = run.makeelement(W + "t")
        text.text = mark + latex(formula).strip() + mark
        run.append(text)
        holder.addprevious(run)
        formula.getparent().remove(formula)


def _drop_unseen(document: "WordDocument") -> None:
    for mark in list(document.element.body.iter(W + "vanish")):
        run = mark.getparent().getparent()
        if run.tag == W + "r" and mark.get(W + "val", "true") not in ("0", "false"):
            run.getparent().remove(run)
    for paragraph in document.paragraphs:
        if paragraph.style is not None and _CONTENTS_STYLE.match(paragraph.style.name or ""):
            paragraph._p.getparent().remove(paragraph._p)


def _mark_headings(document: "WordDocument") -> None:
    """Give every paragraph with an outline level the style that unstructured knows."""
    from docx.enum.style import WD_STYLE_TYPE

    known = {style.name for style in document.styles}
    for paragraph in document.paragraphs:
        level = _outline_level(paragraph)
        style_name = paragraph.style.name if paragraph.style is not None else ""
        if level is None or style_name in ("Title", f"Heading {level}"):
            continue
        name = f"Heading {level}"
        if name not in known:
            document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
            known.add(name)
        paragraph.style = document.styles[name]


def _outline_level(paragraph: Any) -> int | None:
    """Return the level of a heading from 1, None for other paragraphs."""
    own = paragraph._p.find(f"{W}pPr/{W}outlineLvl")
    style, n_steps = paragraph.style, 0
    while own is None and style is not None and n_steps < 20:
        match = re.fullmatch(r"(?:heading|标题)\s*([1-9])", style.name or "", re.IGNORECASE)
        if match:
            return int(match.group(1))
        own = style.element.find(f"{W}pPr/{W}outlineLvl")
        style, n_steps = style.base_style, n_steps + 1
    value = own.get(W + "val", "9") if own is not None else "9"
    return int(value) + 1 if value in "012345678" else None


def _styled_title(document: "WordDocument") -> str:
    """Return the text of the paragraph in the style Title, "" without one."""
    for paragraph in document.paragraphs:
        if paragraph.style is not None and paragraph.style.name == "Title":
            return str(paragraph.text).strip()
    return ""


def _blocks(parts: list[Part], title: str) -> list[Block]:
    """Return the blocks; below a title, headings of the first level are the second."""
    blocks: list[Block] = []
    items: list[str] = []
    for part in [*parts, Part(kind="End", text="")]:
        if part.kind == "ListItem":
            marker = "" if re.match(r"[\w(（]{1,6}[.)）、]\s", part.text) else "- "
            items.append("  " * (part.depth or 0) + marker + part.text.strip())
            continue
        if items:
            blocks.append(Block(kind="text", text="\n".join(items)))
            items = []
        if part.kind == "Title":
            is_below_title = bool(title) and part.text.strip() != title
            level = (part.depth or 0) + (2 if is_below_title else 1)
            blocks.append(Block(kind="heading", text=part.text, level=level))
        elif part.kind == "Table":
            blocks.append(Block(kind="table", text=part.table))
        elif part.kind not in ("Header", "Footer", "Image", "End"):
            is_formula = re.fullmatch(r"\$\$.+\$\$", part.text.strip())
            blocks.append(Block(kind="formula" if is_formula else "text", text=part.text))
    return blocks
