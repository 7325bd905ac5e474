"""Plain text → blocks: paragraphs between blank lines. Plain text has no headings to go by."""

import re
from itertools import pairwise

from ingest.cleaning import clean, join_lines
from ingest.decoding import decode
from ingest.front_matter import split_front_matter
from ingest.records import Block, Extract

_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
_WIDE = re.compile("[\u2e80-\u9fff\uff00-\uffef]")
_ITEM = re.compile(
    r"\s|[-*+•·–]\s|\(?\d+[.)、]|[（(]?[一二三四五六七八九十]+[）)、.]|第.{1,4}[章节条]"
)
_SENTENCE_END = "。！？；…：.!?;:"

WRAP_COLUMNS = 55
"""A line this wide that ends in the middle of a sentence was broken by its editor."""


def parse_text(data: bytes) -> Extract:
    """Return what a text file holds; raises Unreadable."""
    front_matter, text = split_front_matter(clean(decode(data)))
    paragraphs = [_unwrap(paragraph) for paragraph in _BLANK_LINES.split(text)]
    blocks = tuple(Block(kind="text", text=text) for text in paragraphs if text.strip())
    return Extract(blocks=blocks, front_matter=front_matter)


def _unwrap(paragraph: str) -> str:
    """Return a paragraph without line ends that stand in the middle of a sentence."""
    lines = [line.rstrip() for line in paragraph.strip("\n").split("\n")]
    out = lines[:1]
    for before, line in pairwise(lines):
        is_broken = (
            _columns(before) >= WRAP_COLUMNS
            and before[-1] not in _SENTENCE_END
            and not _ITEM.match(line)
        )
        if is_broken:
            out[-1] = join_lines(out[-1] + "\n" + line)
        else:
            out.append(line)
    return "\n".join(out)


def _columns(line: str) -> int:
    """Return the width of a line in columns; a Chinese character takes two."""
    return len(line) + len(_WIDE.findall(line))
