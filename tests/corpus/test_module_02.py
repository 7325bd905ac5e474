"""Recomputes every number of module 02 and looks for it in both languages."""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

Array = npt.NDArray[np.float64]
Symbols = tuple[str, ...]

CORPUS = Path(__file__).parents[2] / "corpus"
TEXT = {
    language: (CORPUS / language / "02-text-as-numbers.md").read_text(encoding="utf-8")
    for language in ("en", "zh")
}

WORDS = {"test": 6, "best": 4, "cost": 3, "costs": 2}
VOCABULARY = {
    "en": ["PAD", "UNK", "BOS", "EOS", "we", "train", "models", "staff"],
    "zh": ["PAD", "UNK", "BOS", "EOS", "我们", "训练", "模型", "员工"],
}
SENTENCES = {
    "en": {
        "we train models": ["we", "train", "models"],
        "staff": ["staff"],
        "we test models": ["we", "test", "models"],
    },
    "zh": {
        "我们训练模型": ["我们", "训练", "模型"],
        "员工": ["员工"],
        "我们测试模型": ["我们", "测试", "模型"],
    },
}

ENGLISH = "Employees must return the laptop within thirty days of leaving the company."
CHINESE = "员工离职后须在三十天内归还笔记本电脑。"
# The bytes of each token, as the tokenisers cut the two sentences.
ENGLISH_TOKENS = [9, 5, 7, 4, 7, 7, 7, 5, 3, 8, 4, 8, 1]
CHINESE_TOKENS = {
    "cl100k_base": [3, 3, 2, 1, 2, 1, 3, 2, 1, 3, 3, 3, 3, 3, 2, 1, 3, 2, 1, 3, 3, 3, 1, 1, 1, 3],
    "o200k_base": [6, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 6, 3],
    "Qwen2.5": [6, 6, 3, 3, 3, 6, 3, 3, 3, 3, 9, 6, 3],
}
# English and Chinese tokens of the 160 paragraphs of evals/sets/bilingual_paragraphs.jsonl.
PARAGRAPH_TOKENS = {
    "cl100k_base": (29108, 51437),
    "o200k_base": (28787, 35087),
    "Qwen2.5": (30413, 30214),
}


def stands_in(text: str, value: str) -> bool:
    """Whether the value stands in the text, not merely as a part of a longer number."""
    return re.search(rf"(?<![\d.,]){re.escape(value)}(?!\d|[.,]\d)", text) is not None


def merged(symbols: Symbols, pair: tuple[str, str]) -> Symbols:
    out: list[str] = []
    for symbol in symbols:
        if out and (out[-1], symbol) == pair:
            out[-1] += symbol
        else:
            out.append(symbol)
    return tuple(out)


def pair_counts(corpus: dict[Symbols, int]) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for symbols, count in corpus.items():
        for pair in pairwise(symbols):
            counts[pair] += count
    return counts


def letters() -> dict[Symbols, int]:
    return {tuple(word): count for word, count in WORDS.items()}


def size(corpus: dict[Symbols, int]) -> int:
    return sum(len(symbols) * count for symbols, count in corpus.items())


def learned(steps: int) -> list[tuple[tuple[str, str], int, int]]:
    """The merges in order, each with its count and the symbols left after it."""
    corpus, merges = letters(), []
    for _ in range(steps):
        (best, count), (_, second) = pair_counts(corpus).most_common(2)
        assert count > second, "the most frequent pair must be the only one"
        corpus = {merged(symbols, best): n for symbols, n in corpus.items()}
        merges.append((best, count, size(corpus)))
    return merges


def cut(word: str) -> str:
    symbols: Symbols = tuple(word)
    for pair, _, _ in learned(3):
        symbols = merged(symbols, pair)
    return " + ".join(symbols)


def cosine(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    x, y = np.asarray(a), np.asarray(b)
    return float(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)))


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def negative_sampling(true: float, random: Sequence[float]) -> list[float]:
    return [-math.log(sigmoid(true)), *(-math.log(sigmoid(-z)) for z in random)]


def glove_weight(x: float) -> float:
    return float((x / 100) ** 0.75) if x < 100 else 1.0


