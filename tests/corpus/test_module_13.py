"""Every worked number of module 13 (mathematics), computed again.

Each value is formatted as the module prints it, and the string must stand in both languages.
"""

import math
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

CORPUS = Path(__file__).parents[2] / "corpus"
NAME = "13-mathematics.md"
LANGUAGES = ("en", "zh")

Vector = npt.NDArray[np.float64]


def plain(text: str) -> str:
    """Return the text with minus and times signs written in ASCII."""
    return text.translate({0x2212: "-", 0xD7: "x"})


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


def assert_says(english: str, chinese: str) -> None:
    assert stands_in(TEXT["en"], english)
    assert stands_in(TEXT["zh"], chinese)


def vector(*values: float) -> Vector:
    return np.array(values, dtype=np.float64)


def number(value: float) -> str:
    """Return a number without the zeros that rounding leaves at its end."""
    return f"{round(float(value), 10) + 0.0:g}"


def tuple_of(values: Sequence[float] | Vector) -> str:
    return f"({', '.join(number(value) for value in values)})"


def matrix_of(values: Vector) -> str:
    rows = r"\\".join("&".join(number(value) for value in row) for row in values)
    return rf"\begin{{pmatrix}}{rows}\end{{pmatrix}}"


def softmax(scores: Vector) -> Vector:
    exponentials = np.exp(scores)
    return np.asarray(exponentials / exponentials.sum(), dtype=np.float64)


def entropy(p: Vector) -> float:
    return cross_entropy(p, p)


def cross_entropy(p: Vector, q: Vector) -> float:
    return float(-(p * np.log2(q)).sum())


def test_conditional_probability() -> None:
    complaints, refunds, both, total = 300, 200, 150, 1000
    assert_stands(
        f"{both}/{refunds}={both / refunds:.2f}",
        f"{both}/{complaints}={both / complaints:.2f}",
        f"0.3 x 0.2 = {complaints / total * refunds / total:.2f}",
        f"{both / total:.2f}",
    )


def test_bayes() -> None:
    prior, found, false = 0.02, 0.95, 0.04
    flagged = found * prior + false * (1 - prior)
    posterior = found * prior / flagged
    assert_stands(
        f"0.95 x 0.02 + 0.04 x 0.98 = {flagged:.4f}",
        f"{found * prior:.3f} / {flagged:.4f} = {posterior:.3f}",
        f"{posterior:.1%}",
        f"{prior:.0%}",
    )
    with_data = 10_000 * prior
    hits, false_alarms = with_data * found, (10_000 - with_data) * false
    assert math.isclose(hits / (hits + false_alarms), posterior)
    assert_stands(
        f"{with_data:.0f}", f"{hits:.0f}", f"{10_000 - with_data:,.0f}", f"{false_alarms:.0f}"
    )


def test_expectation_and_variance() -> None:
    calls, probability = vector(1, 2, 5), vector(0.7, 0.2, 0.1)
    mean = float(calls @ probability)
    squares = (calls - mean) ** 2
    variance = float(squares @ probability)
    weights = [f"{p:.1f} x {s:.2f}" for p, s in zip(probability, squares, strict=True)]
    assert_stands(
        f"0.7 x 1 + 0.2 x 2 + 0.1 x 5 = {mean:.1f}",
        f"{' + '.join(weights)} = {variance:.2f}",
        f"{math.sqrt(variance):.1f}",
    )


def test_log_likelihood() -> None:
    product, total = 1.0, 0.0
    for _ in range(1000):
        product *= 0.1
        total += math.log(0.1)
    assert product == 0
    assert_stands(rf"1000\ln 0.1={total:.1f}")

    def log_likelihood(p: float) -> float:
        return 7 * math.log(p) + 3 * math.log(1 - p)

    assert_stands(f"{log_likelihood(0.5):.3f}", f"{log_likelihood(0.7):.3f}")
    assert max(range(1, 100), key=lambda percent: log_likelihood(percent / 100)) == 70


