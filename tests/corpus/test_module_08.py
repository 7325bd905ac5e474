"""Every worked number of module 08 (retrieval-augmented generation), computed again.

Each value is formatted as the module prints it, and the string must stand in both languages.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

CORPUS = Path(__file__).parents[2] / "corpus"
NAME = "08-rag.md"
LANGUAGES = ("en", "zh")

K1 = 1.2
B = 0.75

Words = Sequence[str]


def module_text(language: str) -> str:
    return (CORPUS / language / NAME).read_text(encoding="utf-8")


def assert_stands(*strings: str) -> None:
    for language in LANGUAGES:
        text = module_text(language)
        missing = [string for string in strings if string not in text]
        assert not missing, f"{language}/{NAME} lacks {missing}"


def vector(*values: float) -> npt.NDArray[np.float64]:
    return np.array(values, dtype=np.float64)


def cosine(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def n_passages(length: int, size: int, overlap: int) -> int:
    """Return how many passages a sliding window gives, counted by sliding it."""
    count, start = 1, 0
    while start + size < length:
        start += size - overlap
        count += 1
    return count


def idf(n_total: int, n_with: int) -> float:
    return math.log(1 + (n_total - n_with + 0.5) / (n_with + 0.5))


def term_factor(count: int, length: int, avgdl: float) -> float:
    return count * (K1 + 1) / (count + K1 * (1 - B + B * length / avgdl))


def bm25(query: Words, passage: Words, passages: Sequence[Words]) -> float:
    avgdl = sum(len(each) for each in passages) / len(passages)
    return sum(
        idf(len(passages), sum(word in each for each in passages))
        * term_factor(passage.count(word), len(passage), avgdl)
        for word in query
    )


def dcg(grades: Sequence[int], *, exponential: bool = False) -> float:
    gains = [2**grade - 1 if exponential else grade for grade in grades]
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def ndcg(grades: Sequence[int], *, exponential: bool = False) -> float:
    ideal = sorted(grades, reverse=True)
    return dcg(grades, exponential=exponential) / dcg(ideal, exponential=exponential)


def recall_at(k: int, grades: Sequence[int]) -> float:
    return sum(grade > 0 for grade in grades[:k]) / sum(grade > 0 for grade in grades)


def reciprocal_rank(grades: Sequence[int]) -> float:
    return next((1 / rank for rank, grade in enumerate(grades, start=1) if grade > 0), 0.0)


class Cited(NamedTuple):
    """One sentence: its citations, and the smallest sets of passages that support it."""

    citations: frozenset[int]
    supports: tuple[frozenset[int], ...] = ()

    def supported_by(self, passages: frozenset[int]) -> bool:
        return any(support <= passages for support in self.supports)


def cited(citations: set[int], *supports: set[int]) -> Cited:
    return Cited(frozenset(citations), tuple(frozenset(support) for support in supports))


def alce(sentences: Sequence[Cited]) -> tuple[int, int, int]:
    """Return the supported sentences, the citations that count and all citations.

    Source: Gao et al., 2023, arXiv:2305.14627.
    """
    n_supported = n_counting = 0
    for sentence in sentences:
        if not sentence.supported_by(sentence.citations):
            continue
        n_supported += 1
        for number in sentence.citations:
            alone = sentence.supported_by(frozenset({number}))
            spared = sentence.supported_by(sentence.citations - {number})
            n_counting += alone or not spared
    return n_supported, n_counting, sum(len(sentence.citations) for sentence in sentences)


def test_number_of_passages() -> None:
    length, size, overlap = 1000, 200, 50
    ratio = (length - overlap) / (size - overlap)
    count = n_passages(length, size, overlap)
    assert count == math.ceil(ratio) == 7
    last = length - (count - 1) * (size - overlap)
    stored = (count - 1) * size + last
    assert last == 100
    assert_stands(
        f"$({length}-{overlap})/({size}-{overlap})={ratio:.2f}$",
        f"{stored:,}",
        f"{stored / length - 1:.0%}",
    )
    assert f"gives {count} passages" in module_text("en")
    assert f"被切成 {count} 段" in module_text("zh")


def test_cosine_similarity() -> None:
    question = vector(1, 2, 2)
    assert np.linalg.norm(question) == 3
    passages = {"A": vector(2, 2, 1), "B": vector(3, 0, 4), "C": vector(2, -2, 1)}
    for passage in passages.values():
        dot, length = float(question @ passage), float(np.linalg.norm(passage))
        assert_stands(
            f"= {dot:.0f} | {length:.0f} | {dot:.0f} / (3 × {length:.0f})"
            f" = {cosine(question, passage):.3f} |"
        )
    assert max(passages, key=lambda name: cosine(question, passages[name])) == "A"
    assert max(passages, key=lambda name: float(question @ passages[name])) == "B"


@pytest.mark.parametrize(
    ("query", "passages"),
    [
        pytest.param(
            ("refund", "deadline"),
            (
                "refund deadline thirty days",
                "refund form for refund of deposit",
                "refund paid to same card",
                "delivery takes two working days",
            ),
            id="en",
        ),
        pytest.param(
            ("退款", "期限"),
            (
                "退款 / 期限 / 三十 / 天",
                "退款 / 表 / 用于 / 押金 / 的 / 退款",
                "退款 / 退回 / 到 / 原 / 卡",
                "送货 / 需要 / 两 / 个 / 工作日",
            ),
            id="zh",
        ),
    ],
)
def test_bm25(query: tuple[str, str], passages: tuple[str, ...]) -> None:
    language = "zh" if "/" in passages[0] else "en"
    words = [passage.replace(" / ", " ").split() for passage in passages]
    for number, (passage, split) in enumerate(zip(passages, words, strict=True), start=1):
        assert f"| D{number} | {passage} | {len(split)} |" in module_text(language)
    assert sum(map(len, words)) / len(words) == 5
    scores = [bm25(query, passage, words) for passage in words]
    assert scores == sorted(scores, reverse=True)
    common, rare = (idf(4, sum(word in passage for passage in words)) for word in query)
    assert_stands(
        rf"\ln(1+1.5/3.5)={common:.3f}",
        rf"\ln(1+3.5/1.5)={rare:.3f}",
        f"={K1 * (1 - B + B * 4 / 5):.2f}$",
        f"$2.2/2.02={term_factor(1, 4, 5):.3f}$",
        rf"$({common:.3f}+{rare:.3f})\cdot{term_factor(1, 4, 5):.3f}={scores[0]:.3f}$",
        f"={K1 * (1 - B + B * 6 / 5):.2f}$",
        f"$4.4/3.38={term_factor(2, 6, 5):.3f}$",
        rf"${common:.4f}\cdot{term_factor(2, 6, 5):.4f}={scores[1]:.3f}$",
    )
    assert term_factor(1, 5, 5) == 1
    assert f"{scores[2]:.3f}; D4" in module_text("en")
    assert f"{scores[2]:.3f}；D4" in module_text("zh")
    assert scores[3] == 0


def test_vector_index_costs() -> None:
    n_vectors, dimensions, n_cells, n_probed = 1_000_000, 384, 1_000, 10
    compared = n_cells + n_probed * n_vectors // n_cells
    assert_stands(
        rf"$10^6\times{dimensions}\times4$",
        f"$={n_vectors * dimensions * 4 / 1e9:.3f}$ GB",
        f"{compared:,}".replace(",", "{,}"),
        f"{compared / n_vectors:.1%}",
    )
    multiplications = n_vectors * dimensions
    assert f"{multiplications // 10**6} million multiplications" in module_text("en")
    assert f"{multiplications / 10**8:.2f} 亿次乘法" in module_text("zh")


def test_reciprocal_rank_fusion() -> None:
    first_and_fourth, second_twice = 1 / (60 + 1) + 1 / (60 + 4), 2 / (60 + 2)
    assert second_twice > first_and_fourth
    assert_stands(f"$1/61+1/64={first_and_fourth:.5f}$", f"$2/62={second_twice:.5f}$")


def test_prompt_length() -> None:
    prompt, manual = 5 * 300 + 200 + 30, 150_000
    assert_stands(f"{prompt:,}", f"{manual:,}")
    assert f"about {manual / prompt:.0f} times" in module_text("en")
    assert f"{manual / prompt:.0f} 倍" in module_text("zh")


def test_abstention_errors() -> None:
    refused, answered = f"{8 / 100:.0%}", f"{10 / 50:.0%}"
    for rate in (refused, answered):
        assert f"({rate})" in module_text("en")
        assert f"（{rate}）" in module_text("zh")


def test_retrieval_metrics() -> None:
    grades = (0, 2, 0, 1, 0)
    first, second = 2 / math.log2(3), 1 / math.log2(5)
    ideal = dcg((2, 1, 0, 0, 0))
    mrr = (reciprocal_rank(grades) + 1 + 0) / 3
    assert reciprocal_rank(grades) == 1 / 2
    assert_stands(
        f"recall@3 = 1/2 = {recall_at(3, grades):.3f}",
        f"recall@5 = 2/2 = {recall_at(5, grades):.3f}",
        f"MRR = {mrr:.3f}",
        rf"$2/\log_2 3+1/\log_2 5={first:.3f}+{second:.3f}={dcg(grades):.3f}$",
        rf"$2/\log_2 2+1/\log_2 3={ideal:.3f}$",
        f"nDCG@5 $={dcg(grades):.3f}/{ideal:.3f}={ndcg(grades):.3f}$",
        f"{ndcg(grades, exponential=True):.3f}",
    )
    assert f"{ndcg(grades, exponential=True):.3f}" == "0.640"


def test_citation_metrics() -> None:
    sentences = (
        cited({1}, {1}),
        cited({2, 3}, {2}),
        cited({1}),
        cited({2, 4}, {2, 4}),
        cited(set()),
    )
    n_supported, n_counting, n_citations = alce(sentences)
    assert_stands(
        f"{n_supported}/{len(sentences)} = {n_supported / len(sentences):.3f}",
        f"{n_counting}/{n_citations} = {n_counting / n_citations:.3f}",
    )


def test_permission_filter_leaves_two() -> None:
    left = 5 - 3
    assert f"only {left} remain" in module_text("en")
    assert f"只剩 {left} 个" in module_text("zh")


def test_solution_1_cosines() -> None:
    question = vector(2, 1, 2)
    assert_stands(
        rf"$4/(3\cdot3)={cosine(question, vector(2, 2, -1)):.3f}$",
        rf"$14/(3\cdot5)={cosine(question, vector(4, 0, 3)):.3f}$",
    )


def test_solution_2_number_of_passages() -> None:
    count = n_passages(2300, 400, 100)
    assert count == 8
    assert_stands(f"$(2300-100)/(400-100)={(2300 - 100) / (400 - 100):.2f}$")
    assert f"so {count} passages" in module_text("en")
    assert f"得到 {count} 段" in module_text("zh")


def test_solution_3_retrieval_metrics() -> None:
    grades = (0, 0, 2, 1, 0)
    ideal = dcg(sorted(grades, reverse=True))
    assert_stands(
        f"Recall@3 = {recall_at(3, grades):.3f}",
        f"1/3 = {reciprocal_rank(grades):.3f}",
        rf"$=2/\log_2 4+1/\log_2 5={dcg(grades):.3f}$",
        f"nDCG@5 $={dcg(grades):.3f}/{ideal:.3f}={ndcg(grades):.3f}$",
    )


def test_solution_4_citation_metrics() -> None:
    sentences = (cited({1, 2}, {1}), cited({3}, {3}), cited(set()), cited({2, 4}, {2, 4}))
    n_supported, n_counting, n_citations = alce(sentences)
    assert_stands(
        f"{n_supported}/{len(sentences)} = {n_supported / len(sentences):.3f}",
        f"{n_counting}/{n_citations} = {n_counting / n_citations:.3f}",
    )
