"""The process of one job: `python -m ui.library.process FOLDER`, started by `ui/library/jobs.py`.

It holds the job's lock as long as it lives, calls `study`, and writes result.json last. Staged
changes are put into place before a publication and taken out again unless it succeeded.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from filelock import FileLock

from assistant.errors import StudyError
from assistant.generations import write_atomically
from ui.library import applied
from ui.library.jobs import FOLDER, JOB, LOCK, RESULT
from ui.library.preview import make_shadow
from ui.library.problems import keep_problems
from ui.library.records import read_outcome
from ui.library.staging import Staged, Staging
from ui.library.study_command import Surroundings

_LOCK_TIMEOUT_S = 20.0  # a page that looks whether it is held holds it for a moment
_STOPPED = "It was stopped."


def main(folder: Path) -> None:
    """Do the job that `folder` describes."""
    stopped: list[int] = []

    def on_signal(number: int, frame: FrameType | None) -> None:
        stopped.append(number)  # the command gets it, too; what is left is to tidy up

    signal.signal(signal.SIGTERM, on_signal)
    with FileLock(folder / LOCK).acquire(timeout=_LOCK_TIMEOUT_S):
        (folder / "pid").write_text(str(os.getpid()), encoding="utf-8")
        asked = json.loads((folder / JOB).read_text(encoding="utf-8"))
        result: dict[str, object] = {"value": {}, "error": "", "hint": "", "foreign": []}
        try:
            result |= _Work(folder, asked).done()
        except StudyError as error:
            result |= {"error": str(error), "hint": error.hint}
        except OSError as error:
            result |= {"error": f"{error.strerror or error}.", "hint": "Check the free space."}
        if stopped and result["error"]:
            result |= {"error": _STOPPED, "hint": ""}
        write_atomically(folder / RESULT, json.dumps(result, ensure_ascii=False))


class _Work:
    """One job being done."""

    def __init__(self, folder: Path, asked: Mapping[str, Any]) -> None:
        self._folder = folder
        self._home = Path(asked["home"])
        self._kind = str(asked["kind"])
        self._line = [str(word) for word in asked["line"]]
        self._roots = [Path(root) for root in asked["roots"]]
        self._wanted = {str(key): str(sha) for key, sha in asked["entries"]}
        self._staging = Staging(self._home)

    def done(self) -> dict[str, object]:
        """Return what became of it, as result.json has it; raises StudyError or OSError."""
        self._settle_earlier()
        changes = self._changes()
        if self._kind == "plan" and changes:
            return {"value": self._planned(changes)}
        if self._kind == "publish":
            return self._published(changes)
        return {"value": self._call(self._roots)}

    def _settle_earlier(self) -> None:
        for journal in (self._home / FOLDER).glob("*/journal.json"):
            if journal.parent != self._folder:
                applied.settle(journal.parent, self._home, self._staging)

    def _changes(self) -> list[Staged]:
        """Return the staged changes that were asked for; raises StudyError if one has changed."""
        found = {each.entry_id: each for each in self._staging.entries()}
        changes = [found[key] for key, sha in self._wanted.items() if key in found]
        if any(each.sha256 != self._wanted[each.entry_id] for each in changes) or len(
            changes
        ) != len(self._wanted):
            raise StudyError(
                "The waiting changes are no longer those that were looked at.",
                hint="Look at them again.",
            )
        return changes

    def _planned(self, changes: list[Staged]) -> dict[str, Any]:
        shadow = self._folder / "shadow"
        shadow.mkdir()
        try:
            home, roots = make_shadow(shadow, self._home, self._roots, changes)
            return self._call(list(roots), {"STUDY_HOME": str(home)})
        finally:
            shutil.rmtree(shadow, ignore_errors=True)

    def _published(self, changes: list[Staged]) -> dict[str, object]:
        roots = list(dict.fromkeys([*self._roots, *(each.target.root for each in changes)]))
        applied.put_in(self._folder, changes)
        foreign: tuple[str, ...] = ()
        try:
            value = self._call(roots)
        finally:  # what is live stays, the rest goes back, however it ended
            foreign = applied.settle(self._folder, self._home, self._staging)
        try:
            outcome = read_outcome(value)
        except ValueError as error:
            raise StudyError(f"`study publish` said something else: {error}") from error
        with suppress(OSError):
            keep_problems(self._home, outcome.failures)
        return {"value": value, "foreign": list(foreign)}

    def _call(self, roots: list[Path], changes: dict[str, str] | None = None) -> dict[str, Any]:
        """Return what `study` prints as JSON.

        Raises:
            StudyError: what it says went wrong.
        """
        with (
            (self._folder / "stdout").open("wb") as out,
            (self._folder / "stderr").open("wb") as errors,
        ):
            done = subprocess.run(
                [*self._line, *(["--", *map(str, roots)] if roots else [])],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
                env=Surroundings(
                    changes={"STUDY_HOME": str(self._home), **(changes or {})}
                ).environment(),
                check=False,
            )
        value = _last_json((self._folder / "stdout").read_text(encoding="utf-8", errors="replace"))
        if value is None:
            raise StudyError(
                f"`study` ended with status {done.returncode} and said nothing that can be read.",
                hint=f"What it printed is in {self._folder}.",
            )
        if "error" in value:
            raise StudyError(str(value["error"]), hint=str(value.get("hint", "")))
        return value


def _last_json(text: str) -> dict[str, Any] | None:
    """Return the last line that is a JSON object, or the whole text if that is one."""
    for candidate in (text, *reversed(text.splitlines())):
        try:
            value = json.loads(candidate)
        except ValueError:
            continue
        if isinstance(value, dict):
            return value
    return None


if __name__ == "__main__":
    main(Path(sys.argv[1]))
