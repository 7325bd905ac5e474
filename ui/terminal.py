"""What the command line writes: results on stdout, progress and notes on stderr. Home of Rich.

Where stderr is no terminal (a pipe, a log of CI), bars become a plain line now and then. What is
not covered: which words an answer is shown with (`ui/answer_text.py`).
"""

import json
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Protocol, TextIO

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

Unit = Literal["bytes", "things"]
Report = Callable[[int, int], None]
"""Called with what is done and what there is to do; from any thread."""

LINE_EVERY_S = 10.0
"""Between two plain lines of one piece of work."""

_PACE_WINDOW_S = 30.0
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Return `text` without what could steer a terminal: documents and models are not trusted."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


def print_json(value: object) -> None:
    """Print one line of JSON on stdout, at once."""
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    print(json.dumps(value, ensure_ascii=not is_utf8), flush=True)


def print_result(content: "RenderableType") -> None:
    """Print a result on stdout, with colours where that is a terminal; long lines aren't cut."""
    _console(sys.stdout).print(content, soft_wrap=True, highlight=False, markup=False)


def print_check(verdict: str, matter: str, finding: str, hint: str = "") -> None:
    """Print on stdout how one matter stands, and what to do about it."""
    from rich.text import Text

    style = {"ok": "green", "warning": "yellow"}.get(verdict, "bold red")
    text = Text.assemble((f"{verdict:8}", style), f"{matter:14}", printable(finding))
    if hint:
        text.append(f"\n{'':22}→ {printable(hint)}")
    print_result(text)


def note(text: str) -> None:
    """Print a line for people on stderr."""
    _console(sys.stderr).print(printable(text), soft_wrap=True, highlight=False, markup=False)


def print_failure(sentence: str, hint: str = "") -> None:
    """Print on stderr what went wrong and what to do."""
    from rich.text import Text

    console = _console(sys.stderr)
    lines = [("Error: ", "bold red", sentence), *([("Hint: ", "bold", hint)] if hint else [])]
    for word, style, text in lines:
        console.print(Text.assemble((word, style), printable(text)), soft_wrap=True)


def warn(sentence: str, hint: str = "") -> None:
    """Print on stderr what is amiss although the work goes on."""
    note(f"Warning: {sentence}{f' {hint}' if hint else ''}")


def is_terminal(stream: TextIO) -> bool:
    """Return whether a person looks at `stream`, in a terminal that can redraw."""
    return _console(stream).is_terminal and not _console(stream).is_dumb_terminal


class Steps:
    """Announces numbered steps on stderr: `[2/4] Index`; `n_before` others went before them."""

    def __init__(self, n_steps: int, *, n_before: int = 0) -> None:
        self._total = n_steps + n_before
        self._number = n_before

    def begin(self, title: str) -> None:
        """Announce the next step."""
        self._number += 1
        note(f"[{self._number}/{self._total}] {title}")


class Bars(Protocol):
    """Shows how far pieces of work have come."""

    def add(self, label: str, unit: Unit = "things") -> Report:
        """Return what to tell about a piece of work called `label`."""
        ...


@contextmanager
def progress() -> Iterator[Bars]:
    """Yield bars that are drawn on stderr until the block ends."""
    if not is_terminal(sys.stderr):
        yield PlainBars(sys.stderr)
        return
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("  {task.description}"), BarColumn(), TextColumn("{task.fields[amount]}"))
    with Progress(*columns, console=_console(sys.stderr)) as drawn:
        yield _DrawnBars(drawn)


@contextmanager
def redrawn_text() -> Iterator[Callable[[str], None]]:
    """Yield what shows a growing text on a terminal's stdout; it is gone when the block ends."""
    if not is_terminal(sys.stdout):
        yield lambda text: None
        return
    from rich.live import Live
    from rich.text import Text

    console = _console(sys.stdout)

    def tail(text: str) -> Text:
        # Live shows the top of what doesn't fit; of a growing text the end is of interest.
        lines = Text(printable(text)).wrap(console, console.width)
        return Text("\n").join(lines[-max(1, console.height - 2) :])

    with Live(console=console, transient=True, auto_refresh=False) as live:
        yield lambda text: live.update(tail(text), refresh=True)


class Pace:
    """Estimates the time that is left from how things went in the last half minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()

    def left_s(self, done: int, total: int) -> float | None:
        """Note that `done` of `total` is done now; return the seconds left, None if unknown."""
        now_s = self._clock()
        self._seen.append((now_s, done))
        while now_s - self._seen[0][0] > _PACE_WINDOW_S and len(self._seen) > 2:
            self._seen.popleft()
        first_s, first = self._seen[0]
        if done <= first or now_s <= first_s:
            return None
        return (total - done) * (now_s - first_s) / (done - first)


class PlainBars:
    """Bars as lines of text: at the last report, and every ten seconds before it."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock

    def add(self, label: str, unit: Unit = "things") -> Report:
        """Return what to tell about a piece of work called `label`."""
        pace = Pace(self._clock)
        lock = threading.Lock()
        told_s = self._clock()
        is_over = False

        def report(done: int, total: int) -> None:
            nonlocal told_s, is_over
            with lock:
                now_s = self._clock()
                left_s = pace.left_s(done, total)
                is_last = done >= total and not is_over
                if is_last or now_s - told_s >= LINE_EVERY_S:
                    told_s, is_over = now_s, done >= total
                    print(
                        f"  {label}: {amount(done, total, unit, left_s)}",
                        file=self._stream,
                        flush=True,
                    )

        return report


class _DrawnBars:
    """Bars that Rich draws."""

    def __init__(self, drawn: "RichProgress") -> None:
        self._drawn = drawn

    def add(self, label: str, unit: Unit = "things") -> Report:
        pace = Pace()
        task: TaskID | None = None
        lock = threading.Lock()

        def report(done: int, total: int) -> None:
            nonlocal task
            with lock:
                if task is None:
                    task = self._drawn.add_task(label, amount="")
                left_s = pace.left_s(done, total)
                self._drawn.update(
                    task, completed=done, total=total, amount=amount(done, total, unit, left_s)
                )

        return report


def amount(done: int, total: int, unit: Unit, left_s: float | None) -> str:
    """Return "312 of 1117 MB, 2 min 5 s left", or "45 of 220"."""
    if unit == "bytes":
        text = f"{done / 1e6:.0f} of {total / 1e6:.0f} MB"
    else:
        text = f"{done} of {total}"
    return text if left_s is None or done >= total else f"{text}, {duration(left_s)} left"


def counted(number: int, thing: str) -> str:
    """Return "1 file" or "3 files"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def duration(seconds: float) -> str:
    """Return "8 s", "2 min 5 s" or "1 h 4 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _console(stream: TextIO) -> "Console":
    """Return Rich's console on `stream`, made anew: tests and pipes replace the streams."""
    from rich.console import Console

    return Console(file=stream, highlight=False)
