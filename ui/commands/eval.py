"""`study eval`: run cases, report runs again, score answers, measure judges, compare, import."""

import shlex
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from assistant.errors import ConfigError, ModelUnreachable
from ui import terminal
from ui.command_group import JsonOption, say_when_stopped
from ui.commands.eval_import import imports
from ui.commands.eval_outcome import Outcome
from ui.commands.judge_quality import measured, show_quality

if TYPE_CHECKING:
    from assistant.settings import Settings
    from assistant.wiring import StudyAssistant
    from evals.judges import Judge
    from evals.records import Kind

app = typer.Typer(
    name="eval",
    help="Measure answers: is it good enough, and did it get better?",
    no_args_is_help=True,
)
app.add_typer(imports)

FOLDER = "evals"
"""Of all runs, under STUDY_HOME."""

STOPPED = "Stopped; the same command with --out {folder} goes on."

JudgeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--judge",
        metavar="NAME",
        help="rules, model, stack (both; the default), or nli: and a cross-encoder's id or "
        "folder. May be repeated: the first one makes the scores.",
        show_default=False,
    ),
]

GateOption = Annotated[
    Path | None,
    typer.Option("--gate", metavar="FILE", help="Limits; exit 1 if one is broken."),
]

SplitOption = Annotated[
    Literal["dev", "record"] | None,
    typer.Option("--split", help="Only this part of the set.", show_default=False),
]


