"""A run's figures as Markdown, for terminals and READMEs."""

from evals.faults import FAULTS, faults_by_case
from evals.figure_text import (
    KEY_METRICS,
    figure_of,
    figure_text,
    groups_of,
    interval_text,
    metric_of,
    number_text,
)
from evals.markdown_text import plain, table
from evals.run_folder import Run
from evals.scores import Figure


def report_markdown(run: Run) -> str:
    """Return the run's provenance, its figures, the judge's own quality, and key figures by group.

    Figures are given with their 95 % intervals.
    """
    made = run.provenance
    commit = f"`{made.commit[:12]}`" + (" with changes not committed" if made.dirty else "")
    sets = ", ".join(f"{plain(path)} ({sha[:12]})" for path, sha in made.sets.items())
    blocks = [
        f"# Evaluation: {plain(made.name)}",
        "\n".join(
            [
                f"- {made.date:%Y-%m-%d %H:%M %Z}, {made.n_cases} cases: {sets}",
                f"- model {plain(made.model or 'none')} ({plain(made.engine)}), "
                f"index {plain(made.generation)}, seed {made.seed}",
                f"- commit {commit}, settings {plain(made.settings_fingerprint)}",
            ]
        ),
        "## Figures",
        _figures_table(run.scores.overall),
        "↓ lower is better; intervals are 95 %, from the bootstrap over cases.",
        "## The judge itself",
        *_judge_blocks(run),
        "## Faults",
        _faults_table(run),
    ]
    for name in ("language", "kind"):
        blocks += _group_blocks(run, name)
    return "\n\n".join(blocks) + "\n"


def _figures_table(figures: tuple[Figure, ...]) -> str:
    rows = [
        [
            metric_of(figure.metric).title + ("" if figure.higher_is_better else " ↓"),
            number_text(figure.metric, figure.value),
            interval_text(figure.metric, figure.low, figure.high),
            str(figure.n),
        ]
        for figure in figures
    ]
    return table(["Figure", "Value", "95 % interval", "n"], rows)


def _judge_blocks(run: Run) -> list[str]:
    made = run.provenance
    if not made.judge_quality:
        return [
            f"**The judge {plain(made.judge)} was not measured against people's labels: how far "
            "its verdicts can be trusted is unknown.**"
        ]
    on = f" on {plain(made.judge_labels)}" if made.judge_labels else ""
    return [
        f"{plain(made.judge)}, against people's labels{on}:",
        _figures_table(made.judge_quality),
    ]


def _faults_table(run: Run) -> str:
    faults = faults_by_case(run.rows, run.scores.per_case).values()
    counts = [[fault, str(sum(fault in each for each in faults))] for fault in FAULTS]
    any_fault = ["any", str(sum(map(bool, faults)))]
    return table(["Fault", "Cases"], [*counts, any_fault])


def _group_blocks(run: Run, name: str) -> list[str]:
    groups = groups_of(run.scores, name)
    metrics = [each for each in KEY_METRICS if figure_of(run.scores.overall, each)]
    if not groups or not metrics:
        return []
    rows = [
        [metric_of(metric).title]
        + [figure_text(figure_of(figures, metric)) for figures in groups.values()]
        for metric in metrics
    ]
    return [f"## By {name}", table(["Figure", *map(plain, groups)], rows)]
