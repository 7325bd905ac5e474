"""Answer sentence selection: which of the nearest sentences answer the question, says the model.

A small model that reads several passages at once refuses much of what they hold. Shown one
sentence at a time and asked for one word, it tells far better whether the answer is there: the
probability of "Yes" against "No" decides. The task's name: Garg, Vu and Moschitti, 2020, TANDA,
arXiv:1911.04118.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from assistant.asked_for import gives_what_is_asked
from assistant.chat_model import ChatModel, Count
from assistant.excerpts import sentence_values
from assistant.extracts import Extract
from assistant.prompts import Excerpt, sentence_messages
from assistant.records import Passage
from assistant.retrieval import Candidate

MAX_READ = 4
"""Sentences that the model reads, one at a time: a second each on two cores."""

MAX_CHARS = 600
"""Of one sentence, read: a table or code may count as one."""

LEAST_PROBABILITY = 0.02
"""Log-odds are taken of probabilities no nearer to 0 or 1."""


class AnswerableWeights(NamedTuple):
    """Of a logistic regression on `AnswerableFeatures`."""

    bias: float
    likeliest: float
    least_likely: float
    nearness: float


WEIGHTS = AnswerableWeights(bias=-1.14, likeliest=1.05, least_likely=1.2, nearness=3.56)
"""Fitted by `evals/bench/answerable.py` to development cases, with the embedded model."""


class AnswerableFeatures(NamedTuple):
    """What tells a question that the passages answer from one that they don't.

    `likeliest`: the log-odds of the likeliest sentence that gives what is asked; `least_likely`:
    those of the least likely of all that were read. Of a subject that the materials cover, even the
    last of the nearest sentences speaks; a single one may be a near miss.
    """

    likeliest: float
    least_likely: float
    nearness: float


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """A sentence, and how probably it answers the question, in [0, 1]."""

    extract: Extract
    probability: float


def answer_sentences(
    question: str,
    excerpts: Sequence[Excerpt],
    candidates: Mapping[Passage, Candidate],
    chat_model: ChatModel,
    count: Count | None = None,
) -> list[AnswerSentence]:
    """Return the sentences nearest to `question`, each with its probability, likeliest first.

    Args:
        question: with what it goes on from, in any language.
        excerpts: of the passages whose sentences are looked at.
        candidates: what the search knows of these passages.
        chat_model: is asked once for each of the `MAX_READ` nearest sentences.
        count: is told what each of these cost.

    Raises:
        ModelError: the model can't be asked.
    """
    nearest = sorted(
        (
            (value, Extract(excerpt, *span))
            for excerpt in excerpts
            for candidate in [candidates[excerpt.hit.passage]]
            for value, span in zip(sentence_values(candidate), candidate.spans, strict=True)
        ),
        key=lambda each: -each[0],
    )[:MAX_READ]
    read = [
        AnswerSentence(
            extract,
            chat_model.probability(
                sentence_messages(question, extract.excerpt.hit, extract.text[:MAX_CHARS]),
                count=count,
            ),
        )
        for _, extract in nearest
    ]
    return sorted(read, key=lambda each: -each.probability)


def answerable_features(
    question: str, read: Sequence[AnswerSentence], nearness: float
) -> AnswerableFeatures:
    """Return the features of `question`, given what the model made of at least one sentence.

    Args:
        question: as it was asked.
        read: the sentences.
        nearness: of the nearest passage.
    """
    giving = [each.probability for each in read if gives_what_is_asked(question, each.extract.text)]
    return AnswerableFeatures(
        _log_odds(max(giving, default=0.0)),
        _log_odds(min(each.probability for each in read)),
        nearness,
    )


def answerable_probability(question: str, read: Sequence[AnswerSentence], nearness: float) -> float:
    """Return how probably the passages answer `question`, in [0, 1]; 0 if no sentence was read."""
    if not read:
        return 0.0
    features = answerable_features(question, read, nearness)
    odds = WEIGHTS.bias + sum(
        weight * value for weight, value in zip(WEIGHTS[1:], features, strict=True)
    )
    return 1 / (1 + math.exp(-odds))


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, LEAST_PROBABILITY), 1 - LEAST_PROBABILITY)
    return math.log(bounded / (1 - bounded))
