import pytest

from assistant.numbers_in_text import (
    calculates_with,
    has_number,
    has_numbers_to_calculate,
    missing_numbers,
    missing_sizes,
    missing_versions,
    quantities,
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1750 亿个参数", {1.75e11, 1750}),
        ("175 billion parameters", {1.75e11, 175}),
        ("the 175-billion-parameter model", {1.75e11, 175}),
        ("175,000,000,000", {1.75e11}),
        ("1.5B", {1.5e9, 1.5}),
        ("1.4 万亿词元", {1.4e12, 1.4}),
        ("３２ｋ", {32_000, 32}),
        ("99.5%", {99.5}),
        ("$1{,}000$ and $2\\,000$", {1000, 2000}),
        ("5-10 layers", {5, 10}),
        ("BM25, GPT-3 and v1.5", set()),
        ("no figures", set()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_numbers_are_read_with_their_scale(text: str, values: set[float]) -> None:
    assert sorted(quantities(text)) == pytest.approx(sorted(values))


@pytest.mark.parametrize(
    ("statement", "evidence", "missing"),
    [
        ("GPT-3 有 1750 亿个参数", "GPT-3 has 175 billion parameters", []),
        ("It has 175 billion parameters", "它有 1750 亿个参数", []),
        ("It has 175 billion parameters", "the 175-billion-parameter model", []),
        ("It has 175,000,000,000 of them", "1750亿", []),
        ("3.5 亿个参数", "它有 3.5 亿个参数", []),
        ("It has 13 layers", "It has 12 layers", ["13"]),
        ("a 24-hour day", "a day", ["24"]),
        ("它有 13 层", "它有 12 层", ["13"]),
        ("It has 175 million", "It has 175 billion", ["175 million"]),
        ("12 heads", "twelve heads", []),
        ("24 heads", "twenty-four heads", []),
        ("2 million words", "two million words", []),
        ("12 层", "十二层", []),
        ("2 层", "十二层", ["2"]),
        ("30 亿", "三十亿", []),
        ("2017 年", "二〇一七年", []),
        ("3 种", "两三种", []),
        ("5 百万", "5 百万", []),
        ("1. 第一点有 3 步", "有 3 步", []),
        ("2) Second", "nothing", []),
        ("2.5 times", "2.6 times", ["2.5"]),
        ("from 5-10", "from 5", ["10"]),
        ("$1{,}000$", "1,000", []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_numbers_that_the_evidence_lacks(statement: str, evidence: str, missing: list[str]) -> None:
    assert missing_numbers(statement, evidence) == missing


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 层", True),
        ("十二层", True),
        ("a dozen layers", True),
        ("many layers", False),
        ("twelve", True),
        ("很深", False),
    ],
)
def test_numbers_in_figures_or_in_words(text: str, expected: bool) -> None:
    assert has_number(text) is expected


@pytest.mark.parametrize(
    "question",
    [
        "8 pipeline stages, 24 micro batches: how much idle time?",
        "(1,2,2) 和 (2,1,2) 的余弦相似度是多少",
        "TP 20，FP 5，FN 10，精确率是多少",
        "四个词元，概率都是0.2，困惑度多少",
        "If 3 cats purr 25 times, how often is that?",
    ],
)
def test_question_with_figures_to_calculate_with_has_numbers_to_calculate(question: str) -> None:
    assert has_numbers_to_calculate(question)


@pytest.mark.parametrize(
    "question",
    [
        "How many GPUs was Llama 3 405B trained on?",
        "GPT-3 比 GPT-2 大多少？",
        "awq 量化一个70B的模型要几小时",
    ],
)
def test_figures_of_names_are_nothing_to_calculate_with(question: str) -> None:
    assert not has_numbers_to_calculate(question)


@pytest.mark.parametrize(
    ("question", "evidence", "missing"),
    [
        ("How many layers has Llama 3 405B?", "Llama 3 8B has 32 layers.", ["405B"]),
        ("How many layers has Llama 3 8B?", "Llama 3 8B has 32 layers.", []),
        ("那个1370亿的模型有几层？", "1370 亿参数的模型有 12 层。", []),
        ("awq 量化一个70B的模型要几小时", "用四个小时把 1,750 亿个参数压到 3 位。", ["70B"]),
        ("How many layers has Llama 3?", "BERT has 12.", []),
    ],
)
def test_sizes_tell_what_is_asked_about(question: str, evidence: str, missing: list[str]) -> None:
    assert missing_sizes(question, evidence) == missing


@pytest.mark.parametrize(
    ("question", "evidence", "expected"),
    [
        ("how many tokens did Llama 2 see", "LLaMA-7B saw a trillion tokens.", ["Llama 2"]),
        ("how many tokens did Llama 2 see", "Llama-2 saw two trillion tokens.", []),
        ("Llama 2 用了多少词元", "LLaMA 用了 1 万亿个词元。", ["Llama 2"]),
        ("Does Llama 3 8B fit?", "Llama 3 8B takes 16 GB.", []),
        ("how many tokens did Llama 2 see", "GPT-3 saw 300 billion tokens.", []),
        ("What is in Module 3?", "This module is about attention.", []),
        ("FlashAttention-2 快了几倍", "FlashAttention 的显存读写更少。", ["FlashAttention-2"]),
        ("FlashAttention-2 快了几倍", "FlashAttention-2 快了一倍。", []),
        ("Is GPT-3 larger than GPT-2?", "GPT-3 has 175 billion parameters.", []),
    ],
)
def test_versions_that_the_evidence_has_in_others_alone(
    question: str, evidence: str, expected: list[str]
) -> None:
    assert missing_versions(question, evidence) == expected


@pytest.mark.parametrize(
    ("question", "evidence", "same"),
    [
        ("8 stages, 24 batches: what is idle?", "With 4 stages and 12 batches it is 20%.", False),
        ("8 stages, 24 batches: what is idle?", "With 8 stages and 24 batches it is 23%.", True),
        ("(1,2,2) 和 (2,1,2) 的余弦？", "（1, 2, 2）与（2, 1, 1）的余弦是 0.735。", False),
        ("(1,2,2) 和 (2,1,2) 的余弦？", "（1, 2, 2）与（2, 1, 2）的余弦是 0.889。", True),
        ("What does Llama 3 take at 2 bytes, 8 GB?", "At 2 bytes it takes 8 GB.", True),
    ],
)
def test_numbers_that_a_question_gives(question: str, evidence: str, same: bool) -> None:
    assert calculates_with(question, evidence) is same
