"""From a question to ranked passages: dense, sentences and words; folded; filtered first.

The score of a passage is the mean of its cosine and its best sentence's (`SENTENCE_SHARE`),
centred by language, plus BM25 as a share of what a perfect match would get. Adding words by score
and not by rank keeps them harmless across languages, where they match nothing (`facts`, measured
in `evals/bench/retrieval.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from assistant.glossary import Glossary
from assistant.index import Index, LiveIndex, Scores
from assistant.language import content_words, detect_language
from assistant.records import EVERYONE, Hit, Language, Passage

if TYPE_CHECKING:
    pass

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

SENTENCE_SHARE = 0.6
"""Weight of the best sentence beside the whole passage; .5 to .7 score alike on our set."""

TWIN_COSINE = 0.5
"""Passages of the same section in two languages are twins from this centred cosine on."""

OWN_LANGUAGE_BONUS = 0.03
"""Added where passage and question share a language: of two equal passages, the readable one."""


class QuestionEmbedder(Protocol):
    """What retrieval needs of an embedder; see `assistant/embedding.py`."""

    def embed_question(self, text: str) -> FloatArray:
        """Return the question's vector, shape (dim,), unit norm."""
        ...


class Reranker(Protocol):
    """A cross-encoder: reads question and passage together."""

    def scores(self, question: str, texts: Sequence[str]) -> FloatArray:
        """Return a relevance in [0, 1] for each text, shape (n,)."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """Hits, best first, and the generation that they come from."""

    hits: tuple[Hit, ...]
    generation: str


class Retriever:
    """Searches the live generation on behalf of an asker."""

    def __init__(
        self,
        *,
        live_index: LiveIndex,
        embedder: QuestionEmbedder,
        glossary: Glossary,
        n_candidates: int = 256,
        word_weight: float = 0.15,
        fold_twins: bool = True,
        reranker: Reranker | None = None,
    ) -> None:
        self._live_index = live_index
        self._embedder = embedder
        self._glossary = glossary
        self._n_candidates = n_candidates
        self._word_weight = word_weight
        self._fold_twins = fold_twins
        self._reranker = reranker

    @property
    def live_index(self) -> LiveIndex:
        """The index that is searched."""
        return self._live_index

    def search(
        self,
        question: str,
        *,
        top_k: int,
        audiences: frozenset[str] = EVERYONE,
        language: Language | None = None,
    ) -> Found:
        """Return the `top_k` passages that answer `question` best, best first.

        Args:
            question: in Chinese or English; at least one character.
            top_k: >= 1; fewer come back when fewer are there or allowed.
            audiences: those of the asker; others' passages take no part in the ranking.
            language: preferred among twins and ties; the question's by default.

        Raises:
            ValueError: the question is blank, or `top_k` is under 1.
            IndexUnusable: nothing was ingested yet, or the index is damaged.
        """
        if not question.strip() or top_k < 1:
            raise ValueError("A search needs a question and a top_k of at least 1.")
        index = self._live_index.get()
        language = language or detect_language(question)
        vector = index.centres.centre(
            self._embedder.embed_question(question), "question", detect_language(question)
        )
        scores = index.score(
            vector,
            content_words(question),
            also=content_words(" ".join(self._glossary.other_names(question))),
            n_candidates=self._n_candidates,
            audiences=audiences,
        )
        combined = self._combine(index, scores, language)
        order = np.argsort(-combined, kind="stable")
        if self._reranker is not None:
            order, combined = self._rerank(index, question, scores.rows, order, combined)
        kept = self._fold(index, scores.rows, order, language, top_k) if self._fold_twins else order
        return Found(_hits(index, scores, combined, kept[:top_k]), index.name)

    def _combine(self, index: Index, scores: Scores, language: Language) -> FloatArray:
        dense = (1 - SENTENCE_SHARE) * scores.dense + SENTENCE_SHARE * scores.sentence
        own_language = index.language_of(scores.rows) == (language == "zh")
        combined = (1 - self._word_weight) * dense + self._word_weight * scores.words
        return np.asarray(combined + OWN_LANGUAGE_BONUS * own_language, dtype=np.float32)

    def _rerank(
        self,
        index: Index,
        question: str,
        rows: IntArray,
        order: IntArray,
        combined: FloatArray,
        depth: int = 30,
    ) -> tuple[IntArray, FloatArray]:
        """Put the first `depth` in the order of the cross-encoder; the rest stay below them."""
        if self._reranker is None:
            return order, combined
        first = order[:depth]
        texts = [passage.text for passage, _ in index.passages.get(rows[first])]
        relevance = self._reranker.scores(question, texts)
        best = np.argsort(-relevance, kind="stable")
        return np.concatenate([first[best], order[depth:]]), combined

    def _fold(
        self,
        index: Index,
        rows: IntArray,
        order: IntArray,
        language: Language,
        top_k: int,
    ) -> IntArray:
        """Leave out passages that say the same as a better one in the other language.

        The twin in the preferred language takes the place of the pair.
        """
        depth = order[: 3 * top_k + 5]
        passages = [passage for passage, _ in index.passages.get(rows[depth])]
        vectors = index.passage_vectors(rows[depth])
        kept: list[int] = []
        for number, passage in enumerate(passages):
            twin = next(
                (
                    slot
                    for slot, other in enumerate(kept)
                    if _are_twins(passages[other], passage)
                    and float(vectors[other] @ vectors[number]) >= TWIN_COSINE
                ),
                None,
            )
            if twin is None:
                kept.append(number)
            elif passages[kept[twin]].language != language == passage.language:
                kept[twin] = number
        return depth[kept]


def _are_twins(one: Passage, other: Passage) -> bool:
    """Whether these are the same section of one document in two languages, or word for word."""
    if one.text == other.text:
        return one.passage_id != other.passage_id
    return (
        one.twin != ""
        and one.twin == other.twin
        and one.section == other.section
        and one.language != other.language
    )


def _hits(index: Index, scores: Scores, combined: FloatArray, chosen: IntArray) -> tuple[Hit, ...]:
    dense_ranks = _ranks(scores.dense)
    word_ranks = _ranks(scores.words)
    hits = []
    for number, (passage, spans) in zip(
        chosen, index.passages.get(scores.rows[chosen]), strict=True
    ):
        start, end = spans[int(scores.best_sentence[number])]
        hits.append(
            Hit(
                passage=passage,
                score=float(combined[number]),
                dense=float(scores.dense[number]),
                sentence=float(scores.sentence[number]),
                words=float(scores.words[number]),
                dense_rank=int(dense_ranks[number]),
                word_rank=int(word_ranks[number]) if scores.words[number] > 0 else None,
                best_sentence=passage.text[start:end],
            )
        )
    # A twin that took the other's place may score less than its neighbours.
    return tuple(sorted(hits, key=lambda hit: -hit.score)) if hits else ()


def _ranks(values: FloatArray) -> IntArray:
    """Return each value's rank from 1, the highest first."""
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[np.argsort(-values, kind="stable")] = np.arange(1, len(values) + 1)
    return ranks
