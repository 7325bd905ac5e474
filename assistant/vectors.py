"""Nearest unit vectors by cosine (home of faiss).

Exact (flat) up to `FLAT_ROWS` vectors; past that an inverted file (IVF) with vectors in 16 bits,
which also runs on a GPU. HNSW finds as well but takes many times longer to build and can't move
to a GPU; `evals/bench/index_kinds.py` measures all three.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.errors import IndexCorrupt

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

FLAT_ROWS = 30_000
"""Up to so many vectors a scan of all is as fast as the embedding of the question (measured)."""

_ROWS_PER_LIST = 128
_TRAINING_ROWS_PER_LIST = 40
_PROBES = 24
_BLOCK_ROWS = 8192

ReadRows = Callable[[IntArray], FloatArray]
"""Numbers of vectors, each from 0 → the vectors, shape (n, dim), unit norm."""


def blocks(n_rows: int) -> Iterator[IntArray]:
    """Yield the numbers up to `n_rows`, so many at a time that their vectors take little memory."""
    for start in range(0, n_rows, _BLOCK_ROWS):
        yield np.arange(start, min(start + _BLOCK_ROWS, n_rows))


class VectorIndex:
    """Vectors by row number, searched by cosine."""

    def __init__(self, index: Any) -> None:
        import faiss

        self._index = index
        self._searched = index
        self._gpu_lock = threading.Lock()
        if _is_ivf(index):
            index.make_direct_map()
            index.nprobe = _PROBES
        if hasattr(faiss, "get_num_gpus") and faiss.get_num_gpus() > 0:
            self._searched = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, index)

    @classmethod
    def build(cls, n_rows: int, read: ReadRows, *, flat_rows: int = FLAT_ROWS) -> "VectorIndex":
        """Return the index of `n_rows` vectors, which keep their numbers.

        Raises:
            ValueError: there are none.
        """
        import faiss

        if not n_rows:
            raise ValueError("An index needs a vector.")
        index = None
        if n_rows > flat_rows:
            n_lists = max(1, n_rows // _ROWS_PER_LIST)
            order = np.random.default_rng(0).permutation(n_rows)
            sample = _read_by_blocks(read, order[: n_lists * _TRAINING_ROWS_PER_LIST])
            kind = f"IVF{n_lists},SQfp16"
            index = faiss.index_factory(sample.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
            index.cp.niter = 8
            index.train(sample)
            del sample
        for numbers in blocks(n_rows):
            vectors = read(numbers)
            if index is None:
                index = faiss.IndexFlatIP(vectors.shape[1])
            index.add(vectors)
        return cls(index)

    def save(self, path: Path) -> None:
        """Write the index to `path`.

        Raises:
            OSError: it can't be written.
        """
        import faiss

        try:
            faiss.write_index(self._index, str(path))
        except RuntimeError as error:
            # Before that, faiss tells where in its own code it happened.
            _, _, reason = str(error).rpartition("failed: ")
            raise OSError(f"{path.name} can't be written: {reason}") from error

    @classmethod
    def open(cls, path: Path) -> "VectorIndex":
        """Return the index kept at `path`.

        Raises:
            IndexCorrupt: the file is missing or not an index.
        """
        import faiss

        with _translated(f"The file {path.name}"):
            return cls(faiss.read_index(str(path)))

    def renewed(self, origins: IntArray, read_new: ReadRows) -> "VectorIndex":
        """Return an index of rows of this one and of new vectors; this one stays as it is.

        An inverted file keeps its lists: only new vectors are compared with them.

        Args:
            origins: row i becomes what `origins[i]` is here, or where that is -1 the next new
                vector; no row may be named twice.
            read_new: new vectors by their number among the new.
        """
        if self.is_trained:
            return VectorIndex(_renewed_lists(self._index, origins, read_new))
        new_numbers = np.cumsum(origins < 0) - 1

        def read(rows: IntArray) -> FloatArray:
            is_new = origins[rows] < 0
            vectors = np.empty((len(rows), self.dim), dtype=np.float32)
            vectors[~is_new] = self.rows(origins[rows[~is_new]])
            if is_new.any():
                vectors[is_new] = read_new(new_numbers[rows[is_new]])
            return vectors

        return VectorIndex.build(len(origins), read, flat_rows=len(origins))

    @property
    def is_trained(self) -> bool:
        """Whether it has lists, trained on the vectors that it was built of."""
        return _is_ivf(self._index)

    @property
    def n_rows(self) -> int:
        """How many vectors there are."""
        return int(self._index.ntotal)

    @property
    def dim(self) -> int:
        """The vectors' length."""
        return int(self._index.d)

    @property
    def kind(self) -> str:
        """`flat` or `ivf`, with ` gpu` where a GPU searches."""
        kind = "ivf" if _is_ivf(self._index) else "flat"
        return kind if self._searched is self._index else f"{kind} gpu"

    def search(
        self, query: FloatArray, k: int, *, allowed: npt.NDArray[np.bool_] | None = None
    ) -> tuple[IntArray, FloatArray]:
        """Return rows and cosines of the `k` vectors nearest to `query`, best first.

        Args:
            query: shape (dim,), unit norm.
            k: >= 1; fewer come back when fewer are there or allowed.
            allowed: shape (n_rows,); only rows marked True are compared with the query at all.
        """
        import faiss

        searched, parameters = self._searched, None
        if allowed is not None and not allowed.all():
            # A GPU index knows no selector, and rows that the asker must not see are never
            # compared: such searches run on the CPU.
            searched = self._index
            n_allowed = int(allowed.sum())
            k = min(k, n_allowed)
            if k == 0:
                return np.empty(0, np.int64), np.empty(0, np.float32)
            selector = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
            # Few allowed rows may all lie outside the lists nearest to the query.
            n_probes = searched.nlist if _is_ivf(searched) and n_allowed <= FLAT_ROWS else _PROBES
            parameters = (
                faiss.SearchParametersIVF(sel=selector, nprobe=n_probes)
                if _is_ivf(searched)
                else faiss.SearchParameters(sel=selector)
            )
        # Threads may search side by side on a CPU, not on a GPU.
        lock = self._gpu_lock if searched is not self._index else nullcontext()
        with lock, _translated("A part"):
            cosines, rows = searched.search(
                query[np.newaxis].astype(np.float32), min(k, self.n_rows), params=parameters
            )
        found = rows[0] >= 0
        return rows[0][found], cosines[0][found]

    def rows(self, numbers: IntArray) -> FloatArray:
        """Return the vectors of these row numbers, shape (len(numbers), dim)."""
        with _translated("A part"):
            return np.asarray(self._index.reconstruct_batch(numbers), dtype=np.float32)


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Turn what faiss raises over a damaged file, at once or at the first use, into IndexCorrupt.

    A damaged length may ask for any amount of memory.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        raise IndexCorrupt(
            f"{what} of the vector index can't be read.",
            hint="Run `study index verify`, then `study ingest` to build a new generation.",
        ) from error


