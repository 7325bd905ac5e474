"""The sentences of passages with their vectors, kept by text, and those nearest to a statement."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from assistant.centring import Centres, shipped_centres
from assistant.embedded_texts import sentence_spans
from assistant.language import content_words, detect_language
from assistant.prompts import estimate_tokens
from assistant.records import Passage
from assistant.retrieval import TextEmbedder

FloatArray = npt.NDArray[np.float32]

REMEMBERED_TEXTS = 4096
"""The statements of a case share its passages, and each is judged several times."""

Sentences = tuple[tuple[str, ...], FloatArray]
"""Texts of n sentences, and their centred vectors, shape (n, dimensions)."""


class SentenceReader:
    """Takes passages and statements to sentences and centred vectors of unit length."""

    def __init__(self, embedder: TextEmbedder, *, centres: Centres | None = None) -> None:
        self._embedder = embedder
        self._centres = centres or shipped_centres(embedder.fingerprint) or Centres({})
        self.sentences = lru_cache(REMEMBERED_TEXTS)(self._sentences)
        self.vector = lru_cache(REMEMBERED_TEXTS)(self._vector)

    def nearest(
        self, statement: str, passages: Sequence[str], *, max_sentences: int, max_tokens: int
    ) -> list[str]:
        """Return the sentences nearest to `statement` by shared words and cosine, in reading order.

        Args:
            statement: one sentence of an answer.
            passages: their texts.
            max_sentences: how many at most.
            max_tokens: how long they may be together, by estimate; the nearest always comes.
        """
        texts: list[str] = []
        vectors = []
        for passage in dict.fromkeys(text for text in passages if text.strip()):
            found, rows = self.sentences(passage)
            texts += found
            vectors.append(rows)
        if not texts:
            return []
        words = set(content_words(statement))
        cosines = np.concatenate(vectors) @ self.vector(statement)
        values = [
            len(words & set(content_words(text))) / max(len(words), 1) + float(cosine)
            for text, cosine in zip(texts, cosines, strict=True)
        ]
        taken: list[int] = []
        n_tokens = 0
        for place in sorted(range(len(texts)), key=lambda place: -values[place]):
            size = estimate_tokens(texts[place])
            if taken and n_tokens + size > max_tokens:
                continue
            taken.append(place)
            n_tokens += size
            if len(taken) == max_sentences:
                break
        return [texts[place].strip() for place in sorted(taken)]

    def _sentences(self, text: str) -> Sentences:
        language = detect_language(text)
        passage = Passage(
            passage_id="",
            source="",
            title="",
            heading=(),
            text=text,
            language=language,
            end_char=len(text),
        )
        texts = tuple(text[start:end] for start, end in sentence_spans(passage))
        vectors = self._embedder.embed_passages(texts)
        return texts, self._centres.centre(vectors, "sentence", language)

    def _vector(self, statement: str) -> FloatArray:
        vector = self._embedder.embed_passages([statement])[0]
        return self._centres.centre(vector, "sentence", detect_language(statement))
