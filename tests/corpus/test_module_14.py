"""Every worked number of module 14 (frequently asked questions), computed again.

Each value is formatted as the module prints it, and the string must stand in both languages.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

CORPUS = Path(__file__).parents[2] / "corpus"
NAME = "14-faq.md"
LANGUAGES = ("en", "zh")
TEXT = {name: (CORPUS / name / NAME).read_text(encoding="utf-8") for name in LANGUAGES}
SENTENCE_END = {"en": re.compile(r"[.?!](?=\s|$)"), "zh": re.compile(r"[。？！]")}
MODULE = {"en": re.compile(r"\bmodules? \d\d|\bthis module"), "zh": re.compile("模块")}


def assert_stands(*strings: str) -> None:
    for language in LANGUAGES:
        missing = [string for string in strings if string not in TEXT[language]]
        assert not missing, f"{language}/{NAME} lacks {missing}"


def assert_says(english: str, chinese: str) -> None:
    assert english in TEXT["en"]
    assert chinese in TEXT["zh"]


def answers(language: str) -> Mapping[str, str]:
    """Return each question, which is a heading of depth three, with its answer."""
    found = re.findall(r"^### ([^\n]+)\n\n(.+?)(?=\n\n#)", TEXT[language], flags=re.M | re.S)
    return dict(found)


def cost(n_input: int, n_output: int) -> float:
    """Return the dollars of one answer at 2 and 8 dollars per million tokens."""
    return n_input * 2 / 1e6 + n_output * 8 / 1e6


def margin(share: float, n_cases: int) -> str:
    """Return half the width of the 95% interval, in percentage points."""
    return f"±{196 * math.sqrt(share * (1 - share) / n_cases):.1f}"


def paired_error(gained: int, lost: int, n_cases: int) -> float:
    """Return the standard error, in points, of the gain on the same cases (module 07)."""
    return 100 * math.sqrt(gained + lost - (gained - lost) ** 2 / n_cases) / n_cases


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_question_has_a_short_answer(language: str) -> None:
    mark = {"en": "?", "zh": "？"}[language]
    assert 25 <= len(answers(language)) == TEXT[language].count("\n### ") <= 30
    for question, answer in answers(language).items():
        assert question.endswith(mark), question
        assert 3 <= len(SENTENCE_END[language].findall(answer)) <= 6, question


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_point_at_modules(language: str) -> None:
    without = [q for q, answer in answers(language).items() if not MODULE[language].search(answer)]
    assert not without
    cited = re.findall(r"(?<!\d)(\d\d)(?=[）), ]| and| 和|、)", TEXT[language])
    assert {f"{number:02d}" for number in range(1, 13)} <= set(cited)


def test_order_of_a_sum_matters() -> None:
    first, second = (0.1 + 0.2) + 0.3, 0.1 + (0.2 + 0.3)
    assert first != second
    assert_says(
        f"(0.1 + 0.2) + 0.3 gives {first}, while 0.1 + (0.2 + 0.3) gives {second}.",
        f"(0.1 + 0.2) + 0.3 得 {first}，而 0.1 + (0.2 + 0.3) 得 {second}。",
    )


def test_parameters_of_gpt3() -> None:
    assert 1750 * 10**8 == 175 * 10**9
    assert math.isclose(1.75 * 10**4 * 10**8, 1.75 * 10**12)
    assert_stands("175 billion", "1750 亿", "1.75 trillion", "1.75 万亿")
    assert_stands(f"{175 * 2} GB", f"{1750 * 2:,} GB")
    assert_says("GPT-3 has 175 billion parameters", "GPT-3 有 1750 亿个参数")


def test_context_window() -> None:
    left = 8192 - (5 * 300 + 200 + 30)
    assert_says(
        f"With a window of 8,192 tokens, a RAG prompt of 1,730 tokens leaves {left:,} tokens",
        f"窗口为 8,192 个词元时，一条 1,730 个词元的 RAG 提示词还剩下 {left:,} 个词元",
    )


def test_cost_of_an_answer() -> None:
    one = cost(2000, 300)
    assert_says(
        f"one answer costs {one:.4f} dollars, and 200,000 answers a month cost "
        f"{200_000 * one:,.0f} dollars",
        f"一个回答花 {one:.4f} 美元，每月 200,000 个回答花 {200_000 * one:,.0f} 美元",
    )


def test_memory() -> None:
    assert_stands(f"{7 * 2} GB", f"{7 * 4 / 8} GB", f"{7 * 16} GB")
    assert_stands(f"{13 * 2} GB", f"{13 * 4 / 8} GB")


def test_learning_curve() -> None:
    scores = (78, 82, 84)
    first, second = scores[1] - scores[0], scores[2] - scores[1]
    assert_says(f"gains of {first} and {second} points", f"先后提高 {first} 个和 {second} 个百分点")


def test_number_of_test_cases() -> None:
    few, many = margin(0.9, 100), margin(0.9, 400)
    assert_says(
        f"about {few} points and 400 cases about {many} points",
        f"约为 {few} 个百分点，400 个样例约为 {many} 个百分点",
    )


def test_pairs_that_differ_in_the_name() -> None:
    n = 30 + 12
    probability = 2 * sum(math.comb(n, k) for k in range(30, n + 1)) / 2**n
    assert_says(f"have the probability {probability:.3f}", f"悬殊的结果的概率是 {probability:.3f}")


def test_case_from_work() -> None:
    right = {"A": 273, "B": 264, "D": 234}
    for n in right.values():
        assert_says(f"| {n} ({n / 300:.0%}) |", f"| {n}（{n / 300:.0%}） |")
    assert right["A"] - right["B"] == 21 - 12
    assert right["A"] - right["D"] == 51 - 12
    assert 300 - right["D"] >= 51
    assert 300 - right["A"] >= 12
    for gain, error, english, chinese in (
        (3.0, paired_error(21, 12, 300), "a gain of ", "A 多 "),
        (13.0, paired_error(51, 12, 300), "loses 12: ", "少对 12 题：多 "),
    ):
        assert_says(
            f"{english}{gain:.1f} points with a standard error of {error:.1f} points",
            f"{chinese}{gain:.1f} 个百分点，标准误是 {error:.1f} 个百分点",
        )
    assert 1.96 * paired_error(21, 12, 300) > 3.0
    assert 1.96 * paired_error(51, 12, 300) < 13.0


def test_case_from_work_costs() -> None:
    one = cost(2000, 300)
    assert_stands(f"1,900 / {one:.4f} = {1900 / one:,.0f}")
    small = 200_000 * one / 10
    more, right = 200_000 * one - small, 200_000 * 39 // 300
    assert_says(f"| {small:.0f} dollars |", f"| {small:.0f} 美元 |")
    assert_says(
        f"A costs {more:,.0f} dollars more and gives {right:,} more right answers a month, "
        f"about {100 * more / right:.1f} cents for each",
        f"A 每月多花 {more:,.0f} 美元，多得到 {right:,} 个正确回答，"
        f"平均每个约 {100 * more / right:.1f} 美分",
    )


def test_solutions() -> None:
    assert_says(
        f"{margin(0.8, 100)} points with 100 cases and {margin(0.8, 1600)} points with 1,600",
        f"{margin(0.8, 100)} 个百分点，1,600 个样例是 {margin(0.8, 1600)} 个百分点",
    )
    one = cost(1500, 200)
    assert_stands(f"0.0030 + 0.0016 = {one:.4f}")
    assert_says(f"cost {500_000 * one:,.0f} dollars", f"花 {500_000 * one:,.0f} 美元")


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("took 1.0 to 1.8 times as many tokens", "1.0 到 1.8 倍"),
        ("Chinchilla with 70 billion parameters beat Gopher with 280", "700 亿参数的 Chinchilla"),
        ("from 60 million to 11 billion parameters", "从 6000 万参数到 110 亿参数"),
        ("tuned model with 1.3 billion parameters", "一个 13 亿参数、经过调整的模型"),
        ("by up to 76 points", "最多相差 76 个百分点"),
        ("65-billion-parameter model on only 1,000", "只用 1,000 个挑选过的样本就微调了 650 亿"),
        ("250, 500 and 1,000 examples give 78%, 82% and 84%", "分别得到 78%、82% 和 84%"),
        ("30 pass only with name A and 12 only with name B", "通过的有 30 对，只有用姓名 B"),
        (
            "200,000 answers a month, each with 2,000 input and 300",
            "200,000 个回答，每个输入 2,000",
        ),
        ("21 questions are right only with A and 12 only with B", "只有 A 答对的有 21 题，只有 B"),
        ("longest prompt needs 8,000 tokens", "最长的提示词要 8,000 个词元"),
        ("| 128,000 |", "| 128,000 |"),
        ("An answer takes 1,500 input and 200 output", "输入 1,500 个词元、输出 200 个词元"),
    ],
)
def test_given_numbers_are_the_same_in_both_languages(english: str, chinese: str) -> None:
    assert_says(english, chinese)
