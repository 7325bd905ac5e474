"""How the page calls the command `study`: as a process of its own, with this one's settings."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

_PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyCommand:
    """What stands before the arguments; tests put a small fake in its place.

    `-P`: the folder that the page was started from must not stand in for our packages.
    """

    prefix: tuple[str, ...] = (sys.executable, "-P", "-m", "ui.cli")

    def line(self, *arguments: str) -> list[str]:
        """Return the words that call `study ARGUMENTS…`."""
        return [*self.prefix, *arguments]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where a process runs: this one's folder and environment, with our packages to be found."""

    changes: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Return the environment."""
        paths: Sequence[str] = (str(_PROJECT), os.environ.get("PYTHONPATH", ""))
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
            "PYTHONIOENCODING": "utf-8",
            **self.changes,
        }
