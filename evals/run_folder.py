"""A finished run, read from its folder: `run.json`, `rows.jsonl`, `verdicts.jsonl`, `scores.json`.

Writing them is left to what makes them; the names of a run's files are here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from evals.judging import VERDICTS
from evals.kept_lines import RunUnreadable
from evals.provenance import Provenance
from evals.records import Judged, Record, Row
from evals.runner import ROWS
from evals.scores import Scores
from evals.validation import first_fault

RUN = "run.json"
SCORES = "scores.json"
REPORT_HTML = "report.html"
REPORT_MARKDOWN = "report.md"
JUNIT = "junit.xml"


class Run(Record):
    """Everything known of a run: what produced it, each case, each verdict, the figures."""

    provenance: Provenance
    rows: tuple[Row, ...]
    judged: tuple[Judged, ...] = ()
    scores: Scores


def read_run(folder: Path) -> Run:
    """Return the run that lies in `folder`.

    Raises:
        RunUnreadable: a file is missing or isn't what it should be.
    """
    provenance, rows = read_answers(folder)
    again = f"`study eval report {folder}` makes it again."
    with told(folder / SCORES, again):
        scores = Scores.model_validate_json((folder / SCORES).read_bytes())
    judged: tuple[Judged, ...] = ()
    if (folder / VERDICTS).exists():
        with told(folder / VERDICTS, f"Judge it again: study eval report {folder} --judge NAME"):
            judged = tuple(map(Judged.model_validate_json, _lines(folder / VERDICTS)))
    return Run(provenance=provenance, rows=rows, judged=judged, scores=scores)


def read_answers(folder: Path) -> tuple[Provenance, tuple[Row, ...]]:
    """Return what produced the run in `folder`, and its rows, judged or not.

    Raises:
        RunUnreadable: a file is missing or isn't what it should be.
    """
    provenance = read_provenance(folder)
    with told(folder / ROWS, "Run it again, in another folder."):
        rows = tuple(map(Row.model_validate_json, _lines(folder / ROWS)))
    return provenance, rows


def read_provenance(folder: Path) -> Provenance:
    """Return what produced the run in `folder`, finished or not.

    Raises:
        RunUnreadable: its file is missing or isn't what it should be.
    """
    with told(folder / RUN, "Give the folder of a run."):
        return Provenance.model_validate_json((folder / RUN).read_bytes())


@contextmanager
def told(file: Path, hint: str) -> Iterator[None]:
    """Tell with a sentence and `hint` why `file` can't be read.

    Raises:
        RunUnreadable: it can't.
    """
    try:
        yield
    except OSError as error:
        raise RunUnreadable(
            f"{file} can't be read: {error.strerror or error}.", hint=hint
        ) from error
    except ValidationError as error:
        raise RunUnreadable(
            f"{file} is damaged: {first_fault(error, 'the text')}.", hint=hint
        ) from error


def _lines(path: Path) -> list[bytes]:
    return [line for line in path.read_bytes().split(b"\n") if line.strip()]
