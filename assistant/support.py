"""How well a passage supports a statement: fast, deterministic checks, no model call.

A statement is compared with the passage it cites by (1) the share of its content words that the
passage and its nearest sentence hold, (2) the cosine of the statement and that sentence, and (3)
hard findings: a number, unit, count, formula, name or negation that the passage doesn't have. The
first two go through a logistic function; each finding multiplies the odds down. The weights are
near those that a balanced logistic regression gives on human-labelled sentences (RAGTruth; Niu et
al., 2024, arXiv:2401.00396), where words say more than the cosine.

What is not covered: inference over several passages.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from assistant.counts import other_counts
from assistant.formulas import missing_formulas
from assistant.language import content_words, detect_language
from assistant.no_claims import without_lead_word
from assistant.numbers_in_text import missing_numbers, without_sizes
from assistant.units import other_units

_NAME = re.compile(
    r"(?<![A-Za-z\d])(?:[A-Z][a-z]+[A-Z]\w*|[A-Z]{2,}\w*(?:-\d(?:[\w.]*\w)?)?"
    r"|[A-Za-z]+-?\d(?:[\w.]*\w)?|[a-z]+[A-Z]\w*)",
    re.ASCII,  # a Chinese character ends a name: in "BERT是一种模型" there is no space to do so
)
_NAME_IN_CHINESE = re.compile(r"[A-Z][A-Za-z]+(?:-?\d(?:[\w.]*\w)?)?", re.ASCII)
_CAPITALISED = re.compile(r"(?<=[a-z\d,;:)] )[A-Z][a-z]{2,}(?:\s[A-Z][a-z]+)*\b")
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|isn't|aren't|doesn't|don't|didn't|"
    r"won't|can't|wasn't|weren't|hasn't|haven't|shouldn't|unable|fails?|rather than)\b"
    r"|不(?!仅|但|同|断|管|少|久|过|如|妨)|没有|未(?!来)|无法|无需|并非|而非|从不|别|勿|毫无",
    re.IGNORECASE,
)

BIAS = -1.9
PASSAGE_WORDS, SENTENCE_WORDS, COSINE = 0.5, 3.6, 1.0
"""Weights of the passage's and the nearest sentence's share of words, and of the cosine."""

TYPICAL_COSINE = 0.65
MISSING_NUMBER, MISSING_NAME, OTHER_SUBJECT, OTHER_POLARITY = 0.06, 0.1, 0.1, 0.08
MISSING_FORMULA = 0.1
"""Factors on the odds for each finding: any of them alone sinks a sentence copied word for word."""


@dataclass(frozen=True, slots=True)
class Support:
    """A probability in [0, 1] that a passage supports a statement, and what speaks against it.

    `nearest` is the number of the passage's sentence that says most of the statement.
    """

    probability: float
    reason: str = ""
    nearest: int = 0


def judge(
    statement: str,
    sentences: Sequence[str],
    cosines: Sequence[float],
    *,
    context: str = "",
    question: str = "",
) -> Support:
    """Return how well a passage supports `statement`.

    Args:
        statement: one sentence of an answer, without markers.
        sentences: those of the passage, at least one.
        cosines: centred cosine of the statement and each of them, in [-1, 1].
        context: title and heading path of the passage.
        question: what was asked; its names may be repeated in the answer, and its numbers, except
            for sizes: "405B" and "1.75 万亿" are what a near miss or a false premise asks about.
    """
    statement = without_lead_word(statement)
    words = set(content_words(statement))
    if not words:
        return Support(1.0)
    passage = "\n".join([context, *sentences])
    same_language = detect_language(statement) == detect_language(passage)
    if same_language:
        shares = [len(words & set(content_words(sentence))) / len(words) for sentence in sentences]
        of_passage = len(words & set(content_words(passage))) / len(words)
    else:
        # Across languages words hardly overlap: the cosine has to say it alone.
        shares = [min(1.0, max(0.0, (cosine - 0.2) / 0.5)) for cosine in cosines]
        of_passage = max(shares)
    nearest = max(range(len(sentences)), key=lambda number: shares[number] + cosines[number])
    odds = exp(
        BIAS
        + PASSAGE_WORDS * of_passage
        + SENTENCE_WORDS * max(shares)
        + COSINE * (max(cosines) - TYPICAL_COSINE)
    )
    findings = []
    evidence = passage + "\n" + without_sizes(question)
    for number in [
        *missing_numbers(statement, evidence),
        *other_units(statement, evidence),
        *other_counts(statement, passage),
    ]:
        odds *= MISSING_NUMBER
        findings.append(f"{number} is not in the passage")
    for name in missing_names(statement, passage + "\n" + question):
        odds *= MISSING_NAME
        findings.append(f"{name} is not in the passage")
    others = other_subject(statement, sentences[nearest]) if shares[nearest] > 0.5 else []
    if same_language:
        others = others or exchanged_subject(statement, sentences)
    if others:
        odds *= OTHER_SUBJECT
        findings.append(f"the passage says it of {', '.join(others)}")
    if same_language and shares[nearest] > 0.5 and _turns_round(statement, sentences[nearest]):
        odds *= OTHER_POLARITY
        findings.append("the passage says the opposite")
    for formula in missing_formulas(statement, passage):
        odds *= MISSING_FORMULA
        findings.append(f"{formula} is not in the passage")
    return Support(odds / (1 + odds), "; ".join(findings), nearest)


def names(text: str) -> list[str]:
    """Return what looks like a proper name or an abbreviation: BERT, GPT-3, AdaLoRA, Vaswani."""
    normal = unicodedata.normalize("NFKC", text)
    found = _NAME.findall(normal)
    if detect_language(normal) == "zh":
        found += _NAME_IN_CHINESE.findall(normal)
    else:
        found += _CAPITALISED.findall(normal)
    return [
        name
        for name in dict.fromkeys(found)
        if not any(name != other and name in other for other in found)
    ]


SYMBOL = re.compile(r"[A-Za-z]\d")
"""k1, x2: written $k_1$ in a formula, and no name."""

_EVERYWHERE = frozenset("ai llm llms ml nlp".split())
"""Names that materials on this field hardly repeat: everything in them is about these."""


def distinctive_names(text: str) -> list[str]:
    """Return the names in `text` by which a passage can be told to be about something else.

    Not those known by their capital letter alone ("Chinese", "Monday"), nor symbols of formulas.
    """
    normal = unicodedata.normalize("NFKC", text)
    found = _NAME.findall(normal)
    if detect_language(normal) == "zh":
        found += _NAME_IN_CHINESE.findall(normal)
    return [
        name
        for name in dict.fromkeys(found)
        if name.lower() not in _EVERYWHERE and not SYMBOL.fullmatch(name)
    ]


def missing_names(statement: str, evidence: str) -> list[str]:
    """Return the names in `statement` that don't occur in `evidence`, case ignored."""
    return [name for name in names(statement) if not mentions(evidence, name)]


