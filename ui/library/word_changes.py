"""Which words of a passage changed, as a plan tells them, cut to what is worth looking at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Op = Literal["same", "removed", "added"]
OPS: tuple[Op, ...] = get_args(Op)

CONTEXT_CHARS = 60

_GAP = " … "


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that stayed, went, or came."""

    op: Op
    text: str


def shortened(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Yield `pieces`, long stretches that stayed cut to their edges."""
    for index, piece in enumerate(pieces):
        if piece.op != "same" or len(piece.text) <= 2 * CONTEXT_CHARS:
            yield piece
            continue
        start = piece.text[:CONTEXT_CHARS] if index > 0 else ""
        end = piece.text[-CONTEXT_CHARS:] if index < len(pieces) - 1 else ""
        yield Piece("same", f"{start}{_GAP}{end}")
