"""The gate: limits that a run's figures must keep, and how far they may fall since the last one.

A gate is a TOML file:

    [at_least]                      # every run: the figure itself, not its interval
    "recall@5" = 0.90
    [at_most]                       # where less is better
    wrongly_answered = 0.15
    [language.zh.at_least]          # the figures of one language, kind or module
    "recall@5" = 0.88
    [set.smoke.at_least]            # only for a run of the cases in smoke.jsonl and no others
    "recall@5" = 0.95
    [set.smoke.language.en.at_least]
    "recall@5" = 0.93
    [max_drop]                      # against the accepted run of the same kind
    "recall@5" = 0.02

A drop counts when it is significant (the 95 % interval of the paired bootstrap difference, over the
cases in both runs, leaves out zero) and larger than allowed. Which run is compared with, and when
another takes its place, is told in `evals/baseline.py`.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from assistant.errors import StudyError
from assistant.records import Language
from evals.cases import SETS
from evals.figure_text import figure_of, interval_text, number_text
from evals.records import Kind, Record
from evals.scores import ABSTENTION_F1, METRICS, Figure, Scores
from evals.significance import is_significant
from evals.statistics import paired_difference
from evals.validation import first_fault

GATE = Path(__file__).with_name("gate.toml")


def _are_metrics(limits: Mapping[str, float]) -> Mapping[str, float]:
    """Return `limits`; a misspelt metric is found before anything is asked, not after hours."""
    for metric in limits:
        if metric not in METRICS:
            raise ValueError(f"there is no metric {metric}{_meant(metric, METRICS)}")
    return limits


def _have_cases(limits: Mapping[str, float]) -> Mapping[str, float]:
    """Return `limits`; losses are measured case by case."""
    if ABSTENTION_F1 in limits:
        raise ValueError(f"{ABSTENTION_F1} is no mean of cases, so no loss of it can be measured")
    return limits


# Nothing is below NaN: as a limit it would leave the gate open.
Limit = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Limits = Annotated[Mapping[str, Limit], AfterValidator(_are_metrics)]
Drops = Annotated[Limits, AfterValidator(_have_cases)]


class GateUnreadable(StudyError):
    """The gate's file is missing, or something in it is no limit."""


class Breach(Record):
    """A figure outside its limit; `group` is "" for all cases, else like "language: zh"."""

    metric: str
    group: str
    sentence: str


