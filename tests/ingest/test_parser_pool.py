import multiprocessing
import sys
import threading
import time
from io import StringIO
from pathlib import Path

import psutil
import pytest

from assistant.errors import IngestError
from ingest.errors import TooLarge, TooSlow, Unreadable
from ingest.parse import Limits
from ingest.parser_pool import MAX_WORKERS, Parsed, n_workers, parse_all
from ingest.parser_process import serve
from ingest.records import Document, SourceFile

LIMITS = Limits(max_file_bytes=10**8, max_unpacked_bytes=10**8, timeout_s=60)
SLOW_WORKER = (sys.executable, "-m", "tests.ingest.slow_worker")


def files(folder: Path, **texts: bytes) -> list[SourceFile]:
    out = []
    for name, data in texts.items():
        path = folder / f"{name}.md"
        path.write_bytes(data)
        out.append(
            SourceFile(
                path=path, source=path.name, root=str(folder), size_bytes=len(data), sha256="x"
            )
        )
    return out


def results(parsed: list[Parsed]) -> dict[str, Document | IngestError]:
    return {each.file.source: each.result for each in parsed}


def test_documents_come_back_from_real_workers_as_they_are(tmp_path: Path) -> None:
    text = "---\naudience: hr\n---\n# 注意力\n\n一段\ud7ff文字。\n\n```python\nx = 1\n```\n"
    found = results(
        list(
            parse_all(
                files(tmp_path, good=text.encode(), bad=b"\x89PNG\r\n", empty=b""),
                LIMITS,
                workers=2,
            )
        )
    )
    document = found["good.md"]
    assert isinstance(document, Document)
    assert document.audience == "hr"
    assert [each.kind for each in document.elements] == ["heading", "text", "code"]
    assert document.elements[1].heading == ("注意力",)
    assert isinstance(found["bad.md"], Unreadable)
    assert isinstance(found["empty.md"], Unreadable)


def test_a_hanging_parser_is_killed_in_time_and_the_others_go_on(tmp_path: Path) -> None:
    limits = Limits(max_file_bytes=1, max_unpacked_bytes=1, timeout_s=0.5)
    start = time.perf_counter()
    found = results(
        list(
            parse_all(
                files(tmp_path, hang=b"", a=b"", hang2=b"", b=b""),
                limits,
                workers=2,
                command=SLOW_WORKER,
            )
        )
    )
    assert time.perf_counter() - start < 20
    assert isinstance(found["hang.md"], TooSlow)
    assert isinstance(found["hang2.md"], TooSlow)
    assert "0.5 s" in str(found["hang.md"])
    assert [str(found["a.md"]), str(found["b.md"])] == ["I am a.md.", "I am b.md."]


def test_a_crash_is_a_failure_of_that_file_alone(tmp_path: Path) -> None:
    found = results(
        list(
            parse_all(
                files(tmp_path, crash=b"", a=b"", half=b"", b=b""),
                LIMITS,
                workers=1,
                command=SLOW_WORKER,
            )
        )
    )
    assert "crashed or ran out of memory" in str(found["crash.md"])
    assert "crashed or ran out of memory" in str(found["half.md"])
    assert [str(found["a.md"]), str(found["b.md"])] == ["I am a.md.", "I am b.md."]


def test_a_worker_that_cannot_start_says_why(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "raise ImportError('no parser')")
    with pytest.raises(IngestError, match="can't be started: ImportError: no parser"):
        list(parse_all(files(tmp_path, a=b""), LIMITS, workers=1, command=command))


def test_closing_the_iterator_leaves_no_process_behind(tmp_path: Path) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    running = parse_all(
        files(tmp_path, a=b"", hang=b"", hang2=b""), LIMITS, workers=2, command=SLOW_WORKER
    )
    next(running)
    running.close()
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before
    assert not [thread for thread in threading.enumerate() if "ThreadPool" in thread.name]


def _parse_in_child(folder: str, queue: "multiprocessing.Queue[str]") -> None:
    parsed = list(parse_all(files(Path(folder), a="# 一".encode()), LIMITS, workers=1))
    queue.put(type(parsed[0].result).__name__)


def test_workers_can_be_used_from_a_spawned_process(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    queue: multiprocessing.Queue[str] = context.Queue()
    process = context.Process(target=_parse_in_child, args=(str(tmp_path), queue))
    process.start()
    assert queue.get(timeout=60) == "Document"
    process.join(30)
    assert process.exitcode == 0


def test_the_process_answers_a_line_for_a_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 100)
    request = (
        f'{{"path": "{path}", "source": "a.txt", "max_file_bytes": 10, "max_unpacked_bytes": 1}}'
    )
    replies = StringIO()
    serve(StringIO(request + "\n"), replies)
    ready, reply = replies.getvalue().splitlines()
    assert ready == '{"ready": true}'
    assert TooLarge.__name__ in reply


def test_the_number_of_workers_follows_the_cores() -> None:
    assert n_workers(7) == 7
    assert 1 <= n_workers(0) <= MAX_WORKERS
