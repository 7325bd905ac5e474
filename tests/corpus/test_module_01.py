"""Recomputes every number of module 01 and looks for it in both languages."""

import math
import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

CORPUS = Path(__file__).parents[2] / "corpus"
TEXT = {
    language: (CORPUS / language / "01-what-is-an-llm.md").read_text(encoding="utf-8")
    for language in ("en", "zh")
}
SENTENCES = {
    "en": ["we train models", "we test models", "we train staff", "staff test models"],
    "zh": ["我们 训练 模型", "我们 测试 模型", "我们 训练 员工", "员工 测试 模型"],
}
CHINESE = {"we": "我们", "staff": "员工", "train": "训练", "test": "测试", "models": "模型"}


def tokens(sentence: str) -> list[str]:
    return ["BOS", *sentence.split(), "EOS"]


def bigram_counts(sentences: list[str]) -> Counter[tuple[str, str]]:
    pairs: Counter[tuple[str, str]] = Counter()
    for sentence in sentences:
        words = tokens(sentence)
        pairs.update(pairwise(words))
    return pairs


PAIRS = bigram_counts(SENTENCES["en"])
NEXT = ["we", "staff", "train", "test", "models", "EOS"]


def occurrences(token: str) -> int:
    return sum(n for (before, _), n in PAIRS.items() if before == token)


def factors(sentence: str, added: int = 0) -> list[tuple[int, int]]:
    """Numerator and denominator of each bigram probability."""
    words = tokens(sentence)
    return [(PAIRS[(a, b)] + added, occurrences(a) + added * len(NEXT)) for a, b in pairwise(words)]


def probability(sentence: str, added: int = 0) -> float:
    return math.prod(n / d for n, d in factors(sentence, added))


def perplexity(sentence: str, added: int = 0) -> float:
    return float(probability(sentence, added) ** (-1 / len(factors(sentence, added))))


def product(sentence: str, digits: str, added: int = 0) -> str:
    parts = [rf"\frac{{{n}}}{{{d}}}" for n, d in factors(sentence, added)]
    return r"\times".join(parts) + f"={probability(sentence, added):{digits}}"


def bigram_values() -> list[str]:
    assert probability("staff train models") == 0
    assert probability("we train staff") == probability("staff") == 0.125
    return [
        product("we train models", ".2f"),
        product("we train staff", ".3f"),
        product("staff", ".3f"),
        product("staff test models", ".3f"),
        product("staff train models", ".4f", added=1),
        product("we train models", ".4f", added=1),
        f"$V={len(NEXT)}$",
        rf"\frac{{{PAIRS[('test', 'staff')]}}}{{{occurrences('test')}}}=0",
        rf"\frac{{0+1}}{{{occurrences('test')}+{len(NEXT)}}}=\frac{{1}}{{8}}",
    ]


def perplexity_values() -> list[str]:
    logs = [math.log(n / d) for n, d in factors("we train models")]
    mean = sum(logs) / len(logs)
    assert math.isclose(math.exp(-mean), perplexity("we train models"))
    return [
        f"0.25^{{-1/{len(logs)}}}={perplexity('we train models'):.3f}",
        rf"\ln 1={sum(logs):.4f}",
        f"${mean:.4f}$",
        f"e^{{{-mean:.4f}}}={math.exp(round(-mean, 4)):.3f}",
        f"{perplexity('we train models', added=1):.3f}",
        f"{perplexity('staff train models', added=1):.3f}",
        f"0.125^{{-1/4}}={perplexity('staff test models'):.3f}",
        f"(0.5^{{5}})^{{-1/5}}={(0.5**5) ** (-1 / 5):.0f}",
    ]


def softmax_values() -> list[str]:
    exponentials = [math.exp(z) for z in (2, 1, 0)]
    total = sum(exponentials)
    shares = [e / total for e in exponentials]
    return [
        *(f"{e:.3f}" for e in exponentials[:2]),
        f"{total:.3f}",
        *(f"{p:.3f}" for p in shares),
        rf"-\ln {shares[1]:.3f}",
        f"{-math.log(shares[1]):.2f}",
    ]


def size_values() -> list[str]:
    gigabytes = 175 * 10**9 * 2 // 10**9
    claimed = 1_750_000_000_000 * 2 // 10**9
    assert claimed == 10 * gigabytes
    return [
        r"175\times10^{9}\times2",
        f"{gigabytes} GB",
        f"{claimed:,} GB",
        f"$10^{{{round(math.log10(10_000**2))}}}$",
        f"$10^{{{round(math.log10(10_000**3))}}}$",
    ]


def case_values() -> list[str]:
    share = 170 / 200
    error = math.sqrt(share * (1 - share) / 200)
    low, high = share - 1.96 * error, share + 1.96 * error
    return [
        f"{share:.1%}",
        rf"\sqrt{{0.85\times0.15/200}}={error:.3f}",
        f"{low:.0%}",
        f"{high:.0%}",
        f"{200 - 170}",
    ]


def stands_in(text: str, value: str) -> bool:
    """Whether the value stands in the text, not merely as a part of a longer number."""
    return re.search(rf"(?<![\d.]){re.escape(value)}(?![\d]|\.\d)", text) is not None


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "values", [bigram_values, perplexity_values, softmax_values, size_values, case_values]
)
def test_numbers(language: str, values: Callable[[], list[str]]) -> None:
    missing = [value for value in values() if not stands_in(TEXT[language], value)]
    assert not missing


@pytest.mark.parametrize("language", ["en", "zh"])
def test_corpus_and_table(language: str) -> None:
    def word(token: str) -> str:
        return CHINESE.get(token, token) if language == "zh" else token

    for i, sentence in enumerate(SENTENCES[language], start=1):
        assert f"{i}. `{' '.join(tokens(sentence))}`" in TEXT[language]
    for before in ["BOS", *NEXT[:-1]]:
        cells = [str(PAIRS[(before, after)] or "") for after in NEXT]
        row = " | ".join([word(before), *cells, str(occurrences(before))])
        assert f"| {re.sub(' +', ' ', row)} |" in TEXT[language]


def test_both_languages_count_alike() -> None:
    translated = {(CHINESE.get(a, a), CHINESE.get(b, b)): n for (a, b), n in PAIRS.items()}
    assert translated == bigram_counts(SENTENCES["zh"])


def test_uniform_guess() -> None:
    perplexity_of_guess = math.exp(-math.log(1 / len(NEXT)))
    assert f"perplexity {perplexity_of_guess:.0f} on every text" in TEXT["en"]
    assert f"困惑度都是 {perplexity_of_guess:.0f}。" in TEXT["zh"]


def test_published_sizes() -> None:
    for english, chinese in [
        ("340 million", "3.4 亿"),
        ("1.5 billion", "15 亿"),
        ("175 billion", "1750 亿"),
        ("1.75 trillion", "1.75 万亿"),
    ]:
        assert english in TEXT["en"]
        assert chinese in TEXT["zh"]