def test_entropy_and_divergence() -> None:
    p, q = vector(0.75, 0.25), vector(0.5, 0.5)
    divergence = cross_entropy(p, q) - entropy(p)
    assert math.isclose(divergence, float((p * np.log2(p / q)).sum()))
    assert entropy(q) == 1
    surprise = -np.log2(p)
    assert_stands(
        f"0.75 x {surprise[0]:.3f} + 0.25 x {surprise[1]:.0f} = {entropy(p):.3f}",
        f"{cross_entropy(p, q):.3f}",
        f"{divergence:.3f}",
        rf"D(q\,\|\,p)={cross_entropy(q, p) - entropy(q):.3f}",
    )


def test_vectors() -> None:
    a, b = vector(3, 4), vector(4, 3)
    norm = float(np.linalg.norm(a))
    assert norm == np.linalg.norm(b) == 5
    assert a @ vector(4, -3) == 0
    assert_stands(
        rf"3\times4+4\times3={a @ b:.0f}",
        rf"\sqrt{{9+16}}={norm:.0f}",
        f"3+4={np.abs(a).sum():.0f}",
        rf"{a @ b:.0f}/(5\times5)={a @ b / norm**2:.2f}",
    )


def test_matrix_product() -> None:
    a, b = np.array([[1, 2, 0], [0, 1, 3]]), np.array([[1, 0], [2, 1], [0, 2]])
    assert_stands(f"{matrix_of(a)}{matrix_of(b)}={matrix_of(a @ b)}")
    (m, n), p = a.shape, b.shape[1]
    assert_stands(
        rf"{m}\times{n}\times{p}={m * n * p}", rf"{(b @ a).shape[0]}\times{(b @ a).shape[1]}"
    )
    assert (a @ b)[0, 0] == 1 * 1 + 2 * 2 + 0 * 0 == 5


def test_softmax() -> None:
    scores = vector(1, 0, -1)
    exponentials, shares = np.exp(scores), softmax(scores)
    assert np.allclose(shares, softmax(scores + 1))
    assert_stands(
        f"{exponentials[0]:.3f}",
        f"{exponentials[2]:.3f}",
        f"{exponentials.sum():.3f}",
        *(f"{share:.3f}" for share in shares),
    )


def test_derivatives() -> None:
    assert_stands(f"(3.001^2-3^2)/0.001={(3.001**2 - 3**2) / 0.001:.3f}")
    assert_stands(f"{-1 / 0.1:.0f}", f"{-1 / 0.9:.2f}")
    slope = 2 * (3 * 1 + 1) * 3
    assert math.isclose(((3 * 1.000001 + 1) ** 2 - 4**2) / 0.000001, slope, rel_tol=1e-5)
    assert_says(f"{slope} at $x=1$", f"处是 {slope}")
    v, w = 1, 2
    assert_stands(tuple_of((2 * v + 3 * w, 3 * v)))


def test_gradient_descent() -> None:
    w = 0.0
    for step in range(4):
        slope, value = 2 * (w - 3), (w - 3) ** 2
        assert_stands(f"| {step} | {number(w)} | {number(slope)} | {number(round(value, 4))} |")
        w -= 0.1 * slope
    assert [0 - 1 * 2 * (0 - 3), 6 - 1 * 2 * (6 - 3)] == [6, 0]
    far = 0 - 1.1 * 2 * (0 - 3)
    assert_stands(number(far), number((far - 3) ** 2))


class Network(NamedTuple):
    """A layer of three units with ReLU, and one output."""

    w1: Vector
    b1: Vector
    w2: Vector
    b2: float

    def hidden(self, x: Vector) -> tuple[Vector, Vector]:
        z = self.w1 @ x + self.b1
        return z, np.maximum(z, 0)

    def output(self, x: Vector) -> float:
        return float(self.w2 @ self.hidden(x)[1] + self.b2)

    def loss(self, x: Vector, target: float) -> float:
        return (self.output(x) - target) ** 2 / 2

    def gradients(self, x: Vector, target: float) -> "Network":
        z, h = self.hidden(x)
        slope = self.output(x) - target
        at_z = slope * self.w2 * (z > 0)
        return Network(w1=np.outer(at_z, x), b1=at_z, w2=slope * h, b2=slope)

    def moved(self, gradients: "Network", rate: float) -> "Network":
        return Network(
            w1=self.w1 - rate * gradients.w1,
            b1=self.b1 - rate * gradients.b1,
            w2=self.w2 - rate * gradients.w2,
            b2=self.b2 - rate * gradients.b2,
        )


