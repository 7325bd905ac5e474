from datetime import UTC, datetime
from pathlib import Path

from assistant.generations import Manifest, Source, generation_folder
from ui.library.records import FileProblem
from ui.library.source_list import last_changes, list_sources, matching

SOURCES = {
    "zh/a.md": Source(
        sha256="1", root="/r", title="注意力", language="zh", owner="王芳", n_passages=3
    ),
    "en/b.md": Source(sha256="2", root="/r", title="LoRA", language="en", audience="sales"),
}
PROBLEMS = {
    "en/b.md": FileProblem(source="en/b.md", message="It is cut off."),
    "new.pdf": FileProblem(source="new.pdf", message="It is encrypted."),
}
AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def test_owners_see_problems_and_files_that_never_went_live() -> None:
    lines = list_sources(SOURCES, {"zh/a.md": AT}, PROBLEMS, with_failed=True)
    assert [line.source for line in lines] == ["en/b.md", "new.pdf", "zh/a.md"]
    assert [bool(line.problem) for line in lines] == [True, True, False]
    assert [line.is_live for line in lines] == [True, False, True]
    assert lines[2].changed_at == AT


def test_readers_do_not() -> None:
    lines = list_sources(SOURCES, {}, PROBLEMS, with_failed=False)
    assert [line.source for line in lines] == ["en/b.md", "zh/a.md"]
    assert not any(line.problem for line in lines)


def test_search_and_filters_narrow_the_list() -> None:
    lines = list_sources(SOURCES, {}, PROBLEMS, with_failed=True)

    def names(**wanted: object) -> list[str]:
        return [line.source for line in matching(lines, **wanted)]  # type: ignore[arg-type]

    assert names(words="王芳 注意") == ["zh/a.md"]
    assert names(words="LORA") == ["en/b.md"]
    assert names(words="lora 注意") == []
    assert names(language="zh") == ["zh/a.md"]
    assert names(audience="sales") == ["en/b.md"]
    assert names(only_problems=True) == ["en/b.md", "new.pdf"]


def keep(home: Path, name: str, made_at: str, **hashes: str) -> None:
    folder = generation_folder(home, name)
    folder.mkdir(parents=True)
    manifest = Manifest(
        name=name,
        created_at=made_at,
        n_passages=0,
        n_sentences=0,
        dim=1,
        shaped_by={},
        sources={f"{key}.md": Source(sha256=value, root="/r") for key, value in hashes.items()},
        files={},
    )
    (folder / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")


def test_last_change_is_the_first_generation_since_which_it_is_the_same(home: Path) -> None:
    keep(home, "1", "2026-01-01T00:00:00+00:00", a="x", b="x", c="x")
    keep(home, "2", "2026-02-01T00:00:00+00:00", a="x", b="y")
    keep(home, "3", "2026-03-01T00:00:00+00:00", a="x", b="y", c="x")
    keep(home, "4", "2026-04-01T00:00:00+00:00", a="z", b="z", c="z")
    months = {name: at.month for name, at in last_changes(home, "3").items()}
    assert months == {"a.md": 1, "b.md": 2, "c.md": 3}


def test_damaged_generation_is_passed_over(home: Path) -> None:
    keep(home, "1", "2026-01-01T00:00:00+00:00", a="x")
    keep(home, "2", "2026-02-01T00:00:00+00:00", a="x")
    (generation_folder(home, "1") / "manifest.json").write_text("{")
    assert {name: at.month for name, at in last_changes(home, "2").items()} == {"a.md": 2}
