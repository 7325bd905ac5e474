"""One generation, opened: vectors, words and passages searched together.

What is not here: how it is built (`assistant/index_build.py`), how scores become a ranking
(`assistant/retrieval.py`), and what lies where on disk (`assistant/generations.py`).
"""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assistant import generations
from assistant.centring import Centres
from assistant.errors import IndexCorrupt, IndexMissing, IndexStale, IndexUnusable
from assistant.generations import Manifest
from assistant.language import content_words
from assistant.passage_store import PassageStore
from assistant.vectors import VectorIndex
from assistant.words import WordIndex

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of some rows for one question; arrays of the same length.

    `dense` and `sentence` are centred cosines in [-1, 1]; `words` is BM25's share of what a passage
    holding every word of the question would get, in [0, 1] or little over.
    """

    rows: IntArray
    dense: FloatArray
    sentence: FloatArray
    words: FloatArray
    best_sentence: IntArray


class Index:
    """An opened generation. Safe for use by several threads."""

    def __init__(
        self,
        *,
        manifest: Manifest,
        passages: PassageStore,
        passage_vectors: VectorIndex,
        sentence_vectors: VectorIndex,
        words: WordIndex,
        centres: Centres,
    ) -> None:
        self.manifest = manifest
        self.passages = passages
        self.centres = centres
        self._words = words
        self._passage_vectors = passage_vectors
        self._sentence_vectors = sentence_vectors
        audiences, languages, n_sentences = passages.columns()
        self._audiences = np.array(audiences)
        self._languages = np.array(languages)
        self._first_sentence = np.concatenate([[0], np.cumsum(n_sentences)]).astype(np.int64)
        self._passage_of = np.repeat(np.arange(len(audiences)), n_sentences)
        self._all_audiences = frozenset(audiences)
        self._refuse_parts_of_others()

    def _refuse_parts_of_others(self) -> None:
        """Raise IndexCorrupt if the files don't fit each other: one was cut, or is another's."""
        n_passages, n_sentences = len(self._audiences), len(self._passage_of)
        dims = {self._passage_vectors.dim, self._sentence_vectors.dim, self.manifest.dim}
        dims |= {mean.size for mean in self.centres.means.values()}
        if len(dims) > 1 or not (
            self.manifest.n_passages == n_passages == self._passage_vectors.n_rows
            and n_passages == self._words.n_documents
            and self.manifest.n_sentences == n_sentences == self._sentence_vectors.n_rows
        ):
            raise IndexCorrupt(
                f"The files of generation {self.name} don't fit each other.",
                hint=generations.REBUILD_HINT,
            )

    @property
    def name(self) -> str:
        """The generation's name."""
        return self.manifest.name

    @property
    def kind(self) -> str:
        """Which FAISS indexes serve passages and sentences."""
        return f"{self._passage_vectors.kind}, {self._sentence_vectors.kind}"

    def language_of(self, rows: IntArray) -> npt.NDArray[np.bool_]:
        """Return whether each row is Chinese."""
        return np.asarray(self._languages[rows] == "zh")

    def allowed_rows(self, audiences: frozenset[str]) -> npt.NDArray[np.bool_] | None:
        """Return which rows the asker may see, shape (n,); None when it is all of them."""
        if self._all_audiences <= audiences:
            return None
        return np.isin(self._audiences, sorted(audiences))

    def score(
        self,
        question: FloatArray,
        words: Sequence[str],
        *,
        also: Sequence[str] = (),
        n_candidates: int,
        audiences: frozenset[str],
    ) -> Scores:
        """Return the scores of every passage that any of the three rankings puts forward.

        Args:
            question: raw vector of the question, centred, shape (dim,), unit norm.
            words: content words of the question; slips count as the words that were meant.
            also: other names of what it is about; they score, but nobody has to have them.
            n_candidates: passages taken from each ranking.
            audiences: those of the asker; passages of others are not compared at all.
        """
        allowed = self.allowed_rows(audiences)
        by_passage, _ = self._passage_vectors.search(question, n_candidates, allowed=allowed)
        by_sentence, _ = self._sentence_vectors.search(
            question, n_candidates, allowed=None if allowed is None else allowed[self._passage_of]
        )
        meant = [self._words.spelt_nearly(word, allowed=allowed) or word for word in words]
        word_scores = self._word_scores(meant, also, allowed)
        n_best = min(n_candidates, len(word_scores))
        by_words = np.argpartition(-word_scores, n_best - 1)[:n_best]
        by_words = by_words[word_scores[by_words] > 0]
        rows = np.unique(np.concatenate([by_passage, self._passage_of[by_sentence], by_words]))
        rows = rows.astype(np.int64)
        sentence, best = self._best_sentences(question, rows)
        return Scores(
            rows=rows,
            dense=np.asarray(self._passage_vectors.rows(rows) @ question, dtype=np.float32)
            if len(rows)
            else np.empty(0, np.float32),
            sentence=sentence,
            words=np.asarray(word_scores[rows], dtype=np.float32),
            best_sentence=best,
        )

    def mentions(self, word: str, audiences: frozenset[str]) -> bool:
        """Return whether a passage that the asker may see contains `word` (a content word).

        Employees also call a document by its file: "the FAQ" is 14-faq.md.
        """
        return self._words.knows(word, allowed=self.allowed_rows(audiences)) or any(
            word in content_words(re.sub(r"[\W_]+", " ", source))
            for source in self.passages.sources(audiences)
        )

    def _word_scores(
        self, words: Sequence[str], also: Sequence[str], allowed: npt.NDArray[np.bool_] | None
    ) -> FloatArray:
        # A word's idf bounds its BM25 score: Lucene's variant leaves out the factor k1 + 1.
        bound = sum(self._words.idf(word, allowed=allowed) for word in words)
        scores = self._words.scores([*words, *also], allowed=allowed)
        return np.minimum(scores / np.float32(bound), 1) if bound > 0 else scores

    def _best_sentences(self, question: FloatArray, rows: IntArray) -> tuple[FloatArray, IntArray]:
        """Return the best sentence's cosine for each row, and its number within the passage."""
        if len(rows) == 0:
            return np.empty(0, np.float32), np.empty(0, np.int64)
        starts, ends = self._first_sentence[rows], self._first_sentence[rows + 1]
        counts = ends - starts
        offsets = np.concatenate([[0], np.cumsum(counts)[:-1]])
        numbers = np.arange(counts.sum()) - np.repeat(offsets, counts)
        cosines = self._sentence_vectors.rows(np.repeat(starts, counts) + numbers) @ question
        highest = np.maximum.reduceat(cosines, offsets)
        is_best = cosines == np.repeat(highest, counts)
        best = np.minimum.reduceat(np.where(is_best, numbers, np.iinfo(np.int64).max), offsets)
        return highest.astype(np.float32), best

    def passage_vectors(self, rows: IntArray) -> FloatArray:
        """Return the centred vectors of passages, shape (len(rows), dim)."""
        return self._passage_vectors.rows(rows)

    def sentence_vectors(self, row: int) -> FloatArray:
        """Return the centred vectors of one passage's sentences, shape (n, dim)."""
        start, end = self._first_sentence[row], self._first_sentence[row + 1]
        return self._sentence_vectors.rows(np.arange(start, end, dtype=np.int64))


