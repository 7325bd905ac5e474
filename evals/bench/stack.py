"""Weights of the stacked judge for a model, and how good they are on labels left out.

    python -m evals.bench.stack [--labels FILE …] [--limit 120] [--verdicts FILE]

Needs a running model server (`study up`, or `study model serve` beside it): the weights in
`evals/judges/stack.py` are fitted to the embedded model, and another one is trusted more or less.
All judges of the stack say how probable each labelled sentence is; of a file with more than
`--limit` labels they read a sample, half of it unsupported. Prints the weights fitted to all, and
the quality of each judge alone and of the stack, whose weights are fitted anew for each set of
passages without the labels that belong to it. With `--verdicts`, what was said is kept.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from assistant.settings import Settings
from assistant.wiring import build_assistant
from evals.calibration import Sample, auc, balanced_accuracy, fit_stack
from evals.judges.opening import open_judge
from evals.judges.stack import THRESHOLD, StackWeights, stacked_probability
from evals.labels import OWN, Labelled, clusters, judge_labelled, load_labelled, sampled
from evals.origin import program

MEMBERS = ("rules", "model")


def main() -> None:
    """Print weights and figures as JSON; progress goes to stderr."""
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--labels", type=Path, action="append", help="our own by default")
    parser.add_argument("--limit", type=int, default=120, help="labels of each file")
    parser.add_argument("--verdicts", type=Path, help="file that keeps what judges said")
    arguments = parser.parse_args()
    labelled = [
        label
        for path in arguments.labels or [OWN]
        for label in sampled(load_labelled(path, split="dev"), arguments.limit)
    ]
    assistant = build_assistant(Settings.load())
    made_by = f"{program()} {assistant.status().model or ''}"
    probabilities = {}
    thresholds = {}
    for name in MEMBERS:
        judge = open_judge(name, embedder=assistant.embedder, chat_model=assistant.chat_model)
        print(f"The judge {name}:", file=sys.stderr)
        verdicts = judge_labelled(
            labelled, judge, _report, kept_in=arguments.verdicts, made_by=made_by
        )
        probabilities[name] = [verdict.probability for verdict in verdicts]
        thresholds[name] = judge.threshold
    print(json.dumps(figures(labelled, probabilities, thresholds), indent=1))


def figures(
    labelled: Sequence[Labelled],
    probabilities: Mapping[str, Sequence[float]],
    thresholds: Mapping[str, float],
) -> dict[str, object]:
    """Return the weights fitted to all, and how good each judge and the stack left out are.

    Args:
        labelled: of both kinds, also without any one set of passages.
        probabilities: of each judge by name, in the order of `labelled`.
        thresholds: of each of these judges.
    """
    supported = [each.supported for each in labelled]
    weights = fit_stack(probabilities, supported)
    left_out = _left_out(probabilities, supported, clusters(labelled))
    return {
        "n": len(supported),
        "n_unsupported": supported.count(False),
        "quality": {
            **{
                name: _quality(found, supported, thresholds[name])
                for name, found in probabilities.items()
            },
            "stack, left out": _quality(left_out, supported, THRESHOLD),
        },
        "bias": round(weights.bias, 2),
        "weights": {name: round(weight, 2) for name, weight in weights.weights.items()},
    }


def _left_out(
    probabilities: Mapping[str, Sequence[float]],
    supported: Sequence[bool],
    groups: Sequence[int],
) -> list[float]:
    """Return what a stack says of each label that was fitted without all labels of its group."""
    fitted: dict[int, StackWeights] = {}
    for group in set(groups):
        others = [place for place, each in enumerate(groups) if each != group]
        fitted[group] = fit_stack(
            {name: [found[place] for place in others] for name, found in probabilities.items()},
            [supported[place] for place in others],
        )
    return [
        stacked_probability(
            fitted[group], {name: found[place] for name, found in probabilities.items()}
        )
        for place, group in enumerate(groups)
    ]


def _quality(
    probabilities: Sequence[float], supported: Sequence[bool], threshold: float
) -> dict[str, float | None]:
    sample = Sample.of(probabilities, supported)
    found = {"balanced_accuracy": balanced_accuracy(sample, threshold), "auc": auc(sample)}
    return {name: None if value is None else round(value, 3) for name, value in found.items()}


def _report(done: int, total: int) -> None:
    print(f"{done}/{total}", file=sys.stderr)


if __name__ == "__main__":
    main()
