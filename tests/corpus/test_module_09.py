"""Recomputes every number of module 09 (deployment) and looks for it in both languages."""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

CORPUS = Path(__file__).parents[2] / "corpus"
NAME = "09-deployment.md"
GB = 10**9
BYTES = 2  # a number in 16 bits

# NVIDIA A100 80 GB SXM, data sheet: bytes and (16-bit) FLOPs per second.
BANDWIDTH = 2.039e12
PEAK = 3.12e14


def plain(text: str) -> str:
    """The text with the minus and times signs in ASCII and the LaTeX thousands as commas."""
    return text.replace("{,}", ",").translate({0x2212: "-", 0xD7: "x"})


TEXT = {
    language: plain((CORPUS / language / NAME).read_text(encoding="utf-8"))
    for language in ("en", "zh")
}


def stands_in(text: str, value: str) -> bool:
    """Whether the value stands in the text, not merely as a part of a longer number."""
    return re.search(rf"(?<![\d.,]){re.escape(value)}(?!\d|[.,]\d)", text) is not None


class Model(NamedTuple):
    """A Transformer of the Llama family: no biases, separate input and output embeddings."""

    layers: int
    width: int
    kv_heads: int
    head_size: int
    inner: int
    vocabulary: int

    @property
    def parameters(self) -> int:
        """All parameters: attention, gated feed-forward, normalisations and both embeddings."""
        attention = 2 * self.width**2 + 2 * self.width * self.kv_heads * self.head_size
        layer = attention + 3 * self.width * self.inner + 2 * self.width
        return self.layers * layer + 2 * self.embedding + self.width

    @property
    def embedding(self) -> int:
        return self.vocabulary * self.width

    @property
    def read_per_step(self) -> int:
        """The weights that every decoding step reads: all but the input embeddings."""
        return self.parameters - self.embedding

    @property
    def kv_bytes(self) -> int:
        """The KV cache of one token."""
        return 2 * self.layers * self.kv_heads * self.head_size * BYTES


# Grattafiori et al., 2024, arXiv:2407.21783, table 3.
LLAMA_8B = Model(layers=32, width=4096, kv_heads=8, head_size=128, inner=14336, vocabulary=128256)
LLAMA_70B = Model(layers=80, width=8192, kv_heads=8, head_size=128, inner=28672, vocabulary=128256)


def latency_values() -> list[str]:
    total = 0.4 + (300 - 1) * 0.025
    return [f"0.4 + {300 - 1} x 0.025 = {total:.3f}", f"{total:.1f}"]


def kv_cache_values() -> list[str]:
    model, ungrouped = LLAMA_8B, LLAMA_8B._replace(kv_heads=32)
    assert ungrouped.kv_heads * ungrouped.head_size == ungrouped.width
    weights = model.parameters * BYTES
    free = 80 * GB - weights - 4 * GB
    blocks = math.ceil(2300 / 16)
    return [
        rf"{model.kv_bytes:,}",
        f"{2300 * model.kv_bytes / GB:.3f} GB",
        f"{8192 * model.kv_bytes / GB:.3f} GB",
        f"{ungrouped.kv_bytes:,}",
        f"{weights / GB:.2f} GB",
        f"{free / GB:.2f} GB",
        f"{free // (8192 * model.kv_bytes)}",
        f"{blocks}",
        f"{free // (blocks * 16 * model.kv_bytes)}",
        f"{2000 - 1500}",
        f"{1500 / 2000:.0%}",
    ]


