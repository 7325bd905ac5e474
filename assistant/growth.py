"""How much a folder has grown: the progress of a download that another program does."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_POLL_S = 0.5


@contextmanager
def watched(folder: Path, report: Callable[[int], None]) -> Iterator[None]:
    """Report how much `folder` holds, bytes, twice a second while the block runs."""
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(_POLL_S):
            report(size_of(folder))

    thread = threading.Thread(target=watch, name="download-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def size_of(folder: Path) -> int:
    """Return how many bytes the files under `folder` hold; those that vanish don't count."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(root) / name).stat().st_size
            except OSError:  # pip moves it away meanwhile
                continue
    return total