def mentions(text: str, name: str) -> bool:
    """Whether `text` names `name` as a word of its own ("AdaLoRA" doesn't mention LoRA).

    Case, hyphens, spaces and a plural ending are ignored: GPT3 is GPT-3.
    """
    parts = re.findall(r"\d+|[^\W\d_]+", unicodedata.normalize("NFKC", name).removesuffix("s"))
    pattern = r"[\s\-_.]*".join(map(re.escape, parts))
    plain = unicodedata.normalize("NFKC", text)
    return re.search(rf"(?<![A-Za-z\d]){pattern}(?:e?s)?(?![A-Za-z\d])", plain, re.I) is not None


def other_subject(statement: str, sentence: str) -> list[str]:
    """Return the names of `sentence` when it is about others than `statement`; mostly none.

    That is so when it misses a name of the statement and has one that the statement lacks.
    """
    lead, own_lead = leading_name(sentence), leading_name(statement)
    if lead and own_lead and not mentions(statement, lead):
        return [lead]  # "AdaLoRA is a form of LoRA …" says nothing of LoRA as its subject
    if not missing_names(statement, sentence):
        return []
    return missing_names(sentence, statement)


_CLAUSE_END = re.compile(
    r"[，；：。！？;:]|,\s|\.\s|\s(?:and|but|while|whereas|although|though)\s|(?<=[^\d])、"
)
_BRACKETS = re.compile(r"（[^）]*）|\([^)]*\)")
_SYMBOL = re.compile(r"\$\s*([A-Za-z](?:_\w|_\{\w+\})?)\s*\$")
"""A formula that is a single letter names a thing, as a name does: $A$, $d_k$."""


def exchanged_subject(statement: str, sentences: Sequence[str]) -> list[str]:
    """Return the names of whom a passage says what a clause of `statement` says of another.

    Each clause with a name is held against the passage's clause that shares most of its other
    words; a clause without a name goes on about the one before it. What stands in brackets (mostly
    a source) is nobody's subject. Without a clause that shares most words nothing can be told.
    """
    known = [clause for sentence in sentences for clause in _clauses(sentence)]
    for named, words in _clauses(statement):
        if not named or len(words) < 2:
            continue
        shared = [len(words & others) / len(words) for _, others in known]
        best = max(shared, default=0.0)
        if best < 0.6:
            continue
        subjects = [names for (names, _), share in zip(known, shared, strict=True) if share == best]
        if all(subjects) and not any(named & names for names in subjects):
            return sorted(subjects[0])
    return []


