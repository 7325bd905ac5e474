"""Markdown and MDX → blocks. The home of markdown-it.

Not through unstructured: its `partition_md` renders Markdown to HTML and guesses from that. There
`_` in a formula becomes emphasis, `\\` in one loses a stroke, indentation of code goes, and a
table is no longer Markdown. The token stream of a CommonMark parser gives the exact structure:
headings with their level, code and formulas letter for letter.

What readers see stays: text of links, alternative text that says something, inline code and
formulas with their marks. What only a program sees goes: addresses, HTML tags, comments.
"""

import re
from collections.abc import Iterable
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.texmath import texmath_plugin

from assistant.records import PassageKind
from ingest.cleaning import clean, join_lines
from ingest.decoding import decode
from ingest.front_matter import split_front_matter
from ingest.html_text import LINE_END, read_html_text
from ingest.mdx import strip_mdx
from ingest.records import Block, Extract
from ingest.tables import markdown_table

_SPACES = re.compile(" {2,}")
_HEADING_ID = re.compile(r"\s*(?:\{#[\w-]+\}|\[#[\w-]+\])\s*$")
_MARKER_LINE = re.compile(r"^(?::::+[ \t]*[\w-]*|\[![\w-]+\])[ \t]*", re.MULTILINE)

# CommonMark sees no emphasis in "**注意力。**它": the stars stay in the text.
_CJK = "\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef“”‘’"
_STAR_PAIR = re.compile(r"\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*")
_CJK_CHAR = re.compile(f"[{_CJK}]")


def parse_markdown(data: bytes) -> Extract:
    """Return what a Markdown file holds; raises Unreadable."""
    front_matter, text = split_front_matter(clean(decode(data)))
    return Extract(blocks=tuple(markdown_blocks(text)), front_matter=front_matter)


def parse_mdx(data: bytes) -> Extract:
    """Return what an MDX file holds; raises Unreadable."""
    front_matter, text = split_front_matter(clean(decode(data)))
    blocks = markdown_blocks(strip_mdx(text), has_indented_code=False)
    return Extract(blocks=tuple(blocks), front_matter=front_matter)


def markdown_blocks(text: str, *, has_indented_code: bool = True) -> list[Block]:
    """Return the blocks of a Markdown text in order.

    Args:
        text: cleaned, without front matter.
        has_indented_code: whether four spaces make code; in MDX they don't.
    """
    writer = _Writer()
    tokens = _parser(has_indented_code=has_indented_code).parse(text)
    for node in SyntaxTreeNode(tokens).children:
        writer.add(node)
    return writer.blocks


@cache
def _parser(*, has_indented_code: bool) -> MarkdownIt:
    parser = (
        MarkdownIt("commonmark", {"maxNesting": 100})
        .enable(["table", "strikethrough"])
        .use(texmath_plugin, delimiters="brackets")
        .use(amsmath_plugin)
        .use(dollarmath_plugin, allow_space=False, allow_digits=False, double_inline=True)
        .use(footnote_plugin)
    )
    return parser if has_indented_code else parser.disable("code")


class _Writer:
    """Turns nodes into blocks; the lines of a list are gathered until something else comes."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._lines: list[str] = []

    def add(self, node: SyntaxTreeNode) -> None:
        match node.type:
            case "heading":
                text = _HEADING_ID.sub("", _inline(node.children[0], is_plain=True))
                self.blocks.append(Block(kind="heading", text=text, level=int(node.tag[1])))
            case "paragraph":
                self._paragraph(node)
            case "bullet_list" | "ordered_list":
                self._list(node, indent="")
                self._flush()
            case "fence" | "code_block" | "math_block" | "amsmath" | "table" | "html_block":
                self._whole(node)
            case "hr":
                pass
            case _:  # quotation, footnotes: what they hold
                for child in node.children:
                    self.add(child)

    def _emit(self, kind: PassageKind, text: str, *, code_language: str = "") -> None:
        self._flush()
        if text.strip():
            self.blocks.append(Block(kind=kind, text=text, code_language=code_language))

    def _flush(self) -> None:
        text, self._lines = "\n".join(self._lines), []
        if text.strip():
            self.blocks.append(Block(kind="text", text=text))

    def _paragraph(self, node: SyntaxTreeNode) -> None:
        for kind, text in _pieces(node.children[0]):
            self._emit(kind, text)

    def _whole(self, node: SyntaxTreeNode) -> None:
        match node.type:
            case "table":
                self._emit("table", markdown_table(_rows(node)))
            case "html_block":
                for kind, text in read_html_text(node.content):
                    self._emit(kind, text)
            case "fence" | "code_block":
                language = re.match(r"[\w+#.-]*", node.info.strip())
                self._emit(
                    "code",
                    node.content.strip("\n"),
                    code_language=language.group() if language else "",
                )
            case "amsmath":
                self._emit("formula", f"$$\n{node.content.strip()}\n$$")
            case _:
                self._emit("formula", _display(node.content))

    def _list(self, node: SyntaxTreeNode, indent: str) -> None:
        for item in node.children:
            marker = f"{item.info or '1'}. " if node.type == "ordered_list" else "- "
            head = indent + marker
            for child in item.children:
                match child.type:
                    case "paragraph":
                        for kind, text in _pieces(child.children[0]):
                            if kind == "text":
                                self._lines.append(head + text)
                            else:
                                self._emit(kind, text)
                            head = indent + "  "
                    case "bullet_list" | "ordered_list":
                        self._list(child, indent + "  ")
                    case "heading":
                        # Not a section: the list goes on below it.
                        self._lines.append(head + _inline(child.children[0]))
                    case "blockquote":
                        for inner in child.children:
                            self.add(inner)
                    case _:
                        self._whole(child)
                head = indent + "  "


def _rows(table: SyntaxTreeNode) -> list[list[str]]:
    return [
        [_inline(cell.children[0]) for cell in row.children]
        for part in table.children
        for row in part.children
    ]


def _display(formula: str) -> str:
    """Return a formula as a block, on lines of its own if it has several."""
    formula = formula.strip()
    return f"$$\n{formula}\n$$" if "\n" in formula else f"$${formula}$$"


def _pieces(inline: SyntaxTreeNode) -> Iterable[tuple[PassageKind, str]]:
    """Yield a paragraph's text, and as pieces of their own the formulas that fill whole lines."""
    run: list[SyntaxTreeNode] = []
    children = inline.children
    for index, child in enumerate(children):
        if child.type == "math_inline_double" and _is_alone(children, index):
            yield "text", _text(run)
            yield "formula", _display(child.content)
            run = []
        else:
            run.append(child)
    yield "text", _text(run)


