"""A whole run: cases answered, judged, scored, and every file of its folder written."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from assistant.errors import ConfigError
from assistant.settings import Settings
from assistant.wiring import StudyAssistant
from evals import origin
from evals.calibration import Quality
from evals.judges import Judge
from evals.judging import judge_rows
from evals.junit import junit_xml
from evals.provenance import Provenance, quality_figures
from evals.records import Case, Record
from evals.report_html import report_html
from evals.report_markdown import report_markdown
from evals.run_folder import JUNIT, REPORT_HTML, REPORT_MARKDOWN, RUN, SCORES, Run
from evals.runner import Report, run_cases
from evals.scores import score_run

QUALITY = Path(__file__).parent / "judges" / "quality.json"
"""What judges reached on labelled sentences when they were last measured, by their names."""


class MeasuredJudge(Record):
    """A judge's quality, on which labels and with which model ("": it asks none)."""

    labels: str
    model: str
    quality: Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be run: `sets` are the files that `cases` come from."""

    cases: Sequence[Case]
    sets: Sequence[Path]
    judges: Sequence[Judge]
    workers: int = 1


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
    provenance = provenance_of(plan, assistant, settings, folder.name)
    _refuse_another(folder, provenance)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RUN).write_text(provenance.model_dump_json(indent=1), encoding="utf-8")
    rows = run_cases(plan.cases, assistant, folder, workers=plan.workers, report=answering)
    judged = judge_rows(rows, plan.judges, folder, judging, workers=plan.workers)
    scores = score_run(rows, judged, judge=provenance.judge)
    run = Run(provenance=provenance, rows=tuple(rows), judged=tuple(judged), scores=scores)
    for name, text in (
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
    judge = plan.judges[0].name if plan.judges else ""
    measured = measured_judges().get(judge)
    # A judge that asks a model is as good as that model: another one was not measured.
    if measured is not None and measured.model not in {"", status.model}:
        measured = None
    return Provenance(
        name=name,
        date=datetime.now(UTC),
        commit=commit,
        dirty=dirty,
        settings_fingerprint=origin.settings_fingerprint(settings),
        generation=status.generation,
        model=status.model or "",
        engine=status.engine or "",
        seed=settings.model.seed,
        versions=origin.versions(),
        sets=origin.set_hashes(plan.sets),
        n_cases=len(plan.cases),
        audiences=tuple(sorted({case.audience for case in plan.cases})),
        judge=judge,
        judge_quality=quality_figures(measured.quality) if measured else (),
        judge_labels=measured.labels if measured else "",
        judge_curve=measured.quality.curve if measured else (),
    )


def _refuse_another(folder: Path, now: Provenance) -> None:
    """Refuse to go on with a run that something else had begun.

    Raises:
        ConfigError: settings, materials, model or cases differ.
    """
    path = folder / RUN
    if not path.is_file():
        return
    try:
        begun = Provenance.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ConfigError(
            f"{path} is not the beginning of a run.", hint="Give another folder with --out."
        ) from error
    for what in ("settings_fingerprint", "generation", "model", "sets", "n_cases"):
        if getattr(begun, what) != getattr(now, what):
            raise ConfigError(
                f"The run in {folder} was begun with another {what.replace('_', ' ')}.",
                hint="Give another folder with --out, or remove that one.",
            )
