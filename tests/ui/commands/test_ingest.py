"""`study ingest`: reports, exit statuses, and that nothing is done twice."""

import threading
from pathlib import Path

import pytest

from assistant import generations
from tests.ui.commands.conftest import Study, json_lines, write_corpus
from ui.library.problems import read_problems


@pytest.fixture
def corpus(home: Path) -> Path:
    return write_corpus(home / "corpus")


def test_new_files_become_a_live_generation(study: Study, corpus: Path, home: Path) -> None:
    result = study("ingest", str(corpus))
    assert result.exit_code == 0, result.stderr
    live = generations.current_name(home)
    assert result.stdout.splitlines() == [
        "2 files: 2 added, 0 changed, 0 moved, 0 removed, 0 unchanged, 0 failed.",
        "4 passages: 4 added, 0 changed, 0 moved, 0 removed, 0 kept.",
        "  + en/observatory.md",
        "  + zh/observatory.md",
        f"The index {live} is live: 4 passages; 10 vectors computed, 0 reused; "
        + result.stdout.rpartition("; ")[2].rstrip(),
    ]


def test_what_has_not_changed_costs_nothing(study: Study, indexed: Path, built: Path) -> None:
    (before,) = generations.list_names(indexed)
    result = study("ingest", str(built / "corpus"))
    assert result.exit_code == 0, result.stderr
    assert f"Nothing to do: the index {before} is up to date." in result.stdout
    assert generations.list_names(indexed) == [before]


def test_only_changed_text_is_embedded(study: Study, corpus: Path) -> None:
    study("ingest", str(corpus))
    path = corpus / "en" / "observatory.md"
    text = path.read_text(encoding="utf-8").replace("9 minutes", "11 minutes")
    path.write_text(text, encoding="utf-8")
    (corpus / "zh" / "observatory.md").unlink()
    (values,) = json_lines(study("ingest", str(corpus), "--json").stdout)
    assert values["changed"] == ["en/observatory.md"]
    assert values["removed"] == ["zh/observatory.md"]
    assert values["n_vectors_computed"] == 2  # the changed passage and its sentence
    assert values["n_passages"] == 2


def test_copy_of_a_live_folder_is_warned_of_and_may_take_its_place(
    study: Study, corpus: Path, home: Path
) -> None:
    study("ingest", str(corpus))
    copy = write_corpus(home / "copy")

    warned = study("ingest", str(copy), "--dry-run")
    assert "2 files would be in the index twice" in warned.stderr
    assert "With --only, the index holds what is given and nothing else." in warned.stderr

    for command in ("ingest", "publish"):
        planned = study(command, str(copy), "--only", "--dry-run", "--json").stdout
        assert '"files": []' in planned
        assert "observatory" not in planned.partition('"plan"')[2]

    (values,) = json_lines(study("ingest", str(copy), "--only", "--json").stdout)
    assert (values["n_passages"], values["n_vectors_computed"]) == (4, 0)
    live = generations.read_manifest(home, str(generations.current_name(home)))
    assert live.roots == (str(copy),)
    assert study("ingest", str(copy)).stderr.count("twice") == 0


def test_a_dry_run_writes_nothing(study: Study, corpus: Path, home: Path) -> None:
    result = study("ingest", str(corpus), "--dry-run")
    assert result.exit_code == 0
    assert "  + en/observatory.md" in result.stdout
    assert result.stdout.endswith("Nothing was written (dry run).\n")
    assert generations.list_names(home) == []


def test_one_bad_file_ends_with_1_but_the_rest_is_live(
    study: Study, corpus: Path, home: Path
) -> None:
    (corpus / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing of a PDF")
    result = study("ingest", str(corpus))
    assert result.exit_code == 1
    assert "broken.pdf" in read_problems(home)
    assert "  ! broken.pdf: " in result.stdout
    assert "2 added" in result.stdout
    assert generations.current_name(home) is not None


def test_without_a_path_the_settings_corpus_is_taken(
    study: Study, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY_CORPUS", f'["{corpus}"]')
    assert "2 added" in study("ingest").stdout


@pytest.mark.parametrize(
    ("path", "sentence"),
    [("nowhere", "There is no file or folder nowhere."), (".", "There is nothing to index")],
)
def test_a_wrong_path_and_an_empty_folder_are_known_errors(
    study: Study, path: str, sentence: str
) -> None:
    result = study("ingest", path)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert "Hint: " in result.stderr


def test_a_damaged_index_is_left_behind_only_on_demand(
    study: Study, indexed: Path, built: Path
) -> None:
    name = generations.current_name(indexed) or ""
    (generations.generation_folder(indexed, name) / "vectors.faiss").unlink()
    refused = study("ingest", str(built / "corpus"))
    assert refused.exit_code == 1
    assert "lacks vectors.faiss" in refused.stderr
    assert "--rebuild" in refused.stderr
    result = study("ingest", str(built / "corpus"), "--rebuild")
    assert result.exit_code == 0, result.stderr
    assert "0 vectors computed" in result.stdout
    assert generations.current_name(indexed) != name


def test_an_index_of_another_embedder_is_built_anew(
    study: Study, indexed: Path, built: Path
) -> None:
    name = generations.current_name(indexed) or ""
    path = generations.generation_folder(indexed, name) / "manifest.json"
    text = path.read_text(encoding="utf-8").replace("multilingual-e5-small", "another-embedder")
    path.write_text(text, encoding="utf-8")
    assert study("search", "dome").exit_code == 1
    assert "is live" in study("ingest", str(built / "corpus")).stdout
    assert study("search", "dome").exit_code == 0


def test_two_writers_do_not_meet(study: Study, corpus: Path, home: Path) -> None:
    holds, may_go = threading.Event(), threading.Event()

    def hold() -> None:
        with generations.writing(home):
            holds.set()
            may_go.wait(30)

    other = threading.Thread(target=hold)
    other.start()
    assert holds.wait(10)
    try:
        result = study("ingest", str(corpus))
    finally:
        may_go.set()
        other.join()
    assert result.exit_code == 1
    assert "Another process is building the index." in result.stderr