NETWORK = Network(
    w1=np.array([[0.5, 0.25], [1, -1], [0, 1]]), b1=vector(0, 0, 0), w2=vector(2, 1, -1), b2=0.5
)
X = vector(1, 2)
TARGET = 1.5


def test_forward_pass() -> None:
    z, h = NETWORK.hidden(X)
    y = NETWORK.output(X)
    assert_stands(
        f"x={tuple_of(X)}",
        f"t={TARGET}",
        f"W_1={matrix_of(NETWORK.w1)}",
        f"b_1={tuple_of(NETWORK.b1)}",
        f"w_2={tuple_of(NETWORK.w2)}",
        f"b_2={number(NETWORK.b2)}",
        f"z=W_1x+b_1={tuple_of(z)}",
        f"h={tuple_of(h)}",
        rf"y=w_2\cdot h+b_2=2+0-2+0.5={number(y)}",
        rf"L=\frac12(y-t)^2=\frac12({number(y - TARGET)})^2={number(NETWORK.loss(X, TARGET))}",
    )


def test_backward_pass() -> None:
    gradients = NETWORK.gradients(X, TARGET)
    slope = gradients.b2
    assert_stands(
        rf"\partial L/\partial y=y-t={number(slope)}",
        rf"\partial L/\partial w_2=-1\cdot h={tuple_of(gradients.w2)}",
        rf"\partial L/\partial b_2={number(gradients.b2)}",
        rf"\partial L/\partial h=-1\cdot w_2={tuple_of(slope * NETWORK.w2)}",
        rf"\partial L/\partial z={tuple_of(gradients.b1)}",
        rf"\partial L/\partial b_1={tuple_of(gradients.b1)}",
        *(f"${tuple_of(row)}$" for row in gradients.w1),
    )
    assert number((slope * NETWORK.w2)[1]) == "-1"


def test_back_propagation_agrees_with_finite_differences() -> None:
    gradients = NETWORK.gradients(X, TARGET)
    step = 1e-6
    for name in ("w1", "b1", "w2"):
        values, expected = getattr(NETWORK, name), getattr(gradients, name)
        for place in np.ndindex(values.shape):
            raised = values.copy()
            raised[place] += step
            loss = NETWORK._replace(**{name: raised}).loss(X, TARGET)
            slope = (loss - NETWORK.loss(X, TARGET)) / step
            assert math.isclose(slope, expected[place], abs_tol=1e-4)


def test_finite_difference_of_the_first_weight() -> None:
    raised = NETWORK.w1.copy()
    raised[0, 0] += 0.001
    before, after = NETWORK.loss(X, TARGET), NETWORK._replace(w1=raised).loss(X, TARGET)
    assert_stands(number(raised[0, 0]), f"{after:.6f}", f"{(after - before) / 0.001:.3f}")


def test_one_step_of_learning() -> None:
    gradients = NETWORK.gradients(X, TARGET)
    moved = NETWORK.moved(gradients, 0.01)
    assert_stands(
        f"w_2={tuple_of(moved.w2)}",
        f"b_2={number(moved.b2)}",
        *(f"${tuple_of(row)}$" for row in moved.w1),
        f"b_1={tuple_of(moved.b1)}",
        f"h={tuple_of(moved.hidden(X)[1])}",
        f"y={number(moved.output(X))}",
        number(moved.loss(X, TARGET)),
    )
    far = NETWORK.moved(gradients, 0.1)
    assert_stands(f"y={number(far.output(X))}", number(far.loss(X, TARGET)))


