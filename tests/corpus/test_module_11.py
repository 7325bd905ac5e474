"""Recomputes every number of module 11 (responsible use) and looks for it in both languages."""

import math
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

CORPUS = Path(__file__).parents[2] / "corpus"
NAME = "11-responsible-use.md"


def plain(text: str) -> str:
    """The text with the minus sign written in ASCII."""
    return text.replace("\u2212", "-")


TEXT = {
    language: plain((CORPUS / language / NAME).read_text(encoding="utf-8"))
    for language in ("en", "zh")
}


def stands_in(text: str, value: str) -> bool:
    """Whether the value stands in the text, not merely as a part of a longer number."""
    return re.search(rf"(?<![\d.,]){re.escape(value)}(?!\d|[.,]\d)", text) is not None


class Group(NamedTuple):
    """The applicants of one group: how many, how many suitable, and who of both was selected."""

    applicants: int
    suitable: int
    selected_suitable: int
    selected_unsuitable: int

    @property
    def selected(self) -> int:
        return self.selected_suitable + self.selected_unsuitable

    @property
    def selection_rate(self) -> float:
        return self.selected / self.applicants


A = Group(applicants=200, suitable=100, selected_suitable=65, selected_unsuitable=15)
B = Group(applicants=100, suitable=40, selected_suitable=22, selected_unsuitable=6)


def rate(part: int, whole: int) -> str:
    return f"{part}/{whole} = {part / whole:.0%}"


def group_rows() -> list[str]:
    """The rows of the table without their labels."""
    unsuitable = [group.applicants - group.suitable for group in (A, B)]
    rows = [
        [f"{group.applicants}" for group in (A, B)],
        [f"{group.suitable}" for group in (A, B)],
        [f"{group.selected_suitable}" for group in (A, B)],
        [f"{group.selected_unsuitable}" for group in (A, B)],
        [rate(group.selected, group.applicants) for group in (A, B)],
        [rate(group.selected_suitable, group.suitable) for group in (A, B)],
        [
            rate(group.selected_unsuitable, negatives)
            for group, negatives in zip((A, B), unsuitable, strict=True)
        ],
        [rate(group.selected_suitable, group.selected) for group in (A, B)],
    ]
    return ["| " + " | ".join(row) + " |" for row in rows]


def fairness_values() -> list[str]:
    ratio = B.selection_rate / A.selection_rate
    pooled = (A.selected + B.selected) / (A.applicants + B.applicants)
    error = math.sqrt(pooled * (1 - pooled) * (1 / A.applicants + 1 / B.applicants))
    difference = A.selection_rate - B.selection_rate
    deviations = difference / error
    chance = math.erfc(deviations / math.sqrt(2))  # two-sided
    hits, false_alarms = 0.6, 0.1
    precisions = [
        f"{base * hits:.2f} / {base * hits + (1 - base) * false_alarms:.2f}"
        f" = {base * hits / (base * hits + (1 - base) * false_alarms):.3f}"
        for base in (0.5, 0.2)
    ]
    return [
        *group_rows(),
        f"{1 - A.selected_suitable / A.suitable:.0%}",
        f"{1 - B.selected_suitable / B.suitable:.0%}",
        f"{B.selection_rate:.2f} / {A.selection_rate:.2f} = {ratio:.2f}",
        f"{100 * difference:.0f}",
        f"{deviations:.2f}",
        f"{chance:.0%}",
        f"{(3 / 10) / (8 / 20):.2f}",
        f"{(4 / 10) / (8 / 20):.2f}",
        *precisions,
    ]


def guess_value(probability: float, penalty: float) -> float:
    """Expected points of a guess: one for right, minus the penalty for wrong."""
    return probability - (1 - probability) * penalty


def hallucination_values() -> list[str]:
    assert guess_value(0.3, 0) == pytest.approx(0.3)
    return [
        f"0.3 - 0.7 = {guess_value(0.3, 1):.1f}",
        f"0.4 - 0.6 = {guess_value(0.4, 1):.1f}",
        f"0.4 - 0.3 = {guess_value(0.4, 0.5):.1f}",
    ]


def privacy_values() -> list[str]:
    combinations = 4 * 5 * 2 * 10
    alone = 1000 * (1 - 1 / combinations) ** 999  # expected, each person falling at random
    return [f"{combinations}", f"{1000 / combinations:.1f}", f"{alone:.0f}"]


def oversight_values() -> list[str]:
    wrong = round(0.04 * 10_000)
    exercise = round(0.03 * 5_000)
    return [
        f"{wrong}",
        f"{wrong - round(0.75 * wrong)}",
        f"{wrong - round(0.40 * wrong)}",
        f"{exercise}",
        f"{round(0.80 * exercise)}",
        f"{exercise - round(0.80 * exercise)}",
    ]


def energy_values() -> list[str]:
    per_answer = 0.84 / 7_200  # kWh
    return [
        f"{1e3 * per_answer:.3f} Wh",
        f"{1e6 * per_answer:.1f} kWh",
        f"{1e4 * per_answer:.2f} Wh",
    ]


def exercise_values() -> list[str]:
    first, second = 45 / 150, 20 / 100
    harmless_a, harmless_b = 12 / 300, 18 / 200
    return [
        f"{first:.0%}",
        f"{second:.0%}",
        f"{second / first:.3f}",
        f"{harmless_a:.0%}",
        f"{harmless_b:.0%}",
        f"{harmless_b / harmless_a:.2f}",
    ]


VALUES = [
    *fairness_values(),
    *hallucination_values(),
    *privacy_values(),
    *oversight_values(),
    *energy_values(),
    *exercise_values(),
    f"{0.90 - 0.35:.2f}",
    f"{0.90 - 0.88:.2f}",
]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("value", VALUES)
def test_value_stands_in_text(language: str, value: str) -> None:
    assert stands_in(TEXT[language], value)


def test_different_attention_weights_give_the_same_output() -> None:
    values = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    weights = np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    assert (weights @ values).tolist() == [[0.5, 0.5], [0.5, 0.5]]
    for text in TEXT.values():
        for piece in ("(1, 0)", "(0, 1)", "(0.5, 0.5)", "(0.5, 0.5, 0)", "(0, 0, 1)"):
            assert piece in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_law_is_named_with_its_dates(language: str) -> None:
    text = TEXT[language]
    assert "2024/1689" in text
    assert "2026/1744" in text
    dates = {
        "en": ["15 August 2023", "2 February 2025", "1 September 2025", "2 August 2026"],
        "zh": ["2023 年 8 月 15 日", "2025 年 2 月 2 日", "2025 年 9 月 1 日", "2026 年 8 月 2 日"],
    }
    assert [date for date in dates[language] if date not in text] == []


def test_lengths() -> None:
    assert 1_500 <= len(TEXT["en"].split()) <= 3_000
    assert 2_500 <= len(re.findall(r"[\u4e00-\u9fff]", TEXT["zh"])) <= 5_000
