"""A home and materials for the Library, and the small fake of `study`."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ui.library.jobs import Job, Jobs
from ui.library.staging import Staged, Staging
from ui.library.study_command import StudyCommand
from ui.library.targets import Target
from ui.library.upload_check import CheckedUpload

FAKE_STUDY = StudyCommand(prefix=(sys.executable, str(Path(__file__).with_name("fake_study.py"))))
WAIT_S = 20.0

Stage = Callable[[str, str], Staged]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Materials of two files."""
    folder = tmp_path / "corpus"
    for name, text in (("zh/a.md", "# 甲\n旧的内容\n"), ("en/b.md", "# B\nold words\n")):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def staging(home: Path) -> Staging:
    return Staging(home)


@pytest.fixture
def jobs(home: Path) -> Jobs:
    return Jobs(home, FAKE_STUDY)


@pytest.fixture
def stage(staging: Staging, corpus: Path) -> Stage:
    """Return a staged file of the materials with a new content."""

    def put(source: str, text: str) -> Staged:
        target = Target(root=corpus, path=corpus / source, source=source)
        upload = CheckedUpload(name=Path(source).name, title="T", audience="all")
        return staging.put(upload, text.encode(), target, by="anna")

    return put


@pytest.fixture
def published(home: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The materials, once they are live."""
    monkeypatch.setenv("STUDY_HOME", str(home))
    subprocess.run(FAKE_STUDY.line("publish", "--json", "--", str(corpus)), check=True)
    return corpus


def wait(jobs: Jobs, job: Job) -> Job:
    """Return the job once it is over."""
    deadline = time.monotonic() + WAIT_S
    while (found := jobs.find(job.job_id)) is None or found.state == "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def entries(*staged: Staged) -> list[tuple[str, str]]:
    return [(each.entry_id, each.sha256) for each in staged]
