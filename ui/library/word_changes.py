"""Which words of a passage changed: Chinese by character, other scripts by word."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Side = Literal["same", "gone", "new"]

MAX_TOKENS = 4000
"""Of both texts together; longer ones are shown as gone and new, whole."""
CONTEXT_CHARS = 60

_TOKEN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|\w+|\s+|[^\w\s]")
_GAP = " … "


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that stayed, went, or came."""

    side: Side
    text: str


def word_changes(before: str | None, after: str | None) -> tuple[Piece, ...]:
    """Return the pieces that lead from `before` to `after`, what stayed cut to its edges."""
    if before is None or after is None:
        only = Piece(
            "new" if before is None else "gone", (after if before is None else before) or ""
        )
        return (only,) if only.text else ()
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    if len(old) + len(new) > MAX_TOKENS:
        return (Piece("gone", before), Piece("new", after))
    return tuple(_cut(list(_pieces(old, new))))


def _pieces(old: list[str], new: list[str]) -> Iterator[Piece]:
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Piece("same", "".join(old[i1:i2]))
            continue
        if i2 > i1:
            yield Piece("gone", "".join(old[i1:i2]))
        if j2 > j1:
            yield Piece("new", "".join(new[j1:j2]))


def _cut(pieces: list[Piece]) -> Iterator[Piece]:
    for index, piece in enumerate(pieces):
        if piece.side != "same" or len(piece.text) <= 2 * CONTEXT_CHARS:
            yield piece
            continue
        start = piece.text[:CONTEXT_CHARS] if index > 0 else ""
        end = piece.text[-CONTEXT_CHARS:] if index < len(pieces) - 1 else ""
        yield Piece("same", f"{start}{_GAP}{end}")
