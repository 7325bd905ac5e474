"""Writes the tree of a parsed Markdown text as Markdown in which all structure is ours.

What is not covered: parsing, and what makes a plain text inert (both in `ui/safe_markdown.py`).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ui.markdown_places import (
    CITATION,
    CJK,
    CLOSE,
    EM_CLOSE,
    EM_OPEN,
    FORMULA,
    MARK_END,
    MARK_START,
    MARKS,
    PLACES,
    STRONG_CLOSE,
    STRONG_OPEN,
    Formula,
)

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

_MAX_HEADING = 6
_MAX_DIRECTIVE_CHARS = 200  # the page's parser gives up on a label of 1,000

_Where = Literal["paragraph", "heading", "cell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How the safe Markdown is written.

    `escape` makes one line of plain text inert. `open_mark` and `close_mark` enclose what is
    marked, `after_mark` follows it, `block_label` stands above marked code and formulas, which
    can't be enclosed. `heading_offset` is added to the level of headings. `keeps_lines`: a line
    end stays one. `guards_emphasis`: neighbours of `**` become character references where
    Chinese punctuation would otherwise keep it from taking effect.
    """

    escape: Callable[[str], str]
    open_mark: str = ""
    close_mark: str = ""
    after_mark: str = ""
    block_label: str = ""
    heading_offset: int = 3
    keeps_lines: bool = False
    guards_emphasis: bool = True


