import threading
from pathlib import Path

from assistant.growth import size_of, watched


def test_size_counts_the_files_of_all_folders(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "b").write_bytes(b"123")

    assert size_of(tmp_path) == 8
    assert size_of(tmp_path / "nowhere") == 0


def test_growth_is_reported_while_the_block_runs_and_not_after(tmp_path: Path) -> None:
    seen: list[int] = []
    has_grown = threading.Event()

    def report(n_bytes: int) -> None:
        seen.append(n_bytes)
        if n_bytes == 4:
            has_grown.set()

    with watched(tmp_path, report):
        (tmp_path / "half").write_bytes(b"1234")
        assert has_grown.wait(10)
    n_reports = len(seen)
    (tmp_path / "half").write_bytes(b"12345678")

    assert has_grown.is_set()
    assert len(seen) == n_reports
    assert 8 not in seen
