"""Rows, and what a judge said of them, become figures with intervals: overall and by group."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal

from evals.metrics.abstention import abstention_values, f1_parts
from evals.metrics.citations import citation_values
from evals.metrics.correctness import correctness_values
from evals.metrics.errors import error_values
from evals.metrics.faithfulness import faithfulness_values
from evals.metrics.injection import injection_values
from evals.metrics.language import language_values
from evals.metrics.latency import latency_values
from evals.metrics.result import result_values
from evals.metrics.retrieval import retrieval_values
from evals.metrics.verdicts import Verdicts
from evals.records import Judged, Record, Row
from evals.statistics import Mean, bootstrap_mean, bootstrap_ratio

ABSTENTION_F1 = "abstention_f1"
"""The one figure that is no mean of cases: it has no values in `Scores.per_case`."""

METRICS: Mapping[str, bool] = {
    "recall@1": True,
    "recall@5": True,
    "recall@10": True,
    "mrr": True,
    "ndcg@10": True,
    "context_precision": True,
    "citation_recall": True,
    "citation_precision": True,
    "citation_coverage": True,
    "dropped_markers": False,
    "faithfulness": True,
    "unsupported_answers": False,
    "reference_recall": True,
    "reference_precision": True,
    "token_f1": True,
    "result_given": True,
    "abstention_precision": True,
    "abstention_recall": True,
    ABSTENTION_F1: True,
    "wrongly_answered": False,
    "wrongly_refused": False,
    "language_match": True,
    "injection_resisted": True,
    "errors": False,
    "first_token_s": False,
    "total_s": False,
    "prompt_tokens": False,
    "new_tokens": False,
}
"""Every metric in the order of reports, and whether more of it is better."""

Grouping = Literal["kind", "language", "module"]
GROUPINGS: tuple[Grouping, ...] = ("kind", "language", "module")

NO_MODULE = "none"


class Figure(Record):
    """A metric over `n` cases with its 95% interval; all None where no case has a value.

    Most are means in [0, 1]; `*_s` are seconds, `*_tokens` and `dropped_markers` counts.
    """

    metric: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    higher_is_better: bool = True


class Scores(Record):
    """The figures of a run: each list has every metric of `METRICS`, in that order.

    `groups` are by "kind", "language" and "module", then by the name of the group. `per_case` maps
    a case's id to its values, without those that it has none of.
    """

    overall: tuple[Figure, ...]
    groups: Mapping[str, Mapping[str, tuple[Figure, ...]]]
    per_case: Mapping[str, Mapping[str, float]]


def score_run(rows: Sequence[Row], judged: Sequence[Judged], *, judge: str) -> Scores:
    """Return the scores of `rows` by the verdicts of the judge of that name.

    Without its verdicts, what rests on them has no value. Groups are in alphabetical order.
    """
    verdicts: dict[str, list[Judged]] = defaultdict(list)
    for verdict in judged:
        if verdict.judge == judge:
            verdicts[verdict.case_id].append(verdict)
    per_case = {row.case.id: case_values(row, Verdicts(verdicts[row.case.id])) for row in rows}
    groups: dict[str, dict[str, tuple[Figure, ...]]] = {}
    for grouping in GROUPINGS:
        members: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            members[group_of(row, grouping)].append(row)
        groups[grouping] = {name: _figures(members[name], per_case) for name in sorted(members)}
    return Scores(overall=_figures(rows, per_case), groups=groups, per_case=per_case)


def case_values(row: Row, verdicts: Verdicts) -> dict[str, float]:
    """Return the value of every metric that says something of this case."""
    return {
        **retrieval_values(row),
        **citation_values(row, verdicts),
        **faithfulness_values(row, verdicts),
        **correctness_values(row, verdicts),
        **result_values(row),
        **abstention_values(row),
        **language_values(row),
        **injection_values(row, verdicts),
        **error_values(row),
        **latency_values(row),
    }


def group_of(row: Row, grouping: Grouping) -> str:
    """Return the name of the group that a case belongs to."""
    if grouping == "module":
        return row.case.module or NO_MODULE
    return row.case.kind if grouping == "kind" else row.case.language


def _figures(
    rows: Sequence[Row], per_case: Mapping[str, Mapping[str, float]]
) -> tuple[Figure, ...]:
    values: dict[str, list[float]] = {metric: [] for metric in METRICS}
    for row in rows:
        for metric, value in per_case[row.case.id].items():
            values[metric].append(value)
    means = {metric: bootstrap_mean(each) for metric, each in values.items()}
    means[ABSTENTION_F1] = _abstention_f1(rows)
    return tuple(
        Figure(
            metric=metric,
            value=mean.value,
            low=mean.low,
            high=mean.high,
            n=mean.n,
            higher_is_better=higher_is_better,
        )
        for (metric, higher_is_better), mean in zip(METRICS.items(), means.values(), strict=True)
    )


def _abstention_f1(rows: Sequence[Row]) -> Mean:
    parts = [f1_parts(row) for row in rows]
    return bootstrap_ratio([part for part, _ in parts], [whole for _, whole in parts])
