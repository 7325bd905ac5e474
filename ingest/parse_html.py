"""HTML → blocks, through unstructured; what it would lose or spoil is put right before.

It leaves out navigation, scripts, forms and pictures by itself. Put right: folded sections and
figures, which it drops; numbers of lists; spaces around marked words in cells; text that the page
hides, which it takes in.
"""

import re
from typing import Any

from ingest.cleaning import clean, join_chinese_lines
from ingest.decoding import decode_html
from ingest.partition import Part, partition_html
from ingest.records import Block, Extract

_HIDDEN_STYLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_XML_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_DROPPED = ("script", "style", "nav", "aside", "dialog", "template", "noscript")


def parse_html(data: bytes) -> Extract:
    """Return what a web page holds; raises Unreadable.

    `<meta name="audience" content="…">` and its like count as front matter.
    """
    from lxml import etree, html

    try:
        root = html.document_fromstring(_XML_DECLARATION.sub("", clean(decode_html(data))))
    except etree.ParserError:  # there is not a single element
        return Extract(blocks=())
    metas = {
        str(meta.get("name", "")).lower(): str(meta.get("content", ""))
        for meta in root.iter("meta")
    }
    title = root.findtext(".//title") or ""
    _put_right(root)
    parts = partition_html(html.tostring(root, encoding="unicode"))
    return Extract(
        blocks=tuple(_blocks(parts)),
        # A page's own title and language are for search engines: its headings tell better.
        front_matter={key: metas[key] for key in metas if key not in ("title", "language")},
        title=" ".join(title.split()),
    )


def _put_right(root: Any) -> None:
    """Change the tree so that unstructured sees what a reader of the page sees."""
    for element in list(root.iter("*")):
        if _is_unseen(element):
            element.drop_tree()
    for element in root.iter("details", "summary", "figure", "form", "figcaption"):
        element.tag = "div"
    for element in root.iter("label", "button"):
        element.tag = "span"
    for element in root.iter("ol"):
        _number(element)
    for element in list(root.iter("math")):
        _write_formula(element)
    for element in list(root.iter("code")):
        if not _is_inside(element, "pre", "h1", "h2", "h3", "h4", "h5", "h6"):
            _set_text(element, f"`{_plain(element)}`")
    for element in list(root.iter("td", "th")):
        _set_text(element, _plain(element))
    for element in list(root.iter("caption")):
        _set_text(element, _plain(element))
        element.tag = "p"
        element.getparent().addprevious(element)
    _join_lines(root)


def _join_lines(root: Any) -> None:
    for element in root.iter("*"):
        if not _is_inside(element, "pre"):
            element.tail = join_chinese_lines(element.tail or "")
            if element.tag != "pre":
                element.text = join_chinese_lines(element.text or "")


def _is_inside(element: Any, *tags: str) -> bool:
    return next(element.iterancestors(*tags), None) is not None


def _is_unseen(element: Any) -> bool:
    if element.getparent() is None or element.tag in ("html", "head", "body"):
        return False
    if element.tag in ("header", "footer"):
        # Of the page, not of an article; a header may hold the main heading.
        has_title = next(element.iter("h1"), None) is not None
        return not has_title and not _is_inside(element, "article", "main")
    return (
        element.tag in _DROPPED
        or "hidden" in element.attrib
        or "katex-html" in element.get("class", "").split()  # beside it stands the same as math
        or bool(_HIDDEN_STYLE.search(element.get("style", "")))
    )


def _write_formula(element: Any) -> None:
    source = " ".join((element.findtext(".//annotation") or element.text_content()).split())
    is_block = element.get("display") == "block"
    _set_text(element, f"$${source}$$" if is_block else f"${source}$")
    element.tag = "p" if is_block else "span"


def _plain(element: Any) -> str:
    """Return the text of an element. Left to unstructured, cells get spaces around each mark."""
    for line_end in list(element.iter("br", "li", "p", "div")):
        line_end.tail = " " + (line_end.tail or "")
    return " ".join(join_chinese_lines(element.text_content()).split())


def _set_text(element: Any, text: str) -> None:
    for child in list(element):
        element.remove(child)
    element.text = text


def _number(items: Any) -> None:
    start = items.get("start", "1")
    number = int(start) if start.isdigit() else 1
    for item in items.iterchildren("li"):
        first = next((child for child in item if child.tag == "p"), None)
        holder = item if first is None or (item.text or "").strip() else first
        holder.text = f"{number}. {(holder.text or '').lstrip()}"
        number += 1


def _blocks(parts: list[Part]) -> list[Block]:
    blocks: list[Block] = []
    items: list[str] = []
    for part in [*parts, Part(kind="End", text="")]:
        if part.kind == "ListItem":
            marker = "" if re.match(r"\d+\. ", part.text) else "- "
            items.append("  " * max((part.depth or 1) - 1, 0) + marker + part.text.strip())
            continue
        if items:
            blocks.append(Block(kind="text", text="\n".join(items)))
            items = []
        if part.kind == "Title" and part.depth is not None:
            blocks.append(Block(kind="heading", text=part.text, level=part.depth + 1))
        elif part.kind == "Table":
            blocks.append(Block(kind="table", text=part.table))
        elif part.kind == "CodeSnippet":
            blocks.append(Block(kind="code", text=part.text.strip("\n")))
        elif part.kind not in ("Image", "End"):
            is_formula = re.fullmatch(r"\$\$.+\$\$", part.text)
            blocks.append(Block(kind="formula" if is_formula else "text", text=part.text))
    return blocks
