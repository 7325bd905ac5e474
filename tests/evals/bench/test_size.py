from pathlib import Path
from typing import Any

import pytest

from evals.bench.made_corpus import write_documents
from evals.bench.size import measure


def test_made_documents_are_the_same_each_time_and_of_all_formats(tmp_path: Path) -> None:
    first = write_documents(tmp_path / "a", 40)
    second = write_documents(tmp_path / "b", 40)

    assert {path.suffix for path in first} == {".docx", ".html", ".md", ".pdf"}
    texts = [path.read_bytes() for path in first if path.suffix in {".html", ".md"}]
    assert texts == [path.read_bytes() for path in second if path.suffix in {".html", ".md"}]
    assert len(set(texts)) == len(texts)


def test_small_run_measures_every_stage_and_projects_embedding(tmp_path: Path) -> None:
    figures: dict[str, Any] = measure(tmp_path, 8, n_sample=1, is_real=False)

    full, edit, embedding = figures["full"], figures["edit"], figures["embedding"]
    assert set(full["seconds"]) == {"discover", "parse", "chunk", "embed", "index"}
    assert (full["vectors_computed"], embedding["missing"]) == (0, 0)
    assert figures["passages"] == figures["opening"]["passages"] > 80
    assert 0 < edit["vectors_computed"] < 10
    projected = (
        embedding["different_passages"] / embedding["passages_per_s"]
        + embedding["different_sentences"] / embedding["sentences_per_s"]
    )
    assert embedding["projected_s"] == pytest.approx(projected, rel=0.1)
    assert full["peak_mb"] > 50
    assert figures["opening"]["open_s"] < 2
