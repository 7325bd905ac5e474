"""From a model's reply to checked sentences: markers read, dropped, mended and weighed. Pure.

A sentence counts as supported only after it was compared with the passage that it cites. A marker
that was never given is dropped; a sentence without one, or whose passage doesn't support it, is
matched against the other passages it could have come from. So is one that its passage supports
only just: the model may have set the marker of a neighbour.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from assistant.language import MARKER, content_words, split_sentences
from assistant.no_claims import says_materials_lack_it, without_lead_word
from assistant.prompts import NOT_IN_MATERIALS
from assistant.records import Citation, Passage, Sentence
from assistant.support import Support, leading_name

_SPACED_MARKER = re.compile(rf"\s*{MARKER.pattern}")
_TOKEN = re.compile(rf"\s*{NOT_IN_MATERIALS}[.。]?")
# A marker may follow the closing rail; a reply that was cut may lack it.
_CODE_BLOCK = re.compile(
    r"^[ \t]*(?P<rail>`{3,}|~{3,})[^\n]*$.*?"
    rf"(?P<close>^[ \t]*(?P=rail)[`~]*(?=(?:[ \t]*{MARKER.pattern})*[ \t]*$)|\Z)",
    re.MULTILINE | re.DOTALL,
)
_CODE_OR_FORMULA = re.compile(
    rf"(?P<block>{_CODE_BLOCK.pattern.replace('?P<numbers>', '?:')})"
    r"|(?<!`)(?P<tick>`+)(?!`)[^\n]+?(?<!`)(?P=tick)(?!`)|\$\$.+?\$\$|\\\[.+?\\\]|\\\(.+?\\\)"
    r"|(?<![\\$])\$(?=[^\s$])[^$\n]*?(?<=[^\s\\])\$(?!\d)",
    re.MULTILINE | re.DOTALL,
)
_TABLE_RULE = re.compile(r"(?=[^-]*-)(?=[^|]*\|)[\s:|-]+")
_END_PUNCTUATION = re.compile(r"[。！？；….!?;:：]+[”’」』）》】\"')\]*_]*$")


SURE_SUPPORT, CLEARLY_BETTER = 0.85, 0.1
"""Under the first, other passages are looked at too; one better by the second is cited instead."""

GOES_ON = "it goes on from a sentence that no passage supports"
"""The reason beside a sentence whose "it" stands for what no passage says."""


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
    """A stretch of the reply: a sentence or code block, with what stands before it."""

    before: str
    body: str
    markers: list[int] = field(default_factory=list)
    is_table_head: bool = False


def says_not_in_materials(reply: str) -> bool:
    """Whether the model refused: the fixed token at the start, or nothing else that asserts."""
    compact = re.sub(r"[\s_*`\-.。\\\[\]]+", "", MARKER.sub("", reply)).upper()
    return compact.startswith(NOT_IN_MATERIALS.replace("_", "")) or compact == ""


def check_reply(
    reply: str, passages: Sequence[Passage], weigh: Weigh, *, min_support: float
) -> CheckedReply:
    """Return `reply` with each sentence weighed against `passages`, numbered from 1 in order."""
    drafts, dropped, rest = _take_apart(reply, len(passages))
    sentences: list[Sentence] = []
    evidence_of: dict[int, list[Evidence]] = {}
    text = ""
    subject = ""
    for draft in drafts:
        subject = leading_name(draft.body) or subject
        sentence, found = _check(draft, subject, passages, weigh, min_support)
        if sentences and not sentences[-1].supported and _PRONOUN.match(draft.body):
            # What "it" is, no passage says; what is true of something else may not be true of it.
            sentence = replace(sentence, citations=(), supported=False, reason=GOES_ON)
            found = {}
        sentences.append(sentence)
        for number, evidence in found.items():
            evidence_of.setdefault(number, []).append(evidence)
        text += draft.before + _with_markers(draft.body, sentence.citations)
    citations = tuple(
        _citation(number, passages[number - 1], evidence_of[number])
        for number in sorted(evidence_of)
    )
    return CheckedReply(
        text=(text + rest).strip(),
        sentences=tuple(sentences),
        citations=citations,
        dropped_markers=tuple(dropped),
    )


def _take_apart(reply: str, n_passages: int) -> tuple[list[_Draft], list[int], str]:
    """Return the stretches of `reply` with their markers, the markers never given, and the rest.

    Nothing but markers and the refusal token gets lost: what is no sentence (a table's rule, a
    lonely sign) stands before the next draft, or in the rest.
    """
    while NOT_IN_MATERIALS in reply:
        reply = _TOKEN.sub("", reply)
    # Brackets and dots in code and formulas are neither markers nor ends of sentences.
    masked = _CODE_OR_FORMULA.sub(_mask, reply)
    drafts: list[_Draft] = []
    dropped: list[int] = []
    before, last = "", 0
    for start, end, is_code in _stretches(masked):
        between, last = reply[last:start], end
        if is_code:
            drafts.append(_Draft(before + between, _closed(reply[start:end])))
            before = ""
            continue
        body, numbers = _without_markers(reply[start:end], masked[start:end])
        given = [number for number in dict.fromkeys(numbers) if 1 <= number <= n_passages]
        dropped += [number for number in numbers if not 1 <= number <= n_passages]
        if re.sub(r"[\W_]", "", body):
            drafts.append(_Draft(before + between, body, given))
            before = ""
            continue
        if drafts:
            # A marker on its own belongs to the sentence before it.
            drafts[-1].markers += [n for n in given if n not in drafts[-1].markers]
            drafts[-1].is_table_head |= _TABLE_RULE.fullmatch(body) is not None
        before += between + body if body else ""
    return drafts, dropped, before + reply[last:]


def _mask(match: re.Match[str]) -> str:
    return match.group() if match["block"] else "\ue000" * len(match.group())


def _stretches(text: str) -> list[tuple[int, int, bool]]:
    """Return start and end of sentences and code blocks in order, and whether it is a block."""
    stretches: list[tuple[int, int, bool]] = []
    last = 0
    for match in [*_CODE_BLOCK.finditer(text), None]:
        until = match.start() if match else len(text)
        sentences = split_sentences(text[last:until])
        stretches += [(last + span.start, last + span.end, False) for span in sentences]
        if match:
            last = match.end()
            stretches.append((match.start(), last, True))
    return stretches


def _closed(block: str) -> str:
    """Return a code block with its closing rail, which a cut reply leaves out."""
    match = _CODE_BLOCK.match(block)
    return block if match is None or match["close"] else f"{block.rstrip()}\n{match['rail']}"


def _without_markers(stretch: str, masked: str) -> tuple[str, list[int]]:
    """Return `stretch` without its markers, and their numbers."""
    body, masked_body, last = "", "", 0
    numbers: list[int] = []
    for match in _SPACED_MARKER.finditer(masked):
        body += stretch[last : match.start()]
        masked_body += masked[last : match.start()]
        last = match.end()
        for part in re.split(r"[,，、;；]", match["numbers"]):
            bounds = [int(number) for number in re.split("[–-]", part)]
            numbers += range(min(bounds), max(bounds) + 1)
    body, masked_body = body + stretch[last:], masked_body + masked[last:]
    if last and MARKER.search(masked_body):  # one stood within another: [1[2]]
        body, others = _without_markers(body, masked_body)
        numbers += others
    return body.strip(), numbers


_PRONOUN = re.compile(
    r"^(?:It|They|This(?: (?:method|model|technique))?)\b|^(?:它们?|其|该方法|这种方法)"
)


def _check(
    draft: _Draft, subject: str, passages: Sequence[Passage], weigh: Weigh, min_support: float
) -> tuple[Sentence, dict[int, Evidence]]:
    if draft.is_table_head or not is_claim(draft.body):
        return Sentence(text=draft.body, is_claim=False, supported=True, support=1.0), {}
    statement = re.sub(r"^\s*(?:[-*+•]|\d+[.)、])\s+", "", draft.body)
    if subject:
        # "It" is what the sentence before was about; a passage on another thing is no support.
        statement = _PRONOUN.sub(lambda _: subject, statement)
    cited = {number: weigh(statement, passages[number - 1]) for number in draft.markers}
    kept = {n: e for n, e in cited.items() if e.support.probability >= min_support}
    so_far = max((evidence.support.probability for evidence in kept.values()), default=0.0)
    if so_far < SURE_SUPPORT:
        others = {
            number: weigh(statement, passage)
            for number, passage in enumerate(passages, start=1)
            if number not in cited
        }
        best = max(others, key=lambda n: others[n].support.probability, default=None)
        if best is not None and others[best].support.probability >= max(
            min_support, so_far + CLEARLY_BETTER
        ):
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
    """Whether `text` asserts something about its subject.

    Headings, questions, lead-ins ("For example:"), a bare "No." and "The materials don't say."
    don't.
    """
    stripped = without_lead_word(text.strip().strip("*_ ")).strip("*_ ")
    if says_materials_lack_it(stripped):
        return False
    n_words = len(content_words(stripped))
    # A long sentence that ends in a question mostly says something first.
    if stripped.startswith("#") or (stripped.endswith(("?", "？")) and n_words <= 12):
        return False
    return n_words > 0 and not (stripped.endswith((":", "：")) and n_words <= 8)


def _with_markers(body: str, numbers: Sequence[int]) -> str:
    """Return `body` with its markers before the end punctuation; after a code block."""
    markers = "".join(f"[{number}]" for number in numbers)
    if not markers:
        return body
    if _CODE_BLOCK.match(body):
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
