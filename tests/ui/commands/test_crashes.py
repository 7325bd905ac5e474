"""Nothing that happens to a process or its disk harms what is live, and the next run heals."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def attempts(folder: Path, mode: str) -> list[dict[str, object]]:
    """Return what came of each attempt of `tests/ui/commands/crashing.py`."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.ui.commands.crashing", str(folder), mode],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},  # threads don't outlive a fork
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Error" not in done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_at_any_write_the_old_or_the_new_is_live_and_whole(tmp_path: Path) -> None:
    found = attempts(tmp_path, "every-write")
    assert len(found) > 30
    assert [each["status"] for each in found] == [137] * (len(found) - 1) + [0]
    assert [each for each in found if each["broken"]] == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_at_any_time_the_old_or_the_new_is_live_and_whole(tmp_path: Path) -> None:
    found = attempts(tmp_path, "random")
    assert sum(each["status"] == -9 for each in found) > 5
    assert [each for each in found if each["broken"]] == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_disk_that_is_full_from_any_write_on_is_a_known_error(tmp_path: Path) -> None:
    found = attempts(tmp_path, "full")
    assert {each["status"] for each in found} <= {0, 1}
    assert sum(each["status"] == 1 for each in found) > 20
    assert [each for each in found if each["broken"]] == []


@pytest.mark.timeout(600)
def test_a_disk_that_is_read_only_is_a_known_error(tmp_path: Path) -> None:
    (found,) = attempts(tmp_path, "read-only")
    assert (found["status"], found["broken"]) == (1, [])
