"""Recomputes every number of module 04 and looks for it in both languages."""

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

CORPUS = Path(__file__).parents[2] / "corpus"
TEXT = {
    language: (CORPUS / language / "04-pre-training.md").read_text(encoding="utf-8")
    for language in ("en", "zh")
}

BILLION = 10**9
A100 = 3.12e14
RATE = 0.4 * A100
DAY = 86_400


def stands_in(text: str, value: str) -> bool:
    """Whether the value stands in the text, not merely as a part of a longer number."""
    return re.search(rf"(?<![\d.,]){re.escape(value)}(?!\d|[.,]\d)", text) is not None


def scientific(value: float, digits: int) -> str:
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    return rf"{mantissa}\times10^{{{int(exponent)}}}"


def flops(parameters: float, tokens: float) -> float:
    return 6 * parameters * tokens


def chinchilla(parameters: float, tokens: float) -> str:
    terms = [1.69, 406.4 / parameters**0.34, 410.7 / tokens**0.28]
    return rf"1.69+{terms[1]:.4f}+{terms[2]:.4f}\approx{sum(terms):.3f}"


def rate(step: int) -> float:
    """The learning rate: linear warm-up, then half a cosine wave."""
    last, warm_up, peak, final = 20_000, 2_000, 3e-4, 3e-5
    if step < warm_up:
        return peak * step / warm_up
    wave = 1 + math.cos(math.pi * (step - warm_up) / (last - warm_up))
    return final + (peak - final) * wave / 2


def sequences(words: Sequence[str], length: int) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}


def causal_values() -> list[str]:
    losses = [-math.log(p) for p in (0.5, 0.2, 0.4)]
    mean = sum(losses) / len(losses)
    exercise = [-math.log(p) for p in (0.5, 0.25, 0.25, 0.5)]
    mean_exercise = sum(exercise) / len(exercise)
    terms = " + ".join(f"{loss:.4f}" for loss in exercise)
    return [
        *(f"{loss:.4f}" for loss in losses),
        f"{mean:.4f}",
        f"e^{{{mean:.4f}}}={math.exp(mean):.3f}",
        f"({terms})/4 = {mean_exercise:.4f}",
        f"{math.exp(mean_exercise):.3f}",
    ]


