"""From a question to ranked passages: dense, sentences and words; folded; filtered first.

The score of a passage is the mean of its cosine and its best sentence's (`SENTENCE_SHARE`),
centred by language, plus BM25 times `word_weight`. Adding words by score and not by rank keeps them
harmless across languages, where they match nothing (measured in `evals/bench/retrieval.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from assistant.centring import Centres, shipped_centres
from assistant.embedded_texts import embedded_text, sentence_spans
from assistant.glossary import Glossary
from assistant.index import Index, LiveIndex, Scores
from assistant.language import content_words, detect_language, has_chinese
from assistant.passage_store import Spans
from assistant.records import EVERYONE, Hit, Language, Passage
from assistant.support import SYMBOL, distinctive_names, names

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

SENTENCE_SHARE = 0.6
"""Weight of the best sentence beside the whole passage; .5 to .7 score alike on our set."""

TWIN_COSINE = 0.5
"""Passages of the same section in two languages are twins from this centred cosine on."""

RELATIVE_SHARE = 0.25
"""Of the words' weight, the part that compares passages of the question's language (of both, where
it has words of both) with the best among them; the rest is absolute and also says how much of the
question is found at all."""

WORDS_ACROSS_LANGUAGES = 0.1
"""Counts as a passage's share of words when the question is in the other language."""

RERANK_DEPTH = 30
"""Passages that a cross-encoder reads; the rest stay below them."""

NAMED_SECTION_BONUS = 0.15
"""Added where the section's heading names just what is asked: "What is LoRA?" is for the section
LoRA, not for those on its variants, which repeat the word more often."""

SIGNPOST_PENALTY = 0.1
"""Taken from sections that name topics without teaching them: they are near to every question."""

_SIGNPOSTS = frozenset(
    "objectives|learning objectives|prerequisites|exercises|where to read on|further reading|"
    "references|bibliography|contents|table of contents|"
    "学习目标|先修内容|练习|延伸阅读|参考文献|目录".split("|")
)

OWN_LANGUAGE_BONUS = 0.03
"""Added where passage and question share a language: of two equal passages, the readable one."""


