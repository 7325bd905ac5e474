"""Two runs side by side: what changed beyond chance, and the cases that went over.

Only cases that are the same in both are compared. A change is significant where the 95 % interval
of the paired bootstrap difference leaves out zero; of twenty figures, one may do so by chance.

What is not covered: abstention precision and F1, which are no means over the same cases in both
runs; the shares wrongly answered and wrongly refused tell the same.
"""

from dataclasses import dataclass

from evals.faults import Fault, faults_by_case
from evals.figure_text import interval_text, metric_of, number_text
from evals.html_page import html_page
from evals.markdown_text import plain, quoted, table
from evals.provenance import Provenance
from evals.records import Case, Row
from evals.run_folder import Run
from evals.scores import METRICS
from evals.significance import is_significant
from evals.statistics import Mean, paired_difference

_NOT_PAIRED = "abstention_precision"
"""Refused in both runs, a case has the same value in both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A metric over the cases that have it in both runs: its means, and b - a with its interval."""

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
        if not self.is_significant:
            return "within chance"
        return "better" if self.is_better else "worse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A case that is right in one of the runs only."""

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
        changes=_changes(a, b, shared),
        broken=tuple(flip for flip in flips if flip.faults_after),
        mended=tuple(flip for flip in flips if flip.faults_before),
        only_in_a=tuple(each for each in rows_a if each not in rows_b),
        only_in_b=tuple(each for each in rows_b if each not in rows_a),
        differing=tuple(each for each in in_both if rows_a[each].case != rows_b[each].case),
    )


def comparison_markdown(comparison: Comparison) -> str:
    """Return the comparison for a terminal or a pull request."""
    a, b = comparison.a, comparison.b
    blocks = [
        f"# {plain(a.name)} → {plain(b.name)}",
        _summary(comparison),
        table(
            ["", plain(a.name), plain(b.name)],
            [[plain(what), plain(x), plain(y)] for what, x, y in comparison.differences],
            n_words=3,
        ),
        "## Figures",
        table(
            ["Figure", "Before", "After", "Difference", "95 % interval", "n", "Verdict"],
            [_change_cells(change) for change in comparison.changes],
        ),
        "↓ lower is better. A difference is significant where its 95 % interval (paired bootstrap) "
        "leaves out zero; of twenty figures, one may do so by chance.",
    ]
    for title, flips in (
        ("Was right, is wrong now", comparison.broken),
        ("Was wrong, is right now", comparison.mended),
    ):
        blocks.append(f"## {title} ({len(flips)})")
        for flip in flips:
            blocks += _flip_blocks(flip)
    return "\n\n".join(blocks) + "\n"


def comparison_html(comparison: Comparison) -> str:
    """Return the comparison as the text of an HTML file that loads nothing from elsewhere."""
    return html_page(
        "compare.html",
        comparison=comparison,
        summary=_summary(comparison),
        metric_of=metric_of,
        number_text=number_text,
        signed_text=signed_text,
        interval_of=_interval_of,
        higher_is_better=METRICS,
    )


def signed_text(metric: str, value: float | None) -> str:
    """Return "+0.034", "−1.20 s", in the metric's unit; a dash for None."""
    if value is None:
        return number_text(metric, None)
    text = number_text(metric, abs(value))
    if float(text.split()[0]) == 0:
        return text
    return f"{'+' if value > 0 else '−'}{text}"


def _changes(a: Run, b: Run, shared: list[str]) -> tuple[Change, ...]:
    changes = []
    for metric in METRICS:
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


def _summary(comparison: Comparison) -> str:
    significant = [change for change in comparison.changes if change.is_significant]
    parts = [
        f"{comparison.n_shared} cases are the same in both.",
        _named("Significantly better", [c.metric for c in significant if c.is_better]),
        _named("Significantly worse", [c.metric for c in significant if not c.is_better]),
        f"Cases mended: {len(comparison.mended)}, broken: {len(comparison.broken)}.",
    ]
    for what, ids in (
        ("only in the first run", comparison.only_in_a),
        ("only in the second run", comparison.only_in_b),
        ("changed in between", comparison.differing),
    ):
        if ids:
            parts.append(f"Left out, as {what}: {len(ids)}.")
    return " ".join(part for part in parts if part)


def _named(what: str, metrics: list[str]) -> str:
    names = ", ".join(metric_of(metric).title for metric in metrics)
    return f"{what}: {names or 'nothing'}."


def _change_cells(change: Change) -> list[str]:
    title = metric_of(change.metric).title + ("" if METRICS[change.metric] else " ↓")
    verdict = change.verdict
    return [
        title,
        number_text(change.metric, change.before),
        number_text(change.metric, change.after),
        signed_text(change.metric, change.difference.value),
        _interval_of(change),
        str(change.difference.n),
        f"**{verdict}**" if change.is_significant else verdict,
    ]


def _interval_of(change: Change) -> str:
    low, high = change.difference.low, change.difference.high
    if low is None or high is None:
        return interval_text(change.metric, low, high)
    return f"{signed_text(change.metric, low)} to {signed_text(change.metric, high)}"


def _flip_blocks(flip: Flip) -> list[str]:
    return [
        f"### {plain(flip.case.id)}: {plain(flip.case.question)}",
        f"Before ({', '.join(flip.faults_before) or 'right'}):",
        quoted(flip.before.error or flip.before.answer),
        f"After ({', '.join(flip.faults_after) or 'right'}):",
        quoted(flip.after.error or flip.after.answer),
    ]


def _commit(made: Provenance) -> str:
    return made.commit + (" with changes" if made.dirty else "")
