"""Recomputes every number of module 03 and looks for it in both languages."""

import itertools
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

Array = npt.NDArray[np.float64]

CORPUS = Path(__file__).parents[2] / "corpus"
TEXT = {
    language: (CORPUS / language / "03-transformer.md").read_text(encoding="utf-8")
    for language in ("en", "zh")
}
NAMES = {"en": ["staff", "train", "models"], "zh": ["员工", "训练", "模型"]}

X = np.array([[1.0, 0, 1, 0], [0, 1, 0, 1], [1, 1, 0, 0]])
Q = X @ np.diag([2.0, 0, 2, 2])
K = X @ np.eye(4)
V = X @ np.eye(4)[:, :2]
SCORES = Q @ K.T / math.sqrt(K.shape[1])

W1, B1 = np.array([[1.0, 0], [0, 1], [1, 1]]), np.array([0.0, 0, 1])
W2, B2 = np.array([[1.0, 0, -2], [0, 1, 1]]), np.array([1.0, 0])


def softmax(scores: Array) -> Array:
    exponentials = np.exp(scores)
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def number(value: float, digits: int) -> str:
    return f"{value + 0.0:.{digits}f}"


def vector(values: Array, digits: int = 0) -> str:
    return "(" + ", ".join(number(v, digits) for v in values) + ")"


def feed_forward(x: Array) -> Array:
    return np.asarray(W2 @ np.maximum(W1 @ x + B1, 0) + B2)


def attention_parameters(d: int) -> int:
    return 4 * (d * d + d)


def feed_forward_parameters(d: int, inner: int) -> int:
    return d * inner + inner + inner * d + d


def layer_parameters(d: int, inner: int) -> int:
    return attention_parameters(d) + feed_forward_parameters(d, inner) + 2 * 2 * d


def multiplications(n: int, d: int) -> int:
    return 12 * n * d * d + 2 * n * n * d


def attention_values() -> list[str]:
    dots = (Q @ K.T)[0]
    exponentials = np.exp(SCORES[0])
    weights = softmax(SCORES)
    outputs = weights @ V
    first = [number(w, 3) for w in weights[0]]
    mixture = "+".join(rf"{w}\,{vector(v)}" for w, v in zip(first, V, strict=True))
    return [
        *(rf"$q_1\cdot k_{i}={dot:.0f}$" for i, dot in enumerate(dots, start=1)),
        *(f"{e:.3f}" for e in exponentials if e != 1),
        f"{exponentials.sum():.3f}",
        f"${mixture}={vector(outputs[0], 3)}$",
    ]


def saturation_values() -> list[str]:
    size = math.sqrt(64)
    raw = softmax(np.array([size, 0.0]))
    scaled = softmax(np.array([1.0, 0.0]))
    return [
        rf"\sqrt{{64}}={size:.0f}",
        *(f"{p:.4f}" for p in raw),
        *(f"{p:.3f}" for p in scaled),
        f"{raw[0] * (1 - raw[0]):.4f}",
        f"{scaled[0] * (1 - scaled[0]):.3f}",
    ]


def mask_values() -> list[str]:
    causal = softmax(np.where(np.tril(np.ones((3, 3))) == 1, SCORES, -np.inf))
    assert causal[0].tolist() == [1, 0, 0]
    assert np.allclose(causal[2], softmax(SCORES)[2])
    outputs = causal @ V
    padded = softmax(np.array([SCORES[0, 0], SCORES[0, 1], -np.inf]))
    return [
        f"${vector(outputs[0])}$",
        *(f"{p:.3f}" for p in causal[1, :2]),
        f"${vector(outputs[1], 3)}$",
        *(f"{p:.3f}" for p in padded[:2]),
        f"${vector(padded @ V, 3)}$",
    ]


def position_values() -> list[str]:
    def sinusoid(position: int) -> Array:
        angles = [position / 10000 ** (2 * i / 4) for i in range(2)]
        return np.array([f(a) for a in angles for f in (math.sin, math.cos)])

    def rotated(position: int) -> Array:
        angle = math.radians(30 * position)
        return np.array([math.cos(angle), math.sin(angle)])

    near, far = rotated(5) @ rotated(3), rotated(12) @ rotated(10)
    assert math.isclose(near, far)
    return [
        vector(sinusoid(0)),
        rf"(\sin 1,\cos 1,\sin 0.01,\cos 0.01)={vector(sinusoid(1), 3)}",
        rf"\cos {30 * (5 - 3)}^{{\circ}}={near:.1f}",
    ]


