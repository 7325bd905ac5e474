from pathlib import Path

import pytest

from assistant.generations import Source
from ui.library.targets import (
    NameRefused,
    clean_name,
    roots_of,
    target_in,
    target_of,
    upload_folders,
)


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("a.md", "a.md"),
        ("C:\\Users\\me\\讲义.pdf", "讲义.pdf"),
        ("../../etc/passwd.md", "passwd.md"),
        ("folder/a b.md", "a b.md"),
        ("e\u0301.md", "é.md"),
        (" spaced.md ", "spaced.md"),
    ],
)
def test_name_is_the_files_own(sent: str, name: str) -> None:
    assert clean_name(sent) == name


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ("", "empty"),
        ("..", "empty"),
        ("a/", "empty"),
        (".env", "hidden"),
        ("~$a.docx", "hidden"),
        ("a\u202egpj.md", "characters"),
        ("a\u200b.md", "characters"),
        ("a\x00.md", "characters"),
        ("a\ud800.md", "characters"),
        ("a|b.md", "characters"),
        ("CON.md", "reserved"),
        ("长" * 70 + ".md", "long"),
    ],
)
def test_name_that_no_folder_should_take_is_refused(sent: str, problem: str) -> None:
    with pytest.raises(NameRefused) as caught:
        clean_name(sent)
    assert caught.value.problem == problem


def test_folders_are_those_of_the_materials_without_links_and_hidden_ones(
    corpus: Path, tmp_path: Path
) -> None:
    (corpus / ".git").mkdir()
    (corpus / "outside").symlink_to(tmp_path)
    folders = upload_folders([corpus, tmp_path / "missing", corpus / "zh" / "a.md"])
    assert [folder.label for folder in folders] == ["corpus", "corpus/en", "corpus/zh"]


def test_target_is_named_as_the_index_names_it(corpus: Path) -> None:
    zh = next(folder for folder in upload_folders([corpus]) if folder.inner == "zh")
    target = target_in(zh, "b.md")
    assert (target.source, target.path, target.is_taken) == ("zh/b.md", corpus / "zh/b.md", False)
    assert target_in(zh, "a.md").is_taken


def test_name_that_differs_in_capitals_is_the_same_file(corpus: Path) -> None:
    zh = next(folder for folder in upload_folders([corpus]) if folder.inner == "zh")
    assert target_in(zh, "A.MD").path == corpus / "zh/a.md"


def record(root: Path) -> Source:
    return Source(sha256="x", root=str(root))


def test_live_source_is_found_where_it_lies(corpus: Path) -> None:
    found = target_of("zh/a.md", record(corpus))
    assert found is not None
    assert found.path == corpus / "zh/a.md"
    # A name that two folders have gets the folder's name before it.
    prefixed = target_of("corpus/zh/a.md", record(corpus))
    assert prefixed is not None
    assert (prefixed.path, prefixed.source) == (corpus / "zh/a.md", "corpus/zh/a.md")
    single = target_of("a.md", record(corpus / "zh" / "a.md"))
    assert single is not None
    assert single.path == corpus / "zh/a.md"


def test_source_that_moved_away_or_leads_outside_has_no_place(corpus: Path, tmp_path: Path) -> None:
    assert target_of("zh/gone.md", record(corpus)) is None
    (tmp_path / "secret.md").write_text("x")
    assert target_of("../secret.md", record(corpus)) is None
    (corpus / "link.md").symlink_to(tmp_path / "secret.md")
    assert target_of("link.md", record(corpus)) is None


def test_without_the_named_folders_those_of_the_live_sources_count(
    corpus: Path, tmp_path: Path
) -> None:
    sources = {"zh/a.md": record(corpus), "x.md": record(tmp_path / "missing")}
    assert roots_of([tmp_path / "no"], sources) == (corpus,)
    assert roots_of([corpus / "zh"], sources) == (corpus / "zh",)
