"""Answer sentence selection: which of the nearest sentences answer the question, says the model.

A small model that reads several passages at once refuses much of what they hold. Shown one
sentence at a time and asked for one word, it tells far better whether the answer is there: the
probability of "Yes" against "No" decides. The task's name: Garg, Vu and Moschitti, 2020, TANDA,
arXiv:1911.04118.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.chat_model import ChatModel
from assistant.excerpts import sentence_values
from assistant.extracts import Extract
from assistant.prompts import Excerpt, sentence_messages
from assistant.records import Passage
from assistant.retrieval import Candidate

MAX_READ = 4
"""Sentences that the model reads, one at a time: a second each on two cores."""

MAX_CHARS = 600
"""Of one sentence, read: a table or code may count as one."""


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
) -> list[AnswerSentence]:
    """Return the sentences nearest to `question`, each with its probability, likeliest first.

    Args:
        question: with what it goes on from, in any language.
        excerpts: of the passages whose sentences are looked at.
        candidates: what the search knows of these passages.
        chat_model: is asked once for each of the `MAX_READ` nearest sentences.

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
                sentence_messages(question, extract.excerpt.hit, extract.text[:MAX_CHARS])
            ),
        )
        for _, extract in nearest
    ]
    return sorted(read, key=lambda each: -each.probability)
