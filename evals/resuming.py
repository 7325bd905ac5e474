"""Whether a run may go on in a folder: rows of two programs would make figures of neither.

What the same program began goes on. Where all answers are there and only the judging was stopped,
any program may finish it: that doesn't change who gave the answers.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from assistant.errors import ConfigError
from evals.judging import FAILURES, VERDICTS
from evals.provenance import Provenance
from evals.records import Case
from evals.run_folder import JUNIT, REPORT_HTML, REPORT_MARKDOWN, RUN, SCORES
from evals.runner import ROWS, read_rows

_FILES = {RUN, ROWS, VERDICTS, FAILURES, SCORES, REPORT_HTML, REPORT_MARKDOWN, JUNIT}

_CASES = {
    "sets": "other sets of cases",
    "n_cases": "another choice of cases",
    "selection": "another choice of cases",
}
"""What is asked, and what to call another one."""

_PROGRAM = {
    "commit": "another commit of the program",
    "generation": "another index",
    "model": "another model",
    "engine": "another engine of the model",
    "seed": "another seed",
    "settings_fingerprint": "other settings",
    "versions": "other versions of packages",
}
"""What shapes an answer, and what to call another one."""

_ANOTHER_FOLDER = "Give another folder with --out"


def begun_in(folder: Path) -> Provenance | None:
    """Return what began the run in `folder`; None where none was begun.

    Raises:
        ConfigError: `folder` holds something else, is no folder or can't be made.
    """
    if not folder.exists():
        above = next(each for each in folder.absolute().parents if each.exists())
        if not (above.is_dir() and os.access(above, os.W_OK)):
            raise ConfigError(f"{folder} can't be made in {above}.", hint=f"{_ANOTHER_FOLDER}.")
        return None
    if not folder.is_dir():
        raise ConfigError(f"{folder} is a file, not a folder.", hint=f"{_ANOTHER_FOLDER}.")
    if (folder / RUN).is_file():
        try:
            return Provenance.model_validate_json((folder / RUN).read_bytes())
        except ValidationError as error:
            raise ConfigError(
                f"{folder / RUN} is not the beginning of a run.", hint=f"{_ANOTHER_FOLDER}."
            ) from error
    if any(path.name.removesuffix(".new") not in _FILES for path in folder.iterdir()):
        raise ConfigError(
            f"{folder} holds other files, and no run.",
            hint=f"{_ANOTHER_FOLDER}: a new one, an empty one, or that of a stopped run.",
        )
    return None


def only_judging_remains(folder: Path, cases: Sequence[Case]) -> bool:
    """Whether the run in `folder` was stopped when each of `cases` had a good answer."""
    if (folder / SCORES).is_file():
        return False
    answered = {row.case.id: row.case for row in read_rows(folder) if not row.error}
    return all(answered.get(case.id) == case for case in cases)


def gone_on(folder: Path, now: Provenance, cases: Sequence[Case]) -> Provenance:
    """Return what produces the run in `folder` if `now` goes on with it.

    A run that was begun keeps its date and what gave its answers, and is dirty if the checkout ever
    was; the judge is that of `now`.

    Raises:
        ConfigError: the folder holds a run of something else.
    """
    begun = begun_in(folder)
    if begun is None:
        return now
    _refuse_another(folder, begun, now, _CASES)
    if not only_judging_remains(folder, cases):
        _refuse_another(folder, begun, now, _PROGRAM)
        begun = begun.model_copy(update={"dirty": begun.dirty or now.dirty})
    return begun.judged_as(now)


def _refuse_another(
    folder: Path, begun: Provenance, now: Provenance, names: Mapping[str, str]
) -> None:
    """Raise ConfigError if one of the fields `names` differs, calling it what stands there."""
    for name, another in names.items():
        before, after = getattr(begun, name), getattr(now, name)
        if name == "selection" and not before:
            continue  # a run of before it was kept
        if name == "sets":  # by what they say: the same file may be named from elsewhere
            before, after = sorted(before.values()), sorted(after.values())
        if before != after:
            again = f", or judge and report what is there: study eval report {folder}"
            raise ConfigError(
                f"The run in {folder} was begun with {another}.",
                hint=_ANOTHER_FOLDER + (again if (folder / SCORES).is_file() else "."),
            )