def feed_forward_values() -> list[str]:
    x, other = np.array([2.0, -1]), np.array([-1.0, 3])
    inner, other_inner = W1 @ x + B1, W1 @ other + B1
    return [
        f"W_1x+b_1={vector(inner)}",
        f"${vector(np.maximum(inner, 0))}$",
        f"${vector(feed_forward(x))}$",
        f"{vector(x)}+{vector(feed_forward(x))}={vector(x + feed_forward(x))}",
        f"${vector(np.maximum(feed_forward(x), 0))}$",
        f"W_1x+b_1={vector(other_inner)}",
        f"${vector(np.maximum(other_inner, 0))}$",
        f"${vector(feed_forward(other))}$",
    ]


def normalisation_values() -> list[str]:
    x = np.array([2.0, 4, 6, 8])
    assert (x.mean(), x.var()) == (5, 5)
    return [f"${vector((x - x.mean()) / math.sqrt(x.var()), 3)}$"]


def parameter_values() -> list[str]:
    base = layer_parameters(512, 2048)
    assert round(3 * feed_forward_parameters(512, 2048) / base) == 2
    assert math.isclose(12 * 512**2, base, rel_tol=0.01)
    assert round(96 * 12 * 12288**2 / 10**9) == 174
    return [
        f"512/8={512 // 8}",
        rf"4\times(512^2+512)$ = {attention_parameters(512):,}",
        rf"2\times512\times2048+2048+512$ = {feed_forward_parameters(512, 2048):,}",
        rf"2\times2\times512$ = {2 * 2 * 512:,}",
        f"{base:,}",
        rf"4\times(768^2+768)$ = {attention_parameters(768):,}",
        f"{feed_forward_parameters(768, 3072):,}",
        f"{2 * 2 * 768:,}",
        f"{layer_parameters(768, 3072):,}",
        f"{12 * layer_parameters(768, 3072):,}",
    ]


def cost_values() -> list[str]:
    d = 512
    assert 12 * (6 * d) * d**2 == 2 * (6 * d) ** 2 * d
    return [
        f"{6 * d:,}",
        f"{1000**2:,}",
        f"{2000**2:,}",
        f"{multiplications(2000, d) / multiplications(1000, d):.2f}",
    ]


def wrong_formula_values() -> list[str]:
    wrong = softmax((Q @ K.T)[0] / 4) / math.sqrt(4)
    return [*(f"{w:.3f}" for w in wrong), f"{wrong.sum():.1f}"]


def case_values() -> list[str]:
    length, window, overlap = 3000, 512, 128
    step = window - overlap
    windows = 1 + math.ceil((length - window) / step)
    starts = [i * step for i in range(windows)]
    assert starts[-1] < length <= starts[-1] + window
    clauses = [(s, s + overlap) for s in range(length - overlap + 1)]
    assert all(any(w <= s and e <= w + window for w in starts) for s, e in clauses)
    return [
        f"{step}",
        rf"$1+\lceil(3000-512)/384\rceil={windows}$",
        rf"$8\times512^2$ = {windows * window**2:,}",
        f"{length**2:,}",
    ]


def stands_in(text: str, value: str) -> bool:
    """Whether the value stands in the text, not merely as a part of a longer number."""
    return re.search(rf"(?<![\d.]){re.escape(value)}(?![\d]|[.,]\d)", text) is not None


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "values",
    [
        attention_values,
        saturation_values,
        mask_values,
        position_values,
        feed_forward_values,
        normalisation_values,
        parameter_values,
        cost_values,
        wrong_formula_values,
        case_values,
    ],
)
def test_numbers(language: str, values: Callable[[], list[str]]) -> None:
    missing = [value for value in values() if not stands_in(TEXT[language], value)]
    assert not missing


@pytest.mark.parametrize("language", ["en", "zh"])
def test_attention_tables(language: str) -> None:
    weights = softmax(SCORES)
    outputs = weights @ V
    for i, name in enumerate(NAMES[language]):
        before = [vector(m[i]) for m in (Q, K, V)]
        after = [vector(SCORES[i]), vector(weights[i], 3), vector(outputs[i], 3)]
        for cells in (before, after):
            assert f"| {' | '.join([name, *cells])} |" in TEXT[language]


def test_variance_of_a_dot_product() -> None:
    """Exact: all vectors of -1 and 1, whose components have mean 0 and variance 1."""
    d_k = 3
    signs = np.array(list(itertools.product([-1.0, 1.0], repeat=d_k)))
    products = signs @ signs.T
    assert products.mean() == 0
    assert products.var() == d_k


def test_order_is_invisible_without_mask_and_position() -> None:
    shuffle = [2, 0, 1]
    shuffled = softmax((Q[shuffle] @ K[shuffle].T) / 2) @ V[shuffle]
    assert np.allclose(shuffled, (softmax(SCORES) @ V)[shuffle])


def test_gpt3_estimate() -> None:
    billions = round(96 * 12 * 12288**2 / 10**9)
    assert f"{billions} billion" in TEXT["en"]
    assert f"{billions * 10} 亿" in TEXT["zh"]
