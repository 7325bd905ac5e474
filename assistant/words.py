"""BM25 over the words of passages (home of bm25s).

Formula: Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009,
doi:10.1561/1500000019, with Lucene's idf. Chinese words come from jieba, English ones are stemmed
(`assistant/language.py`).
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.errors import IndexCorrupt

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
_Int32Array = npt.NDArray[np.int32]

K1, B = 1.5, 0.75
"""How soon further occurrences of a word stop counting, and how much long documents count less."""

MIN_SLIP_CHARS, MIN_SLIP_SIMILARITY = 7, 0.85
"""From here on an unknown word is a slip for a known one: one letter in seven differs. On the
development questions this corrects all slips of long words, and nothing else."""

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

        vocabulary: defaultdict[str, int] = defaultdict()
        vocabulary.default_factory = vocabulary.__len__  # a new word gets the next number
        numbers, lengths = array("i"), array("i")
        for words in documents:
            # A word of its own makes sure that a collection without any word has a vocabulary.
            numbers.extend([vocabulary[word] for word in words or ["\0"]])
            lengths.append(len(words) or 1)
        bm25 = bm25s.BM25(method="lucene", k1=K1, b=B)
        bm25.scores = _matrix(np.asarray(numbers), np.asarray(lengths), len(vocabulary))
        bm25.vocab_dict, bm25.nonoccurrence_array = dict(vocabulary), None
        return cls(bm25, len(lengths))

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

    def spelt_nearly(self, word: str, *, allowed: BoolArray | None = None) -> str | None:
        """Return the known English word that `word` is a slip for; None if it is none.

        Of long words alone: of short ones, another word is as near as the one that was meant.
        """
        from rapidfuzz import process
        from rapidfuzz.distance import DamerauLevenshtein

        is_long = len(word) >= MIN_SLIP_CHARS and _is_english(word)
        if not is_long or self.knows(word, allowed=allowed):
            return None
        found = process.extract(
            word,
            self._english_words,
            scorer=DamerauLevenshtein.normalized_similarity,
            score_cutoff=MIN_SLIP_SIMILARITY,
        )
        return next((str(near) for near, *_ in found if self.knows(near, allowed=allowed)), None)

    @cached_property
    def _english_words(self) -> list[str]:
        return [word for word in self._bm25.vocab_dict if _is_english(word)]

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


def _is_english(word: str) -> bool:
    return word.isascii() and word.isalpha()


def _matrix(numbers: _Int32Array, lengths: _Int32Array, n_words: int) -> dict[str, Any]:
    """Return what each word adds to each document that holds it, as bm25s keeps it (CSC).

    The same numbers as `bm25s.BM25.index` gives (tested), which goes through documents one by one
    in Python: for 40,000 that was a sixth of the time that one edit takes to be live.

    Args:
        numbers: of all words, document by document, shape (sum of `lengths`,).
        lengths: words of each document, shape (n_documents,).
        n_words: how many different words there are.
    """
    n = len(lengths)
    documents = np.repeat(np.arange(n), lengths)
    # Sorted by word and then by document: the order of the matrix.
    pairs, counts = np.unique(numbers.astype(np.int64) * n + documents, return_counts=True)
    words, documents = np.divmod(pairs, n)
    n_with = np.bincount(words, minlength=n_words)
    idf = np.log1p((n - n_with + 0.5) / (n_with + 0.5))
    norms = K1 * (1 - B + B * lengths / lengths.mean())
    return {
        "data": (idf[words] * counts / (norms[documents] + counts)).astype(np.float32),
        "indices": documents.astype(np.int32),
        "indptr": np.concatenate([[0], np.cumsum(n_with)]),
        "num_docs": n,
    }


def _damaged(what: str) -> IndexCorrupt:
    return IndexCorrupt(
        f"The index of words can't be read: {what}.",
        hint="Run `study index verify`, then `study ingest` to build a new generation.",
    )
