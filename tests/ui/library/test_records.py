import json
import os
from pathlib import Path

import pytest

from ui.library.problems import keep_problems, read_problems
from ui.library.publication import audit_log, running_publication
from ui.library.records import (
    FileProblem,
    Plan,
    read_outcome,
    read_plan,
    read_time,
)
from ui.library.word_changes import Piece

FILE = {
    "source": "zh/a.md",
    "change": "changed",
    "moved_from": None,
    "passages": {"added": 1, "kept": 2},
    "changes": [{"change": "added", "heading": ["甲", "乙"], "before": None, "after": "新"}],
    "cases": ["c1"],
}


def test_plan_is_read_and_kept_files_are_only_counted() -> None:
    plan = read_plan({"files": [FILE, {"source": "b", "change": "kept"}], "vectors": 4})
    assert [file.source for file in plan.files] == ["zh/a.md"]
    assert (plan.n_kept, plan.n_vectors, plan.rebuild, plan.is_empty) == (1, 4, "", False)
    assert plan.files[0].changes[0].heading == ("甲", "乙")
    assert plan.files[0].changes[0].words == (Piece("added", "新"),)
    assert read_plan({"files": [], "kept_files": 7, "rebuild": None}).n_kept == 7
    assert read_plan(None) == Plan()
    assert Plan().is_empty
    assert not read_plan({"rebuild": "chunk settings"}).is_empty


def test_outcome_is_read_with_scores_and_failures() -> None:
    outcome = read_outcome(
        {
            "published": False,
            "generation": None,
            "candidate": "g2",
            "reason": "worse",
            "forced": False,
            "plan": {"files": [FILE]},
            "scores": {"recall@5": {"candidate": 0.7, "live": None}},
            "cases": 30,
            "failures": [{"source": "a", "place": "p. 3", "message": "m", "hint": "h"}],
        }
    )
    assert (outcome.is_published, outcome.generation, outcome.candidate) == (False, "", "g2")
    assert outcome.scores == {"recall@5": (0.7, None)}
    assert outcome.failures == (FileProblem(source="a", place="p. 3", message="m", hint="h"),)


@pytest.mark.parametrize(
    "values", [None, [], {}, {"published": "yes"}, {"published": True, "plan": {"files": {}}}]
)
def test_what_is_no_outcome_is_refused(values: object) -> None:
    with pytest.raises(ValueError, match=r"is no|doesn't say"):
        read_outcome(values)


def test_words_are_read_as_they_were_compared() -> None:
    words = [{"op": "same", "text": "一"}, {"op": "removed", "text": "二"}]
    change = {"change": "changed", "before": "一二", "after": "一", "words": words}
    plan = read_plan({"files": [{**FILE, "changes": [change]}]})
    assert plan.files[0].changes[0].words == (Piece("same", "一"), Piece("removed", "二"))
    with pytest.raises(ValueError, match="no change of words"):
        read_plan({"files": [{**FILE, "changes": [{"words": [{"op": "moved", "text": ""}]}]}]})


def test_times_are_read_as_text_or_seconds() -> None:
    assert read_time("2026-11-22T10:00:00+08:00") == read_time("2026-11-22T02:00:00")
    assert read_time(0) is not None
    assert read_time("soon") is None
    assert read_time(None) is None


def progress(home: Path, **values: object) -> None:
    (home / "publish").mkdir(exist_ok=True)
    (home / "publish" / "progress.json").write_text(json.dumps(values), encoding="utf-8")


def test_publication_runs_while_its_process_lives_and_its_stage_is_no_end(home: Path) -> None:
    assert running_publication(home) is None
    progress(home, stage="embed", done=1, total=4, pid=os.getpid())
    running = running_publication(home)
    assert running is not None
    assert (running.stage, running.done, running.total) == ("embed", 1, 4)
    progress(home, stage="done", pid=os.getpid())
    assert running_publication(home) is None
    progress(home, stage="embed", pid=2**22 + 1)
    assert running_publication(home) is None
    (home / "publish" / "progress.json").write_text("{", encoding="utf-8")
    assert running_publication(home) is None


def test_log_is_read_latest_first_without_its_damaged_lines(home: Path) -> None:
    assert audit_log(home) == ()
    (home / "publish").mkdir()
    lines = [
        '{"at": "2026-11-22T01:00:00+00:00", "by": "王芳", "action": "publish", "from": null, '
        '"to": "g1", "summary": "2 files"}',
        '{"at": "2026-11-22T02',
        '{"at": "2026-11-22T03:00:00+00:00", "by": "li", "action": "rollback", "from": "g1", '
        '"to": "g0", "reason": "r"}',
    ]
    (home / "publish" / "audit.jsonl").write_text("\n".join(lines), encoding="utf-8")
    last, first = audit_log(home)
    assert (last.action, last.reason) == ("rollback", "r")
    assert (first.by, first.former, first.to, first.summary) == ("王芳", None, "g1", "2 files")


def test_problems_are_kept_until_the_next_ingestion(home: Path) -> None:
    assert read_problems(home) == {}
    keep_problems(home, [FileProblem(source="a", message="m", hint="h")])
    assert read_problems(home)["a"].hint == "h"
    keep_problems(home, [])
    assert read_problems(home) == {}
    (home / "library" / "problems.json").write_text("[]", encoding="utf-8")
    assert read_problems(home) == {}
