"""The accepted runs that later ones are compared with: one for each kind of run, the best so far.

Runs are of one kind if they ask the same cases with the same model and have the same judge; what
they may differ in is the program and the materials. A part of a set is a kind of its own.

The folder `accepted` has a file for each kind, with a copy of what the run's own folder said when
it was accepted: that one may be judged again by another judge, or deleted.
"""

import hashlib
from pathlib import Path

from assistant.generations import write_atomically
from evals.gate import Gate, shared_values
from evals.provenance import Provenance
from evals.records import Record
from evals.run_folder import told
from evals.scores import METRICS, Scores

ACCEPTED = "accepted"


class Accepted(Record):
    """An accepted run: what produced it, and its figures."""

    provenance: Provenance
    scores: Scores


def accepted_run(folder: Path, made: Provenance) -> Accepted | None:
    """Return the accepted run of the kind of `made`, None without one.

    Args:
        folder: that of all runs.
        made: what produced the run to compare.

    Raises:
        RunUnreadable: its file is damaged.
    """
    file = folder / ACCEPTED / _file_of(made)
    if not file.is_file():
        return None
    with told(file, "The next run that passes takes its place."):
        return Accepted.model_validate_json(file.read_bytes())


def accept(folder: Path, made: Provenance, scores: Scores) -> None:
    """Have later runs of the kind of `made` compared with `scores`."""
    file = folder / ACCEPTED / _file_of(made)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, Accepted(provenance=made, scores=scores).model_dump_json(indent=1))


def fallen(now: Scores, accepted: Scores, gate: Gate) -> list[str]:
    """Return the metrics under `max_drop` that are worse in `now`, by however little.

    Such a run is no baseline, though it may pass: small losses would add up unseen.
    """
    found = []
    for metric in gate.max_drop:
        before, after = shared_values(accepted, now, metric)
        sign = 1 if METRICS[metric] else -1
        if sign * (sum(after) - sum(before)) < 0:
            found.append(metric)
    return found


def _file_of(made: Provenance) -> str:
    """Return the name of the file of a kind of run, which begins with those of its sets."""
    parts = [*sorted(made.sets.values()), made.selection, made.judge, made.model]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
    return f"{'+'.join(sorted(Path(name).stem for name in made.sets))}-{digest}.json"
