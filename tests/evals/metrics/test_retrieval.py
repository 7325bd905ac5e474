import random
from math import log2

import ir_measures
import pytest
from ir_measures import RR, R, nDCG

from evals.metrics.retrieval import (
    is_relevant,
    ndcg,
    precision,
    recall,
    reciprocal_rank,
    retrieval_values,
    twin,
)
from evals.records import Evidence, Read, Row
from tests.evals.made_rows import make_case, make_error, make_read

BERT = "papers/en/bert.md"
MASKS = Evidence(source="en/03-transformer.md", heading="The `Q`, *K* and V")


def found(*items: int) -> frozenset[int]:
    return frozenset(items)


@pytest.mark.parametrize(
    "heading",
    [
        ("The Transformer", "The Q, K and V"),
        ("The Transformer", "The  `Q`,  K and V "),
        ("The Transformer", "the **Q**, [K](#k) and V", "An example"),
    ],
    ids=["own heading", "other marks and spaces", "a section further down"],
)
def test_a_passage_under_the_heading_is_relevant(heading: tuple[str, ...]) -> None:
    assert is_relevant(make_read("en/03-transformer.md", *heading), MASKS)


@pytest.mark.parametrize(
    ("source", "heading"),
    [
        ("en/03-transformer.md", ("The Transformer", "Masks")),
        ("en/03-transformer.md", ()),
        ("en/04-pre-training.md", ("The Transformer", "The Q, K and V")),
        ("corpus/en/03-transformer.md", ("The Transformer", "The Q, K and V")),
    ],
    ids=["another section", "no heading", "another source", "another folder"],
)
def test_other_passages_are_not_relevant(source: str, heading: tuple[str, ...]) -> None:
    assert not is_relevant(make_read(source, *heading), MASKS)


def test_evidence_without_a_heading_is_any_section_of_its_source() -> None:
    assert is_relevant(make_read(BERT, "BERT", "Results"), Evidence(source=BERT))
    assert is_relevant(make_read(BERT), Evidence(source=BERT))


def test_a_twin_counts_under_the_same_words_or_in_a_cross_lingual_case_under_any() -> None:
    assert twin(BERT) == "papers/zh/bert.md"
    assert twin("labs/attention.ipynb") == "labs/attention.ipynb"
    evidence = Evidence(source=BERT, heading="Masking")
    masking, masks = (
        make_read("papers/zh/bert.md", "Masking"),
        make_read("papers/zh/bert.md", "掩码"),
    )
    assert is_relevant(masking, evidence)
    assert not is_relevant(masks, evidence)
    assert is_relevant(masks, evidence, is_cross_lingual=True)
    assert not is_relevant(make_read(BERT, "掩码"), evidence, is_cross_lingual=True)


def test_recall_is_the_share_of_evidence_found() -> None:
    ranking = [found(), found(1), found(1), found(0)]
    assert recall(ranking, 2, 1) == 0
    assert recall(ranking, 2, 3) == 0.5
    assert recall(ranking, 2, 10) == 1
    assert recall([], 2, 10) == 0


def test_the_first_relevant_passage_gives_the_reciprocal_rank() -> None:
    assert reciprocal_rank([found(), found(), found(1), found(0)]) == pytest.approx(1 / 3)
    assert reciprocal_rank([found()]) == 0


def test_ndcg_by_hand() -> None:
    # Gains at ranks 2 and 3; the best ranking has them at 1 and 2.
    gained = 1 / log2(3) + 1 / log2(4)
    assert ndcg([found(), found(1), found(0)], 2, 10) == pytest.approx(gained / (1 + 1 / log2(3)))
    assert ndcg([found(0)], 1, 10) == 1
    assert ndcg([], 1, 10) == 0


def test_more_of_a_section_gains_nothing() -> None:
    assert ndcg([found(0), found(0), found(1)], 2, 10) < ndcg([found(0), found(1)], 2, 10) == 1


def test_a_passage_with_both_items_is_no_better_than_best() -> None:
    assert ndcg([found(0, 1)], 2, 10) == 1


def test_ndcg_looks_no_deeper_than_k() -> None:
    assert ndcg([found(), found(), found(0)], 1, 2) == 0
    # Three items, two places: both filled is best.
    assert ndcg([found(0), found(1), found(2)], 3, 2) == 1


def test_precision_is_the_share_that_is_relevant() -> None:
    assert precision([found(0), found(), found(0), found()]) == 0.5
    assert precision([]) == 0


def row(*, n_found: int = 2) -> Row:
    evidence = (("en/03-transformer.md", "Masks"), ("en/08-rag.md", "Indexes"))
    ranking = (
        make_read("en/03-transformer.md", "The Transformer", "Heads"),
        make_read("en/08-rag.md", "RAG", "Indexes"),
    )[:n_found]
    return Row(case=make_case(evidence=evidence), found=ranking, read=ranking[1:])


def test_the_values_of_a_case() -> None:
    values = retrieval_values(row())
    assert values == {
        "recall@1": 0,
        "recall@5": 0.5,
        "recall@10": 0.5,
        "mrr": 0.5,
        "ndcg@10": pytest.approx((1 / log2(3)) / (1 + 1 / log2(3))),
        "context_precision": 1,
    }


def test_a_failed_or_empty_search_is_the_worst() -> None:
    assert set(retrieval_values(row(n_found=0)).values()) == {0}
    failed = make_error(make_case(evidence=[("en/03-transformer.md", "Masks")]))
    assert set(retrieval_values(failed).values()) == {0}
    assert len(retrieval_values(failed)) == 6


def test_cases_without_something_to_find_have_no_values() -> None:
    evidence = [("en/03-transformer.md", "Masks")]
    for case in (
        make_case(),
        make_case(evidence=evidence, answerable=False),
        make_case(evidence=evidence, passages=("A mask hides what comes later.",)),
    ):
        assert retrieval_values(Row(case=case)) == {}
        assert retrieval_values(make_error(case)) == {}


def ranking(rng: random.Random, sources: list[str]) -> list[str]:
    return rng.sample(sources, rng.randint(1, 10))


def test_ir_measures_agrees_on_random_rankings() -> None:
    rng = random.Random(7)
    sources = [f"en/{number:02}.md" for number in range(25)]
    runs: dict[str, dict[str, float]] = {}
    relevant: dict[str, dict[str, int]] = {}
    ours: dict[str, dict[str, float]] = {}
    for number in range(200):
        places = ranking(rng, sources)
        evidence = rng.sample(sources, rng.randint(1, 12))
        query = f"q{number}"
        runs[query] = {source: 1.0 - rank / 100 for rank, source in enumerate(places)}
        relevant[query] = dict.fromkeys(evidence, 1)
        hits: tuple[Read, ...] = tuple(make_read(source, "Any") for source in places)
        case = make_case(query, evidence=[(source, "") for source in evidence])
        ours[query] = retrieval_values(Row(case=case, found=hits))
    names = {R @ 1: "recall@1", R @ 5: "recall@5", R @ 10: "recall@10"}
    names |= {RR: "mrr", nDCG @ 10: "ndcg@10"}
    compared = 0
    for metric in ir_measures.iter_calc(list(names), relevant, runs):
        value = ours[metric.query_id][names[metric.measure]]
        assert value == pytest.approx(metric.value, abs=1e-9), metric
        compared += 1
    assert compared == 200 * len(names)
    assert len({values["ndcg@10"] for values in ours.values()}) > 50
