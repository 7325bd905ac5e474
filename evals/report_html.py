"""A run as one self-contained HTML file: figures, plots, and every case to browse.

What is not covered: what it looks like (`templates/`), drawing the plots (`svg.py`).
"""

from collections.abc import Sequence

from evals.calibration import Bin
from evals.case_view import case_views
from evals.faults import FAULT_NOTE, FAULTS, NO_FAULT, without_faults
from evals.figure_text import (
    KEY_METRICS,
    LANGUAGE_TITLES,
    MODE_NOTE,
    by_part,
    figure_of,
    figure_text,
    group_title,
    groups_of,
    interval_text,
    keys_of,
    metric_of,
    n_cases_of,
    number_text,
    title_of,
)
from evals.html_page import html_page
from evals.metrics.retrieval import recall, relevance
from evals.records import Row
from evals.run_folder import Run
from evals.runner import FOUND_DEPTH
from evals.scores import GROUPINGS, Figure, Scores
from evals.statistics import bootstrap_mean
from evals.svg import SHARES, Axis, Dot, Line, dot_plot, line_plot, round_ticks

_SLOW_SHARE = 0.95


def report_html(run: Run) -> str:
    """Return the report as the text of an HTML file that loads nothing from elsewhere."""
    cases = case_views(run)
    counts = {fault: sum(fault in case.faults for case in cases) for fault in FAULTS}
    return html_page(
        "report.html",
        provenance=run.provenance,
        parts=by_part(run.scores.overall),
        tables={name: groups_of(run.scores, name) for name in GROUPINGS},
        notes={"mode": MODE_NOTE},
        keys={name: keys_of(run.scores, name) for name in GROUPINGS},
        judges=run.scores.by_judge,
        plots=plots_of(run),
        cases=cases,
        counts={fault: count for fault, count in counts.items() if count},
        n_faulty=sum(bool(case.faults) for case in cases),
        kinds=sorted({row.case.kind for row in run.rows}),
        languages=LANGUAGE_TITLES,
        depth=FOUND_DEPTH,
        without_faults=without_faults,
        no_fault=NO_FAULT,
        fault_note=FAULT_NOTE,
        metric_of=metric_of,
        figure_of=figure_of,
        figure_text=figure_text,
        group_title=group_title,
        n_cases_of=n_cases_of,
        number_text=number_text,
        title_of=title_of,
        interval_text=interval_text,
    )


def plots_of(run: Run) -> list[tuple[str, str, str]]:
    """Return each plot with its title and a sentence on how to read it; as (title, note, SVG)."""
    plots = [
        (
            "All shares",
            "Dot: the figure. Line: its 95 % interval, from the bootstrap over cases.",
            dot_plot("All shares", _share_sections(run.scores.overall)),
        )
    ]
    if any(map(_was_searched, run.rows)):
        plots.append(
            (
                "Evidence among the first k",
                "Share of the sections holding the answer that the search has among its first k "
                "passages; shaded: 95 % interval over all cases.",
                recall_plot(run.rows),
            )
        )
    if run.provenance.judge_curve:
        plots.append(
            (
                "Calibration of the judge",
                "How many of the statements people call supported, by the probability that the "
                "judge gave; a judge that knows what it knows is on the dashed line. The numbers "
                "are those of the statements: of a few, the share says little.",
                calibration_plot(run.provenance.judge_curve),
            )
        )
    if any(not row.error for row in run.rows):
        plots.append(
            (
                "Time to answer",
                "Share of the answers that had begun, or were finished, after so many seconds.",
                latency_plot(run.rows),
            )
        )
    for metric in KEY_METRICS:
        sections = _group_sections(run.scores, metric)
        if sections:
            title = metric_of(metric).title
            better = "" if sections[1] else " Lower is better."
            note = f"By group.{better}"
            plots.append((title, note, dot_plot(f"{title} by group", sections[0])))
    return plots


def recall_plot(rows: Sequence[Row]) -> str:
    """Return recall among the first 1 to `FOUND_DEPTH` passages, for all and by language."""
    asked = [row for row in rows if _was_searched(row)]
    recalls = {row.case.id: _recalls(row) for row in asked}
    lines = []
    for tone, label in (("all", "all"), ("zh", "Chinese"), ("en", "English")):
        chosen = [row for row in asked if tone in ("all", row.case.language)]
        if not chosen:
            continue
        means = [
            bootstrap_mean([recalls[row.case.id][depth - 1] for row in chosen])
            for depth in range(1, FOUND_DEPTH + 1)
        ]
        lines.append(
            Line(
                label=f"{label} ({len(chosen)})",
                points=[(depth, mean.value or 0.0) for depth, mean in enumerate(means, start=1)],
                band=[(mean.low or 0.0, mean.high or 0.0) for mean in means]
                if tone == "all"
                else (),
                tone=tone,
            )
        )
    lowest = min(y for line in lines for _, y in [*line.points, *((0, b[0]) for b in line.band)])
    ticks = [tick for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0) if tick >= _floor(lowest)]
    said = "; ".join(
        f"{line.label}: {line.points[0][1]:.3f} at 1, {line.points[4][1]:.3f} at 5, "
        f"{line.points[9][1]:.3f} at 10"
        for line in lines
    )
    return line_plot(
        "Evidence among the first k",
        lines,
        x=Axis(label="passages looked at", low=1, high=FOUND_DEPTH, ticks=range(1, 11)),
        y=Axis(label="recall", low=ticks[0], high=1.0, ticks=ticks),
        description=said,
    )


