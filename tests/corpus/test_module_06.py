"""Recomputes every number of module 06 and looks for it in both languages."""

import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

CORPUS = Path(__file__).parents[2] / "corpus"
MILLION = 1_000_000
INPUT_PRICE, OUTPUT_PRICE = 2.0, 8.0


def plain(text: str) -> str:
    """The text with the minus sign, times sign and wide brackets written in ASCII."""
    return text.translate({0x2212: "-", 0xD7: "x", 0xFF08: " (", 0xFF09: ") "})


TEXT = {
    language: plain((CORPUS / language / "06-prompting.md").read_text(encoding="utf-8"))
    for language in ("en", "zh")
}


def stands_in(text: str, value: str) -> bool:
    """Whether the value stands in the text, not merely as a part of a longer number."""
    return re.search(rf"(?<![\d.,]){re.escape(value)}(?!\d|[.,]\d)", text) is not None


def softmax(logits: list[float], temperature: float) -> list[float]:
    powers = np.exp(np.array(logits) / temperature)
    return [float(p) for p in powers / powers.sum()]


def top_p(probabilities: list[float], limit: float) -> list[float]:
    """The kept probabilities, most probable first, before they are rescaled."""
    kept: list[float] = []
    for p in sorted(probabilities, reverse=True):
        kept.append(p)
        if sum(kept) >= limit:
            break
    return kept


def majority(p: float, n: int) -> float:
    return sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n // 2 + 1, n + 1))


def cost(input_tokens: int, output_tokens: int) -> tuple[float, float, float]:
    first = input_tokens * INPUT_PRICE / MILLION
    second = output_tokens * OUTPUT_PRICE / MILLION
    return first, second, first + second


def four(numbers: list[float]) -> list[str]:
    return [f"{n:.4f}" for n in numbers]


def sampling_values() -> list[str]:
    logits = [3.0, 2.0, 1.0, 0.0]
    columns = {t: softmax(logits, t) for t in (0.5, 1.0, 2.0)}
    rows = [
        f"| {z:.0f} | {columns[0.5][i]:.4f} | {columns[1.0][i]:.4f} | {columns[2.0][i]:.4f} |"
        for i, z in enumerate(logits)
    ]
    kept, kept_cool = top_p(columns[1.0], 0.9), top_p(columns[0.5], 0.9)
    assert (len(kept), len(kept_cool)) == (3, 2)
    short = top_p(columns[1.0], 0.7)
    assert len(short) == 2
    return [
        *rows,
        *(f"{math.exp(z):.4f}" for z in (3, 2, 1, 6, 4)),
        f"{sum(math.exp(z) for z in logits):.4f}",
        f"{sum(math.exp(z / 0.5) for z in logits):.4f}",
        f"{sum(kept[:2]):.4f}",
        f"{sum(kept):.4f}",
        *four([p / sum(kept) for p in kept]),
        f"{sum(kept_cool):.4f}",
        *four([p / sum(short) for p in short]),
        *four(softmax([2.0, 1.0, 0.0], 1.0)),
        *four(softmax([2.0, 1.0, 0.0], 0.5)),
    ]


def reasoning_values() -> list[str]:
    return [
        f"3 x 12 = {3 * 12}",
        f"120 - 45 = {120 - 45}",
        f"75 - 36 = {120 - 45 - 3 * 12}",
        f"{majority(0.6, 3):.3f}",
        f"{majority(0.6, 5):.3f}",
        f"{majority(0.4, 5):.3f}",
        f"{majority(0.7, 3):.3f}",
    ]