def open_index(home: Path, name: str, *, fingerprint: str | None) -> Index:
    """Return the generation `name`, opened.

    Args:
        home: where state lives.
        name: of the generation.
        fingerprint: of the embedder that will embed the questions; None: don't check.

    Raises:
        IndexStale: it was built with another embedder.
        IndexCorrupt: a file is missing or damaged.
    """
    manifest = generations.read_manifest(home, name)
    built_with = manifest.shaped_by.get("embedder", "unknown")
    if fingerprint is not None and built_with != fingerprint:
        raise IndexStale(
            f"The index was built with the embedder {built_with}, the settings name {fingerprint}.",
            hint="Set the former embedder again, or rebuild: study ingest PATH… --rebuild",
        )
    folder = generations.generation_folder(home, name)
    missing = [file for file in manifest.files if not (folder / file).is_file()]
    if missing:
        raise IndexCorrupt(
            f"Generation {name} lacks {', '.join(missing)}.", hint=generations.REBUILD_HINT
        )
    return _open_files(manifest, folder)


def _open_files(manifest: Manifest, folder: Path) -> Index:
    try:
        centres = Centres.from_json((folder / "centres.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError) as error:
        raise IndexCorrupt(
            f"Generation {manifest.name} has damaged centres: {error}.",
            hint=generations.REBUILD_HINT,
        ) from error
    return Index(
        manifest=manifest,
        passages=PassageStore(folder / "passages.sqlite"),
        passage_vectors=VectorIndex.open(folder / "vectors.faiss"),
        sentence_vectors=VectorIndex.open(folder / "sentences.faiss"),
        words=WordIndex.open(folder / "words"),
        centres=centres,
    )


class LiveIndex:
    """The live generation, reopened when `CURRENT` names another; old readers keep theirs.

    With `pinned`, it is always that generation, live or not.
    """

    def __init__(self, home: Path, *, fingerprint: str | None, pinned: str | None = None) -> None:
        self._home = home
        self._fingerprint = fingerprint
        self._pinned = pinned
        self._lock = threading.Lock()
        self._index: Index | None = None

    def get(self) -> Index:
        """Return the live generation, opened.

        Raises:
            IndexMissing: nothing has been ingested yet.
            IndexUnusable: it can't be read.
        """
        with self._lock:
            name = self._name()
            while self._index is None or self._index.name != name:
                try:
                    self._index = open_index(self._home, name, fingerprint=self._fingerprint)
                except IndexUnusable:
                    # Perhaps it was let go just now, since another one is live.
                    former, name = name, self._name()
                    if name == former:
                        raise
            return self._index

    def _name(self) -> str:
        name = self._pinned or generations.current_name(self._home)
        if name is None:
            raise IndexMissing("Nothing has been ingested yet.", hint=generations.BUILD_HINT)
        return name
