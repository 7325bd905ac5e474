"""`study doctor`: all matters, a line each, and an exit status."""

from pathlib import Path

import pytest

from tests.ui.commands.conftest import Study, json_lines

MATTERS = [
    "settings",
    "python",
    "packages",
    "faiss",
    "disk",
    "disk",
    "memory",
    "weights",
    "index",
    "model server",
    "page port",
    "slack",
]


def test_a_sound_home_has_no_problem(study: Study, indexed: Path) -> None:
    result = study("doctor", "--json")
    (values,) = json_lines(result.stdout)
    checks = values["checks"]
    assert isinstance(checks, list)
    assert [check["matter"] for check in checks] == MATTERS
    assert [check for check in checks if check["verdict"] == "problem"] == []
    assert result.exit_code == 0
    (index,) = (check for check in checks if check["matter"] == "index")
    assert "2 files, 4 passages, all files as written" in index["finding"]


def test_a_problem_ends_with_1_and_says_what_to_do(study: Study) -> None:
    result = study("doctor")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    number = next(n for n, line in enumerate(lines) if line.startswith("problem index"))
    assert lines[number + 1].strip() == "→ study ingest PATH…"


def test_a_wrong_setting_is_a_finding_and_no_secret_is_shown(
    study: Study, indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY_MODEL__API_KEY", "sk-very-secret")
    assert "sk-very-secret" not in study("doctor").output
    monkeypatch.setenv("STUDY_MODEL__PROT", "80")
    result = study("doctor")
    assert result.exit_code == 1
    assert result.stdout.startswith("problem settings      There is no setting STUDY_MODEL__PROT.")
