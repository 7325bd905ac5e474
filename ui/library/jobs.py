"""Plans, publications and rollbacks in processes of their own: no reload or restart loses one.

    HOME/library/jobs/ID/   job.json (what was asked), stdout, stderr, result.json (written last)

One at a time: whoever comes second is told who is at it. `ui/library/process.py` is the process.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from assistant.errors import BusyError, StudyError
from assistant.generations import write_atomically
from ui.library.study_command import StudyCommand, Surroundings

JobKind = Literal["plan", "publish", "rollback"]
JobState = Literal["running", "done", "failed", "lost"]

FOLDER = "library/jobs"
JOB, RESULT, LOCK = "job.json", "result.json", "lock"
START_TIMEOUT_S = 30.0
_KEPT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job and what became of it.

    `value` is what the command printed as JSON. `error` and `hint` say why it failed. `entries`
    names the staged changes that went with it, with the sha256 of each.
    """

    job_id: str
    kind: JobKind
    by: str
    started_at: datetime
    state: JobState
    entries: tuple[tuple[str, str], ...]
    value: dict[str, Any]
    error: str
    hint: str
    foreign: tuple[str, ...]


class Jobs:
    """The jobs of one home."""

    def __init__(self, home: Path, study: StudyCommand | None = None) -> None:
        self._home = home.resolve()
        self._study = study or StudyCommand()

    def start(
        self,
        kind: JobKind,
        arguments: Sequence[str],
        *,
        by: str,
        roots: Sequence[Path] = (),
        entries: Sequence[tuple[str, str]] = (),
    ) -> Job:
        """Return the job that calls `study ARGUMENTS… ROOTS…`, begun.

        Args:
            kind: what it is.
            arguments: the command and its options.
            by: who wants it.
            roots: folders and files of the materials.
            entries: the staged changes that go with it: id and sha256.

        Raises:
            BusyError: another one is running.
            StudyError: it can't be started.
        """
        parent = self._home / FOLDER
        try:
            parent.mkdir(parents=True, exist_ok=True)
            with FileLock(parent / "start.lock").acquire(timeout=10):
                running = self.running()
                if running:
                    raise BusyError(f"Another job is running: {running.kind}.")
                return self._start(kind, arguments, by=by, roots=roots, entries=entries)
        except Timeout as error:
            raise BusyError("Another job is being started.", hint="Try again.") from error
        except OSError as error:
            raise StudyError(
                f"The job can't be started: {error.strerror}.",
                hint="Check the free space and the permissions of STUDY_HOME.",
            ) from error

    def _start(
        self,
        kind: JobKind,
        arguments: Sequence[str],
        *,
        by: str,
        roots: Sequence[Path],
        entries: Sequence[tuple[str, str]],
    ) -> Job:
        started_at = datetime.now(UTC)
        job_id = f"{started_at:%Y%m%dT%H%M%S%f}-{secrets.token_hex(2)}"
        folder = self._home / FOLDER / job_id
        folder.mkdir()
        values = {
            "kind": kind,
            "by": by,
            "started_at": started_at.isoformat(),
            "home": str(self._home),
            "line": self._study.line(*arguments),
            "roots": [str(root) for root in roots],
            "entries": [list(entry) for entry in entries],
        }
        write_atomically(folder / JOB, json.dumps(values, ensure_ascii=False))
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "ui.library.process", str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=Surroundings().environment(),
                start_new_session=True,  # it goes on when the page's server ends
            )
        # Nobody waits for the process; somebody has to take its exit status.
        threading.Thread(target=process.wait, name=f"job-{job_id}", daemon=True).start()
        self._forget_old()
        found = self.find(job_id)
        if found is None:
            raise StudyError("The job can't be started.", hint="Check STUDY_HOME.")
        return found

    def running(self) -> Job | None:
        """Return the job that is running; also one that another page started."""
        return next((job for job in self.all() if job.state == "running"), None)

    def latest(self, *kinds: JobKind) -> Job | None:
        """Return the last job of these kinds."""
        return next((job for job in self.all() if job.kind in kinds), None)

    def all(self) -> tuple[Job, ...]:
        """Return the jobs that are kept, the newest first."""
        parent = self._home / FOLDER
        names = sorted((path.parent.name for path in parent.glob(f"*/{JOB}")), reverse=True)
        return tuple(job for job in map(self.find, names) if job)

    def find(self, job_id: str) -> Job | None:
        """Return the job; None if there is no such one, or its record is damaged."""
        folder = self._home / FOLDER / job_id
        try:
            asked = json.loads((folder / JOB).read_text(encoding="utf-8"))
            started_at = datetime.fromisoformat(asked["started_at"])
            state, result = _state(folder, started_at)
            return Job(
                job_id=job_id,
                kind=asked["kind"],
                by=str(asked["by"]),
                started_at=started_at,
                state=state,
                entries=tuple((str(key), str(sha)) for key, sha in asked["entries"]),
                value=dict(result["value"]),
                error=str(result["error"]),
                hint=str(result["hint"]),
                foreign=tuple(map(str, result["foreign"])),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def stop(self, job_id: str) -> None:
        """Ask a running job to stop; what it had put in place is taken out again."""
        folder = self._home / FOLDER / job_id
        with suppress(OSError, ValueError):
            if _is_held(folder):  # else the number may be another process's by now
                os.killpg(int((folder / "pid").read_text(encoding="utf-8")), signal.SIGTERM)

    def _forget_old(self) -> None:
        for job in self.all()[_KEPT:]:
            if job.state != "running":
                shutil.rmtree(self._home / FOLDER / job.job_id, ignore_errors=True)


def _state(folder: Path, started_at: datetime) -> tuple[JobState, dict[str, Any]]:
    """Return the state of a job and its result, an empty one unless it has ended."""
    is_held = _is_held(folder)
    result = _read_result(folder)  # after the look at the lock: it may have ended in between
    if result is not None:
        return ("failed" if result["error"] else "done"), result
    is_new = (datetime.now(UTC) - started_at).total_seconds() < START_TIMEOUT_S
    is_starting = is_new and not (folder / "pid").exists()
    nothing: dict[str, Any] = {"value": {}, "error": "", "hint": "", "foreign": []}
    return ("running" if is_held or is_starting else "lost"), nothing


def _read_result(folder: Path) -> dict[str, Any] | None:
    try:
        values = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return dict(values)


def _is_held(folder: Path) -> bool:
    """Whether the job's process lives: it holds the lock, which goes with it, however it ends."""
    if not (folder / LOCK).exists():
        return False
    try:
        with FileLock(folder / LOCK).acquire(timeout=0):
            return False
    except Timeout:
        return True
