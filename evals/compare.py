"""Two runs side by side: what changed beyond chance, and the cases that went over.

Only cases that are the same in both are compared. A change is significant where the 95 % interval
of the paired bootstrap difference leaves out zero; of twenty figures, one may do so by chance.

What is not covered: abstention precision, which is no mean over the same cases in both runs; the
shares wrongly answered and wrongly refused tell the same. How it looks is in `compare_reports.py`.
"""

from dataclasses import dataclass

from evals.faults import Fault, faults_by_case
from evals.judges.opening import needs_model
from evals.metrics.abstention import f1_parts
from evals.provenance import Provenance
from evals.records import Case, Row
from evals.run_folder import Run
from evals.scores import ABSTENTION_F1, METRICS, Figure
from evals.significance import is_significant
from evals.statistics import Mean, paired_difference, paired_ratio_difference

_NOT_PAIRED = "abstention_precision"
"""Refused in both runs, a case has the same value in both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A metric over the cases that have it in both runs: before, after, and b - a with interval."""

    metric: str
    before: float
    after: float
    difference: Mean

    @property
    def is_significant(self) -> bool:
        """Whether it is more than chance."""
        return is_significant(self.difference)

    @property
    def is_better(self) -> bool:
        """Whether it changed for the better, be it by chance."""
        return self.after != self.before and (self.after > self.before) == METRICS[self.metric]

    @property
    def verdict(self) -> str:
        """What to say of it."""
        if self.difference.value == 0:
            return "no change"
        if not self.is_significant:
            return "within chance"
        return "better" if self.is_better else "worse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A case without a fault in one of the runs only."""

    case: Case
    before: Row
    after: Row
    faults_before: tuple[Fault, ...]
    faults_after: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What changed from run `a` to run `b`.

    `n_shared` cases are in both; `differing` are the ids of those whose case was changed itself,
    which are left out like those in one run only.
    """

    a: Provenance
    b: Provenance
    n_shared: int
    changes: tuple[Change, ...]
    broken: tuple[Flip, ...]
    mended: tuple[Flip, ...]
    only_in_a: tuple[str, ...]
    only_in_b: tuple[str, ...]
    differing: tuple[str, ...]

    @property
    def differences(self) -> list[tuple[str, str, str]]:
        """What the runs were made with that isn't the same: (what, in a, in b)."""
        facts = [
            ("model", self.a.model, self.b.model),
            ("engine", self.a.engine, self.b.engine),
            ("index generation", self.a.generation, self.b.generation),
            ("commit", _commit(self.a), _commit(self.b)),
            ("settings", self.a.settings_fingerprint, self.b.settings_fingerprint),
            ("seed", str(self.a.seed), str(self.b.seed)),
            ("judge", self.a.judge, self.b.judge),
        ]
        names = dict.fromkeys([*self.a.versions, *self.b.versions])
        facts += [(n, self.a.versions.get(n, "—"), self.b.versions.get(n, "—")) for n in names]
        return [fact for fact in facts if fact[1] != fact[2]]

    @property
    def warning(self) -> str:
        """Why what rests on verdicts can't be compared; "" where it can."""
        if self.a.judge != self.b.judge:
            judges = f"by {self.a.judge or 'none'} and by {self.b.judge or 'none'}"
        elif needs_model(self.a.judge) and self.a.model != self.b.model:
            judges = f"by {self.a.judge} with two models, {self.a.model} and {self.b.model}"
        else:
            return ""
        return (
            f"The runs were judged by different judges, {judges}: differences in faithfulness, "
            "citations and correctness may be theirs."
        )

    @property
    def judge_quality(self) -> list[tuple[Figure, Figure | None, Figure | None]]:
        """What the judges reached against people's labels: (either's figure, in a, in b)."""
        a, b = ({each.metric: each for each in run.judge_quality} for run in (self.a, self.b))
        either = {**b, **a}
        return [(figure, a.get(metric), b.get(metric)) for metric, figure in either.items()]


def compare_runs(a: Run, b: Run) -> Comparison:
    """Return what changed from `a` to `b`."""
    rows_a = {row.case.id: row for row in a.rows}
    rows_b = {row.case.id: row for row in b.rows}
    in_both = [case_id for case_id in rows_a if case_id in rows_b]
    shared = [each for each in in_both if rows_a[each].case == rows_b[each].case]
    faults_a = faults_by_case(a.rows, a.scores.per_case)
    faults_b = faults_by_case(b.rows, b.scores.per_case)
    flips = [
        Flip(
            case=rows_b[each].case,
            before=rows_a[each],
            after=rows_b[each],
            faults_before=faults_a[each],
            faults_after=faults_b[each],
        )
        for each in shared
        if bool(faults_a[each]) != bool(faults_b[each])
    ]
    return Comparison(
        a=a.provenance,
        b=b.provenance,
        n_shared=len(shared),
        changes=_changes(a, b, shared, [(rows_a[each], rows_b[each]) for each in shared]),
        broken=tuple(flip for flip in flips if flip.faults_after),
        mended=tuple(flip for flip in flips if flip.faults_before),
        only_in_a=tuple(each for each in rows_a if each not in rows_b),
        only_in_b=tuple(each for each in rows_b if each not in rows_a),
        differing=tuple(each for each in in_both if rows_a[each].case != rows_b[each].case),
    )


def _changes(a: Run, b: Run, shared: list[str], rows: list[tuple[Row, Row]]) -> tuple[Change, ...]:
    changes = []
    for metric in METRICS:
        if metric == ABSTENTION_F1:
            changes += _abstention_f1(rows)
        pairs = [
            (before[metric], after[metric])
            for before, after in (
                (a.scores.per_case.get(each, {}), b.scores.per_case.get(each, {}))
                for each in shared
            )
            if metric in before and metric in after
        ]
        if pairs and metric != _NOT_PAIRED:
            before_all, after_all = [x for x, _ in pairs], [y for _, y in pairs]
            changes.append(
                Change(
                    metric=metric,
                    before=sum(before_all) / len(pairs),
                    after=sum(after_all) / len(pairs),
                    difference=paired_difference(before_all, after_all),
                )
            )
    return tuple(changes)


def _abstention_f1(rows: list[tuple[Row, Row]]) -> list[Change]:
    """Return the change of F1, which is no mean: none where nothing is to be refused."""
    if all(row.case.answerable for row, _ in rows):
        return []
    before = [f1_parts(row) for row, _ in rows]
    after = [f1_parts(row) for _, row in rows]
    return [
        Change(
            metric=ABSTENTION_F1,
            before=_ratio(before),
            after=_ratio(after),
            difference=paired_ratio_difference(before, after),
        )
    ]


def _ratio(parts: list[tuple[float, float]]) -> float:
    return sum(part for part, _ in parts) / sum(whole for _, whole in parts)


def _commit(made: Provenance) -> str:
    return made.commit + (" with changes" if made.dirty else "")