class Writer:
    """Writes the tree; knows whether it is inside a mark. One for each text."""

    def __init__(
        self, style: Style, formulas: Sequence[Formula], write_marker: Callable[[int], str]
    ) -> None:
        self._style = style
        self._formulas = formulas
        self._write_marker = write_marker
        self._is_marked = False

    # Blocks

    def blocks(self, nodes: Sequence["SyntaxTreeNode"], *, is_tight: bool = False) -> str:
        """Return `nodes` one below the other; lists in a tight list follow without a gap."""
        written = ""
        for node in nodes:
            block = self._block(node)
            is_close = is_tight and node.type in {"bullet_list", "ordered_list"}
            gap = ("\n" if is_close else "\n\n") if written and block else ""
            written += gap + block
        return written

    def _block(self, node: "SyntaxTreeNode") -> str:
        written = ""
        match node.type:
            case "paragraph":
                written = self._paragraph(node.children[0])
            case "heading":
                level = min(int(node.tag[1]) + self._style.heading_offset, _MAX_HEADING)
                written = "#" * level + " " + self._line(node.children[0], "heading")
            case "bullet_list" | "ordered_list":
                written = self._list(node)
            case "blockquote":
                written = _prefixed(self.blocks(node.children), "> ", "> ")
            case "table":
                written = self._table(node)
            case "hr":
                written = "---"
            case "fence" | "code_block":
                written = self._code_block(node.content, node.info)
            case _:  # nothing else comes out of the parser's rules; text stays text
                written = self._style.escape(node.content)
        return written

    def _list(self, node: "SyntaxTreeNode") -> str:
        number = int(node.attrs.get("start", 1))
        items = []
        is_tight = True
        for item in node.children:
            opening = "- " if node.type == "bullet_list" else f"{number}. "
            number += 1
            paragraphs = [child for child in item.children if child.type == "paragraph"]
            is_item_tight = all(paragraph.hidden for paragraph in paragraphs)
            is_tight = is_tight and is_item_tight
            text = self.blocks(item.children, is_tight=is_item_tight)
            items.append(_prefixed(text, opening, " " * len(opening)))
        return ("\n" if is_tight else "\n\n").join(items)

    def _table(self, node: "SyntaxTreeNode") -> str:
        rows = [row for part in node.children for row in part.children]
        lines = []
        for row_index, row in enumerate(rows):
            cells = [self._line(cell.children[0], "cell") for cell in row.children]
            lines.append("| " + " | ".join(cells) + " |")
            if row_index == 0:
                lines.append("|" + "|".join(_alignment(cell) for cell in row.children) + "|")
        return "\n".join(lines)

    def _code_block(self, content: str, info: str) -> str:
        is_marked = self._is_marked or MARK_START in info + content
        ending = self._heeding_marks(info + content)
        content = self._raw(MARKS.sub("", content)).rstrip("\n")
        rail = "`" * max(3, _longest_ticks(content) + 1)
        language = re.match(r"\w*", info.strip())
        name = language.group() if language else ""
        # The page would draw a diagram, from a text for which nobody vouches.
        name = "" if name.lower() == "mermaid" else name
        block = f"{rail}{name}\n{content}\n{rail}"
        label = self._block_label() if is_marked else ""
        return label + block + (f"\n\n{ending.strip()}" if ending.strip() else "")

    def _block_label(self) -> str:
        style = self._style
        label = f"{style.open_mark}{style.block_label}{style.close_mark}\n\n"
        return label if style.block_label else ""

    def _paragraph(self, inline: "SyntaxTreeNode") -> str:
        """Return a paragraph; a formula that is to stand alone gets lines of its own."""
        written = self._inline(inline.children, "paragraph")
        blocks = []
        for index, piece in enumerate(re.split(f"{FORMULA}(\\d+){CLOSE}", written)):
            if index % 2:
                lines = self._formulas[int(piece)].tex.splitlines()
                blocks.append("\n".join(["$$", *filter(str.strip, lines), "$$"]))
            elif piece.strip():
                blocks.append(self._finished(piece.strip()))
        return "\n\n".join(blocks)

    # Within a line

    def _line(self, inline: "SyntaxTreeNode", where: _Where) -> str:
        return self._finished(self._inline(inline.children, where).strip())

    def _inline(self, nodes: Sequence["SyntaxTreeNode"], where: _Where) -> str:
        written = ""
        for node in nodes:
            match node.type:
                case "softbreak" | "hardbreak":
                    written += self._line_break(node, written, where)
                case "code_inline":
                    written += self._code(node.content, where)
                case "strong" | "em":
                    written += self._emphasis(node, where)
                case "link":
                    written += self._link(node, where)
                case "image":
                    written += self._text(f"[{node.content or '…'}]", where)
                    written += self._heeding_marks(str(node.attrs.get("src", "")))
                case _:
                    written += self._text(node.content, where)
        return written

    def _emphasis(self, node: "SyntaxTreeNode", where: _Where) -> str:
        inner = self._inline(node.children, where)
        if not inner.strip() or FORMULA in inner:
            return inner
        if node.type == "strong":
            return STRONG_OPEN + inner + STRONG_CLOSE
        return EM_OPEN + inner + EM_CLOSE

    def _link(self, node: "SyntaxTreeNode", where: _Where) -> str:
        inner = self._inline(node.children, where)
        href = str(node.attrs.get("href", ""))
        target = self._raw(MARKS.sub("", href))
        shown = "".join(child.content for child in node.walk() if child.type == "text")
        if re.match(r"https?://", target, re.IGNORECASE) and target != shown:
            inner += self._plain(f" ({target})")
        return inner + self._heeding_marks(href)

    def _line_break(self, node: "SyntaxTreeNode", before: str, where: _Where) -> str:
        if where != "paragraph":
            return " "
        if node.type == "hardbreak" or self._style.keeps_lines:
            return "\\\n"
        following = node.next_sibling.content[:1] if node.next_sibling else ""
        # Between two Chinese characters, a browser would show the line end as a gap.
        return "" if CJK.match(before[-1:]) and CJK.match(following) else "\n"

    def _text(self, text: str, where: _Where) -> str:
        written = ""
        follows_formula = False
        for piece in filter(None, PLACES.split(text)):
            if follows_formula and (piece[0].isdigit() or piece[0] == FORMULA):
                written += " "  # "$a$$b$" and "$a$5" would not be read as formulas
            follows_formula = piece[0] == FORMULA
            if piece in (MARK_START, MARK_END):
                written += self._heeding_marks(piece)
            elif piece[0] == CITATION and piece[-1] == CLOSE:
                written += self._write_marker(int(piece[1:-1]))
            elif piece[0] == FORMULA and piece[-1] == CLOSE:
                written += self._formula(int(piece[1:-1]), where)
            else:
                written += self._plain(piece)
        return written

    def _plain(self, text: str) -> str:
        style = self._style
        if not self._is_marked:
            return style.escape(text)
        written = ""
        for start in range(0, len(text), _MAX_DIRECTIVE_CHARS):
            part = text[start : start + _MAX_DIRECTIVE_CHARS]
            # Space stays outside: at the ends of a label, the page's parser drops it.
            before = " " if part[:1].isspace() else ""
            after = " " if part.strip() and part[-1:].isspace() else ""
            marked = style.escape(part.strip())
            if marked:
                marked = f"{style.open_mark}{marked}{style.close_mark}"
            written += before + marked + after
        return written

    def _formula(self, index: int, where: _Where) -> str:
        formula = self._formulas[index]
        if formula.is_display and where == "paragraph":
            return f"{FORMULA}{index}{CLOSE}"
        tex = re.sub(r"\s+", " ", formula.tex)
        if where == "cell":
            tex = tex.replace(r"\|", r"\Vert ").replace("|", r"\vert ")
        return self._enclosed(f"${tex}$")

    def _code(self, content: str, where: _Where) -> str:
        is_marked_within = self._is_marked or MARK_START in content
        ending = self._heeding_marks(content)
        content = self._raw(MARKS.sub("", content))
        is_marked, self._is_marked = self._is_marked, is_marked_within
        if where == "cell" and "|" in content:
            # A bar ends the cell even inside code, and what follows it would be live.
            written = self._plain(content)
        else:
            rail = "`" * (_longest_ticks(content) + 1)
            pad = " " if content.startswith(("`", " ")) or content.endswith(("`", " ")) else ""
            written = self._enclosed(f"{rail}{pad}{content}{pad}{rail}")
        self._is_marked = is_marked
        return written + ending

    # Marks and places

    def _heeding_marks(self, text: str) -> str:
        """Begin and end marks as `text` has it; return what is to follow those that ended."""
        written = ""
        for mark in MARKS.findall(text):
            written += self._style.after_mark if mark == MARK_END else ""
            self._is_marked = mark == MARK_START
        return written

    def _enclosed(self, written: str) -> str:
        """Return code or a formula, marked if need be and if nothing in it can end the mark."""
        is_short = len(written) <= _MAX_DIRECTIVE_CHARS
        if self._is_marked and is_short and _is_balanced(written):
            return f"{self._style.open_mark}{written}{self._style.close_mark}"
        return written

    def _raw(self, text: str) -> str:
        """Return `text` with what stood in the places that were taken too early (in code)."""

        def raw(match: re.Match[str]) -> str:
            number = int(match.group()[1:-1])
            return self._formulas[number].raw if match.group()[0] == FORMULA else f"[{number}]"

        return re.sub(f"[{FORMULA}{CITATION}]\\d+{CLOSE}", raw, text)

    def _finished(self, text: str) -> str:
        """Return `text` with the delimiters of emphasis in their places."""
        if self._style.guards_emphasis:
            text = _guarded(text)
        for place, delimiter in _DELIMITERS.items():
            text = text.replace(place, delimiter)
        return text


