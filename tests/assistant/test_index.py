import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant import generations
from assistant.embedded_texts import embedded_text, sentence_spans
from assistant.errors import IndexCorrupt, IndexMissing, IndexStale
from assistant.index import Index, LiveIndex, Scores, open_index
from assistant.language import content_words
from assistant.records import EVERYONE, Passage
from tests.assistant.samples import EN_CAT, EN_DOG, ZH_CAT, ZH_DOG, build, embedder, passage
from tests.fakes import FakeEmbedder

PASSAGES = [
    *[passage(text) for text in (ZH_CAT, EN_CAT, ZH_DOG, EN_DOG)],
    passage("The cat and the dog sleep side by side.", audience="vets"),
]
QUESTION = "Why does a cat purr in its sleep?"
VETS = frozenset({"all", "vets"})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    build(home, PASSAGES)
    return home


@pytest.fixture(scope="module")
def index(home: Path) -> Index:
    name = generations.current_name(home)
    assert name is not None
    return open_index(home, name, fingerprint="fake")


def ask(index: Index, audiences: frozenset[str] = VETS, question: str = QUESTION) -> Scores:
    return index.score(
        embedder().embed_question(question),
        content_words(question),
        n_candidates=10,
        audiences=audiences,
    )


def test_scores_are_those_of_a_scan_in_numpy(index: Index) -> None:
    by = embedder()
    question = by.embed_question(QUESTION)

    scores = ask(index)

    assert scores.rows.tolist() == [0, 1, 2, 3, 4]
    dense = by.embed_passages([embedded_text(each) for each in PASSAGES]) @ question
    assert scores.dense == pytest.approx(dense, abs=1e-6)
    for row, each in enumerate(PASSAGES):
        texts = [each.text[start:end] for start, end in sentence_spans(each)]
        cosines = by.embed_passages(texts) @ question
        assert scores.sentence[row] == pytest.approx(cosines.max(), abs=1e-6)
        assert scores.best_sentence[row] == cosines.argmax()


def test_words_are_a_share_of_what_could_be_had(index: Index) -> None:
    scores = ask(index)

    # The Chinese passages have no word of the question; "cat", "purr" and "sleep" are in row 1.
    assert scores.words[[0, 2]].tolist() == [0, 0]
    assert scores.words.argmax() == 1
    assert 0 < scores.words[1] <= 1


def test_few_candidates_come_from_each_ranking(index: Index) -> None:
    scores = index.score(
        embedder().embed_question("猫 purr"), ["dog"], n_candidates=1, audiences=VETS
    )

    # At most one from passages, one from sentences, one from words.
    assert 1 <= len(scores.rows) <= 3


def test_other_names_score_but_do_not_raise_the_bound(index: Index) -> None:
    by = embedder()
    plain = index.score(by.embed_question("cat"), ["cat"], n_candidates=9, audiences=VETS)
    named = index.score(
        by.embed_question("cat"), ["cat"], also=["purr"], n_candidates=9, audiences=VETS
    )

    assert named.words[1] > plain.words[1]
    assert named.words[4] == plain.words[4]
    assert named.words.max() <= 1


def test_passages_of_others_are_not_scored(index: Index) -> None:
    assert 4 in ask(index).rows
    assert 4 not in ask(index, EVERYONE).rows
    assert ask(index, frozenset({"vets"})).rows.tolist() == [4]
    assert index.allowed_rows(VETS) is None


@pytest.mark.parametrize("audiences", [frozenset(), frozenset({"cooks"})], ids=["none", "other"])
def test_asker_with_nothing_allowed_gets_nothing(index: Index, audiences: frozenset[str]) -> None:
    scores = ask(index, audiences)

    assert len(scores.rows) == len(scores.dense) == len(scores.words) == 0


def test_words_of_passages_of_others_are_not_mentioned(index: Index) -> None:
    assert index.mentions("side", VETS)
    assert not index.mentions("side", EVERYONE)
    assert index.mentions("cat", EVERYONE)


def test_document_called_by_its_file_is_mentioned(tmp_path: Path) -> None:
    build(tmp_path, [replace(passage(EN_CAT), source="en/14-faq.md")])
    index = LiveIndex(tmp_path, fingerprint="fake").get()

    assert index.mentions("faq", EVERYONE)
    assert not index.mentions("fa", EVERYONE)
    assert not index.mentions("faq", frozenset({"cooks"}))


def test_vectors_of_sentences_belong_to_their_passage(index: Index) -> None:
    texts = [EN_DOG[start:end] for start, end in sentence_spans(PASSAGES[3])]

    assert index.sentence_vectors(3) == pytest.approx(embedder().embed_passages(texts), abs=1e-6)


def test_other_embedder_is_told_what_to_do(home: Path, index: Index) -> None:
    with pytest.raises(IndexStale, match="embedder fake, the settings name other") as caught:
        open_index(home, index.name, fingerprint="other")
    assert "--rebuild" in caught.value.hint
    assert "former embedder" in caught.value.hint


def test_embedder_need_not_be_named(home: Path, index: Index) -> None:
    assert open_index(home, index.name, fingerprint=None).name == index.name


FILES = [
    "vectors.faiss",
    "sentences.faiss",
    "passages.sqlite",
    "centres.json",
    "words/data.csc.index.npy",
    "words/indices.csc.index.npy",
    "words/indptr.csc.index.npy",
    "words/params.index.json",
    "words/vocab.index.json",
]


def test_no_file_of_a_generation_is_forgotten_here(index: Index) -> None:
    assert sorted(index.manifest.files) == sorted(FILES)


