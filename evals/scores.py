"""Rows, and what a judge said of them, become figures with intervals: overall and by group."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

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

Grouping = Literal["mode", "kind", "language", "module"]
GROUPINGS: tuple[Grouping, ...] = ("mode", "kind", "language", "module")

NO_MODULE = "none"
NO_MODE = "error"
"""Nothing was answered: neither by the model, nor with extracts, nor with a refusal."""

BY_JUDGE = ("unsupported_answers", "citation_recall", "citation_precision", "faithfulness")
"""The main figures that rest on verdicts: those told of each judge."""


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

    `groups` are by "mode", "kind", "language" and "module", then by the name of the group.
    `per_case` maps a case's id to its values, without those that it has none of. `by_judge` has the
    figures `BY_JUDGE` by each judge, first the one that all other figures are by.
    """

    overall: tuple[Figure, ...]
    groups: Mapping[str, Mapping[str, tuple[Figure, ...]]]
    per_case: Mapping[str, Mapping[str, float]]
    by_judge: Mapping[str, tuple[Figure, ...]] = Field(default_factory=dict)


def score_run(rows: Sequence[Row], judged: Sequence[Judged], *, judge: str) -> Scores:
    """Return the scores of `rows` by the verdicts of the judge of that name.

    Without its verdicts, what rests on them has no value. Groups are in alphabetical order, judges
    after the first in that of their verdicts.
    """
    verdicts = _by_judge_and_case(judged)
    own = verdicts[judge]
    per_case = {row.case.id: case_values(row, own[row.case.id]) for row in rows}
    groups: dict[str, dict[str, tuple[Figure, ...]]] = {}
    for grouping in GROUPINGS:
        members: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            members[group_of(row, grouping)].append(row)
        groups[grouping] = {name: _figures(members[name], per_case) for name in sorted(members)}
    overall = _figures(rows, per_case)
    others = [name for name in verdicts if name != judge]
    by_judge = {judge: tuple(each for each in overall if each.metric in BY_JUDGE)}
    by_judge |= {name: _judge_figures(rows, verdicts[name]) for name in others}
    return Scores(overall=overall, groups=groups, per_case=per_case, by_judge=by_judge)


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
    if grouping == "mode":
        return NO_MODE if row.error else row.mode
    if grouping == "module":
        return row.case.module or NO_MODULE
    return row.case.kind if grouping == "kind" else row.case.language


def _by_judge_and_case(judged: Sequence[Judged]) -> defaultdict[str, defaultdict[str, Verdicts]]:
    lines: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for verdict in judged:
        lines[verdict.judge, verdict.case_id].append(verdict)
    found: defaultdict[str, defaultdict[str, Verdicts]] = defaultdict(lambda: defaultdict(Verdicts))
    for (judge, case_id), each in lines.items():
        found[judge][case_id] = Verdicts(each)
    return found


def _judge_figures(rows: Sequence[Row], verdicts: Mapping[str, Verdicts]) -> tuple[Figure, ...]:
    """Return the figures `BY_JUDGE` by the verdicts of one judge on each case, in their order."""
    values: dict[str, list[float]] = {metric: [] for metric in BY_JUDGE}
    for row in rows:
        own = verdicts.get(row.case.id, Verdicts())
        for metric, value in {**citation_values(row, own), **faithfulness_values(row, own)}.items():
            if metric in values:
                values[metric].append(value)
    means = {metric: bootstrap_mean(each) for metric, each in values.items()}
    return tuple(_figure(metric, means[metric]) for metric in METRICS if metric in means)


def _figures(
    rows: Sequence[Row], per_case: Mapping[str, Mapping[str, float]]
) -> tuple[Figure, ...]:
    values: dict[str, list[float]] = {metric: [] for metric in METRICS}
    for row in rows:
        for metric, value in per_case[row.case.id].items():
            values[metric].append(value)
    means = {metric: bootstrap_mean(each) for metric, each in values.items()}
    means[ABSTENTION_F1] = _abstention_f1(rows)
    return tuple(_figure(metric, mean) for metric, mean in means.items())


def _figure(metric: str, mean: Mean) -> Figure:
    return Figure(
        metric=metric,
        value=mean.value,
        low=mean.low,
        high=mean.high,
        n=mean.n,
        higher_is_better=METRICS[metric],
    )


def _abstention_f1(rows: Sequence[Row]) -> Mean:
    if all(row.case.answerable for row in rows):
        return Mean(None, None, None, 0)  # nothing to refuse: no refusal could be right
    parts = [f1_parts(row) for row in rows]
    return bootstrap_ratio([part for part, _ in parts], [whole for _, whole in parts])
