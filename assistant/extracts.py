"""Sentences of the materials, word for word, where no written answer stands: what is shown of them.

Without a choice by the model (`assistant/answer_sentences.py`), each excerpted passage gives the
sentence nearest to the question.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assistant.excerpts import sentence_values
from assistant.prompts import Excerpt, without_brackets
from assistant.records import Citation, Passage, Sentence
from assistant.retrieval import Candidate

MOST = 3
"""Extracts of one answer."""

SHARE = 0.7
"""Of the nearest passage's nearness, what another needs to be shown beside it."""


@dataclass(frozen=True, slots=True)
class Extract:
    """The characters `start` to `end` of the passage of an excerpt, end exclusive."""

    excerpt: Excerpt
    start: int
    end: int

    @property
    def text(self) -> str:
        """What is quoted, as it stands in the passage."""
        return self.excerpt.hit.passage.text[self.start : self.end]

    @property
    def line(self) -> str:
        """The quote as an item of a list, with its marker."""
        return f"- {without_brackets(_one_line(self.text))} [{self.excerpt.number}]"

    @property
    def sentence(self) -> Sentence:
        """The quote as a sentence of an answer: it supports itself."""
        number = self.excerpt.number
        return Sentence(text=self.text, citations=(number,), support=1.0, supported=True)

    @property
    def citation(self) -> Citation:
        """Where the quote stands."""
        return Citation(
            number=self.excerpt.number,
            passage=self.excerpt.hit.passage,
            quote=self.text,
            start_char=self.start,
            end_char=self.end,
        )


def nearest_extracts(
    excerpts: Sequence[Excerpt], candidates: Mapping[Passage, Candidate]
) -> list[Extract]:
    """Return the nearest sentence of each of the nearest passages, in the order of `excerpts`."""
    least = SHARE * max(excerpt.hit.nearness for excerpt in excerpts)
    return [
        Extract(excerpt, *_best_prose(candidates[excerpt.hit.passage]))
        for excerpt in [each for each in excerpts if each.hit.nearness >= least][:MOST]
    ]


def one_of_each(extracts: Iterable[Extract]) -> list[Extract]:
    """Return the first of each passage, which its citation quotes; no more than are shown."""
    first: dict[int, Extract] = {}
    for extract in extracts:
        first.setdefault(extract.excerpt.number, extract)
    return list(first.values())[:MOST]


def _best_prose(candidate: Candidate) -> tuple[int, int]:
    """Return the span of the sentence nearest to the question; code only if there is nothing else.

    A passage's best sentence as such may be a diagram, which is no answer to read.
    """
    text = candidate.hit.passage.text
    values = sentence_values(candidate)
    best = max(
        range(len(candidate.spans)),
        key=lambda n: (
            not text.startswith(("```", "~~~"), candidate.spans[n][0]),
            values[n],
        ),
    )
    return candidate.spans[best]


def _one_line(text: str) -> str:
    """Return `text` as one item of a list: no line breaks, no list marker of its own."""
    return re.sub(r"\s*\n\s*", " ", re.sub(r"^(?:[-*+•]|\d+[.)、])\s+", "", text.strip()))
