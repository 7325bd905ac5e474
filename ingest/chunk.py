"""A document → passages: as few as fit the limit, of about equal length, cut where it hurts least.

A passage never crosses a heading or a page. It is a stretch of the document's text, so no text is
repeated and none is lost. The text of a section is taken apart into pieces (sentences; tables,
code and formulas whole if they fit), and the cuts between pieces are chosen together, as a
typesetter breaks a paragraph into lines: the sum over the passages of (unused room)² plus a price
for each cut is the least. With the limit L and passages of x tokens, (1 - x/L)² makes few passages
cheaper than many, and 60/40 cheaper than 95/5.

Source of the method: D. E. Knuth, M. F. Plass, Breaking paragraphs into lines, 1981,
doi:10.1002/spe.4380111102.
"""

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.language import split_sentences
from assistant.records import Passage, PassageKind
from ingest.records import Document, Element
from ingest.source_names import twin_name

CHUNK_VERSION = "1"
"""Raised whenever the same document gives other passages."""

# Prices of a cut, in units of (unused room)², where 1 is an empty passage.
BETWEEN_BLOCKS = 0.0
BETWEEN_ITEMS = 0.05
BETWEEN_SENTENCES = 0.15
BETWEEN_LINES = 0.3
AFTER_A_LEAD_IN = 0.3
INSIDE_A_SENTENCE = 1.0
BEFORE_A_FORMULA = 1.0
ALWAYS = -1000.0

_PREFIX_ROOM = 3
"""Tokens for what joins title, headings and text."""
_MIN_SHARE = 0.5
"""Of the limit is left to the text, however long its headings are."""

_SURE_SHARE = 0.95
"""Of the room: pieces that take less together, with one token for each joint, surely fit."""
_MAX_TOKEN_CHARS = 40
"""No word piece of an embedder is longer."""

_CLAUSE_END = re.compile(r"[，、：；,;:）)](?=.)|\s+")
_SPACE = re.compile(r"\s")

CountTokens = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is not cut any further: a stretch of the document; `price` is that of a cut before."""

    start: int
    end: int
    n_tokens: int
    price: float


def chunk(document: Document, *, max_tokens: int, count_tokens: CountTokens) -> list[Passage]:
    """Return the passages of a document in reading order.

    Args:
        document: as parsed.
        max_tokens: of a passage with the title and headings that are embedded before it. At
            least half of them are for the text.
        count_tokens: tokens of a text as the embedder counts them, markers of its own included.
    """
    passages: list[Passage] = []
    n_seen: Counter[str] = Counter()
    twin = twin_name(document.source)
    for elements in _sections(document.elements):
        first = elements[0]
        overhead = count_tokens(_prefix(document.title, first.heading)) + _PREFIX_ROOM
        n_own = count_tokens("")
        room = max(max_tokens - overhead, int(max_tokens * _MIN_SHARE) - n_own, 1)

        def count(text: str, n_own: int = n_own) -> int:
            return max(count_tokens(text) - n_own, 1)

        starts = [element.start_char for element in elements]
        for start, end in _cut(document.text, elements, room, count):
            text = document.text[start:end]
            key = "\x1f".join((document.source, *first.heading, text))
            n_seen[key] += 1
            passages.append(
                Passage(
                    passage_id=_passage_id(key, n_seen[key]),
                    source=document.source,
                    title=document.title,
                    heading=first.heading,
                    text=text,
                    language=document.language,
                    kind=_kind(elements, starts, start, end),
                    page=first.page,
                    start_char=start,
                    end_char=end,
                    position=len(passages),
                    section=first.section,
                    twin=twin,
                    audience=document.audience,
                )
            )
    return passages


def _sections(elements: Sequence[Element]) -> Iterator[list[Element]]:
    """Yield runs of elements that stand under one heading and on one page."""
    run: list[Element] = []
    for element in elements:
        is_new = run and (element.heading, element.page) != (run[0].heading, run[0].page)
        if run and (element.kind == "heading" or is_new):
            yield run
            run = []
        if element.kind != "heading":
            run.append(element)
    if run:
        yield run


def _prefix(title: str, heading: Sequence[str]) -> str:
    """Return what is embedded before a passage's text, as `embedded_text` in the index has it."""
    return " > ".join([title, *(part for part in heading if part != title)])


def _passage_id(key: str, number: int) -> str:
    """Return an id that stays the same as long as source, headings and text do."""
    whole = key if number == 1 else f"{key}\x1f{number}"
    return hashlib.sha256(whole.encode("utf-8")).hexdigest()[:16]


def _kind(elements: Sequence[Element], starts: Sequence[int], start: int, end: int) -> PassageKind:
    """Return the kind of the only element in the span, "text" for several."""
    first, after = bisect_right(starts, start) - 1, bisect_left(starts, end)
    kind = elements[first].kind
    return kind if after - first == 1 and kind != "heading" else "text"


def _cut(
    text: str, elements: Sequence[Element], room: int, count: CountTokens
) -> Iterator[tuple[int, int]]:
    """Yield the spans of the passages of one section."""
    pieces: list[_Piece] = []
    is_broken = False
    for index, element in enumerate(elements):
        of_element = list(_pieces(text, elements, index, room, count))
        if is_broken:
            of_element[0] = replace(of_element[0], price=ALWAYS)
        pieces += of_element
        # What follows a broken table or listing would be shown as its last line.
        is_broken = element.kind != "text" and len(of_element) > 1
    for spans in _groups(pieces, room):
        yield from _checked(text, spans, room, count)