@app.command("run")
def run_(  # noqa: PLR0917
    context: typer.Context,
    sets: Annotated[
        list[Path] | None,
        typer.Option(
            "--set", metavar="FILE", help="Cases; the curriculum's by default. May be repeated."
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many, kinds and languages mixed.")
    ] = None,
    kinds: Annotated[
        str | None, typer.Option(metavar="KIND,…", help="Only these, like fact,unanswerable.")
    ] = None,
    split: SplitOption = None,
    model: Annotated[str | None, typer.Option(help="Instead of STUDY_MODEL__NAME.")] = None,
    index: Annotated[
        str | None, typer.Option(metavar="GENERATION", help="Instead of the live one.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Of the run; a stopped one goes on.")
    ] = None,
    judge: JudgeOption = None,
    gate: GateOption = None,
    no_model: Annotated[
        bool, typer.Option("--no-model", help="Extracts alone; judged by rules.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Answer every case with the assistant, judge and score the answers, write a report.

    Each answer is kept as it comes: run it again with the same --out to go on.

    Example: study eval run --set evals/sets/smoke.jsonl --gate evals/gate.toml
    """
    from assistant.settings import Settings
    from assistant.wiring import build_assistant
    from evals.cases import CURRICULUM, chosen, load_cases
    from evals.evaluation import Plan, evaluate
    from evals.gate import load_gate
    from evals.judges.opening import needs_model
    from evals.resuming import begun_in, only_judging_remains

    paths = sets or [CURRICULUM]
    limits = load_gate(gate, sets=paths) if gate else None
    settings = _with_model(Settings.load(), model)
    cases = chosen(load_cases(paths), kinds=_kinds(kinds), split=split, limit=limit)
    if not cases:
        raise ConfigError("No case is of these kinds and this split.", hint="Ask for less.")
    names = judge or (["rules"] if no_model else ["stack"])
    folder = out or settings.home / FOLDER / datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    begun_in(folder)  # what stands in the way is told before a model is started
    asks = not only_judging_remains(folder, cases)
    assistant = build_assistant(settings, with_model=not no_model, generation=index)
    if asks and any(case.passages is None for case in cases):
        assistant.retriever.live_index.get()
    terminal.note(f"{terminal.counted(len(cases), 'case')}; the run is kept in {folder}.")
    judges = open_judges(names, assistant)
    say_when_stopped(context, STOPPED.format(folder=shlex.quote(str(folder))))
    with _model_for(settings, asks=not no_model and (asks or any(map(needs_model, names)))):
        if asks and not no_model:
            _require_model(assistant)
        with terminal.progress() as bars:
            run = evaluate(
                Plan(
                    cases=cases,
                    sets=paths,
                    judges=judges,
                    workers=1 if no_model else side_by_side(settings, assistant),
                    needs_model=not no_model,
                ),
                assistant,
                settings,
                folder,
                answering=bars.add("Cases answered"),
                judging=bars.add("Answers judged"),
            )
    if n_failed := sum(bool(row.error) for row in run.rows):
        terminal.warn(
            f"{terminal.counted(n_failed, 'case')} failed, which counts as wrong.",
            f"The same command with --out {shlex.quote(str(folder))} tries again.",
        )
    Outcome(run, folder, settings.home / FOLDER).tell(limits, as_json=as_json)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Of a run whose cases were all answered.")],
    judge: Annotated[
        list[str] | None,
        typer.Option("--judge", metavar="NAME", help="As in run; the verdicts there by default."),
    ] = None,
    gate: GateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge, score and report a run again, without asking the assistant.

    Example: study eval report var/evals/20261123-101500 --judge rules --gate evals/gate.toml
    """
    from assistant.settings import Settings
    from assistant.wiring import build_assistant
    from evals.gate import load_gate
    from evals.judges.opening import needs_model
    from evals.rejudging import report_again
    from evals.run_folder import read_provenance

    limits = load_gate(gate, sets=map(Path, read_provenance(folder).sets)) if gate else None
    settings = Settings.load()
    names = judge or []
    assistant = build_assistant(settings)
    judges = open_judges(names, assistant)
    with _model_for(settings, asks=any(map(needs_model, names))), terminal.progress() as bars:
        run = report_again(
            folder,
            judges,
            model=assistant.status().model if judges else None,
            workers=side_by_side(settings, assistant) if judges else 1,
            report=bars.add("Answers judged") if judges else None,
        )
    Outcome(run, folder, settings.home / FOLDER).tell(limits, as_json=as_json)


@app.command()
def score(
    file: Annotated[
        Path,
        typer.Option(metavar="ROWS", help='JSON lines: {"id", "question", "passages", "answer"}.'),
    ],
    judge: JudgeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score given answers: how well the passages support each sentence, and the whole.

    Prints a line for each answer; `support` is that of its least supported sentence.

    Example: study eval score --file answers.jsonl --json
    """
    from assistant.settings import Settings
    from assistant.wiring import build_assistant
    from evals.given_answers import load_answers, score_answer
    from evals.judges.opening import needs_model
    from ui.serving import model_for_questions

    name, *others = judge or ["stack"]
    if others:
        raise typer.BadParameter("One judge scores answers.", param_hint="--judge")
    settings = Settings.load()
    rows = load_answers(file)
    assistant = build_assistant(settings)
    (opened,) = open_judges([name], assistant)
    asks = needs_model(name)
    with model_for_questions(settings) if asks else nullcontext(), terminal.progress() as bars:
        report = bars.add("Answers scored")
        for number, row in enumerate(rows, start=1):
            scored = score_answer(row, opened)
            if as_json:
                terminal.print_json(scored.model_dump())
            else:
                sign = "+" if scored.supported else "-"
                terminal.print_result(f"{sign} {scored.support:.2f}  {scored.id}")
                for sentence in scored.sentences:
                    sign = "+" if sentence.supported else "-"
                    reason = f"  ({sentence.reason})" if sentence.reason else ""
                    terminal.print_result(
                        f"    {sign} {sentence.support:.2f}  {sentence.text}{reason}"
                    )
            report(number, len(rows))


@app.command("judge")
def judge_(  # noqa: PLR0917
    labels: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Labelled sentences; our own by default. Also RAGTruth."),
    ] = None,
    split: SplitOption = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="A sample of so many sentences, always the same, half of them unsupported (or as "
            "many as there are): precision, F1 and calibration then aren't those of the whole.",
        ),
    ] = None,
    judge: JudgeOption = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Whole answers: the lowest of their sentences.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Print this quality beside verdicts from now on.")
    ] = False,
    verdicts: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Keeps verdicts; a stopped run of the same program goes on."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure judges on sentences that people labelled as supported or not.

    Example: study eval judge --labels evals/sets/judge_labels.jsonl --split record --judge rules
    """
    from assistant.settings import Settings
    from assistant.wiring import build_assistant
    from evals.evaluation import MeasuredJudge, keep_measured
    from evals.judges.opening import needs_model
    from evals.labels import OWN, judge_labelled, load_labelled, sampled
    from evals.origin import program
    from ui.serving import model_for_questions

    if whole and limit is not None:
        raise typer.BadParameter(
            "A sample of sentences has no whole answers.", param_hint="--limit"
        )
    settings = Settings.load()
    path = labels or OWN
    labelled = load_labelled(path, split=split)
    if limit is not None:
        labelled = sampled(labelled, limit)
    names = judge or ["stack"]
    assistant = build_assistant(settings)
    judges = open_judges(names, assistant)
    asks = any(map(needs_model, names))
    with model_for_questions(settings) if asks else nullcontext(), terminal.progress() as bars:
        model = assistant.status().model or ""
        for opened in judges:
            found = judge_labelled(
                labelled,
                opened,
                bars.add(f"Judged by {opened.name}"),
                kept_in=verdicts,
                made_by=f"{program()} {model}",
            )
            quality = measured(opened, labelled, [v.probability for v in found], whole=whole)
            show_quality(quality, as_json=as_json)
            if keep:
                asked = model if needs_model(opened.name) else ""
                what = (
                    f"{path.name}{f', {split}' if split else ''}{', whole answers' * whole}"
                    f"{f', a sample of {len(labelled)}' if limit else ''}"
                )
                keep_measured(opened.name, MeasuredJudge(labels=what, model=asked, quality=quality))


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(metavar="A", help="Folder of the earlier run.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="Folder of the later run.")],
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the comparison as a page, too.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what changed between two runs beyond chance, and the cases that flipped."""
    from evals.compare import compare_runs
    from evals.compare_reports import comparison_html, comparison_markdown, comparison_values
    from evals.run_folder import read_run
    from evals.text_file import write_file

    found = compare_runs(read_run(before), read_run(after))
    if html:
        write_file(html, comparison_html(found))
    if as_json:
        terminal.print_json(comparison_values(found))
    else:
        terminal.print_result(comparison_markdown(found))


def _with_model(settings: "Settings", name: str | None) -> "Settings":
    """Return `settings` with another model, if one is named.

    Raises:
        ConfigError: a server of another model runs.
    """
    from assistant.model_server import find_running

    if name is None:
        return settings
    running = find_running(settings.home)
    if running is not None and running.model != name:
        raise ConfigError(
            f"A server of {running.model} runs, not of {name}.",
            hint="Stop it, or set STUDY_HOME to run a second one.",
        )
    return settings.model_copy(update={"model": settings.model.model_copy(update={"name": name})})


def _kinds(text: str | None) -> "list[Kind]":
    from evals.records import KINDS

    wanted = [] if text is None else [part.strip() for part in text.split(",") if part.strip()]
    if unknown := [part for part in wanted if part not in KINDS]:
        raise typer.BadParameter(
            f"There is no kind {', '.join(unknown)}. There are: {', '.join(KINDS)}.",
            param_hint="--kinds",
        )
    return [kind for kind in KINDS if kind in wanted]


def _model_for(settings: "Settings", *, asks: bool) -> AbstractContextManager[None]:
    """Have a model server while the block runs, if anything is asked of it."""
    from ui.serving import model_for_questions

    if not asks:
        return nullcontext()
    return model_for_questions(settings, without="Nothing can be measured without it.")


def _require_model(assistant: "StudyAssistant") -> None:
    """Do nothing if a model answers.

    Raises:
        ModelUnreachable: none does; extracts would be taken for its answers.
    """
    if not assistant.chat_model.is_ready():
        raise ModelUnreachable(
            "No model answers, so its answers can't be measured.",
            hint="Start one (`study model serve`), or measure extracts alone with --no-model.",
        )


def open_judges(names: Sequence[str], assistant: "StudyAssistant") -> "list[Judge]":
    """Return the judges of these names, each once.

    Raises:
        ConfigError: there is none of a name, or what it needs is not installed.
    """
    from evals.judges.opening import open_judge

    return [
        open_judge(name, embedder=assistant.embedder, chat_model=assistant.chat_model)
        for name in dict.fromkeys(names)
    ]


def side_by_side(settings: "Settings", assistant: "StudyAssistant") -> int:
    """Return how many questions are worth asking at a time.

    vLLM computes them together. On a CPU llama.cpp computes one after the other anyway, and side by
    side they share its cache; of what serves elsewhere nothing is known.
    """
    return 16 if assistant.status().engine == "vllm" else 1
