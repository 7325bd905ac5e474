"""A finished run, read from its folder: `run.json`, `rows.jsonl`, `verdicts.jsonl`, `scores.json`.

Writing them is left to what makes them; the names of a run's files are here.
"""

from pathlib import Path

from pydantic import ValidationError

from assistant.errors import StudyError
from evals.judging import VERDICTS
from evals.provenance import Provenance
from evals.records import Judged, Record, Row
from evals.runner import ROWS
from evals.scores import Scores

RUN = "run.json"
SCORES = "scores.json"
REPORT_HTML = "report.html"
REPORT_MARKDOWN = "report.md"
JUNIT = "junit.xml"


class RunUnreadable(StudyError):
    """A folder holds no finished run, or a file of it is damaged."""


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
    file = folder / RUN
    try:
        provenance = Provenance.model_validate_json(_bytes(file))
        file = folder / SCORES
        scores = Scores.model_validate_json(_bytes(file))
        file = folder / ROWS
        rows = tuple(map(Row.model_validate_json, _lines(file)))
        file = folder / VERDICTS
        judged = tuple(map(Judged.model_validate_json, _lines(file))) if file.exists() else ()
    except OSError as error:
        raise RunUnreadable(
            f"{file} can't be read: {error.strerror or error}.",
            hint="Give the folder of a run that was finished.",
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the text"
        raise RunUnreadable(
            f"{file} is damaged: {field}: {first['msg']}.", hint="Run it again, or score it again."
        ) from error
    return Run(provenance=provenance, rows=rows, judged=judged, scores=scores)


def _bytes(path: Path) -> bytes:
    return path.read_bytes()


def _lines(path: Path) -> list[bytes]:
    return [line for line in path.read_bytes().split(b"\n") if line.strip()]
