"""Markdown of a model or a document, taken apart and written anew so that nothing in it is live.

Every character that could mean something is escaped by us, and all structure in the result is
ours: paragraphs, headings, lists, quotes, tables, code, formulas, bold and italics. Links and
images become text, HTML stays visible as text, and neither the page's directives nor its icon
names can be reached. Prices stay prices: `$…$` is a formula only when balanced, without spaces
just inside and not followed by a digit.

The parser (markdown-it-py) has its home here and in `ui/markdown_writer.py`. What is not covered:
drawing (see `ui/render.py`).
"""

import re
from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import TYPE_CHECKING

from ui.markdown_places import CJK, OWN, with_marks, with_places, without_unseen
from ui.markdown_writer import Style, Writer

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline


def rewrite(
    text: str,
    style: Style,
    *,
    marks: Sequence[tuple[int, int]] = (),
    markers: Collection[int] = (),
    write_marker: Callable[[int], str] = "[{}]".format,
) -> str:
    """Return `text` as safe Markdown.

    Args:
        text: Markdown that nobody vouches for.
        style: how it is written.
        marks: spans of `text` (start, end; end exclusive) to mark; they must not overlap.
        markers: the numbers that count as citations where `text` has them in brackets.
        write_marker: the (safe) Markdown for one of these numbers.
    """
    text = without_unseen(text)
    text = with_marks(text, marks)
    text, formulas = with_places(text, markers)
    from markdown_it.tree import SyntaxTreeNode

    tree = SyntaxTreeNode(parser().parse(text))
    return Writer(style, formulas, write_marker).blocks(tree.children)


def escape_for_page(text: str) -> str:
    """Return plain text as Markdown that the page shows as it is: for labels and captions too.

    White space is folded. What the page would still change in plain text (addresses into links,
    `:smile:` into pictures, `->` into arrows) is taken apart by spans without any style.
    """
    text = re.sub(r"\s+", " ", without_unseen(text))
    written = []
    end = 0
    for match in _CHANGED_BY_PAGE.finditer(text):
        written.append(_escape_punctuation(text[end : match.start()]))
        written.append(f":color[{_escape_punctuation(match.group())}]")
        end = match.end()
    written.append(_escape_punctuation(text[end:]))
    return "".join(written)


def escape_for_file(text: str) -> str:
    """Return plain text as Markdown that any viewer shows as it is; readable as a file, too."""
    text = re.sub(r"\s+", " ", without_unseen(text))
    text = re.sub(r"[\\`*_\[\]<>$|~]", r"\\\g<0>", text.replace("&", "&amp;"))
    text = re.sub(r"^(\s*)([-+#=:])", r"\1\\\2", text)
    return re.sub(r"^(\s*\d+)([.)])", r"\1\\\2", text)


_CHANGED_BY_PAGE = re.compile(
    r"""
    :(?=//)                                    # http://…
    | (?<=www)\.                               # www.…
    | (?<=[\w.+-])@(?=\w)                      # mail addresses
    | :(?=[\w+-]+:) | :(?=material|streamlit)  # names of pictures and icons
    | (?<![^\s])(?:<(?=->?(?:\s|$)) | [->~<](?=[=>-](?:\s|$)))  # typographic arrows and the like
    """,
    re.VERBOSE | re.IGNORECASE,
)


def _escape_punctuation(text: str) -> str:
    return re.sub(r"[!-/:-@\[-`{-~]", r"\\\g<0>", text)


@cache
def parser() -> "MarkdownIt":
    """Return the parser: CommonMark with tables, no HTML, and emphasis that works in Chinese."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("reference")
    parser.inline.ruler.at("emphasis", _emphasis)
    # Addresses are never used as such: let every one through, so that it is shown as text.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    return parser


def _emphasis(state: "StateInline", silent: bool) -> bool:
    """Take `*` and `_` as delimiters; beside Chinese, punctuation doesn't keep `**` from working.

    CommonMark leaves the stars in "**重点：**如下" (a known gap for Chinese).
    """
    from markdown_it.rules_inline.state_inline import Delimiter

    marker = state.src[state.pos]
    if silent or marker not in "*_":
        return False
    start = state.pos
    scanned = state.scanDelims(start, marker == "*")
    before = state.src[start - 1] if start > 0 else " "
    after_pos = start + scanned.length
    after = state.src[after_pos] if after_pos < state.posMax else " "
    can_open, can_close = scanned.can_open, scanned.can_close
    if marker == "*" and any(CJK.match(char) or OWN.match(char) for char in (before, after)):
        can_open, can_close = not after.isspace(), not before.isspace()
    for _ in range(scanned.length):
        state.push("text", "", 0).content = marker
        state.delimiters.append(
            Delimiter(
                marker=ord(marker),
                length=scanned.length,
                token=len(state.tokens) - 1,
                end=-1,
                open=can_open,
                close=can_close,
            )
        )
    state.pos += scanned.length
    return True
