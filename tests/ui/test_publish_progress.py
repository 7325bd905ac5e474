import json
import os
from pathlib import Path

from ui.publish_progress import ProgressFile, Stages
from ui.terminal import Report, Unit


class FakeBars:
    def __init__(self) -> None:
        self.told: list[tuple[str, int, int]] = []

    def add(self, label: str, unit: Unit = "things") -> Report:
        return lambda done, total: self.told.append((label, done, total))


def state(home: Path) -> dict[str, object]:
    values = json.loads((home / "publish" / "progress.json").read_text(encoding="utf-8"))
    assert isinstance(values, dict)
    return values


def test_the_file_tells_stage_count_and_process(tmp_path: Path) -> None:
    ProgressFile(tmp_path).tell("embed", 3, 10, "向量")
    told = state(tmp_path)
    assert list(told) == [
        "stage", "done", "total", "started_at", "updated_at", "pid", "message",
    ]  # fmt: skip
    assert (told["stage"], told["done"], told["total"]) == ("embed", 3, 10)
    assert (told["pid"], told["message"]) == (os.getpid(), "向量")


def test_counts_are_written_now_and_then_and_ends_at_once(tmp_path: Path) -> None:
    clock = iter([10.0, 10.1, 10.2, 10.9, 11.0])
    file = ProgressFile(tmp_path, clock=lambda: next(clock))
    seen = []
    for done in (1, 2, 5, 6):
        file.tell("parse", done, 5)
        seen.append(state(tmp_path)["done"])
    file.tell("done")
    assert seen == [1, 1, 5, 6]
    assert state(tmp_path)["stage"] == "done"


def test_a_disk_that_is_full_does_not_stop_the_work(tmp_path: Path) -> None:
    (tmp_path / "publish").write_text("in the way")
    ProgressFile(tmp_path).tell("parse")


def test_stages_show_bars_and_write_the_file_if_there_is_one(tmp_path: Path) -> None:
    bars = FakeBars()
    Stages(bars).begin("embed", "Vectors")(1, 2)
    Stages(bars).enter("index")
    assert not (tmp_path / "publish").exists()
    Stages(bars, ProgressFile(tmp_path)).begin("embed", "Vectors")(2, 2)
    assert bars.told == [("Vectors", 1, 2), ("Vectors", 2, 2)]
    assert state(tmp_path)["message"] == "Vectors"