def addends(losses: Sequence[float]) -> str:
    return " + ".join(f"{loss:.4f}" for loss in losses) + f" = {sum(losses):.4f}"


def scientific(value: float) -> str:
    mantissa, exponent = f"{value:.0e}".split("e")
    return rf"{mantissa}\times10^{{{int(exponent)}}}"


def bpe_values() -> list[str]:
    rows = [
        f"| {step} | {a} + {b} | {count} | {a + b} | {left} |"
        for step, ((a, b), count, left) in enumerate(learned(3), start=1)
    ]
    sizes = [size(letters()), *(left for _, _, left in learned(3))]
    falls = [before - after for before, after in pairwise(sizes)]
    assert falls == [count for _, count, _ in learned(3)]
    assert len({letter for word in WORDS for letter in word}) == 6
    assert "tests" not in WORDS
    cuts = [cut("tests"), cut("boost"), cut("bests"), cut("cobs")]
    return [f"{sizes[0]}", *rows, *cuts, f"{256 + 50_000 + 1:,}"]


def wordpiece_values() -> list[str]:
    counts: Counter[str] = Counter()
    for word, n in WORDS.items():
        for letter in word:
            counts[letter] += n
    pairs = pair_counts(letters())
    scores = {(a, b): n / (counts[a] * counts[b]) for (a, b), n in pairs.items()}
    assert max(scores, key=scores.__getitem__) == ("c", "o")
    assert counts["c"] == counts["o"] == pairs["c", "o"]
    return [
        f"15/({counts['s']} × {counts['t']}) = {scores['s', 't']:.3f}",
        f"{pairs['c', 'o']}/({counts['c']} × {counts['o']}) = {scores['c', 'o']:.3f}",
    ]


def segmentation_values() -> list[str]:
    first, second = math.prod([0.004, 0.002, 0.001]), math.prod([0.001, 0.0004, 0.001])
    return [
        rf"0.004\times0.002\times0.001={scientific(first)}",
        rf"0.001\times0.0004\times0.001={scientific(second)}",
        f"{first / second:.0f}",
    ]


def vocabulary_values() -> list[str]:
    return [f"50,257 × 768 = {50_257 * 768:,}"]


def token_cost_values() -> list[str]:
    assert sum(ENGLISH_TOKENS) == len(ENGLISH.encode())
    assert all(sum(sizes) == len(CHINESE.encode()) for sizes in CHINESE_TOKENS.values())
    # The sentence ends in 笔记本电脑。: 脑 in three tokens of a byte each, or 笔记本 in one.
    assert CHINESE_TOKENS["cl100k_base"][-4:] == [1, 1, 1, 3]
    assert CHINESE_TOKENS["Qwen2.5"][-3:] == [9, 6, 3]
    assert CHINESE.endswith("笔记本电脑。")
    numbers = [len(ENGLISH), len(CHINESE), len(CHINESE.encode())]
    ratios = [f"{zh / en:.1f}" for en, zh in PARAGRAPH_TOKENS.values()]
    return [ENGLISH, CHINESE, *map(str, numbers), *ratios]


def cosine_values() -> list[str]:
    tea, coffee, diesel = (6, 8, 0), (8, 6, 0), (3, 0, 4)
    assert [round(math.hypot(*v), 9) for v in (tea, coffee, diesel)] == [10, 10, 5]
    return [
        rf"\sqrt{{6^2+8^2+0^2}}={math.hypot(*tea):.0f}",
        f"48 + 48 + 0 = {np.dot(tea, coffee)}",
        f"96/(10 × 10) = {cosine(tea, coffee):.3f}",
        f"18 + 0 + 0 = {np.dot(tea, diesel)}",
        f"18/(10 × 5) = {cosine(tea, diesel):.3f}",
        f"{np.dot((2, 3, 6), (6, 2, 3))}/49 = {cosine((2, 3, 6), (6, 2, 3)):.3f}",
    ]


def word2vec_values() -> list[str]:
    assert [81**0.75, 16**0.75] == [27, 8]
    return [
        addends(negative_sampling(2.0, [-1.0, 0.5])),
        addends(negative_sampling(1.0, [0.0, -2.0])),
        f"16/97 = {16 / 97 * 100:.1f}%",
        f"8/35 = {8 / 35 * 100:.1f}%",
    ]


