"""Passages and small homes for the tests of the core."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import numpy as np

from assistant import generations
from assistant.generations import Manifest
from assistant.index_build import build_generation
from assistant.language import detect_language
from assistant.records import Hit, Passage
from assistant.retrieval import Candidate
from tests.fakes import FakeEmbedder

ZH_CAT = "猫整天在窗台上睡觉。它们高兴的时候会打呼噜。"
EN_CAT = "A cat sleeps on the window sill all day. When it is happy it purrs."
ZH_DOG = "狗在夜里对着月亮叫。它见到主人就摇尾巴。"
EN_DOG = "A dog barks at the moon during the night. It wags its tail for its owner."


def embedder() -> FakeEmbedder:
    return FakeEmbedder("cat", "dog", "sleep", "purr", "fish", "猫", "狗", "睡", "呼噜")


def passage(text: str, passage_id: str = "", *, audience: str = "all") -> Passage:
    """Return a passage of `text` alone, which is its id too unless told."""
    return Passage(
        passage_id=passage_id or text,
        source="pets.md",
        title="Pets",
        heading=("Pets",),
        text=text,
        language=detect_language(text),
        end_char=len(text),
        audience=audience,
    )


def numbered(passages: Sequence[Passage]) -> list[Passage]:
    """Return `passages` with their positions in the source."""
    return [replace(each, position=number) for number, each in enumerate(passages)]


def build(
    home: Path, passages: Sequence[Passage], by: FakeEmbedder | None = None, *, go_live: bool = True
) -> Manifest:
    """Build a generation of `passages` in `home`."""
    by = by or embedder()
    with generations.writing(home):
        return build_generation(
            home,
            numbered(passages),
            sources={"pets.md": generations.Source(sha256="0" * 64, root="corpus")},
            roots=["corpus"],
            fingerprint=by.fingerprint,
            embed=by.embed_passages,
            shaped_by={"chunks": "1"},
            go_live=go_live,
        )


def candidate(
    sentences: Sequence[str], cosines: Sequence[float], score: float, between: str = " "
) -> Candidate:
    """Return a hit whose text is `sentences` with `between` between them."""
    starts = [0, *accumulate(len(sentence) + len(between) for sentence in sentences)]
    hit = Hit(passage=passage(between.join(sentences)), score=score)
    return Candidate(
        hit,
        tuple((start, start + len(text)) for start, text in zip(starts, sentences, strict=False)),
        np.zeros((len(sentences), 1), np.float32),
        np.array(cosines, dtype=np.float32),
    )
