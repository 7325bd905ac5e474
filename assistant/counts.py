"""Things that are counted in text, Chinese and English; which of them another number is given for.

"Two objectives" is not what a passage says of three. A count is a small number before a noun; the
same noun with the same words before it must have the same number somewhere in the evidence, if it
is counted there at all.

What is not covered: sums ("six and six are twelve layers" is fine, but isn't checked), one, and
counts in the other language.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from assistant.language import STOP_WORDS, content_words, has_chinese, tagged_words
from assistant.numbers_in_text import in_figures, plain_figures

LARGEST = 12
"""Beyond, numbers are written in figures, and any other one is missing from the passage."""

# Not "the first two layers" of more, nor "module 2 covers" and "Llama 2 models": these are names.
_ENGLISH = re.compile(
    r"(?<![\w.,$-])(?<!\b(?:last|next) )(?<!\b(?:first|other) )(?<!another )(?<!least )(?<!most )"
    r"(?<![A-Za-z]{2}\d )(?<!than )(?P<n>\d{1,2})[ -](?P<words>(?:[a-z][a-z-]+ ){0,2}[a-z-]+s)\b"
)
_NUMBERED = re.compile(
    r"\b(?:(?i:chapters?|examples?|figures?|layers?|levels?|lines?|modules?|pages?|parts?|passages?|"
    r"phases?|sections?|stages?|steps?|tables?|top|versions?)|[A-Z][A-Za-z]+) $"
)
_UNCOUNTED = re.compile(r"(?:ss|us|is)$|^times$")
"""No plurals; and "four times as many", which mostly was worked out."""

_GENERIC = frozenset(content_words("different distinct main separate various 不同 主要 独立"))

_CHINESE = re.compile(
    r"(?<![第前后另中余每几数约\d.])(?<!\d )(?P<n>\d{1,2}) ?"
    r"(?P<classifier>[个种项类条块张名篇组层步轮])(?P<words>[\u4e00-\u9fff]{0,10})"
)
_COUNTED_ALONE = "层步轮"
"""Classifiers that say what is counted without a noun."""


class _Count(NamedTuple):
    text: str
    n: int
    noun: str
    before: frozenset[str]


def other_counts(statement: str, evidence: str) -> list[str]:
    """Return the counts of `statement` for whose noun `evidence` has other numbers alone."""
    known = list(_counts(evidence))
    missing = []
    for count in _counts(statement):
        same = [other for other in known if other.noun == count.noun]
        if any(other.before == count.before for other in same) and not any(
            other.n == count.n for other in same
        ):
            missing.append(count.text)
    return missing


def _counts(text: str) -> Iterator[_Count]:
    plain = in_figures(plain_figures(text))
    for match in _ENGLISH.finditer(plain):
        words = match["words"].split()
        head = next((place for place, word in enumerate(words) if word.endswith("s")), 0)
        phrase = words[: head + 1]
        if (
            _NUMBERED.search(plain, 0, match.start())
            or _UNCOUNTED.search(phrase[-1])
            or any(word in STOP_WORDS for word in phrase)
        ):
            continue
        yield from _count(" ".join([match["n"], *phrase]), match["n"], phrase)
    if not has_chinese(plain):
        return
    for match in _CHINESE.finditer(plain):
        phrase = _noun_phrase(match["words"])
        shown = f"{match['n']} {match['classifier']}{''.join(phrase)}"
        if not phrase and match["classifier"] in _COUNTED_ALONE:
            phrase = [match["classifier"]]
        if phrase:
            yield from _count(shown, match["n"], phrase)


def _count(shown: str, figures: str, phrase: list[str]) -> Iterator[_Count]:
    if 2 <= int(figures) <= LARGEST:
        *before, noun = phrase
        words = frozenset(content_words(" ".join(before))) - _GENERIC
        yield _Count(shown, int(figures), " ".join(content_words(noun)), words)


def _noun_phrase(text: str) -> list[str]:
    """Return the words of the first nouns of Chinese `text`, with what stands before them."""
    words: list[str] = []
    has_noun = False
    for word, tag in tagged_words(text):
        is_noun = tag.startswith("n")
        if not is_noun and (has_noun or tag[0] not in "abv"):
            break
        has_noun |= is_noun
        words.append(word)
    return words if has_noun else []
