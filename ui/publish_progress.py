"""How far a publication has come, in a file that a page can follow: `publish/progress.json`.

The file is replaced at once, so a reader sees one state or the next. What is not covered: drawing
it. A process that was killed leaves its last state behind; `pid` tells whether it still lives.
"""

import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from assistant import audit
from assistant.generations import write_atomically
from ui import terminal

Stage = Literal["parse", "chunk", "embed", "index", "evaluate", "promote", "done", "failed"]

WRITE_EVERY_S = 0.5


class ProgressFile:
    """The file of one publication; a new stage is written at once, what it counts now and then."""

    def __init__(self, home: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = audit.publish_folder(home) / "progress.json"
        self._started_at = audit.now()
        self._clock = clock
        self._lock = threading.Lock()
        self._stage: Stage | None = None
        self._written_s = 0.0

    def tell(self, stage: Stage, done: int = 0, total: int = 0, message: str = "") -> None:
        """Write that `done` of `total` of `stage` is done; a disk that is full is no failure."""
        with self._lock:
            now_s = self._clock()
            is_due = now_s - self._written_s >= WRITE_EVERY_S
            if stage == self._stage and done < total and not is_due:
                return
            self._stage, self._written_s = stage, now_s
            state = {
                "stage": stage,
                "done": done,
                "total": total,
                "started_at": self._started_at,
                "updated_at": audit.now(),
                "pid": os.getpid(),
                "message": message,
            }
            with suppress(OSError):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(self.path, json.dumps(state, ensure_ascii=False))


class Stages:
    """Shows the stages of an ingestion as bars, and in a progress file if there is one."""

    def __init__(self, bars: terminal.Bars, file: ProgressFile | None = None) -> None:
        self._bars = bars
        self._file = file

    def begin(self, stage: Stage, label: str) -> terminal.Report:
        """Return what to tell about a piece of work of `stage`, called `label`."""
        bar = self._bars.add(label)
        if self._file is None:
            return bar
        file = self._file

        def report(done: int, total: int) -> None:
            bar(done, total)
            file.tell(stage, done, total, label)

        return report

    def enter(self, stage: Stage, message: str = "") -> None:
        """Tell that `stage` has begun, of which nothing is counted."""
        if self._file is not None:
            self._file.tell(stage, message=message)
