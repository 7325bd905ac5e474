"""The quality page: evaluation runs over time, each with its figures and its report to download."""

from collections.abc import Mapping, Sequence

import streamlit as st

from assistant.records import Language
from ui import access
from ui.labels import Labels
from ui.quality_labels import group_title, metric_title
from ui.quality_lines import joined, line_labels, model_title
from ui.quality_runs import Figures, QualityRun, RunFigure, find_runs
from ui.render import label
from ui.resources import settings
from ui.session import labels, language
from ui.sidebar import DRAWN_AS

EVAL_COMMAND = "study eval run"

KEY_METRICS = (
    "recall@5",
    "citation_recall",
    "citation_precision",
    "faithfulness",
    "unsupported_answers",
    "token_f1",
    "result_given",
    "abstention_f1",
    "wrongly_answered",
    "wrongly_refused",
)
_REFUSALS = frozenset({"abstention_f1", "wrongly_answered", "wrongly_refused"})
"""By mode, which is whether it was refused, they say nothing."""

_SHARE_DIGITS, _LARGE = 3, 10.0
_CHART_HEIGHT = 320
_COLOURS = ("#1a9088", "#c96a35", "#5b84d8", "#a06bb5", "#8a8f3c")
"""Told apart on light and dark."""


def draw() -> None:
    """Draw the page."""
    say, tongue = labels(), language()
    st.session_state.pop(DRAWN_AS, None)  # whether the index is ready changes nothing here
    st.markdown(f"## {label(say.quality_page)}", anchors=False)
    found = find_runs(settings().home)
    if found.unreadable:
        names = ", ".join(found.unreadable)
        st.caption(label(say.runs_unreadable.format(names=names)))
    if not found.runs:
        st.info(label(say.no_runs), icon=":material/monitoring:")
        st.code(EVAL_COMMAND, language="bash")
        return
    st.markdown(label(say.quality_note))
    _draw_runs(found.runs, say, tongue)
    _draw_over_time(found.runs, say, tongue)
    _draw_run(found.runs, say, tongue)


def _draw_runs(runs: Sequence[QualityRun], say: Labels, tongue: Language) -> None:
    rows = [
        {
            say.run: run.name,
            say.run_date: _date(run),
            say.run_model: model_title(run, say),
            **{
                metric_title(metric, tongue): _text(run.overall.get(metric))
                for metric in KEY_METRICS
            },
            say.run_generation: run.generation,
            say.run_sets: ", ".join(run.sets),
            say.run_cases: run.n_cases,
        }
        for run in runs
    ]
    narrow = st.column_config.TextColumn(width="small")
    st.dataframe(
        rows,
        hide_index=True,
        column_config={say.run: st.column_config.TextColumn(pinned=True), say.run_model: narrow},
        key="runs",
        alt=say.quality_page,
    )


def _draw_over_time(runs: Sequence[QualityRun], say: Labels, tongue: Language) -> None:
    if len(runs) < 2:
        return
    st.markdown(f"### {label(say.over_time)}", anchors=False)
    metric = st.selectbox(
        label(say.run_figure),
        KEY_METRICS,
        format_func=lambda name: metric_title(name, tongue),
        key="metric-over-time",
    )
    lines = line_labels(runs, say)
    points = [
        {
            "run": run.name,
            "date": run.date.isoformat(),
            "line": lines[run.name],
            "value": figure.value,
            "low": figure.low,
            "high": figure.high,
        }
        for run in runs
        if (figure := run.overall.get(metric)) is not None and figure.value is not None
    ]
    title = metric_title(metric, tongue)
    st.vega_lite_chart(
        None,
        _chart(points, title, say),
        width="stretch",
        height=_CHART_HEIGHT,
        key="over-time",
        alt="; ".join(f"{run.name} {_text(run.overall.get(metric))}" for run in runs),
    )


