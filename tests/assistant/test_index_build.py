from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant import generations
from assistant.centring import Centres, unit
from assistant.embedded_texts import MAX_SENTENCES, embedded_text, sentence_spans, texts_to_embed
from assistant.embedding import FloatArray
from assistant.errors import IngestError
from assistant.index import open_index
from assistant.index_build import build_generation
from assistant.records import Passage
from tests.assistant.samples import EN_CAT, EN_DOG, ZH_CAT, build, embedder, passage


def sentences(of: Passage) -> list[str]:
    return [of.text[start:end] for start, end in sentence_spans(of)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ZH_CAT, ["猫整天在窗台上睡觉。", "它们高兴的时候会打呼噜。"]),
        (EN_CAT, ["A cat sleeps on the window sill all day.", "When it is happy it purrs."]),
        ("它快。它小。猫整天在窗台上睡觉。", ["它快。它小。猫整天在窗台上睡觉。"]),
        ("猫整天在窗台上睡觉。它快。", ["猫整天在窗台上睡觉。它快。"]),
        ("短。", ["短。"]),
        ("", [""]),
        ("\n".join(["A line that is long enough."] * 3), ["A line that is long enough."] * 3),
    ],
    ids="zh en short-first short-last only-short empty lines".split(),
)
def test_short_sentences_go_with_their_neighbours(text: str, expected: list[str]) -> None:
    assert sentences(passage(text)) == expected


def test_passage_of_very_many_sentences_is_one() -> None:
    text = "\n".join(["A line that is long enough."] * (MAX_SENTENCES + 1))

    assert sentences(passage(text)) == [text]


def test_all_but_blanks_is_in_a_sentence() -> None:
    for text in (ZH_CAT, EN_CAT, "一。二。三。" * 9, "Short. " * 20, "a\n\nb\n\nc"):
        joined = "".join(sentences(passage(text)))
        assert "".join(joined.split()) == "".join(text.split())


def test_block_of_code_is_one_sentence() -> None:
    block = "```python\nfor cat in cats:\n    print(cat.purrs, cat.sleeps)\n```"
    text = f"A cat sleeps on the window sill.\n\n{block}\n\nWhen it is happy it purrs."

    assert sentences(passage(text)) == [
        "A cat sleeps on the window sill.",
        block,
        "When it is happy it purrs.",
    ]


@pytest.mark.parametrize("title", ["017", "para-017", "Chapter 3", "en_12", "第3章", "未命名"])
def test_mere_labels_are_not_embedded(title: str) -> None:
    numbered = replace(passage("It sleeps."), title=title, heading=(title, "Cats"))

    assert embedded_text(numbered) == "Cats\nIt sleeps."


@pytest.mark.parametrize("title", ["Pets", "GPT-3", "Part of speech", "词向量", "猫"])
def test_titles_that_say_something_are_embedded(title: str) -> None:
    assert embedded_text(replace(passage("It."), title=title, heading=())) == f"{title}\nIt."


def test_title_and_headings_are_embedded_with_the_text() -> None:
    deep = replace(passage("It sleeps."), title="Pets", heading=("Pets", "Cats"))

    assert embedded_text(deep) == "Pets > Cats\nIt sleeps."
    assert embedded_text(replace(deep, title="", heading=())) == "\nIt sleeps."


def test_manifest_tells_what_was_built(tmp_path: Path) -> None:
    manifest = build(tmp_path, [passage(ZH_CAT), passage(EN_DOG)])

    assert (manifest.n_passages, manifest.n_sentences, manifest.dim) == (2, 4, 10)
    assert manifest.shaped_by == {"chunks": "1", "embedder": "fake"}
    assert generations.read_manifest(tmp_path, manifest.name) == manifest
    assert generations.verify(tmp_path, manifest.name) == []
    assert {"vectors.faiss", "sentences.faiss", "passages.sqlite", "centres.json"} <= set(
        manifest.files
    )


def test_new_generation_is_live_unless_told_otherwise(tmp_path: Path) -> None:
    first = build(tmp_path, [passage(ZH_CAT)])
    second = build(tmp_path, [passage(EN_CAT)], go_live=False)

    assert generations.current_name(tmp_path) == first.name
    assert generations.list_names(tmp_path) == [first.name, second.name]


def test_names_made_in_one_second_sort_by_time(tmp_path: Path) -> None:
    names = [build(tmp_path, [passage(ZH_CAT)]).name for _ in range(12)]

    assert generations.list_names(tmp_path) == sorted(names) == names


def test_nothing_to_index_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="nothing to index") as caught:
        build(tmp_path, [])
    assert ".md" in caught.value.hint
    assert generations.current_name(tmp_path) is None


def test_build_that_fails_leaves_the_live_one_and_nothing_else(tmp_path: Path) -> None:
    live = build(tmp_path, [passage(ZH_CAT)])

    with pytest.raises(ValueError, match="same id"):
        build(tmp_path, [passage(EN_CAT), passage(EN_CAT)])

    assert generations.current_name(tmp_path) == live.name
    folder = generations.generation_folder(tmp_path, "x").parent
    assert [path.name for path in folder.iterdir()] == [live.name]


def test_given_centres_are_used_and_kept(tmp_path: Path) -> None:
    by = embedder()
    mean = np.full(by.dim, 0.1, np.float32)
    with generations.writing(tmp_path):
        manifest = build_generation(
            tmp_path,
            [passage(ZH_CAT)],
            sources={},
            roots=[],
            fingerprint=by.fingerprint,
            embed=by.embed_passages,
            shaped_by={},
            centres=Centres({("passage", "zh"): mean}),
        )

    index = open_index(tmp_path, manifest.name, fingerprint="fake")

    raw = by.embed_passages([embedded_text(passage(ZH_CAT))])
    assert index.passage_vectors(np.array([0])) == pytest.approx(unit(raw - mean), abs=1e-6)
    assert index.centres.means["passage", "zh"] == pytest.approx(mean)


def test_all_texts_are_told_before_and_vectors_asked_for_in_parts(tmp_path: Path) -> None:
    by = embedder()
    numbered = [
        passage(f"Cat number {n} sleeps on the window sill. {EN_DOG}") for n in range(9_000)
    ]
    told: list[str] = []
    asked: list[Sequence[str]] = []

    def embed(texts: Sequence[str]) -> FloatArray:
        assert set(texts) <= set(told)
        asked.append(texts)
        return by.embed_passages(texts)

    with generations.writing(tmp_path):
        manifest = build_generation(
            tmp_path,
            numbered,
            sources={},
            roots=[],
            fingerprint=by.fingerprint,
            embed=embed,
            embed_ahead=told.extend,
            shaped_by={},
            centres=Centres({}),
            go_live=False,
        )

    assert told == texts_to_embed(numbered)
    assert max(map(len, asked)) < len(numbered) < manifest.n_sentences
    index = open_index(tmp_path, manifest.name, fingerprint="fake")
    last = by.embed_passages([embedded_text(numbered[-1])])
    assert index.passage_vectors(np.array([8_999])) == pytest.approx(unit(last), abs=1e-6)
