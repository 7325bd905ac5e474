"""What is embedded of passages: each with its headings, and each of its sentences."""

import re
from collections.abc import Sequence

from assistant.language import fenced_blocks, split_sentences
from assistant.passage_store import Spans
from assistant.records import Passage

MIN_SENTENCE_CHARS = {"zh": 10, "en": 25}
"""Shorter sentences are embedded together with the next: alone they mean too little."""

MAX_SENTENCES = 40
"""Of one passage: a long table has more lines than are worth a vector each."""

SENTENCES_VERSION = "2"
"""Raised when other sentences or texts are embedded for the same passages."""

_LABEL = re.compile(
    r"(?:[\W\d_]|(?<![a-z])(?:[a-z]{1,2}|chapter|doc|document|file|note|page|para|paragraph|part|"
    r"passage|section|text|txt|untitled)(?![a-z])|文档|文件|段落|章节|第|章|节|页|未命名|新建)*",
    re.IGNORECASE,
)
"""What numbers a text and says nothing of what it is about: "para-017", "第3章"."""


def embedded_text(passage: Passage) -> str:
    """Return what is embedded of a passage: title and heading path, then its text.

    A title that is a mere label, as of a file named 017.txt, would only blur the vector.
    """
    path = [passage.title, *(part for part in passage.heading if part != passage.title)]
    return " > ".join(part for part in path if not _LABEL.fullmatch(part)) + "\n" + passage.text


def sentence_spans(passage: Passage) -> Spans:
    """Return the spans of the sentences of a passage that get a vector, in order, at least one.

    A block of code or a diagram counts as one: its lines mean nothing alone.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for block in fenced_blocks(passage.text):
        spans += [*_prose_spans(passage, start, block.start), (block.start, block.end)]
        start = block.end
    spans += _prose_spans(passage, start, len(passage.text))
    if not spans or len(spans) > MAX_SENTENCES:
        return ((0, len(passage.text)),)
    return tuple(spans)


def _prose_spans(passage: Passage, begin: int, end: int) -> list[tuple[int, int]]:
    """Return the sentences between `begin` and `end`; a short last one joins the one before."""
    text = passage.text[begin:end]
    spans: list[tuple[int, int]] = []
    start: int | None = None
    for sentence in split_sentences(text):
        start = sentence.start if start is None else start
        if sentence.end - start >= MIN_SENTENCE_CHARS[passage.language]:
            spans.append((start, sentence.end))
            start = None
    if start is not None:
        rest = (spans.pop()[0] if spans else start, len(text.rstrip()))
        spans.append(rest)
    return [(begin + start, begin + stop) for start, stop in spans]


def texts_to_embed(passages: Sequence[Passage]) -> list[str]:
    """Return every text of `passages` that a generation has a vector of."""
    return [
        *(embedded_text(passage) for passage in passages),
        *(
            passage.text[start:end]
            for passage in passages
            for start, end in sentence_spans(passage)
        ),
    ]
