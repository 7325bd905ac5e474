"""BM25 over the words of passages (home of bm25s).

Formula: Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009,
doi:10.1561/1500000019, with Lucene's idf; k1 = 1.5, b = 0.75. Chinese words come from jieba,
English ones are stemmed (`assistant/language.py`).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.errors import IndexCorrupt

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

# What NumPy and bm25s raise over damaged files.
_READING_ERRORS = (
    OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, TokenError
)  # fmt: skip


class WordIndex:
    """BM25 scores of every document of a collection for a query's words.

    Where `allowed` marks some documents (shape (n_documents,)), the others count as absent: their
    words are unknown and don't make a word frequent. Only the average length is that of all.
    """

    def __init__(self, bm25: Any, n_documents: int) -> None:
        self.n_documents = n_documents
        self._bm25 = bm25

    @classmethod
    def build(cls, documents: Iterable[Sequence[str]]) -> "WordIndex":
        """Return the index of `documents`, each a list of words (see `content_words`)."""
        import bm25s

        # By number: a list of strings for each document would take many times the memory.
        vocabulary: defaultdict[str, int] = defaultdict()
        vocabulary.default_factory = vocabulary.__len__  # a new word gets the next number
        # A word of its own makes sure that a collection without any word has a vocabulary.
        numbers = [[vocabulary[word] for word in words or ["\0"]] for words in documents]
        bm25 = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
        bm25.index((numbers, dict(vocabulary)), show_progress=False)
        return cls(bm25, len(numbers))

    def save(self, folder: Path) -> None:
        """Write the index as plain arrays and JSON into `folder`."""
        self._bm25.save(str(folder), allow_pickle=False, show_progress=False)

    @classmethod
    def open(cls, folder: Path) -> "WordIndex":
        """Return the index kept in `folder`; arrays stay on disk until they are read.

        Raises:
            IndexCorrupt: a file is missing or damaged; what only reading shows is raised later.
        """
        import bm25s

        try:
            bm25 = bm25s.BM25.load(str(folder), mmap=True, allow_pickle=False, show_progress=False)
            arrays = bm25.scores
            fits = (
                arrays["data"].shape == arrays["indices"].shape == (int(arrays["indptr"][-1]),)
                and np.issubdtype(arrays["indices"].dtype, np.integer)
                and max(bm25.vocab_dict.values()) < len(arrays["indptr"])
            )
            n_documents = int(arrays["num_docs"])
        except _READING_ERRORS as error:
            raise _damaged(str(error)) from error
        if not fits:
            raise _damaged("its arrays don't fit each other")
        return cls(bm25, n_documents)

    def scores(self, words: Sequence[str], *, allowed: BoolArray | None = None) -> FloatArray:
        """Return the BM25 score of each document, shape (n_documents,); 0 where no word occurs."""
        total = np.zeros(self.n_documents, dtype=np.float32)
        for word in words:
            rows, parts = self._occurrences(word)
            if allowed is not None:
                is_allowed = allowed[rows]
                share = self.idf(word, allowed=allowed) / self.idf(word)
                rows, parts = rows[is_allowed], parts[is_allowed] * np.float32(share)
            total[rows] += parts
        return total

    def knows(self, word: str, *, allowed: BoolArray | None = None) -> bool:
        """Whether `word` occurs in any document."""
        return self.n_documents_with(word, allowed=allowed) > 0

    def idf(self, word: str, *, allowed: BoolArray | None = None) -> float:
        """Return Lucene's idf of `word`, natural logarithm; that of an unseen word is highest."""
        n_all = self.n_documents if allowed is None else int(allowed.sum())
        n = self.n_documents_with(word, allowed=allowed)
        return float(np.log1p((n_all - n + 0.5) / (n + 0.5)))

    def n_documents_with(self, word: str, *, allowed: BoolArray | None = None) -> int:
        """Return how many documents contain `word`."""
        rows, _ = self._occurrences(word)
        return len(rows) if allowed is None else int(allowed[rows].sum())

    def _occurrences(self, word: str) -> tuple[IntArray, FloatArray]:
        """Return the documents that contain `word`, and what it adds to the score of each."""
        arrays = self._bm25.scores
        number = self._bm25.vocab_dict.get(word)
        if not word or number is None:  # bm25s gives the empty word a number, but no place
            return np.empty(0, np.int64), np.empty(0, np.float32)
        place = slice(int(arrays["indptr"][number]), int(arrays["indptr"][number + 1]))
        rows, parts = arrays["indices"][place], arrays["data"][place]
        if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < self.n_documents:
            raise _damaged("it names passages that there are not")
        return rows, parts


def _damaged(what: str) -> IndexCorrupt:
    return IndexCorrupt(
        f"The index of words can't be read: {what}.",
        hint="Run `study index verify`, then `study ingest` to build a new generation.",
    )
