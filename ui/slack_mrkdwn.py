"""Markdown of a model or a document as Slack's mrkdwn, in which nothing is live.

As in `ui/safe_markdown.py`, the text is taken apart and written anew: `&`, `<` and `>` are
references, so no text can call people (`<!channel>`, `<@U…>`) or link anywhere; signs that Slack
would take for formatting are replaced by others that look like them. Tables become aligned text,
and formulas what can be read of them.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ui.formula_text import formula_text
from ui.markdown_places import (
    CJK,
    CLOSE,
    EM_CLOSE,
    EM_OPEN,
    FORMULA,
    MARK_END,
    MARK_START,
    MARKS,
    STRONG_CLOSE,
    STRONG_OPEN,
    Formula,
    with_marks,
    with_places,
    without_unseen,
)

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

_RAIL = "```"
# Slack formats only between a word and something else; a sign within a word (d_k) stays.
_LIVE = re.compile(r"(?<![A-Za-z0-9])[*_~`](?=\S)|(?<=\S)[*_~`](?![A-Za-z0-9])")
_LOOK_ALIKES = {"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"}
_OPENINGS = {STRONG_OPEN: "*", EM_OPEN: "_"}
_CLOSINGS = {STRONG_CLOSE: "*", EM_CLOSE: "_"}
_GAP = "\u200b"
"""Lets formatting begin or end within a run of letters, as Chinese text has none but such."""


def escape(text: str) -> str:
    """Return one line of plain text that Slack shows as it is."""
    return _referenced(_LIVE.sub(lambda match: _LOOK_ALIKES[match.group()], _line(text)))


def code(text: str) -> str:
    """Return a short text as code."""
    return f"`{_referenced(_line(text)).replace('`', 'ˋ')}`" if text.strip() else ""


def mrkdwn(
    text: str,
    *,
    marks: Sequence[tuple[int, int]] = (),
    after_mark: str = "",
) -> list[str]:
    """Return `text` as mrkdwn: paragraphs, lists, code and tables, in order.

    Args:
        text: Markdown that nobody vouches for.
        marks: spans of `text` (start, end; end exclusive), not overlapping.
        after_mark: (safe) mrkdwn that follows each of them.
    """
    from markdown_it.tree import SyntaxTreeNode

    from ui.safe_markdown import parser

    placed, formulas = with_places(with_marks(without_unseen(text), marks), ())
    writer = _Writer(formulas, after_mark)
    tree = SyntaxTreeNode(parser().parse(placed))
    return [block for node in tree.children if (block := writer.block(node))]


def _line(text: str) -> str:
    return re.sub(r"\s+", " ", without_unseen(text))


def _referenced(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class _Writer:
    """Writes the tree of a parsed text."""

    def __init__(self, formulas: Sequence[Formula], after_mark: str) -> None:
        self._formulas = formulas
        self._after_mark = after_mark

    def block(self, node: "SyntaxTreeNode") -> str:
        """Return a block of the tree."""
        written = ""
        match node.type:
            case "paragraph":
                written = self._finished(self._inline(node.children[0].children))
            case "heading":
                inner = self._inline(node.children[0].children, is_bold=True).strip()
                written = self._finished(f"{STRONG_OPEN}{inner}{STRONG_CLOSE}") if inner else ""
            case "bullet_list" | "ordered_list":
                written = self._list(node)
            case "blockquote":
                inner = "\n".join(self.block(child) for child in node.children)
                written = "\n".join(f"> {line}".rstrip() for line in inner.split("\n"))
            case "table":
                written = self._table(node)
            case "hr":
                written = "———"
            case _:  # code; nothing else comes out of the parser's rules
                written = self._code_block(node.content)
        return written

    def _list(self, node: "SyntaxTreeNode") -> str:
        number = int(node.attrs.get("start", 1))
        items = []
        for item in node.children:
            opening = "• " if node.type == "bullet_list" else f"{number}. "
            number += 1
            text = "\n".join(filter(None, map(self.block, item.children)))
            # Slack drops plain space at the start of a line; an em space stays.
            items.append(opening + text.replace("\n", "\n\u2003"))
        return "\n".join(items)

    def _table(self, node: "SyntaxTreeNode") -> str:
        rows = [
            [self._bare(cell.children[0].children).strip() for cell in row.children]
            for part in node.children
            for row in part.children
        ]
        widths = [max(map(_width, column)) for column in zip(*rows, strict=False)]
        lines = [
            "  ".join(
                cell + " " * (width - _width(cell))
                for cell, width in zip(row, widths, strict=False)
            ).rstrip()
            for row in rows
        ]
        lines.insert(1, "  ".join("─" * width for width in widths))
        return self._code_block("\n".join(lines))

    def _code_block(self, content: str) -> str:
        ending = self._after_mark if MARK_END in content else ""
        content = self._raw(MARKS.sub("", content)).strip("\n")
        content = _referenced(content).replace(_RAIL, "ˋˋˋ")
        return f"{_RAIL}\n{content}\n{_RAIL}{ending}"

    def _inline(self, nodes: Sequence["SyntaxTreeNode"], *, is_bold: bool = False) -> str:
        """Return what stands in a line; `is_bold`: bold is nothing new."""
        written = ""
        for node in nodes:
            match node.type:
                case "softbreak":
                    following = node.next_sibling.content[:1] if node.next_sibling else ""
                    is_chinese = CJK.match(written[-1:]) and CJK.match(following)
                    written += "" if is_chinese else " "
                case "hardbreak":
                    written += "\n"
                case "code_inline":
                    written += self._code(node.content)
                case "strong":
                    inner = self._inline(node.children, is_bold=True)
                    is_new = inner.strip() and not is_bold and _RAIL not in inner
                    written += f"{STRONG_OPEN}{inner}{STRONG_CLOSE}" if is_new else inner
                case "em":
                    inner = self._inline(node.children, is_bold=is_bold)
                    is_new = inner.strip() and _RAIL not in inner
                    written += f"{EM_OPEN}{inner}{EM_CLOSE}" if is_new else inner
                case "link":
                    written += self._inline(node.children, is_bold=is_bold)
                    written += self._target(node)
                case "image":
                    written += self._text(f"[{node.content or '…'}]")
                case _:
                    written += self._text(node.content)
        return written

    def _bare(self, nodes: Sequence["SyntaxTreeNode"]) -> str:
        """Return the words alone, as they stand in a table."""
        written = ""
        for node in nodes:
            if node.type in ("softbreak", "hardbreak"):
                written += " "
            else:
                written += self._bare(node.children) if node.children else node.content
        return self._readable(written)

    def _target(self, link: "SyntaxTreeNode") -> str:
        href = self._raw(MARKS.sub("", str(link.attrs.get("href", ""))))
        shown = "".join(child.content for child in link.walk() if child.type == "text")
        is_other = re.match(r"https?://", href, re.IGNORECASE) and href != shown
        return escape(f" ({href})") if is_other else ""

    def _text(self, text: str) -> str:
        pieces = re.split(f"({FORMULA}\\d+{CLOSE})", text)
        return "".join(
            self._formula(int(piece[1:-1])) if index % 2 else _escaped(piece)
            for index, piece in enumerate(pieces)
        )

    def _formula(self, index: int) -> str:
        formula = self._formulas[index]
        text = formula_text(formula.tex)
        if formula.is_display:
            return f"\n{_RAIL}\n{_referenced(text).replace(_RAIL, 'ˋˋˋ')}\n{_RAIL}\n"
        return code(text)

    def _code(self, content: str) -> str:
        marks = "".join(MARKS.findall(content))
        return code(self._raw(MARKS.sub("", content))) + marks

    def _raw(self, text: str) -> str:
        """Return code as it was: what looked like a formula in it is none."""
        return re.sub(f"{FORMULA}\\d+{CLOSE}", lambda m: self._formulas[int(m[0][1:-1])].raw, text)

    def _readable(self, text: str) -> str:
        def spelled(match: re.Match[str]) -> str:
            return formula_text(self._formulas[int(match[0][1:-1])].tex)

        return re.sub(f"{FORMULA}\\d+{CLOSE}", spelled, text)

    def _finished(self, text: str) -> str:
        """Return `text` with marks and formatting as Slack wants them."""
        text = text.replace(MARK_START, "").replace(MARK_END, self._after_mark)
        for place, sign in _OPENINGS.items():
            text = re.sub(f"(?<=[^\\s]){place}", _GAP + sign, text).replace(place, sign)
        for place, sign in _CLOSINGS.items():
            text = re.sub(f"{place}(?=[^\\s])", sign + _GAP, text).replace(place, sign)
        return re.sub(r"\n{2,}", "\n", text).strip("\n")


def _escaped(text: str) -> str:
    """Return a stretch of text, its marks kept."""
    return "".join(
        piece if MARKS.fullmatch(piece) else escape(piece)
        for piece in re.split(f"({MARKS.pattern})", text)
    )


def _width(text: str) -> int:
    """Return how many columns `text` takes where all letters are equally wide."""
    return sum(1 + (unicodedata.east_asian_width(char) in "WF") for char in text)
