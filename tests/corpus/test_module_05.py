"""Recomputes every number of module 05 and looks for it in both languages."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

CORPUS = Path(__file__).parents[2] / "corpus"
GB = 10**9


def plain(text: str) -> str:
    """The text with the minus sign, times sign and wide brackets written in ASCII."""
    return text.translate({0x2212: "-", 0xD7: "x", 0xFF08: " (", 0xFF09: ") "})


TEXT = {
    language: plain((CORPUS / language / "05-fine-tuning.md").read_text(encoding="utf-8"))
    for language in ("en", "zh")
}


def stands_in(text: str, value: str) -> bool:
    """Whether the value stands in the text, not merely as a part of a longer number."""
    return re.search(rf"(?<![\d.,]){re.escape(value)}(?!\d|[.,]\d)", text) is not None


def lora_parameters(d_out: int, d_in: int, rank: int) -> int:
    a = np.zeros((rank, d_in))
    b = np.zeros((d_out, rank))
    return int(a.size + b.size)


def binary_losses(labels: list[int], predictions: list[float]) -> list[float]:
    return [
        -(y * math.log(p) + (1 - y) * math.log(1 - p))
        for y, p in zip(labels, predictions, strict=True)
    ]


def sigmoid(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-z))


def cross_entropy_values() -> list[str]:
    labels, predictions = [1, 0, 1, 0], [0.9, 0.2, 0.6, 0.9]
    losses = binary_losses(labels, predictions)
    total = sum(losses)
    pairs = list(zip(labels, predictions, strict=True))
    first = -sum(y * math.log(p) for y, p in pairs) / len(pairs)
    second = sum((1 - y) * math.log(1 - p) for y, p in pairs)
    rows = [
        f"| {i} | {y} | {p} | {p if y else 1 - p:.1f} | {loss:.4f} |"
        for i, ((y, p), loss) in enumerate(zip(pairs, losses, strict=True), start=1)
    ]
    tokens = [-math.log(p) for p in (0.5, 0.25, 0.8)]
    token_sum = " + ".join(f"{t:.4f}" for t in tokens)
    three = binary_losses([1, 0, 1], [0.8, 0.3, 0.4])
    return [
        *rows,
        f"{total:.4f} / 4 = {total / 4:.4f}",
        f"{losses[3] / total:.0%}",
        f"({token_sum}) / 3 = {sum(tokens) / 3:.4f}",
        f"{first:.4f} - {abs(second):.4f} = {first + second:.4f}",
        *(f"{loss:.4f}" for loss in three),
        f"{sum(three):.4f}",
        f"{sum(three) / 3:.4f}",
    ]


def memory_values() -> list[str]:
    bytes_per_parameter = 2 + 2 + 4 + 4 + 4
    seven = 7 * GB
    lora = 2 * 32 * lora_parameters(4096, 4096, 8)
    return [
        f"7 x 2 = {seven * 2 / GB:.0f} GB",
        f"7 x {bytes_per_parameter} = {seven * bytes_per_parameter / GB:.0f} GB",
        f"1.5 x {bytes_per_parameter} = {1.5 * bytes_per_parameter:.0f} GB",
        f"{1.5 * 2:.0f} GB",
        f"{lora * bytes_per_parameter / GB:.2f} GB",
        f"{seven * 4 / 8 / GB:.1f} GB",
    ]


def peft_values() -> list[str]:
    size, rank = 4096, 8
    full, lora = size * size, lora_parameters(size, size, rank)
    layers = 2 * 32 * lora
    d, m = 768, 64
    small, small_full = lora_parameters(1024, 4096, 16), 1024 * 4096
    assert full % lora == 0
    return [
        f"{full:,}",
        f"8 x 4096 = {rank * size:,}",
        f"4096 x 8 = {size * rank:,}",
        f"{lora:,}",
        f"{lora / full:.2%}",
        f"{full // lora}",
        f"2 x 32 x 65,536 = {layers:,}",
        f"{layers / 7e9:.2%}",
        f"{2 * m * d + d + m:,}",
        f"{20 * size:,}",
        f"16 x (1024 + 4096) = {small:,}",
        f"{small_full:,}",
        f"{small / small_full:.2%}",
    ]


def preference_values() -> list[str]:
    margin = (-40 - -42) - (-45 - -42)
    beta = 0.1
    return [
        f"{sigmoid(1.5 - 0.5):.4f}",
        f"{-math.log(sigmoid(1.5 - 0.5)):.4f}",
        f"{-math.log(sigmoid(0.0)):.4f}",
        f"2 - (-3) = {margin}",
        f"{sigmoid(beta * margin):.4f}",
        f"{-math.log(sigmoid(beta * margin)):.4f}",
    ]


def learning_rate(step: int, peak: float, warm_up: int, total: int) -> float:
    if step < warm_up:
        return peak * step / warm_up
    return peak * (total - step) / (total - warm_up)


def other_values() -> list[str]:
    per_epoch = 8_000 // 16
    total = 3 * per_epoch
    case_epoch = 4_800 // 32
    return [
        f"0.80 - 0.1 x 0.5 = {0.80 - 0.1 * 0.5:.2f}",
        f"{per_epoch}",
        f"{total:,}",
        f"{total // 10}",
        f"{71 - 58}",
        f"{4 * 4}",
        f"{30 / (120 + 30):.0%}",
        f"{3 + 6 + 11 + 12}",
        f"{4 * 12}",
        f"{round(0.22 * 600)}",
        f"78% ({round(0.78 * 600)}",
        f"88% ({round(0.88 * 600)}",
        f"{round(0.88 * 600) - round(0.78 * 600)}",
        f"{case_epoch}",
        f"{3 * case_epoch}",
        f"{100 * math.sqrt(0.88 * 0.12 / 600):.1f}",
        f"{9 / 15:.0%}",
    ]


VALUES = [
    *cross_entropy_values(),
    *memory_values(),
    *peft_values(),
    *preference_values(),
    *other_values(),
]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("value", VALUES)
def test_value_stands_in_text(language: str, value: str) -> None:
    assert stands_in(TEXT[language], value)


def test_adalora_budget_matches_equal_ranks() -> None:
    assert 3 + 6 + 11 + 12 == 4 * 8


def test_lora_merge_gives_the_same_result() -> None:
    w0 = np.array([[1.0, 2.0], [3.0, 4.0]])
    b, a, x = np.array([[1.0], [2.0]]), np.array([[0.5, 1.0]]), np.array([2.0, 1.0])
    assert (w0 @ x).tolist() == [4.0, 10.0]
    assert (b @ (a @ x)).tolist() == [2.0, 4.0]
    assert (w0 + b @ a).tolist() == [[1.5, 3.0], [4.0, 6.0]]
    assert ((w0 + b @ a) @ x).tolist() == [6.0, 14.0]
    for text in TEXT.values():
        for piece in ("(4,10)", "(2,4)", "(6, 14)", r"\begin{pmatrix}1.5&3\\4&6\end{pmatrix}"):
            assert piece in text


def test_schedule_is_at_half_its_peak_at_the_steps_named() -> None:
    for step in (75, 825):
        assert learning_rate(step, 2e-5, 150, 1_500) == pytest.approx(1e-5)
        assert all(stands_in(text, str(step)) for text in TEXT.values())


def test_best_epoch_and_early_stop() -> None:
    training = [0.62, 0.41, 0.27, 0.16, 0.08]
    validation = [0.58, 0.49, 0.46, 0.52, 0.63]
    best = min(range(5), key=validation.__getitem__)
    assert best + 1 == 3
    assert best + 2 + 1 == 5  # patience of two
    for text in TEXT.values():
        for losses in (training, validation):
            assert any(sep.join(map(str, losses)) in text for sep in (", ", "\u3001"))


def test_test_set_shares_add_up() -> None:
    assert 4_800 + 600 + 600 == 6_000
    for text in TEXT.values():
        assert stands_in(text, "6,000")
        assert stands_in(text, "4,800")


def test_faulty_loss_rewards_a_worse_prediction() -> None:
    def second(p: float) -> float:
        return math.log(1 - p)

    assert second(0.99) < second(0.9) < 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_cross_entropy_formula_brackets_both_terms(language: str) -> None:
    formula = r"L=-\frac{1}{m}\sum_{i=1}^{m}\Big[\,y_i\ln\hat y_i+(1-y_i)\ln(1-\hat y_i)\Big]"
    assert formula in TEXT[language]


def headings(text: str) -> list[int]:
    return [len(line) - len(line.lstrip("#")) for line in text.splitlines() if line[:1] == "#"]


def test_languages_have_the_same_headings() -> None:
    assert headings(TEXT["en"]) == headings(TEXT["zh"])


def test_lengths() -> None:
    assert 1_500 <= len(TEXT["en"].split()) <= 3_000
    assert 2_500 <= len(re.findall(r"[\u4e00-\u9fff]", TEXT["zh"])) <= 5_000
