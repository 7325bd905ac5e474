"""Which runs lie on one line of the quality page, and what that line is called."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from ui.labels import Labels
from ui.quality_runs import QualityRun

_DIGEST_LENGTH = 6


def line_labels(runs: Sequence[QualityRun], say: Labels) -> dict[str, str]:
    """Return, by each run's name, the label of its line: sets, number of cases, judge, model.

    Only runs of the same cases share a line, for others can't be compared; where the labels alone
    wouldn't tell the cases apart, they have a part of the cases' digest.
    """
    cases_of: defaultdict[str, set[str]] = defaultdict(set)
    for run in runs:
        cases_of[_label(run, say)].add(run.cases)
    return {
        run.name: _label(run, say, is_digest_shown=len(cases_of[_label(run, say)]) > 1)
        for run in runs
    }


def model_title(run: QualityRun, say: Labels) -> str:
    """Return the name of the run's model, or that there was none."""
    return run.model or say.run_no_model


def joined(parts: Iterable[str]) -> str:
    """Return those of `parts` that say anything, with dots between."""
    return " · ".join(filter(None, parts))


def _label(run: QualityRun, say: Labels, *, is_digest_shown: bool = False) -> str:
    cases = say.n_run_cases.format(n=run.n_cases)
    if is_digest_shown:
        cases += f" ({run.cases[:_DIGEST_LENGTH]})"
    # The model last: its name is long, and the legend cuts off what has no room.
    return joined([", ".join(run.sets), cases, run.judge, model_title(run, say)])
