"""The accepted runs that later ones are compared with: one for each kind of run, the best so far.

Runs are of one kind if they ask the same cases with the same model and have the same judge; what
they may differ in is the program and the materials. A part of a set is a kind of its own.

The folder `accepted` has a file for each kind that names the folder of its run.
"""

import hashlib
from pathlib import Path

from evals.figure_text import figure_of
from evals.gate import Gate, shared_values
from evals.provenance import Provenance
from evals.scores import Scores

ACCEPTED = "accepted"


def accepted_run(folder: Path, made: Provenance) -> Path | None:
    """Return the folder of the accepted run of the kind of `made`, None without one.

    Args:
        folder: that of all runs.
        made: what produced the run to compare.
    """
    name = folder / ACCEPTED / _kind(made)
    return Path(name.read_text(encoding="utf-8").strip()) if name.is_file() else None


def accept(folder: Path, made: Provenance, run: Path) -> None:
    """Have later runs of the kind of `made` compared with that in `run`."""
    name = folder / ACCEPTED / _kind(made)
    name.parent.mkdir(parents=True, exist_ok=True)
    name.write_text(str(run.resolve()), encoding="utf-8")


def fallen(now: Scores, accepted: Scores, gate: Gate) -> list[str]:
    """Return the metrics under `max_drop` that are worse in `now`, by however little.

    Such a run is no baseline, though it may pass: small losses would add up unseen.
    """
    found = []
    for metric in gate.max_drop:
        figure = figure_of(now.overall, metric)
        before, after = shared_values(accepted, now, metric)
        sign = 1 if figure is None or figure.higher_is_better else -1
        if sign * (sum(after) - sum(before)) < 0:
            found.append(metric)
    return found


def _kind(made: Provenance) -> str:
    """Return a name for the kind of a run, which begins with those of its sets."""
    parts = [*sorted(made.sets.values()), made.selection, made.judge, made.model]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
    return f"{'+'.join(sorted(Path(name).stem for name in made.sets))}-{digest}"
