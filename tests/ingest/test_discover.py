import os
from pathlib import Path

import pytest

from assistant.errors import IngestError
from assistant.generations import hash_file
from ingest.discover import Discovery, covers, discover

BIG = 10**9


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"text of {name}", encoding="utf-8")


def sources(discovery: Discovery) -> list[str]:
    return [file.source for file in discovery.files]


def reasons(discovery: Discovery) -> dict[str, str]:
    return {skipped.source: skipped.reason for skipped in discovery.skipped}


def test_files_come_sorted_hashed_and_named_by_their_path(tmp_path: Path) -> None:
    write(tmp_path, "zh/b.md", "en/a.MDX", "讲义/课程.txt")
    discovery = discover([tmp_path], max_file_bytes=BIG)
    assert sources(discovery) == ["en/a.MDX", "zh/b.md", "讲义/课程.txt"]
    file = discovery.files[0]
    assert file.root == tmp_path.resolve().as_posix()
    assert file.sha256 == hash_file(file.path)
    assert file.size_bytes == len("text of en/a.MDX")


def test_what_is_not_meant_is_skipped_with_a_reason(tmp_path: Path) -> None:
    write(tmp_path, ".git/a.md", ".hidden.md", "LICENSE", "data.csv", "~$a.docx", "a.md")
    os.mkfifo(tmp_path / "pipe.md")
    discovery = discover([tmp_path], max_file_bytes=BIG)
    assert sources(discovery) == ["a.md"]
    assert reasons(discovery) == {
        ".git/": "hidden",
        ".hidden.md": "hidden",
        "LICENSE": "no reader for a file without an extension",
        "data.csv": "no reader for .csv",
        "pipe.md": "not a regular file",
        "~$a.docx": "a temporary file of an office program",
    }


def test_no_link_is_followed_out_of_the_root(tmp_path: Path) -> None:
    write(tmp_path, "outside/secret.md", "root/a.md")
    root = tmp_path / "root"
    (root / "file.md").symlink_to(tmp_path / "outside" / "secret.md")
    (root / "folder").symlink_to(tmp_path / "outside")
    (root / "inside.md").symlink_to(root / "a.md")
    (root / "loop.md").symlink_to(root / "loop.md")
    discovery = discover([root], max_file_bytes=BIG)
    assert sources(discovery) == ["a.md", "inside.md"]
    assert reasons(discovery) == {
        "file.md": "a link that leads out of the folder",
        "folder/": "a link to a folder",
    }
    assert [failure.source for failure in discovery.failures] == ["loop.md"]


def test_a_missing_root_is_an_error_and_not_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="There is no file or folder"):
        discover([tmp_path / "gone"], max_file_bytes=BIG)


def test_the_same_name_in_a_later_root_gets_the_roots_name(tmp_path: Path) -> None:
    write(tmp_path, "one/a.md", "two/a.md", "two/b.md", "x/two/a.md")
    discovery = discover(
        [tmp_path / "one", tmp_path / "two", tmp_path / "x" / "two"], max_file_bytes=BIG
    )
    assert sources(discovery) == ["a.md", "b.md", "two-2/a.md", "two/a.md"]


def test_a_root_inside_another_is_looked_through_once(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "zh/b.md")
    discovery = discover([tmp_path / "zh", tmp_path, tmp_path], max_file_bytes=BIG)
    assert sources(discovery) == ["a.md", "zh/b.md"]


def test_a_single_file_is_named_by_itself_and_must_be_readable(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "b.csv")
    discovery = discover([tmp_path / "a.md", tmp_path / "b.csv"], max_file_bytes=BIG)
    assert sources(discovery) == ["a.md"]
    assert discovery.failures[0].source == "b.csv"
    assert discovery.failures[0].reason == "There is no reader for .csv."


def test_a_name_that_is_live_from_elsewhere_is_not_given_again(tmp_path: Path) -> None:
    write(tmp_path, "one/a.md", "two/a.md")
    live = {"a.md": (tmp_path / "one").resolve().as_posix()}
    again = discover([tmp_path / "one"], max_file_bytes=BIG, live_roots=live)
    other = discover([tmp_path / "two"], max_file_bytes=BIG, live_roots=live)
    assert (sources(again), sources(other)) == (["a.md"], ["two/a.md"])


def test_part_of_a_live_root_keeps_its_names_and_covers_only_itself(tmp_path: Path) -> None:
    write(tmp_path, "corpus/zh/a.md", "corpus/en/a.md")
    root = (tmp_path / "corpus").resolve().as_posix()
    live = {"zh/a.md": root, "en/a.md": root, "zh/gone.md": root}
    discovery = discover([tmp_path / "corpus" / "zh"], max_file_bytes=BIG, live_roots=live)
    assert sources(discovery) == ["zh/a.md"]
    assert discovery.files[0].root == root
    assert [name for name in live if covers(discovery.scopes[0], name, root)] == [
        "zh/a.md",
        "zh/gone.md",
    ]


def test_a_wider_root_takes_over_what_a_narrower_one_gave(tmp_path: Path) -> None:
    write(tmp_path, "corpus/zh/a.md", "corpus/a.md")
    narrow = (tmp_path / "corpus" / "zh").resolve().as_posix()
    discovery = discover([tmp_path / "corpus"], max_file_bytes=BIG, live_roots={"a.md": narrow})
    assert sources(discovery) == ["a.md", "zh/a.md"]
    assert covers(discovery.scopes[0], "a.md", narrow)


def test_a_folder_that_was_moved_is_the_same_folder(tmp_path: Path) -> None:
    write(tmp_path, "new/corpus/a.md")
    live = {"a.md": "/old/place/corpus"}
    discovery = discover([tmp_path / "new" / "corpus"], max_file_bytes=BIG, live_roots=live)
    assert sources(discovery) == ["a.md"]


def test_a_file_over_the_limit_is_listed_without_a_hash(tmp_path: Path) -> None:
    with (tmp_path / "big.pdf").open("wb") as file:
        file.truncate(300_000_000)
    discovery = discover([tmp_path], max_file_bytes=100_000_000)
    assert [(file.size_bytes, file.sha256) for file in discovery.files] == [(300_000_000, "")]


def test_a_name_that_is_not_utf_8_is_skipped_and_can_be_printed(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.md")).write_text("x", encoding="utf-8")
    discovery = discover([tmp_path], max_file_bytes=BIG)
    assert reasons(discovery) == {"?.md": "its name is not UTF-8"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_a_failure(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "locked/b.md")
    (tmp_path / "a.md").chmod(0)
    (tmp_path / "locked").chmod(0)
    try:
        discovery = discover([tmp_path], max_file_bytes=BIG)
    finally:
        (tmp_path / "locked").chmod(0o700)
    assert [failure.source for failure in discovery.failures] == ["a.md", "locked/"]


def test_progress_counts_the_files(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "b.md")
    calls: list[tuple[int, int, str]] = []
    discover([tmp_path], max_file_bytes=BIG, progress=lambda *call: calls.append(call))
    assert calls == [(1, 2, "a.md"), (2, 2, "b.md")]
