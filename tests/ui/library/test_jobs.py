"""Plans and publications as processes of their own, over the small fake of `study`."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from assistant.errors import BusyError
from assistant.generations import current_name, read_manifest
from tests.ui.library.conftest import FAKE_STUDY, Stage, entries, wait
from ui.library.jobs import FOLDER, JOB, Jobs
from ui.library.problems import read_problems
from ui.library.staging import Staging
from ui.library.targets import Target

PLAN, PUBLISH = ("publish", "--dry-run", "--json"), ("publish", "--json", "--by", "anna")


def texts(corpus: Path) -> dict[str, str]:
    return {
        path.relative_to(corpus).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(corpus.rglob("*"))
        if path.is_file()
    }


def live(home: Path) -> set[str]:
    name = current_name(home)
    assert name is not None
    return set(read_manifest(home, name).sources)


def test_plan_shows_the_staged_change_and_touches_nothing(
    jobs: Jobs, published: Path, stage: Stage, home: Path
) -> None:
    before, generation = texts(published), current_name(home)
    changed, new = stage("zh/a.md", "# 甲\n新的内容\n"), stage("zh/new.md", "# New\n")
    job = wait(
        jobs, jobs.start("plan", PLAN, by="", roots=[published], entries=entries(changed, new))
    )
    assert (job.state, job.error) == ("done", "")
    files = {each["source"]: each["change"] for each in job.value["plan"]["files"]}
    assert files == {"zh/a.md": "changed", "zh/new.md": "added"}
    assert texts(published) == before
    assert current_name(home) == generation
    assert not (home / FOLDER / job.job_id / "shadow").exists()


def test_plan_of_a_removal_shows_it(jobs: Jobs, published: Path, staging: Staging) -> None:
    target = Target(root=published, path=published / "en/b.md", source="en/b.md")
    gone = staging.remove(target, title="B", audience="all", by="")
    job = wait(jobs, jobs.start("plan", PLAN, by="", roots=[published], entries=entries(gone)))
    assert [each["change"] for each in job.value["plan"]["files"]] == ["removed"]
    assert target.path.exists()


def test_publication_puts_the_files_into_the_materials(
    jobs: Jobs, published: Path, stage: Stage, staging: Staging, home: Path
) -> None:
    staged = [stage("zh/a.md", "# 甲\n新的内容\n"), stage("deep/er/c.md", "# C\n")]
    target = Target(root=published, path=published / "en/b.md", source="en/b.md")
    staged.append(staging.remove(target, title="B", audience="all", by=""))
    job = wait(
        jobs, jobs.start("publish", PUBLISH, by="anna", roots=[published], entries=entries(*staged))
    )
    assert job.value["published"] is True
    assert texts(published) == {"zh/a.md": "# 甲\n新的内容\n", "deep/er/c.md": "# C\n"}
    assert live(home) == {"zh/a.md", "deep/er/c.md"}
    assert staging.entries() == ()
    assert not (home / FOLDER / job.job_id / "backup").exists()


def test_rejected_publication_leaves_the_materials_and_the_changes_as_they_were(
    jobs: Jobs, published: Path, stage: Stage, staging: Staging, home: Path
) -> None:
    before, generation = texts(published), current_name(home)
    staged = [stage("zh/a.md", "# 甲\nBAD\n"), stage("zh/new.md", "# New\n")]
    job = wait(
        jobs, jobs.start("publish", PUBLISH, by="", roots=[published], entries=entries(*staged))
    )
    assert job.value["published"] is False
    assert "recall@5 fell" in job.value["reason"]
    assert texts(published) == before
    assert current_name(home) == generation
    assert len(staging.entries()) == 2


def test_files_that_fail_go_back_while_the_others_go_live(
    jobs: Jobs, published: Path, stage: Stage, staging: Staging, home: Path
) -> None:
    staged = [stage("zh/a.md", "BROKEN"), stage("en/b.md", "# B\nnew words\n")]
    job = wait(
        jobs, jobs.start("publish", PUBLISH, by="", roots=[published], entries=entries(*staged))
    )
    assert job.value["published"] is True
    assert texts(published) == {"zh/a.md": "# 甲\n旧的内容\n", "en/b.md": "# B\nnew words\n"}
    assert [each.target.source for each in staging.entries()] == ["zh/a.md"]
    assert read_problems(home)["zh/a.md"].place == "line 1"


def test_command_that_crashes_leaves_all_as_it_was(
    jobs: Jobs, published: Path, stage: Stage, staging: Staging
) -> None:
    before = texts(published)
    job = wait(
        jobs,
        jobs.start(
            "publish", PUBLISH, by="", roots=[published], entries=entries(stage("zh/a.md", "CRASH"))
        ),
    )
    assert job.state == "failed"
    assert "status 1" in job.error
    assert texts(published) == before
    assert len(staging.entries()) == 1


def until_in_place(path: Path, text: str) -> None:
    deadline = time.monotonic() + 10
    while path.read_text(encoding="utf-8") != text:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_stopped_publication_takes_the_files_out_again(
    jobs: Jobs, published: Path, stage: Stage, staging: Staging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_PAUSE_S", "5")
    job = jobs.start(
        "publish", PUBLISH, by="", roots=[published], entries=entries(stage("zh/a.md", "new"))
    )
    until_in_place(published / "zh/a.md", "new")
    jobs.stop(job.job_id)
    job = wait(jobs, job)
    assert (job.state, job.error) == ("failed", "It was stopped.")
    assert (published / "zh/a.md").read_text(encoding="utf-8") == "# 甲\n旧的内容\n"
    assert len(staging.entries()) == 1


def test_killed_publication_is_settled_by_the_next_job(
    jobs: Jobs, published: Path, stage: Stage, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_PAUSE_S", "5")
    job = jobs.start(
        "publish", PUBLISH, by="", roots=[published], entries=entries(stage("zh/a.md", "new"))
    )
    until_in_place(published / "zh/a.md", "new")
    os.killpg(int((home / FOLDER / job.job_id / "pid").read_text()), signal.SIGKILL)
    assert wait(jobs, job).state == "lost"
    monkeypatch.setenv("FAKE_PAUSE_S", "0")
    wait(jobs, jobs.start("plan", PLAN, by="", roots=[published]))
    assert (published / "zh/a.md").read_text(encoding="utf-8") == "# 甲\n旧的内容\n"
    assert not list((home / FOLDER).glob("*/journal.json"))


def test_second_owner_is_told_that_one_is_running(
    jobs: Jobs, published: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_PAUSE_S", "0.3")
    job = jobs.start("publish", PUBLISH, by="anna", roots=[published])
    other = Jobs(home, FAKE_STUDY)
    running = other.running()
    assert running is not None
    assert (running.kind, running.by) == ("publish", "anna")
    with pytest.raises(BusyError):
        other.start("plan", PLAN, by="ben", roots=[published])
    wait(jobs, job)
    assert other.running() is None


def test_changes_that_were_staged_anew_since_are_not_published(
    jobs: Jobs, published: Path, stage: Stage, staging: Staging
) -> None:
    seen = stage("zh/a.md", "seen")
    stage("zh/a.md", "newer")
    job = wait(
        jobs, jobs.start("publish", PUBLISH, by="", roots=[published], entries=entries(seen))
    )
    assert "no longer those" in job.error
    assert (published / "zh/a.md").read_text(encoding="utf-8") == "# 甲\n旧的内容\n"


def test_file_that_somebody_else_changed_meanwhile_is_left_alone(
    jobs: Jobs, published: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_PAUSE_S", "0.3")
    job = jobs.start(
        "publish", PUBLISH, by="", roots=[published], entries=entries(stage("zh/a.md", "BAD"))
    )
    until_in_place(published / "zh/a.md", "BAD")
    (published / "zh/a.md").write_text("by hand", encoding="utf-8")
    job = wait(jobs, job)
    assert job.foreign == ("zh/a.md",)
    assert (published / "zh/a.md").read_text(encoding="utf-8") == "by hand"


def test_place_that_cannot_be_written_to_is_told_and_nothing_is_half_done(
    jobs: Jobs, published: Path, stage: Stage
) -> None:
    before = texts(published)
    staged = [stage("zh/a.md", "new"), stage("en/b.md/inside-a-file.md", "new")]
    job = wait(
        jobs,
        jobs.start("publish", PUBLISH, by="", roots=[published], entries=entries(*staged)),
    )
    assert "can't be read or written" in job.error
    assert texts(published) == before


def test_known_error_of_the_command_is_told_with_its_hint(jobs: Jobs, published: Path) -> None:
    job = wait(jobs, jobs.start("rollback", ("index", "rollback", "--to", "no", "--json"), by=""))
    assert (job.state, job.error, job.hint) == (
        "failed",
        "There is no generation no.",
        "Look at the list.",
    )


def test_old_jobs_are_forgotten_and_damaged_ones_left_out(jobs: Jobs, home: Path) -> None:
    for number in range(12):
        folder = home / FOLDER / f"2025-{number:02}"
        folder.mkdir(parents=True)
        values = {
            "kind": "plan",
            "by": "",
            "started_at": "2025-01-01T00:00:00+00:00",
            "entries": [],
        }
        (folder / JOB).write_text(json.dumps(values), encoding="utf-8")
    (home / FOLDER / "2025-00" / JOB).write_text("{", encoding="utf-8")
    assert len(jobs.all()) == 11
    assert {job.state for job in jobs.all()} == {"lost"}
    wait(jobs, jobs.start("rollback", ("index", "rollback", "--to", "no"), by=""))
    assert len(jobs.all()) == 10
