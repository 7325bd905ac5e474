"""Whether a candidate may go live: which cases it is measured on, and what the figures say. Pure.

The smoke set always, and each case whose evidence changed; candidate and live generation are asked
the same. The candidate must keep the gate's limits on the smoke set, and lose significantly to the
live one in no figure.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.faults import faults_by_case
from evals.figure_text import KEY_METRICS, figure_of
from evals.gate import Gate, check_gate, losses
from evals.records import Case
from evals.run_folder import Run
from evals.scores import Scores, score_run

_AGAINST = "the live generation"
_ALSO_LIVE = " The live generation is outside this limit, too."


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The cases to ask; the ids of those of the smoke set; how many are about other materials."""

    cases: tuple[Case, ...]
    smoke: frozenset[str]
    n_left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What speaks against a candidate, nothing if it may go live.

    `scores` are figures by metric, of "candidate" and "live"; `broken` and `mended` the ids of
    cases without a fault in one of them only.
    """

    reasons: tuple[str, ...]
    scores: Mapping[str, Mapping[str, float | None]]
    broken: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()


def choose(
    smoke: Sequence[Case],
    others: Sequence[Case],
    *,
    resting: Collection[str],
    sources: Collection[str],
) -> Choice:
    """Return the cases that a candidate is measured on.

    Args:
        smoke: asked each time.
        others: asked if their ids are in `resting`.
        resting: ids of the cases whose evidence changed.
        sources: names of the files in candidate or live generation; a case of the smoke set whose
            evidence is in none of them is about other materials.
    """
    chosen = {
        case.id: case
        for case in smoke
        if not case.evidence or any(item.source in sources for item in case.evidence)
    }
    n_left_out = len(smoke) - len(chosen)
    ids = frozenset(chosen)
    chosen |= {case.id: case for case in others if case.id in resting and case.id not in ids}
    return Choice(cases=tuple(chosen.values()), smoke=ids, n_left_out=n_left_out)


def follow_moves(cases: Sequence[Case], moves: Mapping[str, str]) -> list[Case]:
    """Return the cases with evidence at the new names of files that moved."""
    return [
        case.model_copy(
            update={
                "evidence": tuple(
                    item.model_copy(update={"source": moves.get(item.source, item.source)})
                    for item in case.evidence
                )
            }
        )
        for case in cases
    ]


def weigh(
    candidate: Run, live: Run | None, gate: Gate, *, smoke: Collection[str], smoke_set: Path
) -> Verdict:
    """Return what the figures say of `candidate`.

    Args:
        candidate: its run.
        live: that of the live generation, with the same cases; None before the first.
        gate: the limits.
        smoke: ids of the cases of the smoke set.
        smoke_set: its file, which names its limits in the gate.
    """
    breaches = check_gate(_of(candidate, smoke), gate, sets=[str(smoke_set)])
    if live is None:
        sentences = tuple(breach.sentence for breach in breaches)
        return Verdict(reasons=sentences, scores=_scores(candidate.scores, None))
    # Such a limit still counts; but whoever decides should know that the update didn't break it.
    also_live = {
        (breach.metric, breach.group)
        for breach in check_gate(_of(live, smoke), gate, sets=[str(smoke_set)])
    }
    reasons = [
        breach.sentence + (_ALSO_LIVE if (breach.metric, breach.group) in also_live else "")
        for breach in breaches
    ]
    reasons += [
        breach.sentence
        for breach in losses(candidate.scores, live.scores, gate.max_drop, against=_AGAINST)
    ]
    before = faults_by_case(live.rows, live.scores.per_case)
    after = faults_by_case(candidate.rows, candidate.scores.per_case)
    return Verdict(
        reasons=tuple(dict.fromkeys(reasons)),
        scores=_scores(candidate.scores, live.scores),
        broken=tuple(each for each in after if after[each] and not before.get(each, ("?",))),
        mended=tuple(each for each in after if not after[each] and before.get(each)),
    )


def _of(run: Run, ids: Collection[str]) -> Scores:
    """Return the scores of a part of a run."""
    rows = [row for row in run.rows if row.case.id in ids]
    judged = [each for each in run.judged if each.case_id in ids]
    return score_run(rows, judged, judge=run.provenance.judge)


def _scores(candidate: Scores, live: Scores | None) -> dict[str, dict[str, float | None]]:
    return {
        metric: {
            "candidate": _value(candidate, metric),
            "live": None if live is None else _value(live, metric),
        }
        for metric in KEY_METRICS
    }


def _value(scores: Scores, metric: str) -> float | None:
    figure = figure_of(scores.overall, metric)
    return None if figure is None else figure.value