def _clauses(text: str) -> list[tuple[frozenset[str], frozenset[str]]]:
    """Return the names of each clause of `text`, those before it if it has none, and its words."""
    found: list[tuple[frozenset[str], frozenset[str]]] = []
    so_far: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()
    for clause in _CLAUSE_END.split(_BRACKETS.sub(" ", text)):
        # Names are told by how they stand in a sentence: the first word is one only if it looks so.
        named = frozenset(name.lower() for name in [*names(clause), *_SYMBOL.findall(clause)])
        words = frozenset(content_words(_SYMBOL.sub(" ", clause)))
        words -= {word for name in named for word in content_words(name)}
        named |= listed  # "BERT and GPT were …" is about both
        so_far |= named
        listed = frozenset() if words else named
        if words:
            found.append((named or so_far, words))
    return found


def leading_name(sentence: str) -> str | None:
    """Return the name that `sentence` begins with, which mostly is its subject."""
    start = re.sub(r"^[\W_]+", "", sentence)
    return next((name for name in names(sentence) if start.startswith(name)), None)


def is_negated(text: str) -> bool:
    """Whether `text` holds an odd number of negations."""
    return _n_negations(text) % 2 == 1


def _n_negations(text: str) -> int:
    """Return how many there are; the "No," that answers a question is none."""
    return len(_NEGATION.findall(without_lead_word(text).replace("’", "'")))


_OPPOSITES = tuple(
    (re.compile(one, re.IGNORECASE), re.compile(other, re.IGNORECASE))
    for one, other in [
        (r"\bmore\b", r"\b(?:less|fewer)\b"),
        (r"\b(?:higher|larger|bigger|greater)\b", r"\b(?:lower|smaller)\b"),
        (r"\b(?:increas|rais|grow|ris)\w*", r"\b(?:decreas|reduc|lower|shrink|fall)\w*"),
        (r"\b(?:faster|quicker)\b", r"\bslower\b"),
        (r"\bbetter\b", r"\bworse\b"),
        (r"\b(?:maximum|most|highest|largest|best)\b",
         r"\b(?:minimum|least|fewest|lowest|smallest|worst)\b"),
        (r"\bbefore\b", r"\bafter\b"),
        (r"\balways\b", r"\b(?:never|sometimes|rarely)\b"),
        (r"\btrue\b", r"\bfalse\b"),
        (r"更多|较多", r"更少|较少"),
        (r"更高|较高|提高|升高|上升", r"更低|较低|降低|下降"),
        (r"更大|较大|增大", r"更小|较小|减小"),
        (r"增加", r"减少"),
        (r"更快|加快", r"更慢|减慢"),
        (r"更好", r"更差"),
        (r"最大|最多|最高|最好", r"最小|最少|最低|最差"),
        (r"之前|以前", r"之后|以后"),
        (r"(?:很|较|更|越)大", r"(?:很|较|更|越)小"),
        (r"(?:很|较|更|越)长", r"(?:很|较|更|越)短"),
        (r"(?:很|较|更|越)多", r"(?:很|较|更|越)少"),
        (r"(?:很|较|更|越)[高快]", r"(?:很|较|更|越)[低慢]"),
        (r"好于|优于|强于|胜过", r"不如|差于|弱于|不及"),
        (r"高于|大于|多于|超过", r"低于|小于|少于|不到"),
        (r"总是|总会", r"从不|有时"),
    ]
)  # fmt: skip


def says_the_opposite(statement: str, sentence: str) -> bool:
    """Whether one has a word where the other has its opposite: more for less, 更高 for 更低."""
    for pair in _OPPOSITES:
        for mine, theirs in (pair, pair[::-1]):
            if (
                mine.search(statement)
                and theirs.search(sentence)
                and not theirs.search(statement)
                and not mine.search(sentence)
            ):
                return True
    return False


def _turns_round(statement: str, sentence: str) -> bool:
    """Whether one of two sentences that say the same turns the other into its opposite.

    A statement may leave a negated clause of a longer sentence out.
    """
    if says_the_opposite(statement, sentence):
        return True
    if is_negated(statement) == is_negated(sentence):
        # Negated twice is not negated, unless each time another thing is: "it is not A and not B".
        negations, others = _n_negations(statement), _n_negations(sentence)
        return negations >= 2 and others == 0 and len(_clauses(statement)) > 1
    if is_negated(statement):
        return True
    words, known = set(content_words(sentence)), set(content_words(statement))
    return len(words & known) > 0.7 * len(words)
