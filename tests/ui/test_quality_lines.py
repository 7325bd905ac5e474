from pathlib import Path

import pytest

from tests.ui.quality_samples import keep_run
from ui.labels import EN, LABELS, Labels
from ui.quality_lines import line_labels
from ui.quality_runs import find_runs


def lines_of(home: Path, say: Labels = EN) -> dict[str, str]:
    return line_labels(find_runs(home).runs, say)


def test_only_runs_of_the_same_cases_and_judge_share_a_line(tmp_path: Path) -> None:
    keep_run(tmp_path, "a")
    keep_run(tmp_path, "b", days=1)
    keep_run(tmp_path, "limited", days=2, n_cases=1)
    keep_run(tmp_path, "judged", days=3, judge="stack")
    lines = lines_of(tmp_path)
    assert lines["a"] == lines["b"]
    assert lines["a"].startswith("smoke · 12 cases · rules · ")
    assert len(set(lines.values())) == 3


def test_as_many_cases_of_the_same_set_need_not_be_the_same(tmp_path: Path) -> None:
    keep_run(tmp_path, "a", selection="dev")
    keep_run(tmp_path, "again", selection="dev")
    keep_run(tmp_path, "chosen", selection="record")
    keep_run(tmp_path, "edited", selection="dev", set_hash="cd" * 32)
    keep_run(tmp_path, "judged", selection="dev", judge="stack")
    lines = lines_of(tmp_path)
    assert lines["a"] == lines["again"]
    assert len(set(lines.values())) == 4
    for name in ("a", "chosen", "edited"):
        assert lines[name].startswith("smoke · 12 cases (")
    assert lines["judged"].startswith("smoke · 12 cases · stack")


@pytest.mark.parametrize("say", LABELS.values(), ids=LABELS)
def test_what_a_run_was_made_without_is_said_or_left_out(tmp_path: Path, say: Labels) -> None:
    keep_run(tmp_path, "extracts", model="")
    keep_run(tmp_path, "unjudged", model="", judge="")
    cases = say.n_run_cases.format(n=12)
    assert lines_of(tmp_path, say) == {
        "extracts": f"smoke · {cases} · rules · {say.run_no_model}",
        "unjudged": f"smoke · {cases} · {say.run_no_model}",
    }
