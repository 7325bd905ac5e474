"""BM25 over the words of passages (home of bm25s).

Formula: Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009,
doi:10.1561/1500000019, with Lucene's idf; k1 = 1.5, b = 0.75. Chinese words come from jieba,
English ones are stemmed (`assistant/language.py`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


class WordIndex:
    """BM25 scores of every document of a collection for a query's words."""

    def __init__(self, bm25: Any, n_documents: int) -> None:
        self._bm25 = bm25
        self._n_documents = n_documents

    @classmethod
    def build(cls, documents: Sequence[Sequence[str]]) -> "WordIndex":
        """Return the index of `documents`, each a list of words (see `content_words`)."""
        import bm25s

        bm25 = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
        # A word of its own makes sure that a collection without any word has a vocabulary.
        bm25.index([list(words) or ["\0"] for words in documents], show_progress=False)
        return cls(bm25, len(documents))

    def save(self, folder: Path) -> None:
        """Write the index as plain arrays and JSON into `folder`."""
        self._bm25.save(str(folder), allow_pickle=False, show_progress=False)

    @classmethod
    def open(cls, folder: Path) -> "WordIndex":
        """Return the index kept in `folder`; arrays stay on disk until they are read."""
        import bm25s

        bm25 = bm25s.BM25.load(str(folder), mmap=True, allow_pickle=False, show_progress=False)
        return cls(bm25, int(bm25.scores["num_docs"]))

    def scores(self, words: Sequence[str]) -> FloatArray:
        """Return the BM25 score of each document, shape (n_documents,); 0 where no word occurs."""
        known = [word for word in words if word in self._bm25.vocab_dict]
        if not known:
            return np.zeros(self._n_documents, dtype=np.float32)
        return np.asarray(self._bm25.get_scores(known), dtype=np.float32)

    def knows(self, word: str) -> bool:
        """Whether `word` occurs in any document."""
        return word in self._bm25.vocab_dict

    def idf(self, word: str, n_occurrences: int | None = None) -> float:
        """Return Lucene's idf of `word`, natural logarithm; that of an unseen word is highest."""
        n = self.n_documents_with(word) if n_occurrences is None else n_occurrences
        return float(np.log1p((self._n_documents - n + 0.5) / (n + 0.5)))

    def n_documents_with(self, word: str) -> int:
        """Return how many documents contain `word`."""
        word_id = self._bm25.vocab_dict.get(word)
        if word_id is None:
            return 0
        starts = self._bm25.scores["indptr"]
        return int(starts[word_id + 1] - starts[word_id])