def _checked(
    text: str, pieces: Sequence[_Piece], room: int, count: CountTokens
) -> Iterator[tuple[int, int]]:
    """Yield the span of the pieces, or several: together they may count more than one by one."""
    start, end = pieces[0].start, pieces[-1].end
    n_tokens = sum(piece.n_tokens for piece in pieces) + len(pieces)
    if len(pieces) == 1 or n_tokens <= _SURE_SHARE * room or count(text[start:end]) <= room:
        yield start, end
        return
    for half in (pieces[: len(pieces) // 2], pieces[len(pieces) // 2 :]):
        yield from _checked(text, half, room, count)


def _groups(pieces: Sequence[_Piece], room: int) -> list[Sequence[_Piece]]:
    """Return the pieces in groups of least total price, each within `room` if it can be."""
    best: list[tuple[float, int]] = [(0.0, 0)]  # of the first n pieces: price, start of the last
    for end in range(1, len(pieces) + 1):
        cheapest = (float("inf"), end - 1)
        n_tokens = 0
        for start in range(end - 1, -1, -1):
            n_tokens += pieces[start].n_tokens
            if n_tokens > room and start < end - 1:
                break
            unused = max(1 - n_tokens / room, 0.0)
            price = best[start][0] + unused**2 + (pieces[start].price if start else 0.0)
            if price < cheapest[0]:
                cheapest = (price, start)
        best.append(cheapest)
    groups: list[Sequence[_Piece]] = []
    end = len(pieces)
    while end:
        start = best[end][1]
        groups.append(pieces[start:end])
        end = start
    return groups[::-1]


# ---- Pieces


def _pieces(
    text: str, elements: Sequence[Element], index: int, room: int, count: CountTokens
) -> Iterator[_Piece]:
    """Yield the pieces of one element; the first carries the price of a cut before the element."""
    element = elements[index]
    price = BETWEEN_BLOCKS
    if index:
        before = elements[index - 1]
        if element.kind == "formula":
            price = BEFORE_A_FORMULA
        elif before.text.endswith((":", "：")):
            price = AFTER_A_LEAD_IN
    if element.kind != "text" and not _is_surely_over(element.text, room):
        n_tokens = count(element.text)
        if n_tokens <= room:
            yield _Piece(element.start_char, element.end_char, n_tokens, price)
            return
    spans = _sentences(element) if element.kind == "text" else _lines(element)
    for start, end, inner_price in spans:
        for part_start, part_end, n_tokens in _within_room(text, start, end, room, count):
            yield _Piece(part_start, part_end, n_tokens, price)
            price = INSIDE_A_SENTENCE
        price = inner_price


def _sentences(element: Element) -> Iterator[tuple[int, int, float]]:
    """Yield the spans of sentences, each with the price of a cut after it."""
    sentences = split_sentences(element.text)
    for sentence, following in zip(sentences, [*sentences[1:], None], strict=True):
        price = BETWEEN_SENTENCES
        if following is not None and "\n" in element.text[sentence.end : following.start]:
            price = BETWEEN_ITEMS
        if sentence.text.endswith((":", "：")):
            price = AFTER_A_LEAD_IN
        start, end = sentence.start, sentence.end
        yield element.start_char + start, element.start_char + end, price


def _lines(element: Element) -> Iterator[tuple[int, int, float]]:
    """Yield the spans of lines, each with the price of a cut after it.

    In code a cut is cheap before a blank line and before a line that is not indented. The opening
    fence goes with the first line, the closing one with none: further parts are bare code.
    """
    lines = [match for match in re.finditer(r"[^\n]+", element.text) if match.group().strip()]
    start = lines[0].start()
    if element.kind == "code":
        lines = lines[1:-1]
    for line, following in zip(lines, [*lines[1:], None], strict=True):
        price = BETWEEN_LINES
        if following is not None:
            if following.start() > line.end() + 1:
                price = BETWEEN_ITEMS
            elif element.kind == "code" and following.group()[0].isspace():
                price = 2 * BETWEEN_LINES
        yield element.start_char + start, element.start_char + line.end(), price
        start = following.start() if following is not None else line.end()


def _within_room(
    text: str, start: int, end: int, room: int, count: CountTokens
) -> Iterator[tuple[int, int, int]]:
    """Yield the span and its tokens, cut into parts that fit: at clause marks, else at spaces."""
    if not _is_surely_over(text[start:end], room):
        n_tokens = count(text[start:end])
        if n_tokens <= room or end - start <= 1:
            yield start, end, n_tokens
            return
    middle = _middle(text, start, end)
    for part_start, part_end in ((start, middle), (middle, end)):
        stripped = text[part_start:part_end].strip()
        if stripped:
            first = text.index(stripped, part_start)
            yield from _within_room(text, first, first + len(stripped), room, count)


def _is_surely_over(text: str, room: int) -> bool:
    """Whether a text is so long that counting its tokens would be a waste of time."""
    return len(text) > _MAX_TOKEN_CHARS * room


def _middle(text: str, start: int, end: int) -> int:
    """Return the best place for a cut in the middle third of a span."""
    third = max((end - start) // 3, 1)
    centre = (start + end) // 2
    for pattern in (_CLAUSE_END, _SPACE):
        found = [
            match.end()
            for match in pattern.finditer(text, start + third, max(end - third, start + third))
            if start < match.end() < end
        ]
        if found:
            return min(found, key=lambda place: abs(place - centre))
    return centre