def test_gradient_of_softmax_with_cross_entropy() -> None:
    scores, right = vector(2, 1, 0), vector(0, 1, 0)
    gradient = softmax(scores) - right
    for i in range(3):
        raised = scores.copy()
        raised[i] += 1e-6
        slope = (math.log(softmax(scores)[1]) - math.log(softmax(raised)[1])) / 1e-6
        assert math.isclose(slope, gradient[i], abs_tol=1e-5)
    assert_stands(f"({', '.join(f'{value:.3f}' for value in gradient)})")


def test_limits_of_floating_point_numbers() -> None:
    assert f"{np.finfo(np.float16).max:,.0f}" == "65,504"
    exponential = f"{math.exp(12):,.0f}"
    assert math.exp(12) > float(np.finfo(np.float16).max)
    assert_stands("65,504", f"e^{{12}}={exponential.replace(',', '{,}')}")
    with pytest.raises(OverflowError):
        math.exp(710)
    assert_stands("e^{710}")


def test_log_sum_exp() -> None:
    scores = vector(1002, 1001, 1000)
    exponentials = np.exp(scores - 1002)
    extra = math.log(exponentials.sum())
    assert_stands(
        f"{exponentials[1]:.3f}",
        f"{exponentials[2]:.3f}",
        f"{exponentials.sum():.3f}",
        f"1002 + {extra:.4f} = {1002 + extra:.4f}",
        f"1001 - {1002 + extra:.4f} = {1001 - 1002 - extra:.4f}",
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_program_prints_what_its_comment_says(language: str) -> None:
    programs = re.findall(r"```python\n(.*?)```", TEXT[language], flags=re.DOTALL)
    assert len(programs) == 1
    comment = programs[0].strip().rpartition("# ")[2]
    run = subprocess.run(
        [sys.executable, "-c", programs[0]], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == comment


def test_peak_of_a_normal_density() -> None:
    assert_stands(f"{1 / (0.1 * math.sqrt(2 * math.pi)):.3f}")


def test_case() -> None:
    a, b = 400 * math.log(0.15), 100 * math.log(0.12)
    assert math.prod([0.15] * 400) == 0
    exponent = a / math.log(10)
    mantissa = 10 ** (exponent - math.floor(exponent))
    assert_stands(
        rf"{mantissa:.1f}\times10^{{{math.floor(exponent)}}}",
        rf"400\ln 0.15={a:.1f}",
        rf"100\ln 0.12={b:.1f}",
        f"{a / 400:.3f}",
        f"{b / 100:.3f}",
        f"{math.exp(-a / 400):.2f}",
        f"{math.exp(-b / 100):.2f}",
    )


def test_solutions_1_to_4() -> None:
    wrong, right = 0.05 * 0.9, 0.95 * 0.1
    assert_stands(f"{wrong:.3f} / ({wrong:.3f} + {right:.3f}) = {wrong / (wrong + right):.3f}")
    p, q = vector(0.5, 0.25, 0.125, 0.125), vector(0.25, 0.25, 0.25, 0.25)
    values = [number(v) for v in (entropy(p), cross_entropy(p, q))]
    excess = number(cross_entropy(p, q) - entropy(p))
    assert_says(
        f"entropy is {values[0]} bits, the cross-entropy {values[1]} bits "
        f"and the KL divergence {excess} bits",
        f"熵是 {values[0]} 比特，交叉熵是 {values[1]} 比特，KL 散度是 {excess} 比特",
    )
    a, b = np.array([[2, 1], [0, 3]]), np.array([[1, 4], [2, 0]])
    norm = number(float(np.linalg.norm(vector(2, 3, 6))))
    assert_stands(f"{matrix_of(a)}{matrix_of(b)}", matrix_of(a @ b))
    assert_says(f"the norm is {norm}", f"范数是 {norm}")
    first = 1 - 0.25 * 2 * (1 + 1)
    second = first - 0.25 * 2 * (first + 1)
    assert_says(
        f"leads to {number(first)} and the second to {number(second)}",
        f"第一步到 {number(first)}，第二步到 {number(second)}",
    )


def test_solutions_5_and_6() -> None:
    x = vector(2, 1)
    z, h = NETWORK.hidden(x)
    gradients = NETWORK.gradients(x, 0)
    assert np.array_equal(z, h)
    assert_stands(
        f"z=h={tuple_of(z)}",
        f"y={number(NETWORK.output(x))}",
        f"L={number(NETWORK.loss(x, 0))}",
        rf"\partial L/\partial w_2={tuple_of(gradients.w2)}",
        rf"\partial L/\partial z={tuple_of(gradients.b1)}",
        rf"-1000+\ln(1+e^{{-1}})={-1000 + math.log(1 + math.exp(-1)):.4f}",
    )


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("1,000 messages 300 are complaints, 200", "1,000 封来信中有 300 封是投诉，200 封"),
        ("and 150 are both", "两者兼有的有 150 封"),
        ("Suppose 2% of documents", "假设 2% 的文档"),
        ("flags 95% of these and, wrongly, 4%", "其中的 95%，也会误报其余文档的 4%"),
        ("of 10,000 documents, 200", "10,000 份文档中有 200 份"),
        ("1 model call with probability 0.7", "0.7 的概率调用模型 1 次"),
        ("2 calls with 0.2 and 5 calls with 0.1", "0.2 的概率调用 2 次，以 0.1 的概率调用 5 次"),
        ("1,000 probabilities of 0.1 is $10^{-1000}$", "1,000 个 0.1 的乘积是 $10^{-1000}$"),
        ("7 of 10 answers are right", "10 个答案中有 7 个正确"),
        (r"$7\ln p+3\ln(1-p)$: -6.931 at $p=0.5$", r"$7\ln p+3\ln(1-p)$：$p=0.5$ 时是 -6.931"),
        ("-6.109 at $p=0.7$", "$p=0.7$ 时是最大值 -6.109"),
        ("$p=(0.75, 0.25)$ and $q=(0.5, 0.5)$", "$p=(0.75, 0.25)$，$q=(0.5, 0.5)$"),
        ("$a=(3, 4)$ and $b=(4, 3)$", "$a=(3, 4)$，$b=(4, 3)$"),
        ("$(3, 4)$ and $(4, -3)$", "$(3, 4)$ 和 $(4, -3)$"),
        (r"The entry 5 is $1\times1+2\times2+0\times0$", r"元素 5 是 $1\times1+2\times2+0\times0$"),
        ("2.718, 1 and 0.368", "2.718、1 和 0.368"),
        ("gives 0.665, 0.245 and 0.090", "0.665、0.245 和 0.090"),
        ("-10 at $p=0.1$ but only -1.11 at $p=0.9$", "$p=0.1$ 时是 -10，$p=0.9$ 时只有 -1.11"),
        ("$v=1$, $w=2$", "$v=1$，$w=2$"),
        ("jumps between 0 and 6", "在 0 和 6 之间"),
        ("from 0.5 to 0.501", "从 0.5 提高到 0.501"),
        ("1002, 1001 and 1000", "1002、1001 和 1000"),
        ("has 400 tokens with a geometric mean probability of 0.15", "有 400 个词元，"),
        ("with 100 tokens and a mean of 0.12", "有 100 个词元，几何平均数是 0.12"),
        ("5% of invoices are wrong; a check flags 90%", "5% 的发票有错；一项检查会标出 90%"),
        ("$p=(0.5, 0.25, 0.125, 0.125)$", "$p=(0.5, 0.25, 0.125, 0.125)$"),
        (
            r"$f(w)=(w+1)^2$ from $w=1$ with $\eta=0.25$",
            r"$f(w)=(w+1)^2$，从 $w=1$ 出发，取 $\eta=0.25$",
        ),
        ("$x=(2, 1)$ and $t=0$", "$x=(2, 1)$，$t=0$"),
    ],
)
def test_given_numbers_are_the_same_in_both_languages(english: str, chinese: str) -> None:
    assert english in TEXT["en"]
    assert chinese in TEXT["zh"]
