import multiprocessing
import sqlite3
from collections.abc import Sequence
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import pytest

from assistant.embedding import FloatArray
from assistant.errors import BusyError, StudyError
from assistant.vector_cache import VectorCache, count_missing, embed_ahead, embed_with_cache
from tests.fakes import FakeEmbedder

TEXTS = ("cat", "dog dog", "猫 cat", "cat", "dog")


@pytest.fixture
def cache(tmp_path: Path) -> VectorCache:
    return VectorCache(tmp_path / "vectors.sqlite")


def test_vectors_are_those_of_the_embedder_in_order(cache: VectorCache) -> None:
    embedder = FakeEmbedder("cat", "dog", "猫")

    vectors, n_computed = embed_with_cache(embedder, TEXTS, cache)

    # "dog dog" counts (0, 2, 0, 1), whose length is the root of 5.
    assert vectors[1] == pytest.approx([0, 2 / 5**0.5, 0, 1 / 5**0.5])
    np.testing.assert_array_equal(vectors, FakeEmbedder("cat", "dog", "猫").embed_passages(TEXTS))
    assert n_computed == 4


def test_texts_seen_before_are_not_embedded_again(cache: VectorCache) -> None:
    first, _ = embed_with_cache(FakeEmbedder("cat", "dog", "猫"), TEXTS, cache)
    embedder = FakeEmbedder("cat", "dog", "猫")

    second, n_computed = embed_with_cache(embedder, [*TEXTS, "new cat"], cache)

    np.testing.assert_array_equal(second[: len(TEXTS)], first)
    assert (n_computed, embedder.batches) == (1, [["new cat"]])


def test_blanks_around_a_text_make_no_new_text(cache: VectorCache) -> None:
    embedder = FakeEmbedder("cat")

    _, n_computed = embed_with_cache(embedder, ["cat", " cat\n", "cat\u3000"], cache)

    assert (n_computed, embedder.batches) == (1, [["cat"]])


def test_embedders_of_other_fingerprint_share_nothing(cache: VectorCache) -> None:
    embed_with_cache(FakeEmbedder("cat", fingerprint="a"), ["cat"], cache)

    vectors, n_computed = embed_with_cache(FakeEmbedder("dog", fingerprint="b"), ["cat"], cache)

    assert n_computed == 1
    assert vectors[0] == pytest.approx([0, 1])


def test_longest_texts_come_first_and_progress_counts_new_ones(cache: VectorCache) -> None:
    embed_with_cache(FakeEmbedder("x"), ["xx"], cache)
    embedder = FakeEmbedder("x", batch_size=2)
    steps: list[tuple[int, int]] = []

    texts = ["x", "xx", "xxxx", "xxx"]
    n = embed_ahead(embedder, texts, cache, lambda done, total: steps.append((done, total)))

    assert n == 3

    assert embedder.batches == [["xxxx", "xxx"], ["x"]]
    assert steps == [(2, 3), (3, 3)]


def test_nothing_new_makes_no_progress_and_no_text_no_rows(cache: VectorCache) -> None:
    embedder = FakeEmbedder("x")
    steps: list[int] = []

    n = embed_ahead(embedder, [], cache, lambda done, _: steps.append(done))
    vectors, n_computed = embed_with_cache(embedder, [], cache)

    assert (vectors.shape, n, n_computed, steps, embedder.batches) == ((0, 2), 0, 0, [], [])


def test_a_stopped_run_goes_on_where_it_was(cache: VectorCache) -> None:
    def stop(done: int, total: int) -> None:
        if done >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed_ahead(FakeEmbedder("x", batch_size=1), ["x", "xx", "xxx"], cache, stop)
    embedder = FakeEmbedder("x", batch_size=1)

    _, n_computed = embed_with_cache(embedder, ["x", "xx", "xxx"], cache)

    assert (n_computed, embedder.batches) == (1, [["x"]])


def test_a_cache_that_goes_while_it_is_read_is_a_known_error(
    cache: VectorCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = cache.get

    def get_too_late(
        embedder: str, text_hashes: Sequence[bytes], *, dim: int
    ) -> dict[bytes, bytes]:
        (tmp_path / "vectors.sqlite").unlink(missing_ok=True)
        return get(embedder, text_hashes, dim=dim)

    monkeypatch.setattr(cache, "get", get_too_late)

    with pytest.raises(StudyError, match="deleted"):
        embed_with_cache(FakeEmbedder("x"), ["x"], cache)


def test_more_texts_than_one_query_takes_are_all_found(cache: VectorCache) -> None:
    texts = [f"text {number}" for number in range(1203)]
    embed_with_cache(FakeEmbedder("1", batch_size=600), texts, cache)

    _, n_computed = embed_with_cache(FakeEmbedder("1"), texts, cache)

    assert n_computed == 0


def test_a_vector_of_wrong_length_is_computed_again(cache: VectorCache, tmp_path: Path) -> None:
    expected, _ = embed_with_cache(FakeEmbedder("cat"), ["cat"], cache)
    with sqlite3.connect(tmp_path / "vectors.sqlite") as connection:
        connection.execute("UPDATE vectors SET vector = substr(vector, 1, 5)")
    connection.close()

    vectors, n_computed = embed_with_cache(FakeEmbedder("cat"), ["cat"], cache)

    np.testing.assert_array_equal(vectors, expected)
    assert n_computed == 1
    assert embed_with_cache(FakeEmbedder("cat"), ["cat"], cache)[1] == 0


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "vectors.sqlite"
    path.write_bytes(b"no database" * 100)

    with pytest.raises(StudyError, match=r"vectors\.sqlite") as caught:
        embed_with_cache(FakeEmbedder("x"), ["x"], VectorCache(path))

    assert "Delete" in caught.value.hint


def test_a_folder_that_cannot_be_made_is_a_known_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")

    with pytest.raises(StudyError, match="can't be used"):
        embed_with_cache(FakeEmbedder("x"), ["x"], VectorCache(tmp_path / "file" / "v.sqlite"))


def test_a_lock_held_for_too_long_is_reported_as_busy(tmp_path: Path) -> None:
    path = tmp_path / "vectors.sqlite"
    embed_with_cache(FakeEmbedder("x"), ["x"], VectorCache(path))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(BusyError):
            embed_with_cache(FakeEmbedder("x"), ["xx"], VectorCache(path, timeout_s=0.1))
    finally:
        other.close()


def _embed_in_process(path: Path, texts: Sequence[str], start: Barrier) -> None:
    start.wait(30)
    embed_with_cache(FakeEmbedder("x", batch_size=1), texts, VectorCache(path))


def test_processes_that_start_at_once_share_the_file(tmp_path: Path) -> None:
    path = tmp_path / "vectors.sqlite"
    texts = [f"x {number}" for number in range(150)]
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(2)
    processes = [
        context.Process(target=_embed_in_process, args=(path, texts[shift:] + texts[:shift], start))
        for shift in (0, 75)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0, 0]
    vectors, n_computed = embed_with_cache(FakeEmbedder("x"), texts, VectorCache(path))
    assert n_computed == 0
    expected: FloatArray = FakeEmbedder("x").embed_passages(texts)
    np.testing.assert_array_equal(vectors, expected)


def test_what_would_be_computed_is_counted_and_nothing_written(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "vectors.sqlite")
    embedder = FakeEmbedder("a")
    assert count_missing(embedder, ["a", "b", " a "], cache) == 2
    assert list(tmp_path.iterdir()) == []
    embed_with_cache(embedder, ["a"], cache)
    assert count_missing(embedder, ["a", "b"], cache) == 1
    assert len(embedder.batches) == 1
