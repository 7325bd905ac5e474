"""Faults at the n-th write below a folder: every opening, renaming, removing and syncing counts."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_EVENTS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "sqlite3.connect"}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC

Fault = Callable[[int, str], None]
"""Called at each write with its number, from 1, and its kind; does what it likes to the process."""


class Killed(BaseException):
    """Stands for SIGKILL where the process has to live on: nothing in the program catches it."""


class _Watch:
    """Sees the writes of this process. A hook can't be taken out again, so there is one."""

    def __init__(self) -> None:
        self.folder: str | None = None
        self.fault: Fault = lambda number, kind: None
        self.n_seen = 0
        self._fsync = os.fsync
        sys.addaudithook(self._on_event)
        os.fsync = self._on_fsync  # type: ignore[assignment]  # files themselves aren't given here

    def count(self, kind: str) -> None:
        self.n_seen += 1
        self.fault(self.n_seen, kind)

    def _on_event(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.folder is None or event not in {"open", *_EVENTS}:
            return
        path = arguments[0]
        if not isinstance(path, (str, bytes, os.PathLike)):
            return
        name = os.fsdecode(path)
        is_read = event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _WRITES)
        if self.folder in name and not is_read and "mode=ro" not in name:
            self.count(event)

    def _on_fsync(self, descriptor: int) -> None:
        if self.folder is not None:
            self.count("fsync")
        self._fsync(descriptor)


_watches: list[_Watch] = []


@contextmanager
def faults(folder: Path, fault: Fault) -> Iterator[Callable[[], int]]:
    """Have `fault` called at each write below `folder`; yield what tells how many there were."""
    if not _watches:
        _watches.append(_Watch())
    watch = _watches[0]
    watch.folder, watch.fault, watch.n_seen = str(folder), fault, 0
    try:
        yield lambda: watch.n_seen
    finally:
        watch.folder = None


def killed_at(number: int) -> Fault:
    """Return a fault that ends everything from the write of that number on, clean-up included."""

    def fault(seen: int, kind: str) -> None:
        if seen >= number:
            raise Killed

    return fault
