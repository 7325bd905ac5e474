"""What publishing leaves on disk for all to read: how far it is, and the log of what was done."""

import json
import os
from pathlib import Path

from assistant import audit
from ui.library.records import Progress, read_progress

_PROGRESS = "progress.json"
_ENDED = frozenset({"", "done", "failed"})


def running_publication(home: Path) -> Progress | None:
    """Return how far the publication is that is running, from this page or a terminal."""
    try:
        progress = read_progress(
            json.loads((audit.publish_folder(home) / _PROGRESS).read_text("utf-8"))
        )
    except (OSError, ValueError):
        return None
    return None if progress.stage in _ENDED or not _lives(progress.pid) else progress


def audit_log(home: Path) -> tuple[audit.Entry, ...]:
    """Return the log, the latest first; a damaged line (a crash) is left out."""
    try:
        return tuple(reversed(audit.read(home)))
    except OSError:
        return ()


def _lives(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it lives and is another user's
        return True
    return True
