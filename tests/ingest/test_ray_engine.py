"""A real cluster of this machine, with the real parser and embedder."""

import importlib.util
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest

from assistant import generations
from assistant.embedding import FloatArray
from assistant.errors import ConfigError, IngestError
from ingest.plan import parsing_fingerprint
from ingest.ray_engine import RayEngine
from ingest.ray_workers import SameEmbedder
from tests.ingest.documents import Text, docx, notebook, pdf
from tests.ui.commands.small_home import HashEmbedder

MAX_TOKENS = 60
N_SECTIONS = 6

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="the extra `ray` is not installed"
)


class DiesOnce(HashEmbedder):
    """Takes the first worker that embeds down with it; can't embed "boom"."""

    def __init__(self, mark: Path) -> None:
        super().__init__()
        self._mark = mark

    def _embed(self, texts: list[str], *, are_questions: bool) -> FloatArray:
        if "boom" in texts:
            raise RuntimeError("too little memory")
        if not self._mark.exists():
            self._mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super()._embed(texts, are_questions=are_questions)


def engine(*, address: str | None = None, mark: Path = Path("mark")) -> RayEngine:
    return RayEngine(
        address=address,
        workers=2,
        max_tokens=MAX_TOKENS,
        shaped_by=parsing_fingerprint(MAX_TOKENS),
        embedder=SameEmbedder(partial(DiesOnce, mark), DiesOnce.fingerprint),
        dim=DiesOnce.dim,
        uses_gpus=False,
    )


def write_materials(folder: Path) -> None:
    """Write files of several formats in both languages, and one that no parser can read."""
    zh = [f"## 第 {n} 盏灯\n\n第 {n} 盏灯照亮海面，{n} 艘船看见它。" for n in range(N_SECTIONS)]
    en = [f"## Lamp {n}\n\nLamp {n} shines on {n} ships. They see it." for n in range(N_SECTIONS)]
    files = {
        "灯塔.md": "\n\n".join(["# 灯塔", *zh]).encode(),
        "lamps.md": "\n\n".join(["# Lamps", *en]).encode(),
        "page.html": "<h1>Coast</h1><p>The coast is long.</p><p>海岸很长。</p>".encode(),
        "words.docx": docx(lambda document: document.add_paragraph("A word about 灯塔.")),
        "cells.ipynb": notebook({"cell_type": "markdown", "source": "# Cells\n\nOne cell."}),
        "sheet.pdf": pdf([[Text(x=72, y=90, text="A sheet of paper about lamps.")]]),
        "bad.pdf": b"not a pdf at all",
    }
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)


def command(engine: str, folder: Path) -> list[str]:
    return [sys.executable, "-m", "ui.cli", "ingest", str(folder), "--engine", engine, "--json"]


def environment(home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "STUDY_HOME": str(home),
        "STUDY_CACHE": str(home / "cache"),
        "STUDY_EMBEDDING__BATCH_SIZE": "2",
        "STUDY_INGEST__PASSAGE_TOKENS": str(MAX_TOKENS),
    }


def ingest(engine: str, folder: Path, home: Path) -> tuple[dict[str, object], str, int]:
    """Return the report, what stood on stderr, and the process's id."""
    with subprocess.Popen(
        command(engine, folder),
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        out, err = process.communicate(timeout=100)
    assert process.returncode == 1, err  # one file is bad
    report = json.loads(out)  # one line, and nothing of Ray's
    assert isinstance(report, dict)
    return report, err, process.pid


def kill_while_embedding(folder: Path, home: Path) -> int:
    """Return the id of a process that was killed when the first vectors were there."""
    with subprocess.Popen(
        command("ray", folder),
        env=environment(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stderr is not None
        assert any("Vectors of passages" in line for line in process.stderr)
        process.kill()
    return process.pid


def leftovers(pid: int) -> list[Path]:
    """Return the folders that are left of a cluster that `pid` started, its processes gone."""
    name = f"study-ray-{pid}-"
    deadline = time.monotonic() + 60
    while any(name in " ".join(each.info["cmdline"] or ()) for each in _processes()):
        assert time.monotonic() < deadline, "processes of Ray are left"
        time.sleep(0.2)
    return list(Path("/tmp").glob(f"{name}*"))


def _processes() -> list[psutil.Process]:
    return list(psutil.process_iter(["cmdline"]))


def n_cached(home: Path) -> int:
    with closing(sqlite3.connect(home / "cache" / "vectors.sqlite")) as connection:
        return int(connection.execute("SELECT count(*) FROM vectors").fetchone()[0])


def content(home: Path) -> Mapping[str, object]:
    """Return the live generation's manifest, with the sha256 of each file, but name and time."""
    name = generations.current_name(home)
    assert name is not None
    assert generations.verify(home, name) == []
    path = generations.generation_folder(home, name) / "manifest.json"
    manifest: dict[str, object] = json.loads(path.read_text("utf-8"))
    return {key: value for key, value in manifest.items() if key not in {"name", "created_at"}}


@needs_ray
@pytest.mark.integration
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_that_was_killed_goes_on_and_gives_what_the_local_engine_gives(
    tmp_path: Path,
) -> None:
    folder, local, ray = tmp_path / "texts", tmp_path / "local", tmp_path / "ray"
    write_materials(folder)
    expected, _, _ = ingest("local", folder, local)

    pid = kill_while_embedding(folder, ray)
    for left in leftovers(pid):
        shutil.rmtree(left)
    n_before = n_cached(ray)
    assert generations.current_name(ray) is None

    report, err, pid = ingest("ray", folder, ray)
    assert leftovers(pid) == []
    assert content(ray) == content(local)
    assert n_before > 0
    assert report["n_vectors_computed"] == n_cached(local) - n_before
    same = ("n_files", "n_passages", "added", "passages", "failures")
    assert [report[name] for name in same] == [expected[name] for name in same]
    starts = ("Files looked at:", "Ray works at it:", "Files read:", "Vectors of")
    assert [line for line in err.splitlines() if not line.strip().startswith(starts)] == []


@needs_ray
@pytest.mark.integration
@pytest.mark.filterwarnings("ignore::DeprecationWarning:ray[.]")  # Ray's about its own settings
def test_a_worker_that_dies_is_replaced_and_one_that_fails_says_why(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    batches = [[f"lamp {n}", f"灯 {n}"] for n in range(5)]
    mark = tmp_path / "mark"
    with engine(mark=mark) as ray:
        found = dict(ray.embed(batches))
        with pytest.raises(IngestError, match="failed: RuntimeError: too little memory"):
            list(ray.embed([["boom"]]))
    assert mark.exists()
    assert sorted(found) == [0, 1, 2, 3, 4]
    embedder = HashEmbedder()
    for number, batch in enumerate(batches):
        assert np.array_equal(found[number], embedder.embed_passages(batch))
    assert leftovers(os.getpid()) == []
    assert "RAY_AUTH_TOKEN" not in os.environ
    assert capfd.readouterr() == ("", "")


@needs_ray
@pytest.mark.integration
def test_an_address_where_nobody_listens_is_a_sentence(tmp_path: Path) -> None:
    with (
        engine(address="127.0.0.1:1") as ray,
        pytest.raises(IngestError, match="There is no Ray cluster at 127") as caught,
    ):
        next(ray.embed([["a"]]))
    assert "docs/ray.md" in caught.value.hint


def test_without_the_extra_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match="needs the extra `ray`") as caught:
        engine()
    assert "study-assistant[ray]" in caught.value.hint
