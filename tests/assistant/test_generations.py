import errno
import json
import shutil
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import generations
from assistant.errors import BusyError, IndexCorrupt, IndexMissing, StorageError
from assistant.generations import FORMAT, Manifest, Source

MANIFEST = Manifest(
    name="g1",
    created_at="2026-11-22T10:00:00+00:00",
    n_passages=2,
    n_sentences=3,
    dim=4,
    shaped_by={"embedder": "fake"},
    sources={"zh/猫.md": Source(sha256="0" * 64, root="corpus", title="猫")},
    files={"a.bin": ""},
    roots=("corpus",),
    counts={"embedded": 2},
)


def make(home: Path, name: str = "g1", *, text: str | None = None) -> Path:
    """Make a generation of one file, sealed; with `text` as its manifest if given."""
    folder = generations.generation_folder(home, name)
    folder.mkdir(parents=True)
    (folder / "a.bin").write_bytes(b"abc")
    files = {"a.bin": generations.hash_file(folder / "a.bin")}
    generations.seal(folder, replace(MANIFEST, name=name, files=files))
    if text is not None:
        (folder / "manifest.json").write_text(text, encoding="utf-8")
    return folder


def changed(**values: object) -> str:
    return json.dumps({**json.loads(MANIFEST.to_json()), **values})


def test_manifest_comes_back_as_it_was() -> None:
    assert Manifest.from_values(json.loads(MANIFEST.to_json())) == MANIFEST


def test_nothing_is_live_before_the_first_generation(tmp_path: Path) -> None:
    assert generations.current_name(tmp_path) is None
    assert generations.list_names(tmp_path) == []


def test_published_generation_is_live(tmp_path: Path) -> None:
    make(tmp_path)
    generations.publish(tmp_path, "g1")

    assert generations.current_name(tmp_path) == "g1"
    assert generations.read_manifest(tmp_path, "g1").sources == MANIFEST.sources


def test_generations_are_listed_oldest_first_and_only_whole_ones(tmp_path: Path) -> None:
    for name in ("20260102-000000", "20260101-000000", "20260101-000000-02"):
        make(tmp_path, name)
    (make(tmp_path, "20260103-000000") / "manifest.json").unlink()

    assert generations.list_names(tmp_path) == [
        "20260101-000000",
        "20260101-000000-02",
        "20260102-000000",
    ]


def test_half_written_generation_is_refused(tmp_path: Path) -> None:
    (make(tmp_path) / "manifest.json").unlink()

    with pytest.raises(IndexCorrupt, match="g1 is half-written") as caught:
        generations.publish(tmp_path, "g1")
    assert "study ingest" in caught.value.hint
    assert generations.current_name(tmp_path) is None


@pytest.mark.parametrize("name", ["none", "../..", "../../elsewhere"])
def test_generation_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    make(tmp_path)

    with pytest.raises((IndexMissing, IndexCorrupt)) as caught:
        generations.read_manifest(tmp_path, name)
    assert name in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        MANIFEST.to_json()[:200],
        "null",
        "[]",
        "{}",
        '{"format": 1}',
        changed(files=3),
        changed(sources={"a": {"sha256": 1}}),
        changed(n_passages="many"),
        changed(shaped_by=None),
    ],
    ids="empty cut null list object bare files sources count shaped_by".split(),
)
def test_damaged_manifest_is_refused(tmp_path: Path, text: str) -> None:
    make(tmp_path, text=text)

    with pytest.raises(IndexCorrupt, match="manifest of generation g1 can't be read"):
        generations.read_manifest(tmp_path, "g1")


@pytest.mark.parametrize(
    "text",
    [changed(format=FORMAT + 1), changed(format=FORMAT + 1, of_tomorrow=True), '{"format": 2}'],
    ids=["same-fields", "new-field", "other-fields"],
)
def test_manifest_of_a_newer_program_is_told_from_a_damaged_one(tmp_path: Path, text: str) -> None:
    make(tmp_path, text=text)

    with pytest.raises(IndexCorrupt, match=f"has format 2; this program reads {FORMAT}"):
        generations.read_manifest(tmp_path, "g1")


def test_copied_generation_goes_by_the_name_of_its_folder(tmp_path: Path) -> None:
    folder = make(tmp_path)
    shutil.copytree(folder, folder.with_name("copy"))

    assert generations.read_manifest(tmp_path, "copy").name == "copy"


def test_whole_generation_verifies(tmp_path: Path) -> None:
    make(tmp_path)

    assert generations.verify(tmp_path, "g1") == []


def test_one_changed_byte_is_found(tmp_path: Path) -> None:
    (make(tmp_path) / "a.bin").write_bytes(b"abd")

    assert generations.verify(tmp_path, "g1") == [
        "a.bin is damaged: its sha256 differs from the manifest's."
    ]


