"""From a model's reply to checked sentences: markers read, dropped, mended and weighed. Pure.

A sentence counts as supported only after it was compared with the passage that it cites. A marker
that was never given is dropped; a sentence without one, or whose passage doesn't support it, is
matched against the other passages it could have come from.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from assistant.language import content_words, split_sentences
from assistant.prompts import NOT_IN_MATERIALS
from assistant.records import Citation, Passage, Sentence
from assistant.support import Support

_MARKER = re.compile(r"\s*[\[【［]\s*(\d{1,3}(?:\s*[,，、;]\s*\d{1,3})*)\s*[\]】］]")
_FENCE = re.compile(r"^```.*?^```[^\n]*\n?", re.MULTILINE | re.DOTALL)
_END_PUNCTUATION = re.compile(r"[。！？；….!?;:：]+[”’」』）》】\"')\]*_]*$")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one passage says to one statement: how well it supports it, and with which words.

    `start` and `end` delimit the nearest sentence in the passage's text.
    """

    support: Support
    start: int
    end: int


Weigh = Callable[[str, Passage], Evidence]
"""Statement, passage → evidence. The embedder and the checks hide behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedReply:
    """A reply taken apart: Markdown with mended markers, its sentences, and what they rest on."""

    text: str
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    dropped_markers: tuple[int, ...] = ()


@dataclass(slots=True)
class _Draft:
    """A stretch of the reply: a sentence or code block, with the white space before it."""

    before: str
    body: str
    markers: list[int] = field(default_factory=list)


def says_not_in_materials(reply: str) -> bool:
    """Whether the model refused: the fixed token at the start, or nothing else that asserts."""
    compact = re.sub(r"[\s_*`\-.。\[\]\d]+", "", reply).upper()
    return compact.startswith(NOT_IN_MATERIALS.replace("_", "")) or compact == ""


def check_reply(
    reply: str, passages: Sequence[Passage], weigh: Weigh, *, min_support: float
) -> CheckedReply:
    """Return `reply` with each sentence weighed against `passages`, numbered from 1 in order."""
    drafts, dropped = _take_apart(reply, len(passages))
    sentences: list[Sentence] = []
    evidence_of: dict[int, list[Evidence]] = {}
    text = ""
    for draft in drafts:
        sentence, found = _check(draft, passages, weigh, min_support)
        sentences.append(sentence)
        for number, evidence in found.items():
            evidence_of.setdefault(number, []).append(evidence)
        text += draft.before + _with_markers(draft.body, sentence.citations)
    citations = tuple(
        _citation(number, passages[number - 1], evidence_of[number])
        for number in sorted(evidence_of)
    )
    return CheckedReply(
        text=text.strip(),
        sentences=tuple(sentences),
        citations=citations,
        dropped_markers=tuple(dropped),
    )


def _take_apart(reply: str, n_passages: int) -> tuple[list[_Draft], list[int]]:
    """Return the stretches of `reply` with their markers, and the markers never given."""
    reply = re.sub(rf"\s*\b{NOT_IN_MATERIALS}\b[.。]?", "", reply)
    drafts: list[_Draft] = []
    dropped: list[int] = []
    last = 0
    for start, end in _stretches(reply):
        raw = reply[start:end]
        numbers = [
            int(number)
            for match in _MARKER.finditer(raw)
            for number in re.findall(r"\d+", match.group(1))
        ]
        given = [number for number in dict.fromkeys(numbers) if 1 <= number <= n_passages]
        dropped += [number for number in numbers if not 1 <= number <= n_passages]
        body = raw if raw.startswith("```") else _MARKER.sub("", raw).strip()
        if not re.sub(r"[\W_]", "", body):
            # A marker on its own belongs to the sentence before it.
            if drafts and given:
                drafts[-1].markers += [n for n in given if n not in drafts[-1].markers]
            continue
        drafts.append(_Draft(reply[last:start] if drafts else "", body, given))
        last = end
    return drafts, dropped


def _stretches(reply: str) -> list[tuple[int, int]]:
    """Return the spans of code blocks and, between them, of sentences."""
    spans: list[tuple[int, int]] = []
    last = 0
    for match in [*_FENCE.finditer(reply), None]:
        until = match.start() if match else len(reply)
        spans += [(last + s.start, last + s.end) for s in split_sentences(reply[last:until])]
        if match:
            spans.append((match.start(), match.end()))
            last = match.end()
    return spans


def _check(
    draft: _Draft, passages: Sequence[Passage], weigh: Weigh, min_support: float
) -> tuple[Sentence, dict[int, Evidence]]:
    if not is_claim(draft.body):
        return Sentence(text=draft.body, is_claim=False, supported=True, support=1.0), {}
    statement = re.sub(r"^\s*(?:[-*+•]|\d+[.)、])\s+", "", draft.body)
    cited = {number: weigh(statement, passages[number - 1]) for number in draft.markers}
    kept = {n: e for n, e in cited.items() if e.support.probability >= min_support}
    if not kept:
        others = {
            number: weigh(statement, passage)
            for number, passage in enumerate(passages, start=1)
            if number not in cited
        }
        best = max(others, key=lambda n: others[n].support.probability, default=None)
        if best is not None and others[best].support.probability >= min_support:
            kept = {best: others[best]}
        cited |= others
    if kept:
        support = max(evidence.support.probability for evidence in kept.values())
        return (
            Sentence(
                text=draft.body, citations=tuple(sorted(kept)), support=support, supported=True
            ),
            kept,
        )
    nearest = max(cited.values(), key=lambda e: e.support.probability, default=None)
    return (
        Sentence(
            text=draft.body,
            support=nearest.support.probability if nearest else 0.0,
            reason=nearest.support.reason if nearest else "",
        ),
        {},
    )


def is_claim(text: str) -> bool:
    """Whether `text` asserts something: headings, lead-ins ("For example:") and fences don't."""
    stripped = text.strip()
    if stripped.startswith("#") or re.fullmatch(r"\|?[\s:|-]+\|?", stripped):
        return False
    n_words = len(content_words(stripped))
    return n_words > 0 and not (stripped.endswith((":", "：")) and n_words <= 8)


def _with_markers(body: str, numbers: Sequence[int]) -> str:
    """Return `body` with its markers before the end punctuation; after a code block."""
    markers = "".join(f"[{number}]" for number in numbers)
    if not markers:
        return body
    if body.startswith("```"):
        return f"{body.rstrip()}\n{markers}\n"
    if body.rstrip().endswith("|"):  # a table's row: inside its last cell
        return f"{body.rstrip()[:-1].rstrip()} {markers} |"
    match = _END_PUNCTUATION.search(body)
    space = (
        "" if re.search(r"[\u3000-\u9fff）”]$", body[: match.start()] if match else body) else " "
    )
    if match is None:
        return f"{body}{space}{markers}"
    return f"{body[: match.start()]}{space}{markers}{match.group()}"


def _citation(number: int, passage: Passage, evidence: Sequence[Evidence]) -> Citation:
    spans = list(dict.fromkeys((item.start, item.end) for item in evidence))
    start, end = spans[0]
    return Citation(
        number=number,
        passage=passage,
        quote=passage.text[start:end],
        start_char=start,
        end_char=end,
        further_spans=tuple(spans[1:]),
    )
