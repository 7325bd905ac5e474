"""What produced a run, as data: enough to say which figures may be compared, and to repeat it.

What is not covered: collecting it.
"""

from collections.abc import Mapping

from pydantic import AwareDatetime

from evals.calibration import Bin, Quality
from evals.records import Record
from evals.scores import Figure


class Provenance(Record):
    """What produced a run: program, materials, model, cases and judge.

    `dirty`: the checkout held changes that `commit` doesn't. `versions` are those of the packages
    that shape an answer; `sets` maps each file of cases to its sha256, and `selection` stands for
    the cases chosen of them ("" in runs of before it was kept). `judge_quality` is empty
    where the judge was never measured, else what it reached on `judge_labels`. `audiences` are
    those whose materials the run holds: the web page hands out a report only if it is "all".
    """

    name: str
    date: AwareDatetime
    commit: str
    dirty: bool
    settings_fingerprint: str
    generation: str
    model: str
    engine: str
    seed: int
    versions: Mapping[str, str]
    sets: Mapping[str, str]
    n_cases: int
    selection: str = ""
    audiences: tuple[str, ...]
    judge: str
    judge_quality: tuple[Figure, ...] = ()
    judge_labels: str = ""
    judge_curve: tuple[Bin, ...] = ()

    def judged_as(self, other: "Provenance") -> "Provenance":
        """Return this with the judge of `other`, and what is known of it."""
        return self.model_copy(
            update={
                "judge": other.judge,
                "judge_quality": other.judge_quality,
                "judge_labels": other.judge_labels,
                "judge_curve": other.judge_curve,
            }
        )


def quality_figures(quality: Quality) -> tuple[Figure, ...]:
    """Return what a judge reached against people's labels as figures for `judge_quality`."""
    means = {
        "balanced_accuracy": quality.balanced_accuracy,
        "unsupported_precision": quality.precision,
        "unsupported_recall": quality.recall,
        "unsupported_f1": quality.f1,
        "auc": quality.auc,
        "calibration_error": quality.calibration_error,
    }
    return tuple(
        Figure(
            metric=metric,
            value=mean.value,
            low=mean.low,
            high=mean.high,
            n=mean.n,
            higher_is_better=metric != "calibration_error",
        )
        for metric, mean in means.items()
    )
