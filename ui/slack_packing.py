"""Mrkdwn in pieces as long as a block of Slack may be, split between sentences or lines of code."""

import re
from collections.abc import Iterable

from assistant.language import split_sentences

MAX_BLOCK_CHARS = 2900
"""Slack takes 3,000 in a section."""

_RAIL = "```"


def packed(blocks: Iterable[str], max_chars: int = MAX_BLOCK_CHARS) -> list[str]:
    """Return `blocks` joined into as few texts of at most `max_chars` as their order allows."""
    texts: list[str] = []
    for block in blocks:
        for piece in _pieces(block, max_chars):
            if texts and len(texts[-1]) + 2 + len(piece) <= max_chars:
                texts[-1] += "\n\n" + piece
            else:
                texts.append(piece)
    return texts


def shortened(text: str, max_chars: int) -> str:
    """Return mrkdwn of at most `max_chars`, an ellipsis in place of what is cut off."""
    if len(text) <= max_chars:
        return text
    cut = text[: max_chars - 1]
    return re.sub(r"&[a-z]*$", "", cut).rstrip() + "…"


def _pieces(block: str, max_chars: int) -> list[str]:
    if len(block) <= max_chars:
        return [block]
    if block.startswith(_RAIL):
        inner = block.removeprefix(_RAIL).removesuffix(_RAIL).strip("\n")
        lines = [part for line in inner.split("\n") for part in _cut(line, max_chars - 8)]
        return [f"{_RAIL}\n{each}\n{_RAIL}" for each in _joined(lines, "\n", max_chars - 8)]
    sentences, end = [], 0
    for span in split_sentences(block):
        # What stands between two sentences (a list's line end) belongs to the second.
        sentences.append(block[end : span.end])
        end = span.end
    parts = [part for sentence in sentences for part in _cut(sentence, max_chars)]
    return [piece.strip() for piece in _joined(parts, "", max_chars)]


def _joined(parts: Iterable[str], between: str, max_chars: int) -> list[str]:
    joined: list[str] = []
    for part in parts:
        if joined and len(joined[-1]) + len(between) + len(part) <= max_chars:
            joined[-1] += between + part
        else:
            joined.append(part)
    return joined


def _cut(text: str, max_chars: int) -> list[str]:
    """Return `text` in pieces that fit; no reference (`&amp;`) is cut through."""
    pieces = []
    while len(text) > max_chars:
        cut = text[:max_chars]
        end = len(re.sub(r"&[a-z]*$", "", cut)) or max_chars
        pieces.append(text[:end])
        text = text[end:]
    return [*pieces, text]
