"""Every worked number of module 07 (evaluation), computed again.

Each value is formatted as the module prints it, and the string must stand in both languages.
"""

import itertools
import math
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

CORPUS = Path(__file__).parents[2] / "corpus"
NAME = "07-evaluation.md"
LANGUAGES = ("en", "zh")
Z = 1.96

Words = Sequence[str]


def plain(text: str) -> str:
    """Return the text with the signs and wide brackets of prose written in ASCII."""
    return text.translate({0x2212: "-", 0xD7: "x", 0xB1: "+-", 0xFF08: " (", 0xFF09: ") "})


TEXT = {
    language: plain((CORPUS / language / NAME).read_text(encoding="utf-8"))
    for language in LANGUAGES
}


def stands_in(text: str, value: str) -> bool:
    """Return whether the value stands in the text, not merely as a part of a longer number."""
    return re.search(rf"(?<![\d.,]){re.escape(value)}(?!\d|[.,]\d)", text) is not None


def assert_stands(*values: str) -> None:
    for language in LANGUAGES:
        missing = [value for value in values if not stands_in(TEXT[language], value)]
        assert not missing, f"{language}/{NAME} lacks {missing}"


def harmonic_mean(a: float, b: float) -> float:
    return 2 * a * b / (a + b)


def ngrams(words: Words, n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def clipped(output: Words, references: Sequence[Words], n: int) -> tuple[int, int]:
    """Return the n-grams of the output that the references cover, and all of them."""
    most: Counter[tuple[str, ...]] = Counter()
    for reference in references:
        most |= ngrams(reference, n)
    found = ngrams(output, n)
    return (found & most).total(), found.total()


def brevity_penalty(output: Words, references: Sequence[Words]) -> float:
    closest = min(map(len, references), key=lambda length: (abs(length - len(output)), length))
    return 1.0 if len(output) > closest else math.exp(1 - closest / len(output))


def bleu(output: Words, references: Sequence[Words], longest: int = 4) -> float:
    precisions = [clipped(output, references, n) for n in range(1, longest + 1)]
    product = math.prod(hits / total for hits, total in precisions)
    return float(brevity_penalty(output, references) * product ** (1 / longest))


def common_subsequence(a: Words, b: Words) -> int:
    """Return the length of the longest common subsequence."""
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, left in enumerate(a, start=1):
        for j, right in enumerate(b, start=1):
            longer = max(table[i - 1][j], table[i][j - 1])
            table[i][j] = table[i - 1][j - 1] + 1 if left == right else longer
    return table[-1][-1]


def kappa(both: int, only_a: int, only_b: int, neither: int) -> tuple[float, float, float]:
    """Return observed agreement, chance agreement and Cohen's kappa."""
    total = both + only_a + only_b + neither
    a, b = (both + only_a) / total, (both + only_b) / total
    observed, chance = (both + neither) / total, a * b + (1 - a) * (1 - b)
    return observed, chance, (observed - chance) / (1 - chance)


def judged_share(accepted: float, true_rate: float, false_rate: float) -> float:
    """Return the share of good answers by the estimator of Rogan and Gladen (1978)."""
    return (accepted - false_rate) / (true_rate - false_rate)


def wilson(right: int, total: int) -> tuple[float, float]:
    share = right / total
    middle = share + Z**2 / (2 * total)
    half = Z * math.sqrt(share * (1 - share) / total + Z**2 / (4 * total**2))
    return (middle - half) / (1 + Z**2 / total), (middle + half) / (1 + Z**2 / total)


def assert_range(low: str, high: str) -> None:
    """Both ends of a range stand in both languages, joined as each language joins them."""
    for language, joint in (("en", "to"), ("zh", "到")):
        found = re.search(rf"(?<![\d.]){low} {joint} {high}(?!\d)", TEXT[language])
        assert found, f"{language} lacks {low} {joint} {high}"


def quoted(language: str, english: str, chinese: str) -> list[str]:
    """Return the words of a text, which must stand in the module of its language."""
    text = english if language == "en" else chinese
    assert text in TEXT[language]
    return text.replace(" / ", " ").split()


def test_confusion_matrix() -> None:
    tp, fn, fp, tn = 40, 10, 60, 890
    precision, recall = tp / (tp + fp), tp / (tp + fn)
    f1 = harmonic_mean(precision, recall)
    assert tp + fn + fp + tn == 1000
    assert tp + fn == 50
    assert math.isclose(f1, 2 * tp / (2 * tp + fp + fn))
    assert_stands(
        f"({tp} + {tn}) / 1,000 = {(tp + tn) / 1000:.3f}",
        f"TP / (TP + FP) = {tp} / {tp + fp} = {precision:.3f}",
        f"TP / (TP + FN) = {tp} / {tp + fn} = {recall:.3f}",
        f"2 x {precision:.1f} x {recall:.1f} / {precision + recall:.1f} = {f1:.3f}",
        f"{tn + fp} / 1,000 = {(tn + fp) / 1000:.3f}",
    )
    for cell in (f"{tp} true", f"{fn} false neg", f"{fp} false pos", f"{tn} true neg"):
        assert cell in TEXT["en"]
    for cell in (f"{tp} 个真正例", f"{fn} 个假负例", f"{fp} 个假正例", f"{tn} 个真负例"):
        assert cell in TEXT["zh"]


def test_micro_and_macro_f1() -> None:
    table = np.array([[54, 4, 2], [6, 22, 2], [3, 3, 4]])
    hits = table.diagonal()
    precision, recall = hits / table.sum(axis=0), hits / table.sum(axis=1)
    f1 = 2 * hits / (table.sum(axis=0) + table.sum(axis=1))
    names = {"en": ("delivery", "payment", "safety"), "zh": ("配送", "付款", "安全")}
    for language in LANGUAGES:
        for i, name in enumerate(names[language]):
            counts = " | ".join(str(count) for count in table[i])
            row = f"| {name} | {counts} | {precision[i]:.3f} | {recall[i]:.3f} | {f1[i]:.3f} |"
            assert row in TEXT[language]
    wrong = int(table.sum() - hits.sum())
    micro = 2 * hits.sum() / (2 * hits.sum() + wrong + wrong)
    assert table.sum() == 100
    assert micro == hits.sum() / table.sum()
    assert_stands(
        f"54 / (54 + 6 + 3) = {precision[0]:.3f}",
        f"({f1[0]:.3f} + {f1[1]:.3f} + {f1[2]:.3f}) / 3 = {f1.mean():.3f}",
        f"2 x {hits.sum()} / (2 x {hits.sum()} + {wrong} + {wrong}) = {micro:.3f}",
    )


def test_perplexity() -> None:
    mean = -sum(map(math.log, (0.5, 0.25, 0.8))) / 3
    assert_stands(f"{mean:.4f}", f"e^{{{mean:.4f}}}={math.exp(mean):.3f}")
    whole = 0.25**3
    assert whole == 0.5**6 == 1 / 64
    bits = -math.log2(whole) / 12
    assert_stands("1/64", rf"(\log_2 64)/12={bits:.1f}")
    a, b = whole ** (-1 / 3), whole ** (-1 / 6)
    assert f"A's perplexity is {a:.0f} and B's is {b:.0f}" in TEXT["en"]
    assert f"A 的困惑度是 {a:.0f}，B 的困惑度是 {b:.0f}" in TEXT["zh"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_token_f1(language: str) -> None:
    reference = quoted(language, "within 30 days of purchase", "购买 / 后 / 30 / 天 / 内")
    short = quoted(language, "30 days", "30 / 天")
    false = quoted(language, "within 60 days of purchase", "购买 / 后 / 60 / 天 / 内")
    hits, total = clipped(short, [reference], 1)
    f1 = harmonic_mean(hits / total, hits / len(reference))
    assert (hits, total, len(reference)) == (2, 2, 5)
    assert_stands("2/2", "2/5", f"{f1:.3f}")
    hits, total = clipped(false, [reference], 1)
    assert (hits, total) == (4, 5)
    assert_stands(f"{hits / total:.3f}")
    assert hits / total > f1


@pytest.mark.parametrize("language", LANGUAGES)
def test_bleu(language: str) -> None:
    reference = quoted(
        language,
        "the refund is paid within ten working days",
        "这笔 / 退款 / 将 / 于 / 十 / 天 / 内 / 到账",
    )
    first = quoted(
        language,
        "refund refund is paid within ten days",
        "退款 / 退款 / 将 / 于 / 十 / 天 / 到账",
    )
    second = quoted(
        language,
        "the refund is not paid within ten working days",
        "这笔 / 退款 / 将 / 不 / 于 / 十 / 天 / 内 / 到账",
    )
    for output in (first, second):
        for n in range(1, 5):
            hits, total = clipped(output, [reference], n)
            assert_stands(f"p_{n}={hits}/{total}")
    precisions = [clipped(first, [reference], n) for n in range(1, 5)]
    product = math.prod(hits / total for hits, total in precisions)
    root, penalty = product**0.25, brevity_penalty(first, [reference])
    score = bleu(first, [reference])
    assert_stands(
        f"c={len(first)}",
        f"r={len(reference)}",
        f"{product:.4f}",
        f"{root:.3f}",
        f"e^{{1-8/7}}={penalty:.3f}",
        f"{penalty:.3f} x {root:.3f} = {score:.3f}",
        f"{bleu(second, [reference]):.3f}",
    )
    assert brevity_penalty(second, [reference]) == 1
    assert bleu(second, [reference]) > score


@pytest.mark.parametrize("language", LANGUAGES)
def test_rouge(language: str) -> None:
    reference = quoted(
        language,
        "sales rose in spring and fell in autumn",
        "销量 / 涨 / 在 / 春季 / 而 / 跌 / 在 / 秋季",
    )
    summaries = {
        "A": quoted(language, "sales rose in spring", "销量 / 涨 / 在 / 春季"),
        "B": quoted(
            language,
            "sales fell in spring and rose in autumn",
            "销量 / 跌 / 在 / 春季 / 而 / 涨 / 在 / 秋季",
        ),
    }
    for name, summary in summaries.items():
        cells = []
        for n in (1, 2):
            hits, total = clipped(summary, [reference], n)
            whole = ngrams(reference, n).total()
            cells += [f"{hits}/{whole} = {hits / whole:.3f}", f"{2 * hits / (total + whole):.3f}"]
        length = common_subsequence(reference, summary)
        cells.append(f"{2 * length / (len(reference) + len(summary)):.3f}")
        assert_stands(f"| {name} | {' | '.join(cells)} |")
    kept = quoted(language, "sales in spring and in autumn", "销量 / 在 / 春季 / 而 / 在 / 秋季")
    assert common_subsequence(reference, summaries["B"]) == len(kept) == 6
    assert common_subsequence(kept, reference) == common_subsequence(kept, summaries["B"]) == 6


@pytest.mark.parametrize("language", LANGUAGES)
def test_diversity(language: str) -> None:
    outputs = [
        quoted(language, "thank you for your message", "非常 / 感谢 / 您 / 的 / 来信"),
        quoted(language, "thank you for your patience", "非常 / 感谢 / 您 / 的 / 耐心"),
        quoted(language, "thank you for your order", "非常 / 感谢 / 您 / 的 / 惠顾"),
    ]
    for n in (1, 2):
        all_grams = sum((ngrams(output, n) for output in outputs), Counter())
        distinct, total = len(all_grams), all_grams.total()
        assert_stands(f"{distinct}/{total} = {distinct / total:.3f}")
    scores = [
        bleu(output, [other for other in outputs if other is not output]) for output in outputs
    ]
    assert math.isclose(math.prod((4 / 5, 3 / 4, 2 / 3, 1 / 2)), 0.2)
    for n, fraction in enumerate(("4/5", "3/4", "2/3", "1/2"), start=1):
        hits, total = clipped(outputs[0], outputs[1:], n)
        assert f"{hits}/{total}" == fraction
        assert_stands(fraction)
    assert_stands(rf"0.2^{{1/4}}={sum(scores) / 3:.3f}")


def test_kappa() -> None:
    observed, chance, value = kappa(45, 15, 5, 35)
    assert_stands(
        f"p_o={observed:.2f}",
        f"0.6 x 0.5 + 0.4 x 0.5 = {chance:.2f}",
        f"({observed:.2f} - {chance:.2f}) / (1 - {chance:.2f}) = {value:.3f}",
    )
    observed, chance, value = kappa(90, 5, 5, 0)
    assert_stands(f"{observed:.0%}", f"p_e={chance:.3f}", f"{value:.3f}")


def test_judge() -> None:
    true_rate, false_rate = 126 / 140, 12 / 60
    *_, value = kappa(126, 140 - 126, 12, 60 - 12)
    estimate = judged_share(0.76, true_rate, false_rate)
    assert_stands(
        f"{true_rate:.2f}",
        f"{false_rate:.2f}",
        f"{value:.3f}",
        f"(0.76 - {false_rate:.2f}) / ({true_rate:.2f} - {false_rate:.2f}) = {estimate:.2f}",
    )
    assert math.isclose(estimate * true_rate + (1 - estimate) * false_rate, 0.76)


def test_intervals() -> None:
    share = 41 / 50
    error = math.sqrt(share * (1 - share) / 50)
    assert_stands(
        rf"\sqrt{{0.82\times0.18/50}}={error:.4f}", f"{share:.2f} +- {Z:.2f} x {error:.4f}"
    )
    assert_range(f"{share - Z * error:.1%}", f"{share + Z * error:.1%}")
    for right, total in ((41, 50), (14, 17)):
        low, high = wilson(right, total)
        assert_range(f"{low:.1%}", f"{high:.1%}")
    low, high = wilson(4, 4)
    assert math.isclose(high, 1)
    assert_range(f"{low:.1%}", "100%")
    assert_stands(f"{14 / 17:.2%}")


def test_bootstrap() -> None:
    means = [sum(draw) / 3 for draw in itertools.product((0.0, 0.5, 1.0), repeat=3)]
    spread = float(np.std(means))
    middle = means.count(0.5)
    assert f"of the {len(means)} equally likely draws {middle} have the mean 0.5" in TEXT["en"]
    assert f"在 {len(means)} 种等可能的抽法中，有 {middle} 种的平均数是 0.5" in TEXT["zh"]
    assert_stands(f"{spread:.3f}")


def paired_changes(repaired: int, broken: int, total: int) -> npt.NDArray[np.float64]:
    same = total - repaired - broken
    return np.array([1.0] * repaired + [-1.0] * broken + [0.0] * same)


def test_comparison() -> None:
    changes = paired_changes(24, 10, 200)
    gain, error = float(changes.mean()), float(changes.std() / math.sqrt(len(changes)))
    assert math.isclose(error, math.sqrt(34 - 14**2 / 200) / 200)
    assert r"\sqrt{34-14^2/200}/200" in TEXT["en"]
    assert r"\sqrt{34-14^2/200}/200" in TEXT["zh"]
    assert_stands(f"{100 * gain:.1f}", f"{100 * error:.1f}")
    assert_range(f"{100 * (gain - Z * error):.1f}", f"{100 * (gain + Z * error):.1f}")
    assert_stands(f"1-0.95^{{20}}={1 - 0.95**20:.3f}")


def test_loss_of_a_uniform_guess() -> None:
    assert_stands(f"{math.log(10):.6f}")


def test_case() -> None:
    new, old = 18 / 120, 6 / 120
    error = math.sqrt(new * (1 - new) / 120 + old * (1 - old) / 120)
    difference = new - old
    assert_stands(f"({new:.0%})", f"({old:.0%})", f"{100 * error:.1f}")
    assert f"difference of {100 * difference:.0f} points" in TEXT["en"]
    assert f"相差 {100 * difference:.0f} 个百分点" in TEXT["zh"]
    low, high = difference - Z * error, difference + Z * error
    assert_range(f"{100 * low:.1f}", f"{100 * high:.1f}")


def test_solutions_1_and_2() -> None:
    tp, fp, fn, tn = 30, 20, 10, 140
    precision, recall = tp / (tp + fp), tp / (tp + fn)
    assert_stands(
        f"{tp + tn}/200 = {(tp + tn) / 200:.3f}",
        f"{tp}/{tp + fp} = {precision:.3f}",
        f"{tp}/{tp + fn} = {recall:.3f}",
        f"{2 * tp}/{2 * tp + fp + fn} = {harmonic_mean(precision, recall):.3f}",
    )
    probability = math.prod((0.5, 0.5, 0.25, 0.0625))
    assert probability == 1 / 256
    assert_stands("1/256", f"256^{{1/4}}={probability ** (-1 / 4):.0f}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_solution_3(language: str) -> None:
    reference = quoted(language, "the shop opens at nine", "商店 / 早上 / 九 / 点 / 开门")
    output = quoted(language, "the shop opens nine", "商店 / 早上 / 九 / 开门")
    assert [clipped(output, [reference], n) for n in (1, 2)] == [(4, 4), (2, 3)]
    penalty = brevity_penalty(output, [reference])
    assert_stands(
        f"e^{{1-5/4}}={penalty:.3f}",
        f"{penalty:.3f} x {math.sqrt(2 / 3):.3f} = {bleu(output, [reference], 2):.3f}",
        f"4/5 = {common_subsequence(output, reference) / len(reference):.3f}",
    )


def test_solutions_4_and_5() -> None:
    observed, chance, value = kappa(30, 10, 10, 50)
    assert_stands(
        f"p_o={observed:.2f}",
        f"0.4 x 0.4 + 0.6 x 0.6 = {chance:.2f}",
        f"{observed - chance:.2f} / {1 - chance:.2f} = {value:.3f}",
        f"(0.60 - 0.25) / (0.95 - 0.25) = {judged_share(0.60, 0.95, 0.25):.2f}",
    )


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("searches 1,000 messages for the 50 urgent", "从 1,000 封来信中找出 50 封紧急"),
        ("950 / 1,000 = 0.950, more than 0.930", "950 / 1,000 = 0.950，比 0.930 还高"),
        ("0.5, 0.25 and 0.8, the mean", "概率是 0.5、0.25 和 0.8，"),
        ("into 3 tokens and gives each the probability 0.25", "3 个词元，每个词元的概率是 0.25"),
        ("into 6 tokens and gives each 0.5.", "6 个词元，每个词元的概率是 0.5。"),
        ("with 12 characters", "有 12 个字符"),
        ("shares 4 of 5 tokens and gets 0.800", "4/5 的词元相同，得 0.800"),
        ("6 of 8 tokens", "占 8 个词元中的 6 个"),
        ("15 words, 7 of them different", "15 个词，其中不同的有 7 个"),
        ("of 100 answers both raters call 45 good and 35 bad", "都说好的有 45 个，都说差的有 35"),
        ("A calls 15 good, and only rater B calls 5", "A 说好的有 15 个，只有评判者 B 说好的有 5"),
        ('"good" for 60% and B for 50%', "对 60% 的答案说好，B 对 50%"),
        ("call 90 answers good and each alone calls 5", "对 90 个答案说好，又各自单独对 5 个"),
        ("call 140 of 200 answers good and 60 bad", "在 200 个答案中判定 140 个好、60 个差"),
        ("126 of the 140 (true positive rate 0.90)", "140 个中的 126 个 (真正率 0.90)"),
        ("12 of the 60 (false positive rate 0.20)", "60 个中的 12 个 (假正率 0.20)"),
        ("accepts 76% of new", "认可了 76% 的新"),
        ("For 41 right answers out of 50", "50 题答对 41 题，标准误"),
        ("For 41 of 50 the Wilson", "50 题答对 41 题，威尔逊"),
        ("For 4 of 4 the Wilson", "4 题答对 4 题，威尔逊"),
        ("scores are 0, 0.5 and 1:", "得分是 0、0.5 和 1："),
        ("24 of 200 cases and breaks 10", "200 个样例中，B 改对了 24 个，改错了 10 个"),
        ("if 20 variants are no better", "如果有 20 个其实并不更好的方案"),
        ("can be 14 of 17", "17 题答对 14 题"),
        ("18 of 120 new summaries", "120 份中有 18 份"),
        ("6 of 120 old ones", "120 份中有 6 份"),
        ("TP = 30, FP = 20, FN = 10, TN = 140", "TP = 30，FP = 20，FN = 10，TN = 140"),
        ("0.5, 0.5, 0.25 and 0.0625", "0.5、0.5、0.25 和 0.0625"),
        ("yes to 30 cases and no to 50", "对 30 个样例都说“是”，对 50 个样例都说“否”"),
        ("rate of 0.95 and a false positive rate of 0.25", "真正率是 0.95，假正率是 0.25"),
    ],
)
def test_given_numbers_are_the_same_in_both_languages(english: str, chinese: str) -> None:
    assert english in TEXT["en"]
    assert chinese in TEXT["zh"]
