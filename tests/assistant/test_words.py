import os
import subprocess
import sys
from math import log
from pathlib import Path
from random import Random

import bm25s
import numpy as np
import pytest

from assistant.errors import IndexCorrupt
from assistant.words import K1, B, WordIndex

DOCUMENTS = [
    ["cat", "sleeps", "cat", "sill"],
    ["dog", "barks"],
    ["cat", "dog", "fish", "bird", "frog", "toad"],
    [],
]
N, AVERAGE = 4, 13 / 4
"""The empty document counts one word of its own."""


@pytest.fixture(scope="module")
def index() -> WordIndex:
    return WordIndex.build(DOCUMENTS)


def lucene(n_times: int, length: int, n_with: int, n: int = N, average: float = AVERAGE) -> float:
    """Lucene's BM25 of one word, by its formula: k1 = 1.5, b = 0.75, no factor k1 + 1."""
    idf = log(1 + (n - n_with + 0.5) / (n_with + 0.5))
    return idf * n_times / (n_times + 1.5 * (1 - 0.75 + 0.75 * length / average))


def test_scores_are_those_of_lucene_worked_by_hand(index: WordIndex) -> None:
    # "cat" stands twice in the first document of 4 words, once in the third of 6; "dog" in 2 of 4.
    expected = [
        lucene(2, 4, 2),
        lucene(1, 2, 2),
        lucene(1, 6, 2) + lucene(1, 6, 2),
        0.0,
    ]

    assert index.scores(["cat", "dog"]) == pytest.approx(expected, rel=1e-5)
    # One number in full: ln(1 + 2.5/2.5) * 1 / (1 + 1.5 * (0.25 + 0.75 * 2 / 3.25)).
    assert index.scores(["dog"])[1] == pytest.approx(0.6931472 / 2.0673077, rel=1e-5)


def test_scores_are_those_that_bm25s_gives() -> None:
    random = Random(5)
    documents = [random.choices("abcdefghijklmnop", k=random.randint(1, 30)) for _ in range(80)]
    theirs = bm25s.BM25(method="lucene", k1=K1, b=B)
    theirs.index(documents, show_progress=False)
    ours = WordIndex.build(documents)
    for query in ("a", "bcd", "ponml"):
        expected = theirs.get_scores(list(query))
        np.testing.assert_allclose(ours.scores(list(query)), expected, rtol=1e-5)


def test_word_asked_for_twice_counts_twice(index: WordIndex) -> None:
    assert index.scores(["cat", "cat"]) == pytest.approx(2 * index.scores(["cat"]))


@pytest.mark.parametrize("words", [[], ["unicorn"], [""]], ids=["none", "unknown", "empty"])
def test_nothing_known_scores_nothing(index: WordIndex, words: list[str]) -> None:
    assert index.scores(words).tolist() == [0, 0, 0, 0]


def test_idf_falls_with_the_number_of_documents(index: WordIndex) -> None:
    assert index.idf("cat") == pytest.approx(log(1 + 2.5 / 2.5))
    assert index.idf("fish") == pytest.approx(log(1 + 3.5 / 1.5))
    assert index.idf("unicorn") == pytest.approx(log(1 + 4.5 / 0.5))


def test_words_that_occur_are_known(index: WordIndex) -> None:
    assert index.knows("cat")
    assert not index.knows("unicorn")
    assert not index.knows("")
    assert (index.n_documents_with("cat"), index.n_documents_with("unicorn")) == (2, 0)


def test_saved_index_scores_the_same(index: WordIndex, tmp_path: Path) -> None:
    index.save(tmp_path)

    again = WordIndex.open(tmp_path)

    assert again.n_documents == N
    np.testing.assert_array_equal(again.scores(["cat", "dog"]), index.scores(["cat", "dog"]))
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".pkl"]


def test_documents_that_are_not_allowed_count_as_absent(index: WordIndex) -> None:
    allowed = np.array([True, True, False, True])

    # Without the third document "cat" and "dog" stand in 1 of 3 each, and "fish" in none.
    assert index.scores(["cat", "dog", "fish"], allowed=allowed) == pytest.approx(
        [lucene(2, 4, 1, n=3), lucene(1, 2, 1, n=3), 0, 0], rel=1e-5
    )
    assert index.idf("fish", allowed=allowed) == index.idf("unicorn", allowed=allowed)
    assert not index.knows("fish", allowed=allowed)
    assert index.knows("cat", allowed=allowed)
    assert index.n_documents_with("cat", allowed=allowed) == 1


def test_nobody_allowed_scores_nothing(index: WordIndex) -> None:
    nobody = np.zeros(N, dtype=bool)

    assert index.scores(["cat"], allowed=nobody).tolist() == [0, 0, 0, 0]
    assert not index.knows("cat", allowed=nobody)


def test_same_documents_give_the_same_files_in_every_process(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from assistant.words import WordIndex; "
        "WordIndex.build([['注意', 'head', 'key'], ['key', 'value'], []]).save(Path(sys.argv[1]))"
    )
    contents = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        subprocess.run(
            [sys.executable, "-c", code, str(folder)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
        )
        contents.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert contents[0] == contents[1]


def test_collection_without_a_word_can_be_built() -> None:
    index = WordIndex.build([[], []])

    assert index.scores(["cat"]).tolist() == [0, 0]


@pytest.mark.parametrize("harm", ["delete", "empty", "cut", "garbage"])
@pytest.mark.parametrize("part", ["data.csc", "indices.csc", "indptr.csc", "params", "vocab"])
def test_damaged_file_is_known(index: WordIndex, tmp_path: Path, part: str, harm: str) -> None:
    index.save(tmp_path)
    (path,) = tmp_path.glob(f"{part}.index.*")
    whole = path.read_bytes()
    if harm == "delete":
        path.unlink()
    else:
        path.write_bytes(
            {"empty": b"", "cut": whole[: len(whole) // 2], "garbage": b"\x93\xff" * 99}[harm]
        )

    with pytest.raises(IndexCorrupt, match="words") as caught:
        WordIndex.open(tmp_path)
    assert "study ingest" in caught.value.hint


def test_rows_that_there_are_not_are_found_when_they_are_read(
    index: WordIndex, tmp_path: Path
) -> None:
    index.save(tmp_path)
    path = tmp_path / "indices.csc.index.npy"
    np.save(path, np.full_like(np.load(path), 999))

    with pytest.raises(IndexCorrupt, match="passages that there are not"):
        WordIndex.open(tmp_path).scores(["cat"])


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("chinchila", "chinchilla"),
        ("tempertur", "temperatur"),
        ("retreiv", "retriev"),
        ("temperatur", None),  # known
        ("bother", None),  # a short word, and another one
        ("understudi", None),
        ("温度温度温度温", None),
    ],
)
def test_slip_of_a_long_word_is_corrected(word: str, meant: str | None) -> None:
    index = WordIndex.build([["chinchilla", "temperatur", "retriev", "other", "温度温度温度"]])

    assert index.spelt_nearly(word) == meant


def test_slip_is_corrected_by_what_is_allowed_alone() -> None:
    index = WordIndex.build([["temperatur"], ["tempertur"]])

    assert index.spelt_nearly("tempertur", allowed=np.array([True, False])) == "temperatur"
    assert index.spelt_nearly("temperatux", allowed=np.array([False, True])) is None
