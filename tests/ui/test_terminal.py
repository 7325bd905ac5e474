"""What the terminal is told: bars as lines, time left, nothing that could steer it."""

import io
import json

import pytest

from ui import terminal
from ui.terminal import PlainBars, Steps, amount, duration, printable


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (125, "2 min 5 s"), (3840, "1 h 4 min")],
)
def test_durations_are_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_amounts_have_a_unit_and_the_time_left() -> None:
    assert amount(312_400_000, 1_117_000_000, "bytes", 125) == "312 of 1117 MB, 2 min 5 s left"
    assert amount(45, 220, "things", None) == "45 of 220"
    assert amount(220, 220, "things", 0) == "220 of 220"


def test_lines_come_every_ten_seconds_and_at_the_end() -> None:
    clock, stream = Clock(), io.StringIO()
    report = PlainBars(stream, clock).add("Model", "bytes")
    for second in range(41):
        clock.now_s = second
        report(second * 25_000_000, 1_000_000_000)
    report(1_000_000_000, 1_000_000_000)
    assert stream.getvalue().splitlines() == [
        "  Model: 250 of 1000 MB, 30 s left",
        "  Model: 500 of 1000 MB, 20 s left",
        "  Model: 750 of 1000 MB, 10 s left",
        "  Model: 1000 of 1000 MB",
    ]


def test_time_left_follows_the_pace_of_late() -> None:
    clock = Clock()
    pace = terminal.Pace(clock)
    for second in range(101):  # 1 a second at first, then 10 a second
        clock.now_s = second
        left_s = pace.left_s(second if second <= 50 else 50 + (second - 50) * 10, 1000)
    assert left_s == pytest.approx(45, abs=0.1)  # 450 left at 10 a second


def test_quick_work_is_one_line() -> None:
    stream = io.StringIO()
    report = PlainBars(stream, Clock()).add("Files")
    for done in range(1, 4):
        report(done, 3)
    assert stream.getvalue() == "  Files: 3 of 3\n"


def test_control_characters_never_reach_the_terminal() -> None:
    hostile = "a\x1b[2Jb\x07c\x9bd\u202ee\r\nf\tg"
    assert printable(hostile) == "a\ufffd[2Jb\ufffdc\ufffdd\ufffde\nf\tg"


def test_steps_are_numbered_after_those_before(capsys: pytest.CaptureFixture[str]) -> None:
    steps = Steps(4, n_before=2)
    steps.begin("Settings")
    steps.begin("Index")
    assert capsys.readouterr().err == "[3/6] Settings\n[4/6] Index\n"


def test_brackets_are_text_and_long_lines_are_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.note("[bold]" + "长" * 200)
    assert capsys.readouterr().err == "[bold]" + "长" * 200 + "\n"


def test_json_is_a_line_in_utf8(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.print_json({"text": "两\n行"})
    out = capsys.readouterr().out
    assert out == '{"text": "两\\n行"}\n'
    assert json.loads(out) == {"text": "两\n行"}


def test_json_survives_a_terminal_without_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="latin-1"))
    terminal.print_json({"text": "两 🎓"})
    assert json.loads(raw.getvalue()) == {"text": "两 🎓"}