def cost_values() -> list[str]:
    input_tokens = 600 + 5 * 120 + 1_800 + 100
    full = cost(input_tokens, 250)
    lean = cost(input_tokens - 4 * 120, 250)
    saved = 600 * INPUT_PRICE / MILLION
    small = cost(1_200, 300)
    mail = cost(1_500, 150)
    break_even = math.ceil(2_000 / saved)
    return [
        f"{input_tokens:,}",
        f"8,192 - 3,100 = {8_192 - input_tokens:,}",
        f"= {full[0]:.4f} + {full[1]:.4f} = {full[2]:.4f}",
        f"{full[2] * 600_000:,.0f}",
        f"{4 * 120}",
        f"{lean[2]:.5f}",
        f"{lean[2] * 600_000:,.0f}",
        f"{(full[2] - lean[2]) * 600_000:,.0f}",
        f"5 x {full[2]:.4f} = {5 * full[2]:.4f}",
        f"600 x 2 / 1,000,000 = {saved:.4f}",
        f"{break_even:,}",
        f"{break_even / 600_000:.1f}",
        f"{small[0]:.4f} + {small[1]:.4f} = {small[2]:.4f}",
        f"{small[2] * 50_000:.0f}",
        f"{mail[0]:.4f} + {mail[1]:.4f} = {mail[2]:.4f}",
        f"{mail[2] * 9_000:.2f}",
    ]


def prompt_test_values() -> list[str]:
    changed, repaired = 7, 5
    tail = sum(math.comb(changed, k) for k in range(repaired, changed + 1)) / 2**changed
    assert 41 + 5 - 2 == 44
    return [
        f"{41 / 50:.0%}",
        f"{44 / 50:.0%}",
        f"{100 * math.sqrt(0.82 * 0.18 / 50):.1f}",
        f"{2 * tail:.2f}",
        f"{128 / 200:.0%}",
        f"{176 / 200:.0%}",
        f"{4 / 200:.0%}",
    ]


VALUES = [*sampling_values(), *reasoning_values(), *cost_values(), *prompt_test_values()]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("value", VALUES)
def test_value_stands_in_text(language: str, value: str) -> None:
    assert stands_in(TEXT[language], value)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_printed_probabilities_add_up_to_one(temperature: float) -> None:
    printed = [round(p, 4) for p in softmax([3.0, 2.0, 1.0, 0.0], temperature)]
    assert sum(printed) == pytest.approx(1.0)
    assert printed == sorted(printed, reverse=True)


def test_self_consistency_takes_the_most_frequent_answer() -> None:
    answers = [39, 39, 41, 39, 75]
    assert max(set(answers), key=answers.count) == 39


@pytest.mark.parametrize("language", ["en", "zh"])
def test_t5_prefixes(language: str) -> None:
    for target in ("German", "French", "Romanian"):
        assert f"translate English to {target}:" in TEXT[language]


@pytest.mark.parametrize(("language", "answer"), [("en", "delivery"), ("zh", "\u7269\u6d41")])
def test_code_block_runs(language: str, answer: str, tmp_path: Path) -> None:
    block = re.search(r"```python\n(.*?)```", TEXT[language], re.DOTALL)
    assert block is not None
    script = tmp_path / "reply.py"
    script.write_text(block[1], encoding="utf-8")
    command = [sys.executable, "-X", "utf8", str(script)]
    done = subprocess.run(command, capture_output=True, check=True, encoding="utf-8")
    assert done.stdout == f"{answer}\n"
    assert block[1].rstrip().endswith(f"# {answer}")
    for wrong in ("x", "[]", "{}", '{"category": "?"}', '{"category": []}', '{"category": 1}'):
        call = f"{block[1]}\nread_reply({wrong!r})\n"
        script.write_text(call, encoding="utf-8")
        failed = subprocess.run(command, capture_output=True, check=False, encoding="utf-8")
        assert failed.returncode != 0
        assert "ValueError" in failed.stderr or "JSONDecodeError" in failed.stderr


def headings(text: str) -> list[int]:
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return [len(line) - len(line.lstrip("#")) for line in prose.splitlines() if line[:1] == "#"]


def test_languages_have_the_same_headings() -> None:
    assert headings(TEXT["en"]) == headings(TEXT["zh"])


def test_lengths() -> None:
    assert 1_500 <= len(TEXT["en"].split()) <= 3_000
    assert 2_500 <= len(re.findall(r"[\u4e00-\u9fff]", TEXT["zh"])) <= 5_000
