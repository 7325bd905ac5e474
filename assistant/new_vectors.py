"""Vectors of passages of which nothing is known, and of their sentences.

They are asked for block by block, and none is held: all that a corpus has would be the most memory
of a build, and a cache on disk has them (`assistant/vector_cache.py`).
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from assistant.centring import Centres, Role, corpus_centres
from assistant.embedded_texts import embedded_text, sentence_spans
from assistant.language import content_words
from assistant.passage_store import Computed
from assistant.records import Language, Passage
from assistant.vectors import blocks

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

EmbedMany = Callable[[Sequence[str]], FloatArray]
"""Texts of passages → vectors (n, dim), unit norm, cached or not."""


class NewVectors:
    """What a generation needs of `passages`; vectors are centred, and go by number.

    Without `centres`, the passages' own are used, for which all vectors are asked for once more.
    """

    def __init__(
        self, passages: Sequence[Passage], embed: EmbedMany, centres: Centres | None
    ) -> None:
        spans = [sentence_spans(passage) for passage in passages]
        self._passages = passages
        self._embed = embed
        self.n_sentences = np.array([len(each) for each in spans], dtype=np.int64)
        self._ends = np.cumsum(self.n_sentences)
        # As an array: as tuples they would take more memory than the texts.
        self._spans = np.array(
            [span for each in spans for span in each], dtype=np.int32
        ).reshape(-1, 2)  # fmt: skip
        self.centres = centres or corpus_centres(self._raw())

    def of_passages(self, numbers: IntArray) -> FloatArray:
        """Return vectors by the number of the passage, shape (len(numbers), dim)."""
        return self._centred("passage", self._languages(numbers), self._raw_passages(numbers))

    def of_sentences(self, numbers: IntArray) -> FloatArray:
        """Return vectors by the number of the sentence among all, shape (len(numbers), dim)."""
        languages = self._languages(self._passages_of(numbers))
        return self._centred("sentence", languages, self._raw_sentences(numbers))

    def computed(self) -> Iterator[Computed]:
        """Yield what is kept of each passage beside its vectors, in order."""
        for passage, end, n in zip(self._passages, self._ends, self.n_sentences, strict=True):
            spans = tuple((int(a), int(b)) for a, b in self._spans[end - n : end])
            yield Computed.of(spans, content_words(embedded_text(passage)))

    def _raw(self) -> Iterator[tuple[Role, list[Language], FloatArray]]:
        for numbers in blocks(len(self._passages)):
            yield "passage", self._languages(numbers), self._raw_passages(numbers)
        for numbers in blocks(len(self._spans)):
            languages = self._languages(self._passages_of(numbers))
            yield "sentence", languages, self._raw_sentences(numbers)

    def _raw_passages(self, numbers: IntArray) -> FloatArray:
        return self._embed([embedded_text(self._passages[number]) for number in numbers])

    def _raw_sentences(self, numbers: IntArray) -> FloatArray:
        return self._embed(
            [
                self._passages[passage].text[slice(*self._spans[number])]
                for number, passage in zip(numbers, self._passages_of(numbers), strict=True)
            ]
        )

    def _passages_of(self, sentences: IntArray) -> IntArray:
        return np.searchsorted(self._ends, sentences, side="right")

    def _languages(self, passages: IntArray) -> list[Language]:
        return [self._passages[number].language for number in passages]

    def _centred(self, role: Role, languages: list[Language], raw: FloatArray) -> FloatArray:
        centred = np.empty_like(raw)
        for language in set(languages):
            rows = [language == found for found in languages]
            centred[rows] = self.centres.centre(raw[rows], role, language)
        return centred
