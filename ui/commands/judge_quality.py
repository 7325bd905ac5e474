"""What `study eval judge` says of a judge: how good it is on sentences that people labelled."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ui import terminal

if TYPE_CHECKING:
    from evals.calibration import Quality
    from evals.judges import Judge
    from evals.labels import Labelled


def measured(
    judge: "Judge", labelled: "Sequence[Labelled]", probabilities: Sequence[float], *, whole: bool
) -> "Quality":
    """Return how good `judge` is, by the `probabilities` that it gave what people `labelled`."""
    from evals.calibration import assess
    from evals.labels import clusters, whole_answers

    supported, numbers = [each.supported for each in labelled], clusters(labelled)
    if whole:
        probabilities, supported, numbers = whole_answers(labelled, probabilities)
    return assess(judge.name, probabilities, supported, threshold=judge.threshold, clusters=numbers)


def show_quality(quality: "Quality", *, as_json: bool) -> None:
    """Print it, for people or for programs."""
    if as_json:
        terminal.print_json(quality.model_dump(mode="json"))
        return
    terminal.print_result(
        f"{quality.judge}: {quality.n} judged, {quality.n_unsupported} of them unsupported; "
        f"threshold {quality.threshold:.2f}"
    )
    for name in (
        "balanced_accuracy", "precision", "recall", "f1", "auc", "calibration_error",
        "best_threshold",
    ):  # fmt: skip
        mean = getattr(quality, name)
        if mean.value is not None:
            interval = f"({mean.low:.3f} to {mean.high:.3f})"
            terminal.print_result(f"  {name.replace('_', ' '):18} {mean.value:.3f}  {interval}")
    for part in quality.curve:
        terminal.print_result(
            f"  says {part.low:.1f} to {part.high:.1f}: {part.n:5} of them, "
            f"{part.share.value:.2f} supported"
        )
