"""What a new generation takes over from the live one: all that was computed of kept passages.

Of a passage whose title, headings, text and language are those of a live one, vectors, sentences
and words are the same, and only computing them takes long: one edit among 2,000 documents costs
seconds instead of a minute. What is taken over is what a build from nothing gives, with one
difference: an inverted file (`assistant/vectors.py`) keeps the lists that it was trained with.
After a tenth of the passages have come new since then, all is built from nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assistant import generations
from assistant.centring import Centres
from assistant.errors import IndexUnusable
from assistant.language import words_version
from assistant.passage_store import Computed, Key, PassageStore, key_of
from assistant.records import Passage
from assistant.vectors import VectorIndex

IntArray = npt.NDArray[np.int64]

RENEWED = "new_since_built_whole"
"""In `Manifest.counts`: passages that came new since the last build from nothing."""

MAX_NEW_SHARE = 0.1
"""Of the passages, new since the last build from nothing, where an inverted file was trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """The parts of the live generation that a new one is made of.

    `origins` has a row of the former for each passage of the new one, -1 for those that are new; no
    row occurs twice. `computed` goes by the former's rows. `n_new` passages are new since the last
    build from nothing.
    """

    origins: IntArray
    computed: Sequence[Computed]
    passage_vectors: VectorIndex
    sentence_vectors: VectorIndex
    n_new: int

    @property
    def is_worthwhile(self) -> bool:
        """Whether its vector indexes suit the new size, and their lists what they will hold."""
        indexes = (self.passage_vectors, self.sentence_vectors)
        n, n_before = len(self.origins), self.passage_vectors.n_rows
        is_drifted = self.n_new > MAX_NEW_SHARE * n and any(each.is_trained for each in indexes)
        return not is_drifted and all(
            index.suits(index.n_rows * n // max(n_before, 1)) for index in indexes
        )

    def sentence_origins(self, computed: Sequence[Computed]) -> IntArray:
        """Return what `origins` is for the sentences, with what was `computed` for the new one."""
        ends = np.cumsum([each.n_sentences for each in self.computed])
        counts = np.array([each.n_sentences for each in computed])
        firsts = ends[self.origins] - counts  # of new ones nonsense
        numbers = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        is_new = np.repeat(self.origins < 0, counts)
        return np.asarray(np.where(is_new, -1, np.repeat(firsts, counts) + numbers), np.int64)


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
        keys, computed = zip(*store.computed(), strict=True)
        origins = _origins(passages, keys)
        former = Former(
            origins=origins,
            computed=computed,
            passage_vectors=VectorIndex.open(folder / "vectors.faiss"),
            sentence_vectors=VectorIndex.open(folder / "sentences.faiss"),
            n_new=manifest.counts.get(RENEWED, 0) + int((origins < 0).sum()),
        )
    except (IndexUnusable, OSError):
        return None
    return former if former.is_worthwhile else None


def _origins(passages: Sequence[Passage], former: Sequence[Key]) -> IntArray:
    rows: dict[Key, list[int]] = {}
    for row in range(len(former) - 1, -1, -1):
        rows.setdefault(former[row], []).append(row)
    origins = np.full(len(passages), -1, dtype=np.int64)
    for row, passage in enumerate(passages):
        if same := rows.get(key_of(passage)):
            origins[row] = same.pop()
    return origins
