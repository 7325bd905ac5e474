"""A run's figures as plain values, for programs: overall, by mode and by judge."""

from collections.abc import Mapping, Sequence

from evals.figure_text import groups_of
from evals.run_folder import Run
from evals.scores import Figure


def report_values(run: Run) -> dict[str, object]:
    """Return the figures of a run, and the judge's own; other groups are in its `scores.json`."""
    return {
        "figures": _values(run.scores.overall),
        "by_mode": _by_name(groups_of(run.scores, "mode")),
        "by_judge": _by_name(run.scores.by_judge),
        "judge": run.provenance.judge,
        "judge_quality": _values(run.provenance.judge_quality),
    }


def _by_name(groups: Mapping[str, Sequence[Figure]]) -> dict[str, list[dict[str, object]]]:
    return {name: _values(figures) for name, figures in groups.items()}


def _values(figures: Sequence[Figure]) -> list[dict[str, object]]:
    return [figure.model_dump() for figure in figures]