def glove_values() -> list[str]:
    prediction = 1.9 + 0.3 + 0.2
    error = prediction - math.log(16)
    assert glove_weight(0) == 0
    assert glove_weight(250) == 1
    return [
        f"{prediction:.1f}",
        rf"\ln16={math.log(16):.3f}",
        f"{error**2:.3f}",
        f"$0.16^{{3/4}}={glove_weight(16):.3f}$",
        f"{glove_weight(16) * error**2:.4f}",
        f"$0.81^{{3/4}}={glove_weight(81):.3f}$",
    ]


def analogy_values() -> list[str]:
    france, paris, italy, rome = np.array([[4, 1], [4, 3], [6, 1], [6, 4]])
    target = paris - france + italy
    assert target.tolist() == [6, 3]
    near, far = cosine(target, rome), cosine(target, (3, 4))
    inputs = [cosine(target, paris), cosine(target, italy)]
    assert near > max(inputs)
    assert far < min(inputs)
    return [f"{value:.3f}" for value in (near, *inputs, far)]


def polysemy_values() -> list[str]:
    mixed = 0.8 * np.array([1, 0]) + 0.2 * np.array([0, 1])
    return [f"{cosine(mixed, (1, 0)):.3f}", f"{cosine(mixed, (0, 1)):.3f}"]


def pooling_values() -> list[str]:
    vectors: Array = np.array([[1.0, 3], [3, 1], [5, -1]])
    right, wrong = vectors[:2].mean(axis=0), vectors.mean(axis=0)
    return [f"({x:.0f}, {y:.0f})" for x, y in (right, wrong)]


def case_values() -> list[str]:
    millions = 40_000 * 1500 / 10**6
    assert millions == 60
    costs = [millions * 2 * ratio for ratio in (1.0, 1.2, 1.8)]
    return [*(f"{cost:.0f}" for cost in costs), f"{8000 / 1.8:,.0f}"]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "values",
    [
        bpe_values,
        wordpiece_values,
        segmentation_values,
        vocabulary_values,
        token_cost_values,
        cosine_values,
        word2vec_values,
        glove_values,
        analogy_values,
        polysemy_values,
        pooling_values,
        case_values,
    ],
)
def test_numbers(language: str, values: Callable[[], list[str]]) -> None:
    missing = [value for value in values() if not stands_in(TEXT[language], value)]
    assert not missing


@pytest.mark.parametrize("language", ["en", "zh"])
def test_sequence_coding(language: str) -> None:
    words = VOCABULARY[language]
    assert all(f"{i} `{word}`" in TEXT[language] for i, word in enumerate(words[:4]))
    assert all(f"{i} {word}" in TEXT[language] for i, word in enumerate(words[4:], start=4))

    def coded(tokens: list[str], length: int) -> tuple[str, str]:
        numbers = [words.index(t) if t in words else 1 for t in ("BOS", *tokens, "EOS")]
        padding = length - len(numbers)
        mask = [1] * len(numbers) + [0] * padding
        return " ".join(map(str, numbers + [0] * padding)), " ".join(map(str, mask))

    masks = []
    for sentence, tokens in SENTENCES[language].items():
        numbers, mask = coded(tokens, 5)
        masks.append(mask)
        assert f"| {sentence} | {numbers} | {mask} |" in TEXT[language]
    joined = " ".join(masks).split()
    assert (joined.count("0"), len(joined)) == (2, 15)
    assert f"{2 / 15 * 100:.0f}%" in TEXT[language]
    exercise = coded([words[7], words[5], "robots"], 6)
    assert all(stands_in(TEXT[language], part) for part in exercise)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_table_of_token_counts(language: str) -> None:
    for name, sizes in CHINESE_TOKENS.items():
        row = next(r for r in TEXT[language].splitlines() if r.startswith(f"| {name}"))
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[2:] == [str(len(ENGLISH_TOKENS)), str(len(sizes))]


def test_one_hot_vectors_pick_rows_and_are_all_unlike() -> None:
    one_hot = np.eye(4)
    assert (one_hot @ one_hot.T - np.eye(4) == 0).all()
    table = np.arange(12.0).reshape(4, 3)
    assert (one_hot[2] @ table == table[2]).all()