class TextEmbedder(Protocol):
    """What retrieval needs of an embedder; see `assistant/embedding.py`."""

    @property
    def fingerprint(self) -> str:
        """Names the weights and prefixes."""
        ...

    def embed_question(self, text: str) -> FloatArray:
        """Return the question's vector, shape (dim,), unit norm."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> FloatArray:
        """Return the vectors of passages or sentences, shape (n, dim), unit norm."""
        ...


class Reranker(Protocol):
    """A cross-encoder: reads question and passage together."""

    def scores(self, question: str, texts: Sequence[str]) -> FloatArray:
        """Return a relevance in [0, 1] for each text, shape (n,)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A hit with its sentences: spans in the passage's text, and centred vectors (n, dim)."""

    hit: Hit
    spans: Spans
    vectors: FloatArray
    cosines: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """What a search found, best first, in which generation (""; none was searched)."""

    candidates: tuple[Candidate, ...]
    generation: str
    centres: Centres
    unknown_names: tuple[str, ...] = ()
    subjects: tuple[tuple[str, ...], ...] = ()
    """Each name in the question (BERT, GPT-4) that a passage mentions, with its other names."""

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The hits alone, best first."""
        return tuple(candidate.hit for candidate in self.candidates)


class Retriever:
    """Searches the live generation on behalf of an asker."""

    def __init__(
        self,
        *,
        live_index: LiveIndex,
        embedder: TextEmbedder,
        glossary: Glossary,
        n_candidates: int = 256,
        word_weight: float = 0.4,
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
    ) -> SearchResult:
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
        combined = self._combine(index, scores, question, language)
        order = np.argsort(-combined, kind="stable")
        depth = order[: max(RERANK_DEPTH, 2 * top_k)]
        passages = [passage for passage, _ in index.passages.get(scores.rows[depth])]
        combined[depth] += _section_bonus(question, passages)
        order = np.argsort(-combined, kind="stable")
        if self._reranker is not None:
            stored = index.passages.get(scores.rows[order[:RERANK_DEPTH]])
            relevance = self._reranker.scores(question, [passage.text for passage, _ in stored])
            best = np.argsort(-relevance, kind="stable")
            order = np.concatenate([order[best], order[RERANK_DEPTH:]])
        if self._fold_twins:
            order, combined = _fold(index, scores.rows, order, combined, language, top_k)
        unknown = self._unknown_names(index, question, audiences)
        return SearchResult(
            candidates=_candidates(index, scores, combined, order[:top_k], vector, question),
            generation=index.name,
            centres=index.centres,
            unknown_names=unknown,
            subjects=tuple(names for names in self._subjects(question) if names[0] not in unknown),
        )

    def read(self, question: str, passages: Sequence[Passage]) -> SearchResult:
        """Return given `passages`, in their order, as if a search had found them."""
        centres = shipped_centres(self._embedder.fingerprint) or Centres({})
        raw = self._embedder.embed_question(question)
        vector = centres.centre(raw, "question", detect_language(question))
        candidates = []
        for passage in passages:
            spans = sentence_spans(passage)
            texts = [embedded_text(passage), *(passage.text[a:b] for a, b in spans)]
            raw_vectors = self._embedder.embed_passages(texts)
            dense = centres.centre(raw_vectors[0], "passage", passage.language) @ vector
            vectors = centres.centre(raw_vectors[1:], "sentence", passage.language)
            cosines = vectors @ vector
            best = int(cosines.argmax())
            words = set(content_words(question))
            share = len(words & set(content_words(texts[0]))) / max(len(words), 1)
            nearness = _nearness(float(dense), float(cosines[best]), share, passage, question)
            hit = Hit(
                passage=passage,
                score=nearness,
                dense=float(dense),
                sentence=float(cosines[best]),
                words=share,
                nearness=nearness,
                best_sentence=passage.text[slice(*spans[best])],
            )
            candidates.append(Candidate(hit, spans, vectors, cosines))
        return SearchResult(
            candidates=tuple(candidates),
            generation="",
            centres=centres,
            subjects=self._subjects(question),
        )

    def embed_statement(self, statement: str, centres: Centres) -> FloatArray:
        """Return the centred vector of a sentence of an answer, shape (dim,)."""
        raw = self._embedder.embed_passages([statement])[0]
        return centres.centre(raw, "sentence", detect_language(statement))

    def _subjects(self, question: str) -> tuple[tuple[str, ...], ...]:
        subjects = []
        for name in distinctive_names(question):
            known = self._glossary.find(name) or self._glossary.find(
                self._glossary.nearly(name) or ""
            )
            subjects.append((name, *(other for term in known for other in term.names)))
        return tuple(subjects)

    def _unknown_names(
        self, index: Index, question: str, audiences: frozenset[str]
    ) -> tuple[str, ...]:
        """Return names in `question` that no passage mentions which the asker may see.

        What is spelt nearly like a known term is a slip, not another name.
        """
        unknown = []
        for name in names(question):
            words = [word for word in content_words(name) if not word.isdigit()]
            is_known = self._glossary.find(name) or self._glossary.nearly(name)
            if not words or is_known or SYMBOL.fullmatch(name):
                continue
            if not all(index.mentions(word, audiences) for word in words):
                unknown.append(name)
        return tuple(unknown)

    def _combine(
        self, index: Index, scores: Scores, question: str, language: Language
    ) -> FloatArray:
        dense = (1 - SENTENCE_SHARE) * scores.dense + SENTENCE_SHARE * scores.sentence
        own_language = index.language_of(scores.rows) == (language == "zh")
        # English terms stand in Chinese passages, too; Chinese ones only there.
        asks_across = language == "en" and has_chinese(question)
        compared = scores.words if asks_across else scores.words * own_language
        relative = compared / max(float(compared.max(initial=0)), 1e-9)
        words = (1 - RELATIVE_SHARE) * scores.words + RELATIVE_SHARE * relative
        combined = dense + self._word_weight * words + OWN_LANGUAGE_BONUS * own_language
        return np.asarray(combined, dtype=np.float32)


def _section_bonus(question: str, passages: Sequence[Passage]) -> FloatArray:
    """Return what each passage gains, or loses, by the heading that it stands under, shape (n,).

    The gain is by Jaccard's index of the content words of question and heading (of the title where
    there is no heading).
    """
    asked = frozenset(content_words(question))
    bonus = np.zeros(len(passages), dtype=np.float32)
    for number, passage in enumerate(passages):
        heading = passage.heading[-1] if passage.heading else passage.title
        named = _heading_words(heading)
        share = len(asked & named) / max(len(asked | named), 1)
        if share >= 0.5:  # one word of many in common says nothing
            bonus[number] = NAMED_SECTION_BONUS * share
        elif any(part.lower() in _SIGNPOSTS for part in passage.heading):
            bonus[number] = -SIGNPOST_PENALTY
    return bonus


@lru_cache(maxsize=4096)
def _heading_words(heading: str) -> frozenset[str]:
    return frozenset(content_words(heading))


def _fold(  # noqa: PLR0917
    index: Index,
    rows: IntArray,
    order: IntArray,
    combined: FloatArray,
    language: Language,
    top_k: int,
) -> tuple[IntArray, FloatArray]:
    """Leave out passages that say the same as a better one in the other language.

    The twin in the preferred language takes the place and the score of the pair.
    """
    depth, combined = order[: 3 * top_k + 5], combined.copy()
    passages = [passage for passage, _ in index.passages.get(rows[depth])]
    vectors = index.passage_vectors(rows[depth])
    kept: list[int] = []
    for number, passage in enumerate(passages):
        slot = next(
            (
                slot
                for slot, other in enumerate(kept)
                if _are_twins(passages[other], passage)
                and float(vectors[other] @ vectors[number]) >= TWIN_COSINE
            ),
            None,
        )
        if slot is None:
            kept.append(number)
        elif passages[kept[slot]].language != language == passage.language:
            combined[depth[number]] = combined[depth[kept[slot]]]
            kept[slot] = number
    return depth[kept], combined


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


def _candidates(  # noqa: PLR0917
    index: Index,
    scores: Scores,
    combined: FloatArray,
    chosen: IntArray,
    vector: FloatArray,
    question: str,
) -> tuple[Candidate, ...]:
    dense_ranks, word_ranks = _ranks(scores.dense), _ranks(scores.words)
    candidates = []
    stored = index.passages.get(scores.rows[chosen])
    for number, (passage, spans) in zip(chosen, stored, strict=True):
        start, end = spans[int(scores.best_sentence[number])]
        dense, sentence = float(scores.dense[number]), float(scores.sentence[number])
        words = float(scores.words[number])
        hit = Hit(
            passage=passage,
            score=float(combined[number]),
            dense=dense,
            sentence=sentence,
            words=words,
            nearness=_nearness(dense, sentence, words, passage, question),
            dense_rank=int(dense_ranks[number]),
            word_rank=int(word_ranks[number]) if words > 0 else None,
            best_sentence=passage.text[start:end],
        )
        vectors = index.sentence_vectors(int(scores.rows[number]))
        candidates.append(Candidate(hit, spans, vectors, vectors @ vector))
    return tuple(candidates)


def _nearness(
    dense: float, sentence: float, words: float, passage: Passage, question: str
) -> float:
    """Return how near a passage is to a question, see `Hit.nearness`."""
    if passage.language != detect_language(question):
        words = max(words, WORDS_ACROSS_LANGUAGES)
    return (1 - SENTENCE_SHARE) * dense + SENTENCE_SHARE * sentence + words


def _ranks(values: FloatArray) -> IntArray:
    """Return each value's rank from 1, the highest first."""
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[np.argsort(-values, kind="stable")] = np.arange(1, len(values) + 1)
    return ranks