def decoding_values() -> list[str]:
    model = LLAMA_8B
    read = model.read_per_step * BYTES
    step = read / BANDWIDTH
    arithmetic = 2 * model.read_per_step / PEAK
    cache = 32 * 2000 * model.kv_bytes
    batched = (read + cache) / BANDWIDTH
    prefill = 2 * model.parameters * 2000
    lengths = [10, 20, 30, 100]
    places = len(lengths) * max(lengths)
    return [
        f"{read / GB:.2f} GB",
        f"{read / GB:.2f} / {BANDWIDTH / GB:,.0f} = {1e3 * step:.2f}",
        f"{1 / step:.0f}",
        rf"2\times{model.read_per_step / GB:.3f}\times10^{{9}}",
        f"{1e3 * arithmetic:.3f}",
        f"{step / arithmetic:.0f}",
        rf"2\times{model.parameters / GB:.2f}\times10^{{9}}\times2,000="
        rf"{prefill / 1e13:.2f}\times10^{{13}}",
        f"{prefill / (PEAK / 2):.3f}",
        f"{cache / GB:.2f} GB",
        f"{(read + cache) / GB:.2f} GB",
        f"{1e3 * batched:.2f}",
        f"{32 / batched:,.0f}",
        f"{32 * step / batched:.1f}",
        f"{batched / step:.2f}",
        f"{len(lengths)} x {max(lengths)} = {places}",
        f"{sum(lengths)}",
        f"{sum(lengths) / places:.0%}",
    ]


class Quantised(NamedTuple):
    """A vector stored as integers times a scale."""

    scale: float
    integers: npt.NDArray[np.int64]
    restored: npt.NDArray[np.float64]
    largest_error: float


def quantise(weights: Sequence[float], largest: int) -> Quantised:
    """Quantise symmetrically to the integers from -largest to largest."""
    vector = np.array(weights, dtype=np.float64)
    scale = float(np.abs(vector).max()) / largest
    integers = np.rint(vector / scale).astype(np.int64)
    restored = (integers * scale).astype(np.float64)
    return Quantised(scale, integers, restored, float(np.abs(restored - vector).max()))


def bracketed(values: npt.NDArray[np.int64] | npt.NDArray[np.float64], form: str) -> str:
    return "(" + ", ".join(format(value, form) for value in values.tolist()) + ")"


WEIGHTS = (0.31, -1.52, 0.04, 0.98)


def quantisation_values() -> list[str]:
    int8, four = quantise(WEIGHTS, 127), quantise(WEIGHTS, 7)
    outlier = quantise((0.31, -12, 0.04, 0.98), 7)
    assert outlier.integers[0] == outlier.integers[2] == 0
    bits = 4 + 16 / 128
    pruned = np.where(np.abs(WEIGHTS) >= np.sort(np.abs(WEIGHTS))[-2], WEIGHTS, 0.0)
    exercise = quantise((0.6, -0.9, 0.1, 0.3), 7)
    return [
        f"| 1.52 / 127 = {int8.scale:.5f} | 1.52 / 7 = {four.scale:.4f} |",
        f"| {bracketed(int8.integers, 'd')} | {bracketed(four.integers, 'd')} |",
        f"| {bracketed(int8.restored, '.3f')} | {bracketed(four.restored, '.3f')} |",
        f"| {int8.largest_error:.3f} | {four.largest_error:.3f} |",
        f"{outlier.scale:.3f}",
        f"4 + 16/128 = {bits:.3f}",
        f"{LLAMA_8B.parameters * bits / 8 / GB:.2f} GB",
        bracketed(pruned, "g"),
        f"{exercise.scale:.4f}",
        bracketed(exercise.integers, "d"),
        bracketed(exercise.restored, ".3f"),
        f"{exercise.largest_error:.3f}",
    ]


def tokens_per_pass(alpha: float, gamma: int) -> float:
    """Expected tokens: each proposal counts if all before it were accepted, plus one.

    Source: Leviathan et al., 2023, arXiv:2211.17192.
    """
    return sum(alpha**i for i in range(gamma + 1))


def speculative_values() -> list[str]:
    first, second = tokens_per_pass(0.8, 4), tokens_per_pass(0.7, 3)
    assert first == pytest.approx((1 - 0.8**5) / (1 - 0.8))
    cost = 1 + 4 * 0.1, 1 + 3 * 0.1
    return [
        f"{first:.2f}",
        f"{first:.2f} / {cost[0]:.1f} = {first / cost[0]:.2f}",
        f"{second:.3f} / {cost[1]:.1f} = {second / cost[1]:.2f}",
    ]


def capacity_values() -> list[str]:
    busiest = round(5_000 * 6 * 0.20)
    rate = busiest / 3600
    in_progress = rate * 7.875
    deviation = math.sqrt(in_progress)
    return [
        f"{busiest:,}",
        f"{rate:.3f}",
        f"{in_progress:.1f}",
        f"{in_progress * 2300 * LLAMA_8B.kv_bytes / GB:.2f} GB",
        rf"\sqrt{{{in_progress:.3f}}}={deviation:.2f}",
        f"{in_progress + 3 * deviation:.0f}",
        f"$0.5\\times12={30 / 60 * 12:.0f}$",
    ]


