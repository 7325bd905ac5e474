"""What a new generation takes over from the live one: all that was computed of kept passages.

Of a passage whose title, headings, text and language are those of a live one, vectors, sentences
and words are the same, and only computing them takes long: one edit among 2,000 documents costs
seconds instead of a minute. What is taken over is what a build from nothing gives, with one
difference: an inverted file (`assistant/vectors.py`) keeps the lists that it was trained with.
After a tenth of the passages have come new since then, all is built from nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assistant import generations
from assistant.centring import Centres
from assistant.errors import IndexUnusable
from assistant.language import words_version
from assistant.passage_store import Computed, PassageStore, key_of
from assistant.records import Passage
from assistant.vectors import FLAT_ROWS, VectorIndex

IntArray = npt.NDArray[np.int64]

RENEWED = "new_since_built_whole"
"""In `Manifest.counts`: passages that came new since the last build from nothing."""

MAX_NEW_SHARE = 0.1
"""Of the passages, new since the last build from nothing, where an inverted file was trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """The parts of the live generation that a new one is made of.

    `origins` has a row of the former for each passage of the new one, -1 for those that are new; no
    row occurs twice. `store` and `n_sentences`, of each passage, go by the former's rows. `n_new`
    passages are new since the last build from nothing. Vectors are opened when they are asked for:
    those of passages and those of sentences need not be in memory at once.
    """

    folder: Path
    origins: IntArray
    store: PassageStore
    n_sentences: IntArray
    n_new: int

    @property
    def is_worthwhile(self) -> bool:
        """Whether its vector indexes suit the new size, and their lists what they will hold."""
        n, n_before = len(self.origins), len(self.n_sentences)
        sizes_before = np.array([n_before, self.n_sentences.sum()])
        had_lists, has_lists = (
            sizes > FLAT_ROWS for sizes in (sizes_before, sizes_before * n // n_before)
        )
        is_drifted = self.n_new > MAX_NEW_SHARE * n and bool(had_lists.any())
        return not is_drifted and bool((had_lists == has_lists).all())

    def passage_vectors(self) -> VectorIndex:
        """Return the vectors of its passages, by its rows."""
        return VectorIndex.open(self.folder / "vectors.faiss")

    def sentence_vectors(self) -> VectorIndex:
        """Return the vectors of its sentences, in the order of its passages."""
        return VectorIndex.open(self.folder / "sentences.faiss")

    def computed(self, new: Iterator[Computed]) -> Iterator[Computed]:
        """Yield what was computed of each passage of the new one; of the new ones, the next."""
        kept = self.store.computed([row for row in self.origins.tolist() if row >= 0])
        for origin in self.origins:
            yield next(kept if origin >= 0 else new)

    def sentence_origins(self, n_new_sentences: IntArray) -> IntArray:
        """Return what `origins` is for the sentences; the new passages have so many each."""
        is_new = self.origins < 0
        counts = self.n_sentences[self.origins]
        counts[is_new] = n_new_sentences
        firsts = np.cumsum(self.n_sentences)[self.origins] - counts  # of new ones nonsense
        numbers = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        of_new = np.repeat(is_new, counts)
        return np.asarray(np.where(of_new, -1, np.repeat(firsts, counts) + numbers), np.int64)


def open_former(
    home: Path, passages: Sequence[Passage], *, shaped_by: Mapping[str, str], centres: Centres
) -> Former | None:
    """Return what `passages` can take over from the live generation; None if that can't be told.

    That is so if there is none, if it was shaped by anything else or centred otherwise, if a file
    of it is damaged, or if so much is new that lists have to be trained anew.
    """
    try:
        name = generations.current_name(home)
        if name is None:
            return None
        manifest = generations.read_manifest(home, name)
        folder = generations.generation_folder(home, name)
        if manifest.shaped_by != shaped_by or generations.verify(home, name):
            return None
        if (folder / "centres.json").read_text(encoding="utf-8") != centres.to_json():
            return None
        store = PassageStore(folder / "passages.sqlite")
        if store.words_version() != words_version():
            return None
        origins = _origins(passages, list(store.keys()))
        former = Former(
            folder=folder,
            origins=origins,
            store=store,
            n_sentences=np.array(store.columns()[2]),
            n_new=manifest.counts.get(RENEWED, 0) + int((origins < 0).sum()),
        )
    except (IndexUnusable, OSError):
        return None
    return former if former.is_worthwhile else None


def _origins(passages: Sequence[Passage], former: Sequence[bytes]) -> IntArray:
    rows: dict[bytes, list[int]] = {}
    for row in range(len(former) - 1, -1, -1):
        rows.setdefault(former[row], []).append(row)
    origins = np.full(len(passages), -1, dtype=np.int64)
    for row, passage in enumerate(passages):
        if same := rows.get(key_of(passage)):
            origins[row] = same.pop()
    return origins