def _is_alone(children: list[SyntaxTreeNode], index: int) -> bool:
    around = [*children[max(index - 1, 0) : index], *children[index + 1 : index + 2]]
    return all(child.type in ("softbreak", "hardbreak") for child in around)


def _inline(inline: SyntaxTreeNode, *, is_plain: bool = False) -> str:
    return _text(inline.children, is_plain=is_plain).replace("\n", " ")


def _text(children: Iterable[SyntaxTreeNode], *, is_plain: bool = False) -> str:
    """Return inline nodes as text. `is_plain` leaves out the marks of code."""
    pieces: list[tuple[str, bool]] = []
    for child in children:
        pieces += _inline_pieces(child, is_plain=is_plain)
    text = "".join(piece for piece, _ in pieces)
    if "**" in text:
        text = _without_stars(pieces)
    text = _SPACES.sub(" ", join_lines(_MARKER_LINE.sub("", text)))
    return text.replace(LINE_END, "\n").strip()


def _inline_pieces(node: SyntaxTreeNode, *, is_plain: bool) -> list[tuple[str, bool]]:
    """Return the text of an inline node in pieces, each with whether it is literal."""
    match node.type:
        case "code_inline":
            mark = "" if is_plain else "`"
            return [(mark + " ".join(node.content.split()) + mark, True)]
        case "math_inline" | "math_inline_double":
            mark = "$" if node.type == "math_inline" else "$$"
            return [(mark + node.content.strip() + mark, True)]
        case "strong" | "em" | "s" | "link":
            return [
                piece
                for child in node.children
                for piece in _inline_pieces(child, is_plain=is_plain)
            ]
    return [(_seen_text(node), False)]


def _seen_text(node: SyntaxTreeNode) -> str:
    """Return what a reader sees of an inline node without children."""
    match node.type:
        case "text" | "text_special":
            return node.content
        case "softbreak":
            return "\n"
        case "hardbreak":
            return LINE_END
        case "html_inline":
            return LINE_END if re.match(r"<br\b", node.content, re.IGNORECASE) else ""
        case "image":
            return _alternative_text(node.content)
    return ""  # marks of footnotes


def _alternative_text(text: str) -> str:
    """Return an image's alternative text if it says something: no file name, no mere label."""
    text = text.strip("\"' ")
    is_telling = len(text.split()) >= 3 or len(_CJK_CHAR.findall(text)) >= 6
    return text if is_telling and not re.search(r"\.\w{3,4}$", text) else ""


def _without_stars(pieces: list[tuple[str, bool]]) -> str:
    """Return the text without the stars of emphasis that stand next to Chinese characters."""
    literals = [piece for piece, is_literal in pieces if is_literal]
    masked = "".join("\ue000" if is_literal else piece for piece, is_literal in pieces)

    def unwrap(match: re.Match[str]) -> str:
        around = masked[max(match.start() - 1, 0) : match.start()] + match.group()
        around += masked[match.end() : match.end() + 1]
        return match.group(1) if _CJK_CHAR.search(around) else match.group()

    rest = iter(literals)
    return re.sub("\ue000", lambda _: next(rest), _STAR_PAIR.sub(unwrap, masked))