def masked_values() -> list[str]:
    def recipe(tokens: int) -> list[int]:
        chosen = tokens * 15 // 100
        return [chosen, chosen * 8 // 10, chosen // 10, chosen - chosen * 9 // 10]

    numbers = [*recipe(10_000), *recipe(4_000), round(512 * 0.15)]
    assert recipe(4_000) == [600, 480, 60, 60]
    return [f"{number:,}" for number in numbers]


def span_values() -> list[str]:
    removed = 200 * 15 // 100
    spans = removed // 3
    return [
        f"200 − {removed} + {spans} = {200 - removed + spans}",
        f"{removed} + {spans} + 1 = {removed + spans + 1}",
    ]


def contamination_values() -> list[str]:
    reported = (120 * 0.9 + 880 * 0.6) / 1000
    return [f"{reported * 100:.1f}%", f"{0.6 * 100:.1f}%"]


def kappa_values() -> list[str]:
    both_good, both_bad, first_only, second_only = 60, 25, 10, 5
    first, second = (both_good + first_only) / 100, (both_good + second_only) / 100
    observed = (both_good + both_bad) / 100
    chance = first * second + (1 - first) * (1 - second)
    return [
        f"p_o={observed:.2f}",
        rf"{first:.2f}\times{second:.2f}+{1 - first:.2f}\times{1 - second:.2f}={chance:.2f}",
        f"{observed - chance:.2f}/{1 - chance:.2f}={(observed - chance) / (1 - chance):.3f}",
    ]


def mixture_values() -> list[str]:
    drawn = {60: 0.7, 8: 0.2, 0.5: 0.1}
    web, code, manuals = (share * 20 / tokens for tokens, share in drawn.items())
    return [
        rf"0.60\times300/410={0.6 * 300 / 410:.2f}",
        f"{web:.2f}",
        f"{code:.1f}",
        f"{manuals:.1f}",
    ]


def compute_values() -> list[str]:
    small = flops(BILLION, 20 * BILLION)
    gpt3 = flops(175 * BILLION, 300 * BILLION)
    exercise = flops(3 * BILLION, 60 * BILLION)
    assert abs(gpt3 / 3.14e23 - 1) < 0.01
    return [
        rf"6\times10^{{9}}\times2\times10^{{10}}={scientific(small, 1)}",
        rf"6\times1.75\times10^{{11}}\times3\times10^{{11}}={scientific(gpt3, 2)}",
        scientific(RATE, 3),
        f"{small / RATE:,.0f}",
        f"{small / RATE / DAY:.1f}",
        f"{gpt3 / RATE / DAY / 1024:.1f}",
        scientific(exercise, 2),
        f"{exercise / RATE / DAY / 8:.1f}",
    ]


def kaplan_values() -> list[str]:
    return [
        f"2^{{-0.076}}={2**-0.076:.3f}",
        f"{100**0.73:.1f}",
        f"{100**0.27:.1f}",
    ]


def chinchilla_values() -> list[str]:
    assert 1.4e12 / 70e9 == 20
    assert math.sqrt(100) == 10
    assert 280 / 70 == 4
    return [
        chinchilla(70e9, 1.4e12),
        chinchilla(280e9, 300e9),
        f"C={6 * 20}N^2",
        f"{300 / 175:.1f}",
        f"{1e12 / 6.7e9:.0f}",
    ]


def memory_values() -> list[str]:
    per_parameter = 2 + 2 + 4 + 8
    assert math.ceil(175 * per_parameter / 80) == 35
    scaled = np.float16(1e-8 * 1024)
    assert np.float16(1e-8) == 0
    assert abs(float(scaled) / 1e-5 - 1) < 0.05
    return [
        f"{per_parameter} GB",
        f"{175 * per_parameter:,} GB",
        f"3 × {per_parameter} = {3 * per_parameter} GB",
        scientific(float(np.finfo(np.float16).smallest_subnormal), 0),
    ]


def pipeline_values() -> list[str]:
    stages, batches = 4, 12
    idle, all_steps = stages - 1, batches + stages - 1
    return [f"{idle}/{all_steps} = {idle / all_steps * 100:.0f}%"]


def schedule_values() -> list[str]:
    assert 20 * BILLION // 10**6 == 20_000
    assert math.isclose(rate(20_000), 3e-5)
    return [
        "T=20{,}000",
        scientific(rate(1_000), 1),
        scientific(rate(2_000), 0),
        scientific(rate(11_000), 2),
        scientific(rate(20_000), 0),
    ]


def loss_values() -> list[str]:
    bits = 2.5 / math.log(2)
    return [
        f"{math.log(50_257):.3f}",
        f"e^{{2.5}}={math.exp(2.5):.2f}",
        f"{math.exp(2.3):.2f}",
        rf"2.5/\ln2={bits:.3f}",
        f"{bits / 4:.3f}",
    ]


def company_values() -> list[str]:
    more = flops(7 * BILLION, BILLION)
    nothing = flops(7 * BILLION, 20 * 7 * BILLION)
    return [
        scientific(more, 1),
        f"{more / RATE / DAY:.1f}",
        f"{nothing / more:.0f}",
        f"40/{50 + 50 - 40} = {40 / 60:.3f}",
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "values",
    [
        causal_values,
        masked_values,
        span_values,
        contamination_values,
        kappa_values,
        mixture_values,
        compute_values,
        kaplan_values,
        chinchilla_values,
        memory_values,
        pipeline_values,
        schedule_values,
        loss_values,
        company_values,
    ],
)
def test_numbers(language: str, values: Callable[[], list[str]]) -> None:
    missing = [value for value in values() if not stands_in(TEXT[language], value)]
    assert not missing


def test_large_numbers_in_each_languages_units() -> None:
    best = math.sqrt(flops(175 * BILLION, 300 * BILLION) / 120)
    assert f"{best / BILLION:.0f} billion parameters" in TEXT["en"]
    assert f"{round(best / BILLION) * 10} 亿个参数" in TEXT["zh"]
    assert f"{20 * best / 10**12:.2f} trillion tokens" in TEXT["en"]
    assert f"{20 * best / 10**12:.2f} 万亿个词元" in TEXT["zh"]
    scratch = 20 * 7
    assert f"{scratch} billion tokens" in TEXT["en"]
    assert f"{scratch * 10} 亿个词元" in TEXT["zh"]
    supported = 0.5 * BILLION / 20
    assert f"{supported / 10**6:.0f} million parameters" in TEXT["en"]
    assert f"{supported / 10**4:.0f} 万个参数" in TEXT["zh"]


@pytest.mark.parametrize(
    ("language", "words", "shown"),
    [
        ("en", "the shop takes shoes back within 30 days".split(), " "),
        ("zh", "本店 售出 的 鞋子 退货 期限 30 天".split(), " / "),
    ],
)
def test_jaccard_similarity(language: str, words: list[str], shown: str) -> None:
    assert shown.join(words).casefold() in TEXT[language].casefold()
    one = sequences(words, 3)
    other = sequences(["14" if word == "30" else word for word in words], 3)
    shared = len(one & other)
    assert (len(one), len(other), shared) == (6, 6, 4)
    value = f"{shared}/(6 + 6 − {shared}) = {shared / len(one | other):.3f}"
    assert stands_in(TEXT[language], value)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_removed_spans_restore_the_original(language: str) -> None:
    block = TEXT[language].split("```text\n")[1].split("```")[0]
    original, damaged, target = (re.split(r"[:：]\s*", line)[1] for line in block.splitlines())
    pieces = re.split(r"<[XYZ]>", target)
    restored = damaged.replace("<X>", pieces[1].strip()).replace("<Y>", pieces[2].strip())
    assert restored == original
    assert target.endswith("<Z>")
