"""The judge that the live assistant uses: words, cosine, and numbers, names and negations."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from assistant.centring import Centres, shipped_centres
from assistant.index_build import sentence_spans
from assistant.language import detect_language
from assistant.records import Passage
from assistant.retrieval import TextEmbedder
from assistant.support import Support, judge
from evals.judges import NO_PASSAGE
from evals.records import Verdict

FloatArray = npt.NDArray[np.float32]

THRESHOLD = 0.6
"""Near the best on RAGTruth. The live check asks for more (`Limits.min_support`): before a reader,
a needless mark costs less than a missing one."""

REMEMBERED_TEXTS = 4096
"""The statements of a case share its passages, and each is judged several times."""

_Sentences = tuple[tuple[str, ...], FloatArray]


class RulesJudge:
    """`assistant.support.judge` over the sentences of each passage, and of all as one.

    Vectors of passages and statements are kept by their text.
    """

    name = "rules"

    def __init__(
        self,
        embedder: TextEmbedder,
        *,
        centres: Centres | None = None,
        threshold: float = THRESHOLD,
    ) -> None:
        self.threshold = threshold
        self._embedder = embedder
        self._centres = centres or shipped_centres(embedder.fingerprint) or Centres({})
        self._sentences = lru_cache(REMEMBERED_TEXTS)(self._embedded_sentences)
        self._vector = lru_cache(REMEMBERED_TEXTS)(self._embedded_statement)

    def judge(self, statement: str, passages: Sequence[str], *, question: str = "") -> Verdict:
        """Return the verdict of the passage that supports `statement` best, or of all as one."""
        read = [self._sentences(text) for text in dict.fromkeys(passages) if text.strip()]
        if not read or not statement.strip():
            return NO_PASSAGE
        if len(read) > 1:
            # A statement may draw on several passages; the live check never sees these together.
            together = tuple(sentence for sentences, _ in read for sentence in sentences)
            read.append((together, np.concatenate([vectors for _, vectors in read])))
        best = max(
            (self._weigh(statement, sentences, question) for sentences in read),
            key=lambda support: support.probability,
        )
        return Verdict(probability=best.probability, reason=best.reason)

    def _weigh(self, statement: str, sentences: _Sentences, question: str) -> Support:
        texts, vectors = sentences
        cosines = vectors @ self._vector(statement)
        return judge(statement, texts, [float(cosine) for cosine in cosines], question=question)

    def _embedded_sentences(self, text: str) -> _Sentences:
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

    def _embedded_statement(self, statement: str) -> FloatArray:
        vector = self._embedder.embed_passages([statement])[0]
        return self._centres.centre(vector, "sentence", detect_language(statement))
