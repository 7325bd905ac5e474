import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.embedding import Embedder
from assistant.errors import IngestError, WeightsMissing
from assistant.generations import hash_file
from ingest.chunk import chunk
from ingest.errors import TooSlow, Unreadable
from ingest.parse import Limits, parse
from ingest.plan import parsing_fingerprint
from ingest.ray_workers import (
    BatchEmbedder,
    FileReader,
    SameEmbedder,
    file_row,
    parsed_file,
    vectors_of,
)
from ingest.records import Document, SourceFile
from tests.ui.commands.small_home import HashEmbedder

LIMITS = Limits(max_file_bytes=10**8, max_unpacked_bytes=10**8, timeout_s=60)
MAX_TOKENS = 60
TEXT = (
    "---\naudience: hr\n---\n# 灯塔\n\n灯塔照亮海面。\n\n## Lantern\n\nIts lantern turns slowly.\n"
)


def source_file(path: Path) -> SourceFile:
    return SourceFile(
        path=path,
        source=path.name,
        root=str(path.parent),
        size_bytes=path.stat().st_size,
        sha256=hash_file(path),
    )


def reader(
    *,
    limits: Limits = LIMITS,
    shaped_by: dict[str, str] | None = None,
    fingerprint: str = HashEmbedder.fingerprint,
) -> FileReader:
    return FileReader(
        limits=limits,
        max_tokens=MAX_TOKENS,
        shaped_by=shaped_by or parsing_fingerprint(MAX_TOKENS),
        embedder=SameEmbedder(HashEmbedder, fingerprint),
    )


@pytest.fixture
def lighthouse(tmp_path: Path) -> SourceFile:
    path = tmp_path / "灯塔.md"
    path.write_text(TEXT, encoding="utf-8")
    return source_file(path)


def test_passages_are_those_of_the_local_engine(lighthouse: SourceFile) -> None:
    row = reader()(file_row(7, lighthouse))
    assert row["number"] == 7
    parsed = parsed_file(lighthouse, row)
    document = parse(lighthouse.path, lighthouse.source, LIMITS)
    count_tokens = HashEmbedder().count_tokens
    assert parsed.passages == tuple(
        chunk(document, max_tokens=MAX_TOKENS, count_tokens=count_tokens)
    )
    assert parsed.result == replace(document, text="", elements=())


def test_a_bad_file_is_a_reply_and_the_next_one_is_read(
    lighthouse: SourceFile, tmp_path: Path
) -> None:
    (tmp_path / "bad.pdf").write_bytes(b"no pdf")
    bad, read = source_file(tmp_path / "bad.pdf"), reader()
    assert isinstance(parsed_file(bad, read(file_row(0, bad))).result, Unreadable)
    assert isinstance(parsed_file(lighthouse, read(file_row(1, lighthouse))).result, Document)


def test_the_time_limit_holds(lighthouse: SourceFile) -> None:
    lighthouse.path.write_text(TEXT * 20_000, encoding="utf-8")  # seconds to parse
    long = source_file(lighthouse.path)
    read = reader(limits=replace(LIMITS, timeout_s=0.1))
    assert isinstance(parsed_file(long, read(file_row(0, long))).result, TooSlow)


def test_a_worker_that_finds_another_version_does_not_read_it(lighthouse: SourceFile) -> None:
    lighthouse.path.write_text("# Other\n\nAnother checkout.\n", encoding="utf-8")
    result = parsed_file(lighthouse, reader()(file_row(0, lighthouse))).result
    assert isinstance(result, Unreadable)
    assert "finds another version" in str(result)


def test_a_file_that_a_worker_cannot_reach_fails_alone(lighthouse: SourceFile) -> None:
    lighthouse.path.unlink()
    result = parsed_file(lighthouse, reader()(file_row(0, lighthouse))).result
    assert isinstance(result, Unreadable)
    assert "can't read it: No such file" in str(result)
    assert "docs/ray.md" in result.hint


def test_a_worker_with_other_versions_ends_the_run(lighthouse: SourceFile) -> None:
    row = reader(shaped_by={**parsing_fingerprint(MAX_TOKENS), "pypdfium2": "1"})(
        file_row(0, lighthouse)
    )
    with pytest.raises(IngestError, match=r"can't go on: Versions differ: pypdfium2\."):
        parsed_file(lighthouse, row)


def test_a_worker_with_another_embedder_ends_the_run(lighthouse: SourceFile) -> None:
    row = reader(fingerprint="other")(file_row(0, lighthouse))
    with pytest.raises(IngestError, match="The embedder is hash, not other"):
        parsed_file(lighthouse, row)


def test_vectors_come_back_bit_for_bit() -> None:
    texts = ["灯塔照亮海面。", "The lantern turns.", "1/3"]
    embed = BatchEmbedder(embedder=SameEmbedder(HashEmbedder, "hash"))
    row = embed({"number": 3, "texts": texts})
    assert row["number"] == 3
    expected = HashEmbedder().embed_passages(texts)
    assert np.array_equal(vectors_of(row, dim=HashEmbedder.dim), expected)


def test_weights_that_a_worker_lacks_end_the_run_with_their_hint() -> None:
    def no_weights() -> Embedder:
        raise WeightsMissing("There are no weights.", hint="Fetch them.")

    row = BatchEmbedder(embedder=SameEmbedder(no_weights, "hash"))({"number": 0, "texts": ["a"]})
    assert "stopped" in json.loads(row["reply"])
    with pytest.raises(IngestError, match="There are no weights") as caught:
        vectors_of(row, dim=HashEmbedder.dim)
    assert caught.value.hint == "Fetch them."
