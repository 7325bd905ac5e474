import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import IndexCorrupt
from assistant.language import words_version
from assistant.passage_store import Computed, PassageStore, key_of
from assistant.records import Passage
from tests.assistant.samples import EN_CAT, EN_DOG, ZH_CAT, passage

PASSAGES = [
    replace(
        passage(ZH_CAT),
        heading=("宠物", "猫 “咪咪”"),
        kind="table",
        page=3,
        position=1,
        section=2,
        twin="pets",
        audience="vets",
    ),
    replace(passage(EN_CAT), position=0),
    replace(passage(EN_DOG), source="dogs.md"),
]
SPANS = [((0, 12), (12, len(ZH_CAT))), ((0, 5),), ((0, len(EN_DOG)),)]
COMPUTED = [Computed.of(spans, ["cat", str(n)]) for n, spans in enumerate(SPANS)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "passages.sqlite"
    PassageStore.write(path, PASSAGES, COMPUTED)
    return path


def test_passages_come_back_as_they_were(path: Path) -> None:
    assert PassageStore(path).everything() == PASSAGES


def test_rows_are_given_in_the_order_asked_for(path: Path) -> None:
    found = PassageStore(path).get([2, 0])

    assert found == [(PASSAGES[2], SPANS[2]), (PASSAGES[0], SPANS[0])]
    assert PassageStore(path).get([]) == []
    assert PassageStore(path).get([1, 1]) == [(PASSAGES[1], SPANS[1])] * 2


def test_passages_of_a_source_come_in_reading_order(path: Path) -> None:
    assert PassageStore(path).of_source("pets.md") == [PASSAGES[1], PASSAGES[0]]
    assert PassageStore(path).of_source("no.md") == []


def test_columns_are_in_row_order(path: Path) -> None:
    assert PassageStore(path).columns() == (["vets", "all", "all"], ["zh", "en", "en"], [2, 1, 1])


def test_what_was_computed_comes_back_with_what_it_depends_on(path: Path) -> None:
    store = PassageStore(path)

    assert list(store.keys()) == [key_of(each) for each in PASSAGES]
    assert list(store.words()) == [["cat", "0"], ["cat", "1"], ["cat", "2"]]
    assert list(store.computed([0, 1, 2])) == COMPUTED
    assert list(store.computed([2, 0])) == [COMPUTED[2], COMPUTED[0]]
    assert store.words_version() == words_version()


def test_more_passages_than_one_query_takes_all_come_back(tmp_path: Path) -> None:
    n = 1203
    passages = [
        replace(PASSAGES[0], passage_id=str(number), text=str(number)) for number in range(n)
    ]
    computed = [Computed.of(SPANS[0], [str(number)]) for number in range(n)]

    PassageStore.write(tmp_path / "many.sqlite", passages, computed)

    store = PassageStore(tmp_path / "many.sqlite")
    assert list(store.computed(range(n))) == computed
    assert list(store.words()) == [[str(number)] for number in range(n)]
    assert list(store.keys()) == [key_of(each) for each in passages]


def test_digest_tells_apart_where_a_part_ends() -> None:
    plain = replace(PASSAGES[0], heading=())

    assert key_of(replace(plain, title="ab", text="c")) != key_of(
        replace(plain, title="a", text="bc")
    )


def test_store_of_an_older_program_has_no_words_to_take_over(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE words")
        connection.execute("DROP TABLE versions")

    assert PassageStore(path).words_version() == ""
    assert PassageStore(path).everything() == PASSAGES


def test_source_name_is_no_sql(path: Path) -> None:
    assert PassageStore(path).of_source("' OR '1'='1") == []


def test_two_passages_of_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="same id"):
        PassageStore.write(tmp_path / "p.sqlite", [PASSAGES[0]] * 2, [COMPUTED[0]] * 2)


def test_threads_share_a_store(path: Path) -> None:
    store = PassageStore(path)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: store.get([number % 3])[0][0], range(300)))

    assert found == [PASSAGES[number % 3] for number in range(300)]


def test_open_store_outlives_its_folder(path: Path) -> None:
    store = PassageStore(path)
    shutil.rmtree(path.parent)

    with ThreadPoolExecutor(1) as pool:  # a thread that has not read before
        assert pool.submit(store.everything).result() == PASSAGES


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(IndexCorrupt, match=r"passages\.sqlite"):
        PassageStore(tmp_path / "passages.sqlite")


@pytest.mark.parametrize("harm", ["empty", "cut", "garbage", "other"])
def test_damaged_file_is_named(path: Path, harm: str) -> None:
    whole = path.read_bytes()
    path.write_bytes(
        {"empty": b"", "cut": whole[:5000], "garbage": b"no database" * 999, "other": b"{}"}[harm]
    )

    with pytest.raises(IndexCorrupt, match=r"passages\.sqlite") as caught:
        PassageStore(path).columns()
    assert "study index verify" in caught.value.hint


READERS: list[Callable[[PassageStore], list[Passage]]] = [
    lambda store: [each for each, _ in store.get([0])],
    lambda store: store.of_source("pets.md"),
    lambda store: store.everything(),
]


@pytest.mark.parametrize("read", READERS, ids=["get", "of_source", "everything"])
@pytest.mark.parametrize(
    "change",
    ["heading = '['", "sentences = 'x'", "sentences = '[1]'", "start_char = 'x'"],
)
def test_damaged_row_is_known(
    path: Path, change: str, read: Callable[[PassageStore], list[Passage]]
) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE passages SET {change} WHERE row = 0")
    connection.close()

    with pytest.raises(IndexCorrupt):
        read(PassageStore(path))


def test_row_that_is_not_there_is_known(path: Path) -> None:
    with pytest.raises(IndexCorrupt):
        PassageStore(path).get([0, 9])
