"""What publishing leaves on disk for all to read: how far it is, and the log of what was done."""

import json
import os
from pathlib import Path

from ui.library.records import AuditEntry, Progress, read_audit_entry, read_progress

_PROGRESS, _AUDIT = "publish/progress.json", "publish/audit.jsonl"
_ENDED = frozenset({"", "done", "failed"})


def running_publication(home: Path) -> Progress | None:
    """Return how far the publication is that is running, from this page or a terminal."""
    try:
        progress = read_progress(json.loads((home / _PROGRESS).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None
    return None if progress.stage in _ENDED or not _lives(progress.pid) else progress


def audit_log(home: Path) -> tuple[AuditEntry, ...]:
    """Return the log, the latest first; a damaged line (a crash) is left out."""
    try:
        text = (home / _AUDIT).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    entries = []
    for line in text.splitlines():
        try:
            entries.append(read_audit_entry(json.loads(line)))
        except ValueError:
            continue
    return tuple(reversed(entries))


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
