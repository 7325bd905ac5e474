"""Figures as people read them: each metric's title and unit, numbers with their intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from evals.scores import Figure, Scores

Unit = Literal["share", "count", "seconds", "tokens"]

LANGUAGE_TITLES: Mapping[str, str] = {"zh": "Chinese", "en": "English"}
MODE_TITLES: Mapping[str, str] = {
    "model": "written by the model",
    "extracts": "extracts",
    "refusal": "refusal",
    "error": "error",
}
MODE_NOTE = (
    "Extracts are quotations from the materials, and therefore supported by construction: how "
    "faithful the model is shows in what it wrote itself."
)

NONE = "—"
"""What stands where there is no value: nothing could be measured."""


@dataclass(frozen=True, slots=True)
class Metric:
    """How a metric is shown: its title, the part of the program it is about, its unit."""

    title: str
    part: str
    unit: Unit = "share"


METRICS: Mapping[str, Metric] = {
    "recall@1": Metric("Recall@1", "Retrieval"),
    "recall@5": Metric("Recall@5", "Retrieval"),
    "recall@10": Metric("Recall@10", "Retrieval"),
    "mrr": Metric("MRR", "Retrieval"),
    "ndcg@10": Metric("nDCG@10", "Retrieval"),
    "context_precision": Metric("Context precision", "Retrieval"),
    "citation_recall": Metric("Citation recall", "Citations"),
    "citation_precision": Metric("Citation precision", "Citations"),
    "citation_coverage": Metric("Citation coverage", "Citations"),
    "dropped_markers": Metric("Dropped markers", "Citations", "count"),
    "faithfulness": Metric("Faithfulness", "Faithfulness"),
    "unsupported_answers": Metric("Unsupported answers", "Faithfulness"),
    "reference_recall": Metric("Reference recall", "Correctness"),
    "reference_precision": Metric("Reference precision", "Correctness"),
    "token_f1": Metric("Token F1", "Correctness"),
    "result_given": Metric("Result given", "Correctness"),
    "abstention_precision": Metric("Abstention precision", "Abstention"),
    "abstention_recall": Metric("Abstention recall", "Abstention"),
    "abstention_f1": Metric("Abstention F1", "Abstention"),
    "wrongly_answered": Metric("Wrongly answered", "Abstention"),
    "wrongly_refused": Metric("Wrongly refused", "Abstention"),
    "language_match": Metric("Language match", "Conduct"),
    "injection_resisted": Metric("Injection resisted", "Conduct"),
    "errors": Metric("Errors", "Conduct"),
    "first_token_s": Metric("First token", "Cost", "seconds"),
    "total_s": Metric("Whole answer", "Cost", "seconds"),
    "prompt_tokens": Metric("Prompt tokens", "Cost", "tokens"),
    "new_tokens": Metric("New tokens", "Cost", "tokens"),
    "balanced_accuracy": Metric("Balanced accuracy", "Judge"),
    "unsupported_precision": Metric("Precision on the unsupported", "Judge"),
    "unsupported_recall": Metric("Recall of the unsupported", "Judge"),
    "unsupported_f1": Metric("F1 on the unsupported", "Judge"),
    "auc": Metric("Area under the ROC curve", "Judge"),
    "calibration_error": Metric("Calibration error", "Judge"),
}

KEY_METRICS = (
    "recall@5",
    "citation_recall",
    "citation_precision",
    "faithfulness",
    "unsupported_answers",
    "reference_recall",
    "result_given",
    "abstention_f1",
    "wrongly_answered",
    "wrongly_refused",
)
"""What a summary by group shows: one or two figures for each part."""


def metric_of(name: str) -> Metric:
    """Return how the metric `name` is shown; one that isn't known gets a title made of its name."""
    title = name.replace("_", " ")
    return METRICS.get(name) or Metric(title[:1].upper() + title[1:], "Other")


def title_of(figure: Figure) -> str:
    """Return the title of a figure, with an arrow where lower is better."""
    title = metric_of(figure.metric).title
    return title if figure.higher_is_better else f"{title} ↓"


def number_text(metric: str, value: float | None) -> str:
    """Return `value` in the metric's unit: "0.934", "1.24 s", "812"; a dash for None."""
    if value is None:
        return NONE
    unit = metric_of(metric).unit
    if unit == "seconds":
        return f"{value:.2f} s"
    return f"{value:.0f}" if unit == "tokens" else f"{value:.3f}"


def interval_text(metric: str, low: float | None, high: float | None) -> str:
    """Return "0.91 to 0.95" in the metric's unit, a dash where there is no interval."""
    if low is None or high is None:
        return NONE
    return f"{number_text(metric, low)} to {number_text(metric, high)}"


def figure_text(figure: Figure | None) -> str:
    """Return "0.934 (0.910 to 0.952)", or a dash."""
    if figure is None or figure.value is None:
        return NONE
    text = number_text(figure.metric, figure.value)
    if figure.low is None or figure.high is None:
        return text
    return f"{text} ({interval_text(figure.metric, figure.low, figure.high)})"


def figure_of(figures: Sequence[Figure], metric: str) -> Figure | None:
    """Return the figure of `metric`, None if it isn't there."""
    return next((figure for figure in figures if figure.metric == metric), None)


def by_part(figures: Sequence[Figure]) -> dict[str, list[Figure]]:
    """Return `figures` by the part of the program they are about, both in order of appearance."""
    parts: dict[str, list[Figure]] = {}
    for figure in figures:
        parts.setdefault(metric_of(figure.metric).part, []).append(figure)
    return parts


def groups_of(scores: Scores, name: str) -> dict[str, tuple[Figure, ...]]:
    """Return the figures by the groups of `name` ("mode", "kind", "language", "module"), sorted.

    What the model wrote comes first of the modes.
    """
    order = list(MODE_TITLES) if name == "mode" else []
    groups = scores.groups.get(name, {})
    return {
        group: groups[group]
        for group in sorted(groups, key=lambda each: (order.index(each) if order else 0, each))
    }


def keys_of(scores: Scores, name: str) -> list[Figure]:
    """Return the overall figures that a table by `name` has a column for.

    Whether it should have been refused says nothing by mode, which is whether it was refused.
    """
    found = [figure_of(scores.overall, metric) for metric in KEY_METRICS]
    return [
        key
        for key in found
        if key and (name != "mode" or metric_of(key.metric).part != "Abstention")
    ]


def group_title(name: str, group: str) -> str:
    """Return how a group of `name` is called."""
    titles = {"language": LANGUAGE_TITLES, "mode": MODE_TITLES}.get(name, {})
    return titles.get(group, group)


def n_cases_of(figures: Sequence[Figure]) -> int:
    """Return how many cases `figures` are about: every case has or hasn't an error."""
    errors = figure_of(figures, "errors")
    return errors.n if errors else 0
