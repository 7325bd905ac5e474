import pytest

from evals import scores
from evals.figure_text import (
    KEY_METRICS,
    METRICS,
    by_part,
    figure_text,
    interval_text,
    metric_of,
    number_text,
)
from evals.scores import Figure


def test_every_metric_has_its_title() -> None:
    assert set(scores.METRICS) <= set(METRICS)
    assert set(KEY_METRICS) <= set(scores.METRICS)


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("recall@5", 0.9344, "0.934"),
        ("total_s", 1.236, "1.24 s"),
        ("new_tokens", 61.5, "62"),
        ("mrr", None, "—"),
    ],
)
def test_numbers_are_in_the_unit_of_their_metric(
    metric: str, value: float | None, text: str
) -> None:
    assert number_text(metric, value) == text


def test_figure_is_told_with_its_interval_if_it_has_one() -> None:
    figure = Figure(metric="mrr", value=0.5, low=0.25, high=0.75, n=4)
    assert figure_text(figure) == "0.500 (0.250 to 0.750)"
    assert figure_text(figure.model_copy(update={"low": None})) == "0.500"
    assert figure_text(figure.model_copy(update={"value": None})) == "—"
    assert figure_text(None) == "—"
    assert interval_text("mrr", None, None) == "—"


def test_unknown_metric_is_titled_by_its_name() -> None:
    assert metric_of("brier_score").title == "Brier score"


def test_parts_keep_the_order_of_the_figures() -> None:
    figures = [
        Figure(metric=metric, value=None, low=None, high=None, n=0)
        for metric in ("mrr", "errors", "recall@5")
    ]
    parts = {part: [f.metric for f in each] for part, each in by_part(figures).items()}
    assert parts == {"Retrieval": ["mrr", "recall@5"], "Conduct": ["errors"]}
