"""The program of `test_crashes.py`: ingests in child processes that die, or whose disk fails.

    python -m tests.ui.commands.crashing FOLDER every-write|random|full|read-only

Prints a line of JSON for each attempt: what it did, and what was wrong afterwards. A process of its
own, since it forks: what is heavy is imported once.
"""

import errno
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from assistant.errors import StudyError
from assistant.records import Passage
from tests.ui.commands.small_home import SmallHome
from tests.ui.commands.write_faults import Fault, faults

OLD = {
    "en/a.md": "# A\n\nThe lantern burns oil in copper tanks.\n\n## B\n\nA river turns the wheel.",
    "zh/b.md": "# 灯塔\n\n灯塔的灯每天晚上点亮，照亮远处的海面。",
    "gone.md": "# Gone\n\nThis file is deleted.",
}
NEW = {
    "en/a.md": "# A\n\nThe lantern burns gas in steel tanks.",
    "zh/b.md": OLD["zh/b.md"],
    "zh/c.md": "# 河流\n\n河流绕过磨坊，水车在春天转动得很快。",
}
MAKES_ROOM = {"os.remove", "os.rmdir"}
N_RANDOM = 25


def main() -> None:
    """Try what the command line asks for."""
    folder, mode = Path(sys.argv[1]), sys.argv[2]
    base, old = _made(folder, OLD, "base")
    _, new = _made(folder, NEW, "new")
    for number, attempt in enumerate(_attempts(mode), start=1):
        shutil.copytree(base, folder / "try")
        small = SmallHome.at(folder / "try")
        _put(small, NEW)
        status = attempt(small)
        broken = [] if _sources(small.passages()) in (old, new) else ["neither old nor new is live"]
        broken += small.problems()
        _in_child(small.ingest)
        if _sources(small.passages()) != new:
            broken.append("the next run did not heal it")
        broken += small.problems() + small.leftovers()
        print(json.dumps({"attempt": number, "status": status, "broken": broken}), flush=True)
        shutil.rmtree(small.folder)
        if mode == "every-write" and status == 0:
            return


def _attempts(mode: str) -> Iterator[Callable[[SmallHome], int]]:
    if mode == "random":
        dice = random.Random(7)
        for _ in range(N_RANDOM):
            yield lambda small: _killed_after(small, dice.uniform(0, 0.5))
        return
    if mode == "read-only":
        yield lambda small: _with_fault(small, _fails_at(1, errno.EROFS))
        return
    number = 0
    while True:
        number += 1
        fault = _dies_at(number) if mode == "every-write" else _fails_at(number, errno.ENOSPC)
        yield lambda small, fault=fault: _with_fault(small, fault)  # type: ignore[misc]
        if mode == "full" and number >= 40:
            return


def _dies_at(number: int) -> Fault:
    def fault(seen: int, kind: str) -> None:
        if seen == number:
            os._exit(137)  # as SIGKILL: nothing is cleaned up, nothing flushed

    return fault


def _fails_at(number: int, code: int) -> Fault:
    def fault(seen: int, kind: str) -> None:
        if seen >= number and (code == errno.EROFS or kind not in MAKES_ROOM):
            raise OSError(code, os.strerror(code))

    return fault


def _with_fault(small: SmallHome, fault: Fault) -> int:
    def ingest() -> None:
        with faults(small.folder, fault):
            small.ingest()

    return _in_child(ingest)


def _killed_after(small: SmallHome, delay_s: float) -> int:
    pid = os.fork()
    if pid == 0:
        _run(small.ingest)
    time.sleep(delay_s)
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _in_child(work: Callable[[], object]) -> int:
    pid = os.fork()
    if pid == 0:
        _run(work)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _run(work: Callable[[], object]) -> None:
    """End the process: 0, 1 after a known error, 70 after another."""
    try:
        work()
        os._exit(0)
    except StudyError:
        os._exit(1)
    except BaseException as error:  # noqa: BLE001 - the parent counts it as a failure
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(70)


def _made(folder: Path, texts: dict[str, str], name: str) -> tuple[Path, list[tuple[str, str]]]:
    """Return where a home with an index of `texts` is kept, and its passages.

    It is made in the place where it is tried: an index knows where its files came from.
    """
    small = SmallHome.at(folder / "try")
    _put(small, texts)
    small.ingest()  # here, so that children find everything loaded
    found = _sources(small.passages())
    return small.folder.rename(folder / name), found


def _put(small: SmallHome, texts: dict[str, str]) -> None:
    shutil.rmtree(small.folder / "texts", ignore_errors=True)
    for name, text in texts.items():
        small.write(name, text)


def _sources(passages: list[Passage]) -> list[tuple[str, str]]:
    return [(passage.source, passage.text) for passage in passages]


if __name__ == "__main__":
    main()
