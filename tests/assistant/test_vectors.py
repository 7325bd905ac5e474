from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from assistant.centring import unit
from assistant.errors import IndexCorrupt
from assistant.vectors import FLAT_ROWS, FloatArray, IntArray, VectorIndex

BoolArray = npt.NDArray[np.bool_]

N, DIM = 2000, 16
RANDOM = np.random.default_rng(7)
VECTORS = unit(RANDOM.normal(size=(N, DIM)).astype(np.float32))
QUERIES = unit(RANDOM.normal(size=(20, DIM)).astype(np.float32))
IVF_ROWS = 500
"""Forces an inverted file; its 15 lists are all probed, so that it must find what a scan finds."""


def built(vectors: FloatArray, *, flat_rows: int = FLAT_ROWS) -> VectorIndex:
    return VectorIndex.build(len(vectors), vectors.__getitem__, flat_rows=flat_rows)


@pytest.fixture(scope="module", params=["flat", "ivf"])
def index(request: pytest.FixtureRequest) -> VectorIndex:
    flat_rows = FLAT_ROWS if request.param == "flat" else IVF_ROWS
    index = built(VECTORS, flat_rows=flat_rows)
    assert index.kind.removesuffix(" gpu") == request.param
    return index


def scan(query: FloatArray, k: int, allowed: BoolArray | None = None) -> IntArray:
    cosines = VECTORS @ query
    if allowed is not None:
        cosines = np.where(allowed, cosines, -2)
    return np.argsort(-cosines)[:k]


def test_search_finds_what_a_scan_finds(index: VectorIndex) -> None:
    for query in QUERIES:
        rows, cosines = index.search(query, 10)

        # Sixteen bits may swap neighbours that differ in the fourth digit.
        assert len(set(rows.tolist()) & set(scan(query, 10).tolist())) >= 9
        assert cosines == pytest.approx(VECTORS[rows] @ query, abs=2e-3)
        assert (np.diff(cosines) <= 0).all()


@pytest.mark.parametrize("n_allowed", [1, 7, 300, N - 1])
def test_rows_that_are_not_allowed_never_come(index: VectorIndex, n_allowed: int) -> None:
    for query in QUERIES:
        # The nearest rows of all are those forbidden.
        allowed = np.zeros(N, dtype=bool)
        allowed[np.argsort(VECTORS @ query)[:n_allowed]] = True

        rows, _ = index.search(query, 10, allowed=allowed)

        assert allowed[rows].all()
        assert len(rows) == min(10, n_allowed)
        assert len(set(rows.tolist()) & set(scan(query, 10, allowed).tolist())) >= len(rows) - 1


def test_few_allowed_rows_are_found_in_far_lists() -> None:
    # 78 lists, of which 24 are probed: what is allowed lies in none of them.
    vectors = unit(RANDOM.normal(size=(10_000, DIM)).astype(np.float32))
    index = built(vectors, flat_rows=IVF_ROWS)
    query = QUERIES[0]
    allowed = np.zeros(len(vectors), dtype=bool)
    allowed[np.argsort(vectors @ query)[:3]] = True

    rows, _ = index.search(query, 3, allowed=allowed)

    assert sorted(rows.tolist()) == np.flatnonzero(allowed).tolist()


def test_nobody_allowed_finds_nothing(index: VectorIndex) -> None:
    rows, cosines = index.search(QUERIES[0], 5, allowed=np.zeros(N, dtype=bool))

    assert (rows.shape, cosines.shape) == ((0,), (0,))


def test_all_allowed_is_no_filter(index: VectorIndex) -> None:
    rows, _ = index.search(QUERIES[0], 5, allowed=np.ones(N, dtype=bool))

    np.testing.assert_array_equal(rows, index.search(QUERIES[0], 5)[0])


def test_more_than_there_are_gives_all() -> None:
    rows, _ = built(VECTORS[:3]).search(QUERIES[0], 10)

    assert sorted(rows.tolist()) == [0, 1, 2]


def test_vectors_are_given_back_by_row(index: VectorIndex) -> None:
    numbers = np.array([1999, 0, 5, 5])

    assert index.rows(numbers) == pytest.approx(VECTORS[numbers], abs=1e-3)
    assert index.rows(np.empty(0, np.int64)).shape == (0, DIM)
    assert (index.n_rows, index.dim) == (N, DIM)


