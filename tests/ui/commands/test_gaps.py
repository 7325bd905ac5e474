import json
from pathlib import Path

import pytest

from assistant.gaps import FILE, Gaps
from tests.ui.commands.conftest import Study
from tests.ui.samples import ABSTAINED_ZH

pytestmark = pytest.mark.integration


@pytest.fixture
def asked(home: Path) -> Path:
    """A home where one question was asked twice."""
    store = Gaps(home / FILE, keep_days=90)
    for _ in range(2):
        store.record(ABSTAINED_ZH, kind="unanswered", channel="page")
    return home


def test_nothing_kept_is_said(study: Study, home: Path) -> None:
    result = study("gaps")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "No question is kept" in result.stderr
    assert json.loads(study("gaps", "--json").stdout) == {"groups": []}


def test_groups_are_listed_with_their_nearest(study: Study, asked: Path) -> None:
    result = study("gaps")
    assert result.stdout.startswith(f"2× {ABSTAINED_ZH.question}\n")
    assert "near: Transformer 架构 › 计算代价 (zh/03-transformer.md)" in result.stdout
    [group] = json.loads(study("gaps", "--json").stdout)["groups"]
    assert (group["times"], group["languages"]) == (2, {"zh": 2})


def test_table_is_written(study: Study, asked: Path, tmp_path: Path) -> None:
    result = study("gaps", "--csv", str(tmp_path / "gaps.csv"))
    assert result.exit_code == 0
    assert "1 group written" in result.stderr
    assert ABSTAINED_ZH.question in (tmp_path / "gaps.csv").read_text("utf-8-sig")


def test_table_that_cannot_be_written_is_told(study: Study, asked: Path, tmp_path: Path) -> None:
    result = study("gaps", "--csv", str(tmp_path / "no" / "gaps.csv"))
    assert result.exit_code == 1
    assert "can't be written" in result.stderr
