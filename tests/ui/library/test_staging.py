import shutil
from pathlib import Path

import pytest

from assistant.errors import StudyError
from tests.ui.library.conftest import Stage
from ui.library.staging import Staging
from ui.library.targets import Target


def test_change_waits_until_it_is_discarded_and_the_materials_stay(
    staging: Staging, stage: Stage, corpus: Path
) -> None:
    new, changed = stage("zh/new.md", "new"), stage("zh/a.md", "changed")
    assert [each.change for each in staging.entries()] == ["replace", "add"]
    assert staging.entries() == (changed, new)
    assert changed.content is not None
    assert changed.content.read_text() == "changed"
    assert (corpus / "zh/a.md").read_text(encoding="utf-8").startswith("# 甲")
    staging.discard(changed.entry_id)
    assert staging.entries() == (new,)


def test_later_change_of_a_place_takes_the_place_of_the_earlier(
    staging: Staging, stage: Stage, corpus: Path
) -> None:
    first, second = stage("zh/a.md", "one"), stage("zh/a.md", "two")
    assert staging.entries() == (second,)
    staging.discard(first.entry_id, only_sha256=first.sha256)
    assert staging.entries() == (second,)
    target = Target(root=corpus, path=corpus / "zh/a.md", source="zh/a.md")
    gone = staging.remove(target, title="T", audience="all", by="ben")
    assert staging.find(target) == gone
    assert gone.content is None


def test_incoming_files_are_gone_after_the_check(staging: Staging, home: Path) -> None:
    with staging.incoming() as folder:
        (folder / "a.md").write_text("x")
    assert list((home / "library" / "incoming").iterdir()) == []


def test_damaged_entries_are_left_out(staging: Staging, stage: Stage, home: Path) -> None:
    good, no_content, damaged = (stage(f"zh/{name}.md", name) for name in "xyz")
    assert no_content.content is not None
    no_content.content.unlink()
    folder = home / "library" / "staged"
    (folder / damaged.entry_id / "entry.json").write_text("{")
    (folder / "stray").mkdir()
    assert staging.entries() == (good,)


def test_folder_that_cannot_be_written_to_is_told(home: Path, stage: Stage) -> None:
    shutil.rmtree(home / "library", ignore_errors=True)
    (home / "library").write_text("a file")
    with pytest.raises(StudyError, match="can't be kept"):
        stage("zh/a.md", "x")