def _read_by_blocks(read: ReadRows, numbers: IntArray) -> FloatArray:
    """Return the vectors of `numbers`, read in parts: only one of them is in memory twice."""
    vectors = np.empty((len(numbers), read(numbers[:1]).shape[1]), dtype=np.float32)
    for some in blocks(len(numbers)):
        vectors[some] = read(numbers[some])
    return vectors


def _is_ivf(index: Any) -> bool:
    return hasattr(index, "make_direct_map")


def _renewed_lists(former: Any, origins: IntArray, read_new: ReadRows) -> Any:
    """Return an inverted file with the lists of `former`; see `VectorIndex.renewed`."""
    import faiss

    index = faiss.clone_index(former)
    index.set_direct_map_type(faiss.DirectMap.NoMap)  # whose rows must come one after another
    index.reset()
    kept = np.flatnonzero(origins >= 0)
    new_rows = np.full(former.ntotal, -1, dtype=np.int64)
    new_rows[origins[kept]] = kept
    lists = former.invlists
    for number in range(former.nlist):
        size = lists.list_size(number)
        if not size:
            continue
        rows = new_rows[faiss.rev_swig_ptr(lists.get_ids(number), size)]
        codes = faiss.rev_swig_ptr(lists.get_codes(number), size * lists.code_size)
        is_kept = rows >= 0
        rows = np.ascontiguousarray(rows[is_kept])
        codes = np.ascontiguousarray(codes.reshape(size, -1)[is_kept])
        if len(rows):
            index.invlists.add_entries(
                number, len(rows), faiss.swig_ptr(rows), faiss.swig_ptr(codes)
            )
    index.ntotal = len(kept)
    added = np.flatnonzero(origins < 0)
    for numbers in blocks(len(added)):
        index.add_with_ids(read_new(numbers), added[numbers])
    return index
