"""A run's figures as Markdown, for terminals and READMEs."""

from evals.faults import FAULT_NOTE, FAULTS, faults_by_case
from evals.figure_text import (
    MODE_NOTE,
    figure_of,
    figure_text,
    group_title,
    groups_of,
    interval_text,
    keys_of,
    n_cases_of,
    number_text,
    title_of,
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
        *_judges_blocks(run),
        "## Faults",
        _faults_table(run),
        FAULT_NOTE,
        *_group_blocks(run, "mode", note=MODE_NOTE),
    ]
    for name in ("language", "kind", "module"):
        blocks += _group_blocks(run, name)
    return "\n\n".join(blocks) + "\n"


def _figures_table(figures: tuple[Figure, ...]) -> str:
    rows = [
        [
            title_of(figure),
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


def _judges_blocks(run: Run) -> list[str]:
    by_judge = run.scores.by_judge
    if len(by_judge) < 2:
        return []
    metrics = [figure.metric for figure in by_judge[run.provenance.judge]]
    rows = [
        [plain(judge), *(figure_text(figure_of(figures, metric)) for metric in metrics)]
        for judge, figures in by_judge.items()
    ]
    titles = map(title_of, by_judge[run.provenance.judge])
    return [
        "## By judge",
        f"All other figures are by {plain(run.provenance.judge)}.",
        table(["Judge", *titles], rows),
    ]


def _faults_table(run: Run) -> str:
    faults = faults_by_case(run.rows, run.scores.per_case).values()
    counts = [[fault, str(sum(fault in each for each in faults))] for fault in FAULTS]
    any_fault = ["any", str(sum(map(bool, faults)))]
    return table(["Fault", "Cases"], [*counts, any_fault])


def _group_blocks(run: Run, name: str, *, note: str = "") -> list[str]:
    groups = groups_of(run.scores, name)
    keys = keys_of(run.scores, name)
    if not groups or not keys:
        return []
    rows = [
        [plain(group_title(name, group)), str(n_cases_of(figures))]
        + [figure_text(figure_of(figures, key.metric)) for key in keys]
        for group, figures in groups.items()
    ]
    head = [name.capitalize(), "Cases", *map(title_of, keys)]
    return [each for each in (f"## By {name}", note, table(head, rows)) if each]
