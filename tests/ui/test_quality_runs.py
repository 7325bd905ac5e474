import json
from datetime import UTC, datetime
from pathlib import Path

from evals.baseline import ACCEPTED
from tests.ui.quality_samples import keep_run
from ui.quality_runs import RUNS, find_runs


def test_runs_are_found_newest_first_with_what_made_them(tmp_path: Path) -> None:
    keep_run(tmp_path, "a-later", days=3, model="other")
    keep_run(tmp_path, "b-first")
    found = find_runs(tmp_path)
    assert [run.name for run in found.runs] == ["a-later", "b-first"]
    run = found.runs[1]
    assert run.date == datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    assert (run.sets, run.n_cases, run.is_dirty) == (("smoke",), 12, True)
    assert run.overall["recall@5"].value == 7 / 9
    assert run.judge_quality["balanced_accuracy"].value == 0.86
    assert set(run.groups["language"]) == {"zh", "en"}
    assert set(run.groups["mode"]) == {"model", "refusal", "error"}
    assert run.report == tmp_path / RUNS / "b-first" / "report.html"


def test_cases_differ_by_what_they_say_and_which_were_chosen(tmp_path: Path) -> None:
    keep_run(tmp_path, "a", selection="dev")
    keep_run(tmp_path, "again", selection="dev")
    keep_run(tmp_path, "chosen", selection="record")
    keep_run(tmp_path, "edited", selection="dev", set_hash="cd" * 32)
    path = keep_run(tmp_path, "before") / "run.json"
    made = json.loads(path.read_text(encoding="utf-8"))
    del made["selection"]  # as before it was kept
    path.write_text(json.dumps(made), encoding="utf-8")
    cases = {run.name: run.cases for run in find_runs(tmp_path).runs}
    assert cases["a"] == cases["again"]
    assert len(set(cases.values())) == 4


def test_what_is_unfinished_or_damaged_is_named(tmp_path: Path) -> None:
    keep_run(tmp_path, "good", with_report=False)
    (keep_run(tmp_path, "unfinished") / "scores.json").unlink()
    (keep_run(tmp_path, "cut") / "scores.json").write_text('{"overall": [', encoding="utf-8")
    (keep_run(tmp_path, "other") / "run.json").write_text("[1]", encoding="utf-8")
    (tmp_path / RUNS / ".hidden").mkdir()
    (tmp_path / RUNS / ACCEPTED).mkdir()
    (tmp_path / RUNS / ACCEPTED / "smoke").write_text("good", encoding="utf-8")
    (tmp_path / RUNS / "notes.txt").write_text("x", encoding="utf-8")
    found = find_runs(tmp_path)
    assert [run.name for run in found.runs] == ["good"]
    assert found.runs[0].report is None
    assert found.unreadable == ("cut", "other", "unfinished")


def test_no_runs_are_no_error(tmp_path: Path) -> None:
    assert find_runs(tmp_path).runs == ()


def test_report_is_for_everyone_only_if_the_run_says_so(tmp_path: Path) -> None:
    keep_run(tmp_path, "open")
    keep_run(tmp_path, "some", audiences=("all", "managers"))
    path = keep_run(tmp_path, "unsaid") / "run.json"
    made = json.loads(path.read_text(encoding="utf-8"))
    del made["audiences"]
    path.write_text(json.dumps(made), encoding="utf-8")
    found = {run.name: run.is_for_everyone for run in find_runs(tmp_path).runs}
    assert found == {"open": True, "some": False, "unsaid": False}


def test_numbers_that_are_none_have_no_value(tmp_path: Path) -> None:
    path = keep_run(tmp_path, "odd") / "scores.json"
    scores = json.loads(path.read_text(encoding="utf-8"))
    scores["overall"][0] |= {"value": float("nan"), "low": None}
    path.write_text(json.dumps(scores), encoding="utf-8")
    [run] = find_runs(tmp_path).runs
    figure = run.overall["recall@1"]
    assert (figure.value, figure.low) == (None, None)
