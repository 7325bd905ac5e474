"""Made-up run folders for the quality page, in the form that `study eval run` leaves them."""

from datetime import timedelta
from pathlib import Path

from evals.report_html import report_html
from evals.run_folder import REPORT_HTML, RUN, SCORES
from tests.evals.run_samples import made_up_run
from ui.quality_runs import RUNS


def keep_run(
    home: Path,
    name: str,
    *,
    days: int = 0,
    model: str | None = None,
    generation: str | None = None,
    audiences: tuple[str, ...] = ("all",),
    with_quality: bool = True,
    shift: float = 0.0,
    with_report: bool = True,
    n_cases: int = 12,
    judge: str = "rules",
    set_hash: str = "ab" * 32,
    selection: str = "",
) -> Path:
    """Return the folder of a run made `days` after the first, its figures shifted by `shift`."""
    run = made_up_run(with_quality=with_quality)
    made = run.provenance.model_copy(
        update={
            "name": name,
            "date": run.provenance.date + timedelta(days=days),
            "audiences": audiences,
            "n_cases": n_cases,
            "judge": judge,
            "sets": dict.fromkeys(run.provenance.sets, set_hash),
            "selection": selection,
            "model": run.provenance.model if model is None else model,
            "generation": run.provenance.generation if generation is None else generation,
        }
    )
    overall = tuple(
        figure
        if figure.value is None or figure.value > 1
        else figure.model_copy(update={"value": min(1.0, max(0.0, figure.value + shift))})
        for figure in run.scores.overall
    )
    scores = run.scores.model_copy(update={"overall": overall})
    folder = home / RUNS / name
    folder.mkdir(parents=True)
    (folder / RUN).write_text(made.model_dump_json(), encoding="utf-8")
    (folder / SCORES).write_text(scores.model_dump_json(), encoding="utf-8")
    if with_report:
        (folder / REPORT_HTML).write_text(report_html(run), encoding="utf-8")
    return folder