@pytest.fixture
def copy(home: Path, tmp_path: Path) -> Path:
    shutil.copytree(home, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.mark.parametrize("harm", ["delete", "empty", "cut", "garbage"])
@pytest.mark.parametrize("file", FILES)
def test_damaged_file_is_a_known_error(copy: Path, index: Index, file: str, harm: str) -> None:
    path = generations.generation_folder(copy, index.name) / file
    whole = path.read_bytes()
    if harm == "delete":
        path.unlink()
    else:
        path.write_bytes(
            {"empty": b"", "cut": whole[: len(whole) // 2], "garbage": b"\x93\xff" * 99}[harm]
        )

    with pytest.raises(IndexCorrupt) as caught:
        LiveIndex(copy, fingerprint="fake").get()
    assert "study in" in caught.value.hint
    if harm == "delete":
        assert file in str(caught.value)


@pytest.mark.parametrize("file", ["vectors.faiss", "sentences.faiss", "passages.sqlite", "words"])
def test_file_of_another_generation_is_a_known_error(
    copy: Path, tmp_path: Path, index: Index, file: str
) -> None:
    other = build(tmp_path / "other", PASSAGES[:2])
    source = generations.generation_folder(tmp_path / "other", other.name) / file
    target = generations.generation_folder(copy, index.name) / file
    if file == "words":
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy(source, target)

    with pytest.raises(IndexCorrupt, match="don't fit each other"):
        LiveIndex(copy, fingerprint="fake").get()


@pytest.mark.parametrize("centres", ['{"passage zh": [1, 2]}', "3", "null"])
def test_centres_of_another_embedder_are_a_known_error(
    copy: Path, index: Index, centres: str
) -> None:
    path = generations.generation_folder(copy, index.name) / "centres.json"
    path.write_text(centres)

    with pytest.raises(IndexCorrupt):
        LiveIndex(copy, fingerprint="fake").get()


def test_nothing_ingested_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="Nothing has been ingested") as caught:
        LiveIndex(tmp_path, fingerprint="fake").get()
    assert "study ingest" in caught.value.hint


def test_live_index_is_opened_once(home: Path) -> None:
    live = LiveIndex(home, fingerprint="fake")

    assert live.get() is live.get()


def test_new_generation_is_read_from_the_next_request_on(tmp_path: Path) -> None:
    build(tmp_path, PASSAGES[:2])
    live = LiveIndex(tmp_path, fingerprint="fake")
    old = live.get()

    latest = build(tmp_path, PASSAGES)

    assert live.get().name == latest.name
    assert len(ask(live.get()).rows) == 5
    # A request that began before goes on with what it had, even when that is deleted.
    shutil.rmtree(generations.generation_folder(tmp_path, old.name))
    assert ask(old).rows.tolist() == [0, 1]
    assert [each.text for each, _ in old.passages.get([1, 0])] == [EN_CAT, ZH_CAT]


def test_rollback_is_a_switch_too(tmp_path: Path) -> None:
    first = build(tmp_path, PASSAGES[:2])
    build(tmp_path, PASSAGES)
    live = LiveIndex(tmp_path, fingerprint="fake")
    assert live.get().name != first.name

    generations.publish(tmp_path, first.name)

    assert live.get().name == first.name


def test_index_of_the_first_document_appears_by_itself(tmp_path: Path) -> None:
    live = LiveIndex(tmp_path, fingerprint="fake")
    with pytest.raises(IndexMissing):
        live.get()

    build(tmp_path, PASSAGES)

    assert live.get().manifest.n_passages == 5


def test_threads_search_while_generations_change(tmp_path: Path) -> None:
    small, large = build(tmp_path, PASSAGES[:2]), build(tmp_path, PASSAGES)
    live = LiveIndex(tmp_path, fingerprint="fake")
    expected = {small.name: [0, 1], large.name: [0, 1, 2, 3, 4]}
    is_over = threading.Event()

    def search(_: int) -> set[str]:
        seen: set[str] = set()
        while not is_over.is_set() or not seen:
            index = live.get()
            rows = ask(index).rows
            assert rows.tolist() == expected[index.name]
            texts = [each.text for each, _ in index.passages.get(rows)]
            assert texts == [each.text for each in PASSAGES[: len(rows)]]
            seen.add(index.name)
        return seen

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(search, number) for number in range(8)]
        try:
            for number in range(20):
                generations.publish(tmp_path, (small, large)[number % 2].name)
        finally:
            is_over.set()
        seen = [future.result() for future in futures]

    assert set().union(*seen) <= {small.name, large.name}


def test_each_passage_is_nearest_to_its_own_word(tmp_path: Path) -> None:
    words = [f"word{number:03}" for number in range(40)]
    by = FakeEmbedder(*words, batch_size=64)
    passages: list[Passage] = [passage(f"{word} " * 12) for word in words]
    index = open_index(tmp_path, build(tmp_path, passages, by).name, fingerprint="fake")

    for row, word in enumerate(words):
        scores = index.score(by.embed_question(word), [word], n_candidates=3, audiences=EVERYONE)
        best = scores.rows[np.argmax(scores.dense)]
        assert best == row


def test_generation_let_go_while_it_was_opened_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = build(tmp_path, [passage(ZH_CAT)])
    names = iter(["gone", there.name])
    monkeypatch.setattr(generations, "current_name", lambda home: next(names, there.name))

    assert LiveIndex(tmp_path, fingerprint="fake").get().name == there.name


def test_generation_that_stays_away_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generations, "current_name", lambda home: "gone")

    with pytest.raises(IndexMissing, match="gone"):
        LiveIndex(tmp_path, fingerprint="fake").get()
