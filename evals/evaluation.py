"""A whole run: cases answered, judged, scored, and every file of its folder written."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.settings import Settings
from assistant.wiring import StudyAssistant
from evals import origin
from evals.calibration import Quality
from evals.judges import Judge
from evals.judging import judge_rows
from evals.junit import junit_xml
from evals.provenance import Provenance, quality_figures
from evals.records import Case, Judged, Record, Row
from evals.report_html import report_html
from evals.report_markdown import report_markdown
from evals.resuming import gone_on
from evals.run_folder import JUNIT, REPORT_HTML, REPORT_MARKDOWN, RUN, SCORES, Run
from evals.runner import Report, run_cases
from evals.scores import score_run
from evals.text_file import make_folder

QUALITY = Path(__file__).parent / "judges" / "quality.json"
"""What judges reached on labelled sentences when they were last measured, by their names."""


class MeasuredJudge(Record):
    """A judge's quality, on which labels and with which model ("": it asks none)."""

    labels: str
    model: str
    quality: Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be run: `sets` are the files that `cases` come from.

    Where it `needs_model`, an answer that the model failed to give is an error.
    """

    cases: Sequence[Case]
    sets: Sequence[Path]
    judges: Sequence[Judge]
    workers: int = 1
    needs_model: bool = True


def evaluate(
    plan: Plan,
    assistant: StudyAssistant,
    settings: Settings,
    folder: Path,
    *,
    answering: Report | None = None,
    judging: Report | None = None,
) -> Run:
    """Return the finished run, all of its files written; goes on where it was stopped.

    The first judge's verdicts make the scores; the others' are kept beside them.

    Raises:
        ConfigError: `folder` holds a run of something else.
        StudyError: a judge can't judge.
    """
    provenance = gone_on(folder, provenance_of(plan, assistant, settings, folder.name), plan.cases)
    make_folder(folder)
    (folder / RUN).write_text(provenance.model_dump_json(indent=1), encoding="utf-8")
    rows = run_cases(
        plan.cases,
        assistant,
        folder,
        workers=plan.workers,
        needs_model=plan.needs_model,
        report=answering,
    )
    judged = judge_rows(rows, plan.judges, folder, judging, workers=plan.workers)
    return write_run(folder, provenance, rows, judged)


def write_run(
    folder: Path, provenance: Provenance, rows: Sequence[Row], judged: Sequence[Judged]
) -> Run:
    """Return the run, scored by its first judge, its scores and reports written to `folder`."""
    scores = score_run(rows, judged, judge=provenance.judge)
    run = Run(provenance=provenance, rows=tuple(rows), judged=tuple(judged), scores=scores)
    for name, text in (
        (RUN, provenance.model_dump_json(indent=1)),
        (SCORES, scores.model_dump_json(indent=1)),
        (REPORT_HTML, report_html(run)),
        (REPORT_MARKDOWN, report_markdown(run)),
        (JUNIT, junit_xml(run)),
    ):
        (folder / name).write_text(text, encoding="utf-8")
    return run


def measured_judges(path: Path = QUALITY) -> dict[str, MeasuredJudge]:
    """Return what is known of judges' quality, by their names."""
    if not path.is_file():
        return {}
    values = json.loads(path.read_text(encoding="utf-8"))
    return {name: MeasuredJudge.model_validate(value) for name, value in values.items()}


def keep_measured(name: str, measured: MeasuredJudge, path: Path = QUALITY) -> None:
    """Put a judge's quality beside those of the others."""
    known = {**measured_judges(path), name: measured}
    values = {each: known[each].model_dump(mode="json") for each in sorted(known)}
    path.write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def provenance_of(
    plan: Plan, assistant: StudyAssistant, settings: Settings, name: str
) -> Provenance:
    """Return what a run of `plan` called `name` would be produced by, here and now."""
    status = assistant.status()
    commit, dirty = origin.git_state()
    searches = any(case.passages is None for case in plan.cases)
    made = Provenance(
        name=name,
        date=datetime.now(UTC),
        commit=commit,
        dirty=dirty,
        settings_fingerprint=origin.settings_fingerprint(settings),
        generation=status.generation if searches else "",
        model=(plan.needs_model and status.model) or "",
        engine=(plan.needs_model and status.engine) or "",
        seed=settings.model.seed,
        versions=origin.versions(),
        sets=origin.set_hashes(plan.sets),
        n_cases=len(plan.cases),
        selection=origin.selection(plan.cases),
        audiences=tuple(sorted({case.audience for case in plan.cases})),
        judge="",
    )
    return with_judge(made, plan.judges[0].name, status.model) if plan.judges else made


def with_judge(made: Provenance, judge: str, model: str | None) -> Provenance:
    """Return `made` with another judge, who asks `model` if anybody, and what is known of it."""
    measured = measured_judges().get(judge)
    # A judge that asks a model is as good as that model: another one was not measured.
    if measured is not None and measured.model not in {"", model}:
        measured = None
    return made.model_copy(
        update={
            "judge": judge,
            "judge_quality": quality_figures(measured.quality) if measured else (),
            "judge_labels": measured.labels if measured else "",
            "judge_curve": measured.quality.curve if measured else (),
        }
    )
