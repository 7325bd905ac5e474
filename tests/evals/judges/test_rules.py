from collections.abc import Sequence

import numpy as np
import pytest

from assistant.centring import Centres
from evals.judges.rules import RulesJudge
from evals.judges.sentences import FloatArray, SentenceReader
from tests.fakes import FakeEmbedder

FLAT = "A flat index compares the query with every stored vector, so its result is exact."
HNSW = "An HNSW index was published by Malkov and Yashunin in 2020 and needs extra memory."


def rules(embedder: FakeEmbedder | None = None, **others: float) -> RulesJudge:
    embedder = embedder or FakeEmbedder("index", "memory")
    return RulesJudge(SentenceReader(embedder, centres=Centres({})), **others)


def test_a_copied_sentence_is_supported_and_another_number_is_not() -> None:
    judge = rules()
    copied = judge.judge("An HNSW index was published in 2020 and needs extra memory.", [HNSW])
    changed = judge.judge("An HNSW index was published in 2002 and needs extra memory.", [HNSW])
    assert copied.probability >= judge.threshold > changed.probability
    assert changed.reason == "2002 is not in the passage"


def test_chinese_is_judged_too() -> None:
    judge = rules(FakeEmbedder("索引"))
    passage = "平坦索引把查询与每个向量逐一比较，结果精确。"
    assert judge.judge("平坦索引把查询与每个向量逐一比较。", [passage]).probability > 0.6
    opposite = judge.judge("平坦索引不把查询与每个向量逐一比较。", [passage])
    assert opposite.probability < 0.6
    assert opposite.reason == "the passage says the opposite"


def test_the_best_passage_counts() -> None:
    judge = rules()
    statement = "A flat index compares the query with every stored vector."
    alone = judge.judge(statement, [FLAT]).probability
    assert judge.judge(statement, [HNSW, FLAT]).probability >= alone > 0.6
    assert judge.judge(statement, [HNSW]).probability < 0.6


def test_two_passages_together_may_support_what_neither_does() -> None:
    judge = rules(threshold=0.5)
    statement = "Yashunin has 12 pages, and the query is compared with every vector."
    pages = "The book by Yashunin and Malkov has 12 pages."
    together = judge.judge(statement, [FLAT, pages]).probability
    assert together > max(judge.judge(statement, [text]).probability for text in (FLAT, pages))


def test_passages_and_statements_are_embedded_once() -> None:
    embedder = FakeEmbedder("index", "memory")
    judge = rules(embedder)
    judge.judge("One claim of the index.", [FLAT, HNSW])
    n_calls = len(embedder.batches)
    judge.judge("One claim of the index.", [HNSW])
    assert len(embedder.batches) == n_calls
    judge.judge("Another claim of the index.", [FLAT])
    assert len(embedder.batches) == n_calls + 1


@pytest.mark.parametrize("passages", [[], [" \n"]])
def test_without_a_passage_nothing_is_supported(passages: Sequence[str]) -> None:
    verdict = rules().judge("A claim.", passages)
    assert verdict.probability == 0
    assert verdict.reason == "there is no passage"


def test_vectors_are_centred_by_language() -> None:
    # Both texts are all centre: without it they are equal, with it they have nothing in common.
    centre: FloatArray = np.array([0.0, 0.0, 1.0], dtype=np.float32)
    embedder = FakeEmbedder("index", "memory")
    passage, statement = "Words about other things here.", "Words about other things there."
    plain = rules(embedder).judge(statement, [passage])
    centres = Centres({("sentence", "en"): centre})
    centred = RulesJudge(SentenceReader(embedder, centres=centres))
    assert centred.judge(statement, [passage]).probability < plain.probability
