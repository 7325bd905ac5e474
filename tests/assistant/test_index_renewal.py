"""What is taken over from the live generation is what a build from nothing gives."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant import generations, index_renewal
from assistant.index import Index, open_index
from assistant.index_build import build_generation
from assistant.index_renewal import RENEWED
from assistant.language import content_words
from assistant.records import EVERYONE, Passage
from tests.assistant.samples import EN_CAT, EN_DOG, ZH_CAT, ZH_DOG, build, embedder, passage
from tests.fakes import FakeEmbedder

BEFORE = [passage(ZH_CAT), passage(EN_CAT), passage(ZH_DOG)]
AFTER = [passage(ZH_DOG), passage(EN_DOG), passage(ZH_CAT), passage("The cat ate a fish.")]


def texts(by: FakeEmbedder) -> list[str]:
    return [text for batch in by.batches for text in batch]


def everything(home: Path) -> tuple[object, ...]:
    """Return all that the live generation holds, as plain values."""
    name = generations.current_name(home)
    assert name is not None
    index = open_index(home, name, fingerprint=None)
    rows = np.arange(index.manifest.n_passages)
    return (
        list(index.passages.computed(range(len(rows)))),
        list(index.passages.words()),
        index.passages.everything(),
        index.passage_vectors(rows).tolist(),
        [index.sentence_vectors(int(row)).tolist() for row in rows],
        [scores(index, question) for question in ("Does a cat sleep?", "狗在叫")],
    )


def scores(index: Index, question: str) -> list[list[float]]:
    found = index.score(
        embedder().embed_question(question),
        content_words(question),
        n_candidates=10,
        audiences=EVERYONE,
    )
    return [found.rows.tolist(), found.dense.tolist(), found.words.tolist()]


def test_only_what_is_new_is_embedded_and_all_is_as_built_from_nothing(tmp_path: Path) -> None:
    build(tmp_path / "a", BEFORE)
    by = embedder()

    build(tmp_path / "a", AFTER, by)
    build(tmp_path / "b", AFTER)

    assert everything(tmp_path / "a") == everything(tmp_path / "b")
    assert len(texts(by)) == 5  # two passages, their three sentences
    assert not any("猫" in text or "狗" in text for text in texts(by))


@pytest.mark.parametrize(
    "changed",
    [{"title": "Beasts"}, {"heading": ("Pets", "Zoo")}],
    ids=lambda each: next(iter(each)),
)
def test_passage_of_another_title_or_heading_is_new(
    tmp_path: Path, changed: dict[str, object]
) -> None:
    build(tmp_path, BEFORE)
    by = embedder()

    build(tmp_path, [*BEFORE[:2], replace(BEFORE[2], **changed)], by)  # type: ignore[arg-type]

    assert len(texts(by)) == 3


def test_one_that_stands_twice_is_taken_over_once(tmp_path: Path) -> None:
    build(tmp_path, BEFORE)
    by = embedder()

    build(tmp_path, [*BEFORE, replace(BEFORE[0], passage_id="again")], by)

    assert len(texts(by)) == 3
    again = everything(tmp_path)
    build(tmp_path / "b", [*BEFORE, replace(BEFORE[0], passage_id="again")])
    assert again == everything(tmp_path / "b")


def test_passages_that_go_take_nothing_with_them(tmp_path: Path) -> None:
    build(tmp_path / "a", [*BEFORE, *AFTER[1:2]])
    by = embedder()

    build(tmp_path / "a", AFTER[1:2], by)
    build(tmp_path / "b", AFTER[1:2])

    assert texts(by) == []
    assert everything(tmp_path / "a") == everything(tmp_path / "b")


@pytest.mark.parametrize("file", ["vectors.faiss", "sentences.faiss", "passages.sqlite"])
def test_nothing_is_taken_over_from_a_damaged_generation(tmp_path: Path, file: str) -> None:
    name = build(tmp_path, BEFORE).name
    path = generations.generation_folder(tmp_path, name) / file
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    by = embedder()

    build(tmp_path, BEFORE, by)

    assert len(texts(by)) == 9


def test_nothing_is_taken_over_where_something_else_shaped_it(tmp_path: Path) -> None:
    build(tmp_path, BEFORE, embedder())
    by = FakeEmbedder("cat", "dog", fingerprint="another")

    build(tmp_path, BEFORE, by)

    assert len(texts(by)) == 9


def test_nothing_is_taken_over_when_told_so(tmp_path: Path) -> None:
    build(tmp_path, BEFORE)
    by = embedder()

    with generations.writing(tmp_path):
        build_generation(
            tmp_path,
            BEFORE,
            sources={},
            roots=[],
            fingerprint=by.fingerprint,
            embed=by.embed_passages,
            shaped_by={"chunks": "1"},
            takes_over=False,
        )

    assert len(texts(by)) == 9


@pytest.mark.parametrize(
    ("n_before", "n", "n_new", "expected"),
    [
        (40_000, 40_000, 4_000, True),
        (40_000, 40_000, 4_001, False),  # lists are trained anew after a tenth is new
        (400, 400, 300, True),  # there are none
        (4_000, 4_400, 400, False),  # the sentences get lists
        (4_400, 4_000, 0, False),  # and lose them
    ],
)
def test_what_is_taken_over_suits_the_new_size(
    n_before: int, n: int, n_new: int, *, expected: bool
) -> None:
    former = index_renewal.Former(
        folder=Path(),
        origins=np.arange(n),
        store=None,  # type: ignore[arg-type]  # not asked here
        n_sentences=np.full(n_before, 7),
        n_new=n_new,
    )

    assert former.is_worthwhile == expected


def test_what_came_new_is_counted_over_generations(tmp_path: Path) -> None:
    def count(passages: Sequence[Passage]) -> int:
        return build(tmp_path, passages).counts[RENEWED]

    assert count(BEFORE) == 0
    assert count([*BEFORE, AFTER[1]]) == 1
    assert count(AFTER) == 2
    shutil.rmtree(tmp_path / "index")
    assert count(AFTER) == 0