def _was_searched(row: Row) -> bool:
    return bool(row.case.evidence) and row.case.answerable and row.case.passages is None


def _recalls(row: Row) -> list[float]:
    """Return recall among the first 1 to `FOUND_DEPTH` passages; 0 throughout for an error."""
    ranking = [] if row.error else relevance(row.case, row.found)
    n_evidence = len(row.case.evidence)
    return [recall(ranking, n_evidence, depth) for depth in range(1, FOUND_DEPTH + 1)]


def _floor(lowest: float) -> float:
    return max((tick for tick in (0.0, 0.2, 0.4, 0.6, 0.8) if tick <= lowest), default=0.0)


def calibration_plot(bins: Sequence[Bin]) -> str:
    """Return how often people agree, by the probability that the judge gave."""
    in_order = sorted(bins, key=lambda each: each.mean_probability)
    points = [(each.mean_probability, each.share.value or 0.0) for each in in_order]
    said = "; ".join(
        f"{x:.2f} given, {y:.2f} supported of {each.n}"
        for (x, y), each in zip(points, in_order, strict=True)
    )
    line = Line(
        label="labelled statements",
        points=points,
        band=[(each.share.low or 0.0, each.share.high or 0.0) for each in in_order],
        notes=[str(each.n) for each in in_order],
    )
    return line_plot(
        "Calibration of the judge",
        [line],
        x=Axis(label="probability that the judge gave", low=0, high=1, ticks=SHARES),
        y=Axis(label="share that is supported", low=0, high=1, ticks=SHARES),
        description=said,
        has_whiskers=True,
        has_diagonal=True,
    )


def latency_plot(rows: Sequence[Row]) -> str:
    """Return the share of answers that had begun, and were finished, after so many seconds."""
    total = sorted(row.total_s for row in rows if not row.error)
    first = sorted(row.first_token_s for row in rows if row.first_token_s is not None)
    ticks = round_ticks(max([total[-1], *first[-1:]]))
    lines, said = [], []
    for label, times, tone in (("first token", first, "en"), ("whole answer", total, "all")):
        if not times:
            continue
        n = len(times)
        points = [(0.0, 0.0), *((at, (index + 1) / n) for index, at in enumerate(times))]
        lines.append(Line(label=label, points=[*points, (ticks[-1], 1.0)], tone=tone))
        middle, slow = times[(n - 1) // 2], times[min(n - 1, int(_SLOW_SHARE * n))]
        said.append(f"{label}: half within {middle:.2f} s, 95 % within {slow:.2f} s")
    return line_plot(
        "Time to answer",
        lines,
        x=Axis(label="seconds", low=0, high=ticks[-1], ticks=ticks),
        y=Axis(label="share of answers", low=0, high=1, ticks=SHARES),
        description="; ".join(said),
        is_stepped=True,
        has_marks=False,
    )


def _share_sections(figures: Sequence[Figure]) -> list[list[Dot]]:
    sections = [
        [_dot(title_of(figure), figure, "all") for figure in part]
        for part in by_part(
            [each for each in figures if metric_of(each.metric).unit == "share"]
        ).values()
    ]
    return [section for section in sections if section]


def _group_sections(scores: Scores, metric: str) -> tuple[list[list[Dot]], bool] | None:
    """Return the rows of a metric's plot, and whether higher is better; None if it has no value."""
    overall = figure_of(scores.overall, metric)
    if overall is None or overall.value is None:
        return None
    sections = [[_dot("all", overall, "all")]]
    for name in ("mode", "language", "kind"):
        if overall not in keys_of(scores, name):
            continue
        rows = []
        for group, figures in groups_of(scores, name).items():
            figure = figure_of(figures, metric)
            if figure is not None and figure.value is not None:
                tone = group if name == "language" else "all"
                rows.append(_dot(group_title(name, group), figure, tone))
        if rows:
            sections.append(rows)
    return sections, overall.higher_is_better


def _dot(label: str, figure: Figure, tone: str) -> Dot:
    return Dot(
        label=label,
        value=figure.value,
        low=figure.low,
        high=figure.high,
        text=f"{figure_text(figure)}, n={figure.n}",
        tone=tone,
    )