class _Strict(BaseModel):
    """A misspelt name in a gate would leave it open: it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class GroupLimits(_Strict):
    """Limits on the figures of all cases, or of one group."""

    at_least: Limits = Field(default_factory=dict)
    at_most: Limits = Field(default_factory=dict)


class SetLimits(GroupLimits):
    """Limits on all cases of a run and on its groups."""

    language: Mapping[Language, GroupLimits] = Field(default_factory=dict)
    kind: Mapping[Kind, GroupLimits] = Field(default_factory=dict)
    module: Mapping[str, GroupLimits] = Field(default_factory=dict)


class Gate(SetLimits):
    """Limits for every run, for runs of one set (by its file's stem), and for what may be lost."""

    set: Mapping[str, SetLimits] = Field(default_factory=dict)  # the word in the file
    max_drop: Drops = Field(default_factory=dict)


def load_gate(path: Path = GATE, *, sets: Iterable[Path] = ()) -> Gate:
    """Return the gate in `path`, for a run of `sets`.

    Raises:
        GateUnreadable: it can't be read, or holds a name or value that has no meaning. A set is
            known if it is one of `sets` or among the shipped ones.
    """
    try:
        gate = Gate.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GateUnreadable(
            f"{path} can't be read: {error}.", hint="Give a TOML file like evals/gate.toml."
        ) from error
    except ValidationError as error:
        raise GateUnreadable(
            f"{path}: {first_fault(error)}.", hint="See evals/gate.toml for the form."
        ) from error
    known = {each.stem for each in (*SETS.glob("*.jsonl"), *sets)}
    if unknown := [name for name in gate.set if name not in known]:
        raise GateUnreadable(
            f"{path}: there is no set {unknown[0]}{_meant(unknown[0], known)}.",
            hint="[set.NAME] is for NAME.jsonl, one of evals/sets/ or one that is run now.",
        )
    return gate


def _meant(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f" (is {near[0]} meant?)" if near else ""


def check_gate(
    scores: Scores, gate: Gate, accepted: Scores | None = None, *, sets: Sequence[str] = ()
) -> list[Breach]:
    """Return what is outside its limit, in the gate's order; nothing if the run may pass.

    A figure that has a limit but no value is a breach: what isn't measured can't pass.

    Args:
        scores: of the run.
        gate: the limits.
        accepted: the scores of an accepted run of the same kind, to compare with.
        sets: the files of cases that were run (`Provenance.sets`).
    """
    breaches = list(_outside(scores, gate))
    stems = {Path(name).stem for name in sets}
    if len(stems) == 1:
        [stem] = stems
        if stem in gate.set:
            breaches += _outside(scores, gate.set[stem])
    if accepted is not None:
        breaches += losses(scores, accepted, gate.max_drop)
    return breaches


def losses(
    scores: Scores,
    former: Scores,
    max_drop: Mapping[str, float],
    *,
    against: str = "the accepted run",
) -> Iterator[Breach]:
    """Yield the figures that got significantly worse than `former`, by more than is allowed.

    A figure that cases have, but none in both, is a breach, too. `against` names what `former` is
    of.
    """
    for metric, allowed in max_drop.items():
        before, now = shared_values(former, scores, metric)
        if not now:
            if _has_cases(former, metric) or _has_cases(scores, metric):
                yield Breach(
                    metric=metric,
                    group="",
                    sentence=f"{metric} can't be compared with {against}: no case has it in both.",
                )
            continue
        change = paired_difference(before, now)
        if change.value is None or change.low is None or change.high is None:
            continue
        sign = 1 if METRICS[metric] else -1
        loss = -sign * change.value
        if is_significant(change) and loss > allowed:
            yield Breach(
                metric=metric,
                group="",
                sentence=(
                    f"{metric} went from {_mean(metric, before)} to {_mean(metric, now)} on the "
                    f"{len(now)} cases that {against} has, too (difference "
                    f"{change.value:+.3f}, 95 %: {change.low:+.3f} to {change.high:+.3f}): "
                    f"it may get worse by at most {number_text(metric, allowed)}."
                ),
            )


def shared_values(before: Scores, now: Scores, metric: str) -> tuple[list[float], list[float]]:
    """Return the values of the cases that have `metric` in both, in the same order."""
    shared = [
        case_id
        for case_id, values in now.per_case.items()
        if metric in values and metric in before.per_case.get(case_id, {})
    ]
    return (
        [before.per_case[case_id][metric] for case_id in shared],
        [now.per_case[case_id][metric] for case_id in shared],
    )


def _has_cases(scores: Scores, metric: str) -> bool:
    return any(metric in values for values in scores.per_case.values())


def _outside(scores: Scores, limits: SetLimits) -> Iterator[Breach]:
    yield from _beyond(scores.overall, limits, "")
    for name in ("language", "kind", "module"):
        by_group: Mapping[str, GroupLimits] = getattr(limits, name)
        for group, each in by_group.items():
            figures = scores.groups.get(name, {}).get(group, ())
            yield from _beyond(figures, each, f"{name}: {group}")


def _beyond(figures: Sequence[Figure], limits: GroupLimits, group: str) -> Iterator[Breach]:
    place = f" ({group})" if group else ""
    for bounds, is_floor in ((limits.at_least, True), (limits.at_most, False)):
        for metric, bound in bounds.items():
            figure = figure_of(figures, metric)
            wanted = f"at {'least' if is_floor else 'most'} {number_text(metric, bound)}"
            if figure is None or figure.value is None:
                sentence = f"{metric}{place} has no value, but must be {wanted}."
            elif figure.value < bound if is_floor else figure.value > bound:
                value = number_text(metric, figure.value)
                interval = interval_text(metric, figure.low, figure.high)
                sentence = (
                    f"{metric}{place} is {value} (95 %: {interval}, n={figure.n}), "
                    f"but must be {wanted}."
                )
            else:
                continue
            yield Breach(metric=metric, group=group, sentence=sentence)


def _mean(metric: str, values: Sequence[float]) -> str:
    return number_text(metric, sum(values) / len(values))