def test_missing_file_is_found(tmp_path: Path) -> None:
    (make(tmp_path) / "a.bin").unlink()

    assert generations.verify(tmp_path, "g1") == ["a.bin is missing."]


def test_damaged_name_of_the_live_one_says_what_to_do(tmp_path: Path) -> None:
    make(tmp_path)
    (generations.index_folder(tmp_path) / "CURRENT").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(IndexCorrupt, match="CURRENT") as caught:
        generations.current_name(tmp_path)
    assert "rollback" in caught.value.hint


def test_empty_name_of_the_live_one_is_none(tmp_path: Path) -> None:
    make(tmp_path)
    (generations.index_folder(tmp_path) / "CURRENT").write_text("\n")

    assert generations.current_name(tmp_path) is None


def test_readers_see_the_old_name_or_the_new_and_nothing_between(tmp_path: Path) -> None:
    names = ["a" * 10, "b" * 5000]
    for name in names:
        generations.index_folder(tmp_path).mkdir(exist_ok=True)
        generations.write_atomically(generations.index_folder(tmp_path) / "CURRENT", name)
    seen, is_over = set(), threading.Event()

    def read() -> None:
        while not is_over.is_set():
            seen.add(generations.current_name(tmp_path))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(100):
        generations.write_atomically(
            generations.index_folder(tmp_path) / "CURRENT", names[number % 2]
        )
    is_over.set()
    reader.join()

    assert seen <= set(names)
    assert [path.name for path in generations.index_folder(tmp_path).iterdir()] == ["CURRENT"]


def test_writer_that_dies_while_writing_leaves_the_old_text(tmp_path: Path) -> None:
    path = tmp_path / "CURRENT"
    generations.write_atomically(path, "old")
    (tmp_path / "CURRENT.new").write_text("ne")  # what a killed writer leaves behind

    assert path.read_text() == "old"
    generations.write_atomically(path, "new")
    assert path.read_text() == "new"


def test_unfinished_builds_are_removed_and_whole_ones_stay(tmp_path: Path) -> None:
    whole = make(tmp_path, "whole")
    half = make(tmp_path, "half")
    (half / "manifest.json").unlink()

    generations.remove_unfinished(tmp_path)

    assert whole.is_dir()
    assert not half.exists()
    generations.remove_unfinished(tmp_path / "nowhere")


def test_second_writer_is_told_to_wait(tmp_path: Path) -> None:
    with (
        generations.writing(tmp_path),
        pytest.raises(BusyError, match="Another process") as caught,
        generations.writing(tmp_path),
    ):
        pass
    assert "Wait" in caught.value.hint
    with generations.writing(tmp_path):
        pass


def test_lock_holds_between_processes_and_ends_with_its_holder(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from assistant import generations\n"
        "with generations.writing(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(BusyError), generations.writing(tmp_path):
            pass
        holder.kill()
    with generations.writing(tmp_path):
        pass


def test_error_of_the_writer_is_not_taken_for_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), generations.writing(tmp_path):
        raise ZeroDivisionError


def test_differences_name_what_differs() -> None:
    assert generations.differences({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}) == [
        "b",
        "c",
    ]


def test_candidate_is_one_until_it_is_live_and_not_again(tmp_path: Path) -> None:
    for name in ("g1", "g2"):
        generations.mark_candidate(make(tmp_path, name))
    generations.publish(tmp_path, "g1")
    assert not generations.is_candidate(tmp_path, "g1")
    assert generations.is_candidate(tmp_path, "g2")
    generations.publish(tmp_path, "g2")
    assert not generations.is_candidate(tmp_path, "g1")


def test_mark_that_a_killed_process_left_on_the_live_one_does_not_come_back(tmp_path: Path) -> None:
    make(tmp_path, "g1")
    generations.publish(tmp_path, "g1")
    generations.mark_candidate(make(tmp_path, "g2"))
    (generations.index_folder(tmp_path) / "CURRENT").write_text("g2")

    assert not generations.is_candidate(tmp_path, "g2")
    generations.publish(tmp_path, "g1")
    assert not generations.is_candidate(tmp_path, "g2")


def test_removed_generation_is_gone(tmp_path: Path) -> None:
    make(tmp_path, "g1")
    make(tmp_path, "g2")
    generations.remove(tmp_path, "g1")
    assert generations.list_names(tmp_path) == ["g2"]


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "Make room"),
        (OSError("vectors.faiss can't be written: No space left on device"), "Make room"),
        (sqlite3.OperationalError("database or disk is full"), "Make room"),
        (PermissionError(errno.EACCES, "Permission denied"), "writable"),
    ],
    ids="disk faiss sqlite rights".split(),
)
def test_what_a_disk_refuses_is_told_with_a_remedy(
    tmp_path: Path, error: Exception, hint: str
) -> None:
    with pytest.raises(StorageError) as caught, generations.storing(tmp_path):
        raise error
    assert hint in caught.value.hint
