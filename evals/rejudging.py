"""A run's folder judged, scored and reported again: the assistant is asked nothing."""

from collections.abc import Sequence
from pathlib import Path

from evals.evaluation import with_judge, write_run
from evals.judges import Judge
from evals.judging import Report, judge_rows, read_failures, read_verdicts, row_tasks
from evals.kept_lines import RunUnreadable
from evals.provenance import Provenance
from evals.records import Judged, Row
from evals.run_folder import Run, read_answers


def report_again(
    folder: Path,
    judges: Sequence[Judge] = (),
    *,
    model: str | None = None,
    workers: int = 1,
    report: Report | None = None,
) -> Run:
    """Return the run in `folder`, scored, its reports written; without `judges`, as it was judged.

    The first judge's verdicts make the scores; verdicts that are there are not asked for again.

    Args:
        folder: of a run whose cases were all answered, be it with an error.
        judges: who judges now.
        model: that a judge asks, if it asks any.
        workers: rows judged at the same time.
        report: told after each row judged.

    Raises:
        RunUnreadable: answers are missing or damaged, or there are no verdicts to go by.
        StudyError: a judge can't judge.
    """
    provenance, rows = read_answers(folder)
    if len(rows) < provenance.n_cases:
        raise RunUnreadable(
            f"{folder} has {len(rows)} of {provenance.n_cases} answers.",
            hint=f"Go on with the command that began it and --out {folder}.",
        )
    if judges:
        judged = judge_rows(rows, judges, folder, report, workers=workers)
        provenance = with_judge(provenance, judges[0].name, model)
    else:
        judged = _judged_before(folder, provenance, rows)
    return write_run(folder, provenance, rows, judged)


def _judged_before(folder: Path, provenance: Provenance, rows: Sequence[Row]) -> list[Judged]:
    """Return all verdicts that `folder` has.

    Raises:
        RunUnreadable: one of the judge that makes the scores is missing, and it didn't fail at it.
    """
    judge = provenance.judge
    judged = read_verdicts(folder)
    known = {
        *((each.case_id, each.what, each.index, each.citation)
          for each in judged if each.judge == judge),
        *((each.case_id, each.what, each.index, each.citation)
          for each in read_failures(folder) if each.judge == judge),
    }  # fmt: skip
    wanted = {
        (task.case_id, task.what, task.index, task.citation)
        for row in rows
        for task in row_tasks(row)
    }
    if missing := wanted - known:
        raise RunUnreadable(
            f"{folder} lacks {len(missing)} of {len(wanted)} verdicts.",
            hint=f"Have them made: study eval report {folder} --judge {judge or 'rules'}",
        )
    return judged
