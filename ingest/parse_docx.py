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
_MAX_STYLE_CHAIN = 20
_CONTENTS_STYLE = re.compile(r"toc \d|TOC Heading|table of figures", re.IGNORECASE)


def parse_docx(data: bytes) -> Extract:
    """Return what a Word document holds; raises whatever python-docx and unstructured raise."""
    import docx

    document = docx.Document(BytesIO(data))
    _unwrap(document.element.body)
    _write_formulas(document.element.body)
    _drop_hidden(document.element.body)
    title = _settle_styles(document)
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


def _drop_hidden(body: Any) -> None:
    for mark in list(body.iter(W + "vanish")):
        run = mark.getparent().getparent()
        if run.tag == W + "r" and mark.get(W + "val", "true") not in ("0", "false"):
            run.getparent().remove(run)


def _settle_styles(document: "WordDocument") -> str:
    """Give headings the styles that unstructured knows, drop the contents; return the title.

    `paragraph.style` would search all styles at each call: it took nine tenths of the time.
    """
    from docx.enum.style import WD_STYLE_TYPE

    title = ""
    styles = {style.style_id: style for style in document.styles}
    levels = {style_id: _level_of_style(style) for style_id, style in styles.items()}
    ids = {style.name: style_id for style_id, style in styles.items()}
    for paragraph in document.paragraphs:
        style_id = paragraph._p.style
        name = (styles[style_id].name or "") if style_id in styles else ""
        own = paragraph._p.find(f"{W}pPr/{W}outlineLvl")
        level = levels.get(style_id) if own is None else _heading_level(own)
        if _CONTENTS_STYLE.match(name):
            paragraph._p.getparent().remove(paragraph._p)
        elif name == "Title":
            title = title or str(paragraph.text).strip()
        elif level is not None and name != f"Heading {level}":
            wanted = f"Heading {level}"
            if wanted not in ids:
                style = document.styles.add_style(wanted, WD_STYLE_TYPE.PARAGRAPH)
                ids[wanted] = style.style_id
            paragraph._p.style = ids[wanted]
    return title


def _level_of_style(style: Any) -> int | None:
    """Return the level of the headings in a style, its own or inherited; None for other styles."""
    for _ in range(_MAX_STYLE_CHAIN):
        if style is None:
            return None
        match = re.fullmatch(r"(?:heading|标题)\s*([1-9])", style.name or "", re.IGNORECASE)
        if match:
            return int(match.group(1))
        own = style.element.find(f"{W}pPr/{W}outlineLvl")
        if own is not None:
            return _heading_level(own)
        style = getattr(style, "base_style", None)
    return None


def _heading_level(outline_level: Any) -> int | None:
    value = outline_level.get(W + "val", "9")
    return int(value) + 1 if value in tuple("012345678") else None


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
