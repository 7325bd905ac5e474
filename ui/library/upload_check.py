"""Whether uploads can be taken in: asked of `study check`, a process of its own."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import StudyError
from ui.library.study_command import StudyCommand, Surroundings

TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something in a file that people should look at: of what kind, where, and how it begins."""

    kind: str
    unit: str
    number: int
    excerpt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedUpload:
    """What `study check` said of a file; `refusal` is "" for one that can be taken in.

    Else it names the kind of refusal; `message` and `hint` say more, in English.
    """

    name: str
    refusal: str = ""
    message: str = ""
    hint: str = ""
    title: str = ""
    language: str = ""
    audience: str = ""
    warnings: tuple[Warned, ...] = ()
    n_findings: int = 0


def check_uploads(paths: Sequence[Path], study: StudyCommand) -> tuple[CheckedUpload, ...]:
    """Return what is to be said of each file, in their order.

    Raises:
        StudyError: the check itself failed.
    """
    if not paths:
        return ()
    try:
        done = subprocess.run(
            study.line("check", "--json", "--", *(str(path) for path in paths)),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=Surroundings().environment(),
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StudyError(
            f"Looking the files through took longer than {TIMEOUT_S:g} s.",
            hint="Upload fewer or smaller files at a time.",
        ) from error
    except OSError as error:
        raise StudyError(
            f"The files can't be looked through: {error.strerror}.", hint="Run `study doctor`."
        ) from error
    try:
        values = json.loads(done.stdout)
        if "error" in values:
            raise StudyError(str(values["error"]), hint=str(values.get("hint", "")))
        return tuple(_checked(each) for each in values["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise StudyError(
            f"The files can't be looked through: it ended with status {done.returncode}.",
            hint="Run `study doctor`.",
        ) from error


def _checked(values: dict[str, Any]) -> CheckedUpload:
    refusal = values.get("refusal") or {}
    return CheckedUpload(
        name=str(values["name"]),
        refusal=str(refusal.get("kind", "")),
        message=str(refusal.get("message", "")),
        hint=str(refusal.get("hint", "")),
        title=str(values["title"]),
        language=str(values["language"]),
        audience=str(values["audience"]),
        warnings=tuple(
            Warned(
                kind=str(each["kind"]),
                unit=str(each["unit"]),
                number=int(each["number"]),
                excerpt=str(each["excerpt"]),
            )
            for each in values["findings"]
        ),
        n_findings=int(values["n_findings"]),
    )
