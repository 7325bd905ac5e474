"""Runs a command, and stops it when the process that started this one ends, however it ends.

Standard input is a pipe that the parent holds open and never writes to. Its end of file says that
the parent is gone, also after SIGKILL, on every system; a signal on the parent's death (Linux)
would come too early when the thread that started the child ends. A process that the parent forked
may hold the pipe, too, so the parent's pid is watched besides. Run as a script, so that a server
keeps its own environment: `python -P guardian.py COMMAND…`.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from types import FrameType

import psutil

GRACE_S = 5.0
"""Between asking the command to end and killing it."""

_POLL_S = 1.0


def main(argv: Sequence[str]) -> int:
    """Run the command `argv` and return its exit status (128 + n after signal n)."""
    parent = os.getppid()
    command = subprocess.Popen(argv, stdin=subprocess.DEVNULL)

    def on_signal(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=stop_tree, args=(command.pid,)).start()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    threading.Thread(target=_stop_after_parent, args=(command.pid,), daemon=True).start()
    while True:
        try:
            status = command.wait(_POLL_S)
        except subprocess.TimeoutExpired:
            if os.getppid() != parent:
                stop_tree(command.pid)
        else:
            return status if status >= 0 else 128 - status


def _stop_after_parent(pid: int) -> None:
    # The descriptor itself: the interpreter's last act would wait for a buffered reader's lock.
    with contextlib.suppress(OSError), open(0, "rb", buffering=0, closefd=False) as parent:
        parent.read()
    stop_tree(pid)


def stop_tree(pid: int) -> None:
    """End process `pid` and all that it started: politely, then by force."""
    try:
        root = psutil.Process(pid)
        processes = [*root.children(recursive=True), root]
    except psutil.NoSuchProcess:
        return
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs(processes, timeout=GRACE_S)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
