"""A command run to its end, with its time and the memory of all its processes."""

import os
import resource
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil

_LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a command printed and took; memory is resident, at its peak, in MB.

    `children_mb` is the sum over the processes that it started; `wall_s` includes the start.
    `cpu_s` is that of all of them, which other work on the machine hardly changes; `load` is the
    machine's average over the last minute at the end.
    """

    output: str
    wall_s: float
    cpu_s: float
    load: float
    own_mb: float
    children_mb: float

    def figures(self) -> dict[str, float]:
        """Return time and memory, for a report."""
        return {
            "wall_s": round(self.wall_s, 1),
            "cpu_s": round(self.cpu_s, 1),
            "load": round(self.load, 1),
            "peak_mb": round(self.own_mb),
            "peak_workers_mb": round(self.children_mb),
        }


def run_watched(command: Sequence[str], environment: Mapping[str, str]) -> Run:
    """Return what came of `command`; what it writes to stderr is let go.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    started, cpu_started_s = time.perf_counter(), _cpu_s()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    peaks = [0.0, 0.0]
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(process.pid, peaks, done))
    watch.start()
    output, _ = process.communicate()
    wall_s = time.perf_counter() - started
    done.set()
    watch.join()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output)
    return Run(
        output=output,
        wall_s=wall_s,
        cpu_s=_cpu_s() - cpu_started_s,
        load=os.getloadavg()[0],
        own_mb=peaks[0],
        children_mb=peaks[1],
    )


def _cpu_s() -> float:
    """Return the processor time of all processes that have ended, of this one's."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _watch(process_id: int, peaks: list[float], done: threading.Event) -> None:
    while not done.wait(_LOOK_EVERY_S):
        try:
            process = psutil.Process(process_id)
            own = process.memory_info().rss / 1e6
            children = sum(_resident_mb(child) for child in process.children(recursive=True))
        except psutil.Error:
            return
        peaks[:] = max(peaks[0], own), max(peaks[1], children)


def _resident_mb(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss / 1e6)
    except psutil.Error:  # it ended just now
        return 0.0