def price(n_input: int, n_output: int) -> tuple[float, float]:
    """Return the dollars for input and for output at 2 and 8 dollars per million tokens."""
    return n_input * 2 / 1e6, n_output * 8 / 1e6


def cost_values() -> list[str]:
    read, written = price(2_000, 300)
    answer = read + written
    machines = 2 * 2.50 * 730
    monthly = machines + 4_000
    answers = 5_000 * 6 * 21
    exercise = price(3_000, 400)
    return [
        f"{read:.4f} + {written:.4f} = {answer:.4f}",
        f"{1000 * answer:.2f}",
        f"{2.50 / (2 * 3600) * 1000:.2f}",
        f"{machines:,.0f}",
        f"{monthly:,.0f}",
        f"{answers:,}",
        f"{answers * answer:,.0f}",
        f"{monthly / answers * 1000:.2f}",
        f"{math.ceil(monthly / answer):,}",
        f"{exercise[0]:.4f} + {exercise[1]:.4f} = {sum(exercise):.4f}",
        f"{5_060 / sum(exercise):,.0f}",
    ]


def monitoring_values() -> list[str]:
    times = np.array([2.0] * 94 + [20.0] * 6)
    deviation = math.sqrt(1000 * 0.01 * 0.99)
    return [
        f"{times.mean():.2f}",
        f"{np.median(times):.0f}",
        f"{np.percentile(times, 95, method='inverted_cdf'):.0f}",
        f"{12 / 200:.0%}",
        f"{100 * math.sqrt(0.06 * 0.94 / 200):.1f}",
        f"{0.05 * 20_000:,.0f}",
        rf"\sqrt{{1000\times0.01\times0.99}}={deviation:.2f}",
        f"{(25 - 1000 * 0.01) / deviation:.1f}",
        f"{15 / 300:.0%}",
        f"{3 / 300:.0%}",
    ]


def large_model_values() -> list[str]:
    model = LLAMA_70B
    assert 70 * GB * BYTES // 4 == 35 * GB
    return [
        f"{70 * BYTES} GB",
        f"{70 * BYTES // 4} GB",
        rf"2\times80\times8\times128\times2={model.kv_bytes:,}",
        f"{16 * 4_000:,}",
        f"{16 * 4_000 * model.kv_bytes / GB:.2f} GB",
    ]


VALUES = [
    *latency_values(),
    *kv_cache_values(),
    *decoding_values(),
    *quantisation_values(),
    *speculative_values(),
    *capacity_values(),
    *cost_values(),
    *monitoring_values(),
    *large_model_values(),
]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("value", VALUES)
def test_value_stands_in_text(language: str, value: str) -> None:
    assert stands_in(TEXT[language], plain(value))


def test_model_sizes() -> None:
    assert f"{LLAMA_8B.parameters / GB:.2f}" == "8.03"
    assert f"{LLAMA_8B.read_per_step / GB:.3f}" == "7.505"
    assert "8.03 billion parameters" in TEXT["en"]
    assert "7.505 billion weights" in TEXT["en"]
    assert f"{LLAMA_8B.parameters / 1e8:.1f} 亿个参数" in TEXT["zh"]
    assert f"{LLAMA_8B.read_per_step / 1e8:.2f} 亿个权重" in TEXT["zh"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_formulas(language: str) -> None:
    for formula in (
        r"2\times n_{\text{layers}}\times n_{\text{KV heads}}\times d_{\text{head}}\times",
        r"(1-\alpha^{\gamma+1})/(1-\alpha)",
        r"L=\lambda W",
        rf"2\times32\times8\times128\times2={LLAMA_8B.kv_bytes:,}",
    ):
        assert formula in TEXT[language]


def test_lengths() -> None:
    assert 1_500 <= len(TEXT["en"].split()) <= 3_000
    assert 2_500 <= len(re.findall(r"[\u4e00-\u9fff]", TEXT["zh"])) <= 5_000
