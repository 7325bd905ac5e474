"""A comparison of two runs as Markdown, as an HTML page, and as plain values."""

from collections.abc import Sequence

from evals.compare import Change, Comparison, Flip
from evals.faults import Fault, without_faults
from evals.figure_text import figure_text, interval_text, metric_of, number_text, title_of
from evals.html_page import html_page
from evals.markdown_text import plain, quoted, table
from evals.records import Row
from evals.scores import METRICS


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
        *([f"**{plain(comparison.warning)}**"] if comparison.warning else []),
        "## Figures",
        table(
            ["Figure", "Before", "After", "Difference", "95 % interval", "n", "Verdict"],
            [_change_cells(change) for change in comparison.changes],
        ),
        "↓ lower is better. A difference is significant where its 95 % interval (paired bootstrap) "
        "leaves out zero; of twenty figures, one may do so by chance.",
        *_judge_blocks(comparison),
    ]
    for title, flips in (
        ("No fault before, one now", comparison.broken),
        ("A fault before, none now", comparison.mended),
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
        figure_text=figure_text,
        said_of=said_of,
        title_of=title_of,
        higher_is_better=METRICS,
    )


def comparison_values(comparison: Comparison) -> dict[str, object]:
    """Return the comparison as plain values, for programs."""
    return {
        "a": comparison.a.name,
        "b": comparison.b.name,
        "warning": comparison.warning,
        "n_shared": comparison.n_shared,
        "only_in_a": list(comparison.only_in_a),
        "only_in_b": list(comparison.only_in_b),
        "differing": list(comparison.differing),
        "differences": [{"what": what, "a": a, "b": b} for what, a, b in comparison.differences],
        "judge_quality": [
            {"metric": one.metric, "a": a and a.model_dump(), "b": b and b.model_dump()}
            for one, a, b in comparison.judge_quality
        ],
        "changes": [_change_values(change) for change in comparison.changes],
        "broken": [_flip_values(flip) for flip in comparison.broken],
        "mended": [_flip_values(flip) for flip in comparison.mended],
    }


def said_of(row: Row, faults: Sequence[Fault]) -> str:
    """Return the faults of an answer in words, or what is known of it without any."""
    return ", ".join(faults) or without_faults(row)


def signed_text(metric: str, value: float | None) -> str:
    """Return "+0.034", "−1.20 s", in the metric's unit; a dash for None."""
    if value is None:
        return number_text(metric, None)
    text = number_text(metric, abs(value))
    if float(text.split()[0]) == 0:
        return text
    return f"{'+' if value > 0 else '−'}{text}"


def _change_values(change: Change) -> dict[str, object]:
    return {
        "metric": change.metric,
        "before": change.before,
        "after": change.after,
        "difference": change.difference.value,
        "low": change.difference.low,
        "high": change.difference.high,
        "n": change.difference.n,
        "verdict": change.verdict,
    }


def _flip_values(flip: Flip) -> dict[str, object]:
    return {
        "id": flip.case.id,
        "question": flip.case.question,
        "faults_before": list(flip.faults_before),
        "faults_after": list(flip.faults_after),
        "before": flip.before.error or flip.before.answer,
        "after": flip.after.error or flip.after.answer,
    }


def _judge_blocks(comparison: Comparison) -> list[str]:
    """Return what the judges reached against people's labels, beside each other."""
    a, b = comparison.a, comparison.b
    title = "## The judge itself"
    if not comparison.judge_quality:
        return [title, "The judge was measured against people's labels in neither run."]
    rows = [
        [title_of(figure), figure_text(before), figure_text(after)]
        for figure, before, after in comparison.judge_quality
    ]
    head = ["Against people's labels", f"before: {plain(a.judge)}", f"after: {plain(b.judge)}"]
    return [title, table(head, rows)]


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
        f"Before ({said_of(flip.before, flip.faults_before)}):",
        quoted(flip.before.error or flip.before.answer),
        f"After ({said_of(flip.after, flip.faults_after)}):",
        quoted(flip.after.error or flip.after.answer),
    ]