_DELIMITERS = {STRONG_OPEN: "**", STRONG_CLOSE: "**", EM_OPEN: "*", EM_CLOSE: "*"}


def _guarded(text: str) -> str:
    """Return `text` with letters that stand between a delimiter and no space as references.

    A reference starts with `&` and ends with `;`, which are punctuation to the page's parser:
    then a delimiter works also where the emphasised text begins or ends with punctuation.
    """
    chars = list(text)
    for index, char in enumerate(text):
        if char not in _DELIMITERS:
            continue
        is_opening = char in (STRONG_OPEN, EM_OPEN)
        outer = index - 1 if is_opening else index + 1
        inner = index + 1 if is_opening else index - 1
        if 0 <= outer < len(text) and text[outer].isalnum() and not text[inner].isalnum():
            chars[outer] = f"&#{ord(text[outer])};"
    return "".join(chars)


def _is_balanced(text: str) -> bool:
    """Whether each bracket in `text` has its partner, in order, and none is escaped."""
    depth = 0
    for char in text:
        depth += (char == "[") - (char == "]")
        if depth < 0:
            return False
    return depth == 0 and not re.search(r"\\[\[\]\\]", text)


def _longest_ticks(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def _prefixed(text: str, first: str, others: str) -> str:
    lines = text.split("\n")
    return "\n".join(
        ((first if index == 0 else others) + line).rstrip() for index, line in enumerate(lines)
    )


def _alignment(cell: "SyntaxTreeNode") -> str:
    style = str(cell.attrs.get("style", ""))
    left = ":" if "left" in style or "center" in style else ""
    right = ":" if "right" in style or "center" in style else ""
    return f"{left}---{right}"