def test_saved_index_finds_the_same(index: VectorIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "v.faiss")

    again = VectorIndex.open(tmp_path / "v.faiss")

    assert again.kind == index.kind
    for query in QUERIES:
        np.testing.assert_array_equal(again.search(query, 10)[0], index.search(query, 10)[0])
    np.testing.assert_array_equal(again.rows(np.arange(9)), index.rows(np.arange(9)))


def test_threads_search_side_by_side(index: VectorIndex) -> None:
    expected = [index.search(query, 10)[0].tolist() for query in QUERIES]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda query: index.search(query, 10)[0].tolist(), [*QUERIES] * 10))

    assert found == expected * 10


def test_an_index_without_vectors_is_no_index() -> None:
    with pytest.raises(ValueError, match="needs a vector"):
        built(VECTORS[:0])


@pytest.mark.parametrize("flat_rows", [FLAT_ROWS, IVF_ROWS])
def test_never_more_than_a_part_of_the_vectors_is_read_at_once(flat_rows: int) -> None:
    vectors = unit(RANDOM.normal(size=(20_000, DIM)).astype(np.float32))
    asked: list[int] = []

    def read(numbers: IntArray) -> FloatArray:
        asked.append(len(numbers))
        return np.asarray(vectors[numbers])

    index = VectorIndex.build(len(vectors), read, flat_rows=flat_rows)

    assert index.n_rows == len(vectors)
    assert max(asked) < len(vectors) / 2
    assert index.rows(np.arange(19_990, 20_000)) == pytest.approx(vectors[-10:], abs=1e-3)


def test_few_rows_can_be_an_inverted_file() -> None:
    index = built(VECTORS[:50], flat_rows=10)

    assert index.search(VECTORS[3], 1)[0].tolist() == [3]


@pytest.mark.parametrize("harm", ["delete", "empty", "cut", "garbage", "length"])
def test_damaged_file_is_named(index: VectorIndex, tmp_path: Path, harm: str) -> None:
    path = tmp_path / "v.faiss"
    index.save(path)
    whole = path.read_bytes()
    if harm == "delete":
        path.unlink()
    else:
        path.write_bytes(
            {
                "empty": b"",
                "cut": whole[: len(whole) // 2],
                "garbage": bytes(reversed(whole)),
                "length": whole[:8] + b"\xff" * 8 + whole[16:],  # the number of rows
            }[harm]
        )

    with pytest.raises(IndexCorrupt, match=r"v\.faiss") as caught:
        VectorIndex.open(path)
    assert "study index verify" in caught.value.hint


def test_what_cannot_be_written_is_an_error_of_the_system(
    index: VectorIndex, tmp_path: Path
) -> None:
    with pytest.raises(OSError, match=r"x\.faiss can't be written"):
        index.save(tmp_path / "nowhere" / "x.faiss")


def test_renewed_index_holds_what_one_built_anew_does(index: VectorIndex) -> None:
    new = unit(RANDOM.normal(size=(40, DIM)).astype(np.float32))
    origins = RANDOM.permutation(N)[: N - 300]
    origins[::50] = -1
    expected = np.where(origins[:, np.newaxis] < 0, 0, VECTORS[origins])
    expected[origins < 0] = new[: (origins < 0).sum()]

    renewed = index.renewed(origins, new.__getitem__)

    assert (renewed.n_rows, renewed.is_trained) == (len(origins), index.is_trained)
    assert renewed.rows(np.arange(len(origins))) == pytest.approx(expected, abs=2e-3)
    kept = origins >= 0
    # Not even rounded once more: what is stored is what was stored.
    np.testing.assert_array_equal(
        renewed.rows(np.flatnonzero(kept)), index.rows(origins[kept].astype(np.int64))
    )
    for query in QUERIES:
        wanted = np.argsort(-(expected @ query))[:10]
        rows, cosines = renewed.search(query, 10)
        assert len(set(rows.tolist()) & set(wanted.tolist())) >= 9
        assert cosines == pytest.approx(expected[rows] @ query, abs=2e-3)
    assert index.n_rows == N  # it stays as it was


def test_renewed_index_can_be_kept_and_renewed_again(index: VectorIndex, tmp_path: Path) -> None:
    nothing = np.empty((0, DIM), np.float32).__getitem__
    index.renewed(np.arange(N)[::-1].copy(), nothing).save(tmp_path / "v.faiss")

    again = VectorIndex.open(tmp_path / "v.faiss").renewed(np.arange(100), nothing)

    np.testing.assert_array_equal(
        again.rows(np.arange(100)), index.rows(np.arange(N - 1, N - 101, -1))
    )