def _chart(points: Sequence[Mapping[str, object]], title: str, say: Labels) -> dict[str, object]:
    """Return the chart: a line for the runs that can be compared."""
    # Figures only: the chart would write the days' names in English.
    axis = {"format": "%m-%d %H:%M", "tickCount": 4, "labelOverlap": True}
    scale = {"padding": 16}
    x = {"field": "date", "type": "temporal", "title": None, "axis": axis, "scale": scale}
    # A legend to the right would leave a narrow screen no room for the lines.
    legend = {"orient": "bottom", "columns": 1, "labelLimit": 500, "title": None}
    colours = {"range": list(_COLOURS)}
    colour = {"field": "line", "type": "nominal", "legend": legend, "scale": colours}
    y = {
        "field": "value",
        "type": "quantitative",
        "title": title,
        "scale": {"domain": [0, 1], "nice": False},
    }
    tips = [
        {"field": "run", "type": "nominal", "title": say.run},
        {"field": "value", "type": "quantitative", "title": title, "format": ".3f"},
        {"field": "low", "type": "quantitative", "title": "2.5 %", "format": ".3f"},
        {"field": "high", "type": "quantitative", "title": "97.5 %", "format": ".3f"},
    ]
    return {
        "data": {"values": points},
        "layer": [
            {"mark": {"type": "line"}, "encoding": {"x": x, "y": y, "color": colour}},
            {
                "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.6},
                "encoding": {
                    "x": x,
                    "y": {**y, "field": "low"},
                    "y2": {"field": "high"},
                    "color": colour,
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
                "encoding": {"x": x, "y": y, "color": colour, "tooltip": tips},
            },
        ],
    }


def _draw_run(runs: Sequence[QualityRun], say: Labels, tongue: Language) -> None:
    st.markdown(f"### {label(say.one_run)}", anchors=False)
    by_name = {run.name: run for run in runs}
    name = st.selectbox(label(say.run), list(by_name), key="run")
    run = by_name[name]
    commit = run.commit[:12] + (f" ({say.run_dirty})" if run.is_dirty else "")
    index = say.generation.format(generation=run.generation) if run.generation else ""
    st.caption(label(joined([_date(run) + " UTC", model_title(run, say), index, commit])))
    _draw_judge(run, say)
    _draw_report(run, say)
    st.dataframe(
        _figure_rows({say.all_cases: run.overall}, tuple(run.overall), say, tongue, with_n=True),
        hide_index=True,
        height="content",
        key="figures",
        alt=say.run_figure,
    )
    for name, heading, note in (
        ("mode", say.by_mode, say.by_mode_note),
        ("language", say.by_language, ""),
        ("kind", say.by_kind, ""),
    ):
        groups = {
            f"{group_title(group, tongue)} ({_n_cases(figures)})": figures
            for group, figures in run.groups[name].items()
        }
        if groups:
            st.markdown(f"#### {label(heading)}", anchors=False)
            if note:
                st.caption(label(note))
            metrics = [each for each in KEY_METRICS if name != "mode" or each not in _REFUSALS]
            rows = _figure_rows(groups, metrics, say, tongue)
            first = {say.run_figure: st.column_config.TextColumn(pinned=True)}
            st.dataframe(rows, hide_index=True, column_config=first, key=f"by-{name}", alt=heading)


def _n_cases(figures: Figures) -> int:
    """Return how many cases these are: each has or hasn't an error."""
    errors = figures.get("errors")
    return errors.n if errors else 0


def _draw_judge(run: QualityRun, say: Labels) -> None:
    quality = run.judge_quality.get("balanced_accuracy")
    if quality is None or quality.value is None:
        st.warning(label(say.judge_unmeasured.format(judge=run.judge)), icon=":material/warning:")
    else:
        st.caption(label(say.judge_measured.format(judge=run.judge, figure=_text(quality))))


def _draw_report(run: QualityRun, say: Labels) -> None:
    if run.report is None:
        st.caption(label(say.report_missing))
    elif not run.is_for_everyone and not access.is_owner():
        # A report quotes what the assistant read; only owners see the materials of all audiences.
        st.caption(label(say.report_restricted))
    else:
        st.download_button(
            label(say.download_report),
            run.report.read_bytes,
            file_name=f"{run.name}.html",
            mime="text/html",
            icon=":material/download:",
            on_click="ignore",
            key="report",
        )


def _figure_rows(
    columns: Mapping[str, Figures],
    metrics: Sequence[str],
    say: Labels,
    tongue: Language,
    *,
    with_n: bool = False,
) -> list[dict[str, object]]:
    """Return a row for each metric, and a column for each of `columns`."""
    rows = []
    for metric in metrics:
        row: dict[str, object] = {say.run_figure: metric_title(metric, tongue)}
        for heading, figures in columns.items():
            figure = figures.get(metric)
            row[heading] = _text(figure)
            if with_n:
                row["n"] = figure.n if figure else 0
        rows.append(row)
    return rows


def _text(figure: RunFigure | None) -> str:
    """Return "0.934 (0.910–0.952)", with fewer digits for seconds and counts, or a dash."""
    if figure is None or figure.value is None:
        return "—"
    digits = _SHARE_DIGITS if figure.value < _LARGE else 0
    text = f"{figure.value:.{digits}f}"
    if figure.low is None or figure.high is None:
        return text
    return f"{text} ({figure.low:.{digits}f}–{figure.high:.{digits}f})"


def _date(run: QualityRun) -> str:
    return run.date.strftime("%Y-%m-%d %H:%M")
