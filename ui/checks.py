"""What `study doctor` looks at, one function a matter; each says what is so and what to do."""

import importlib.metadata
import importlib.util
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from assistant.errors import StudyError
from ui.terminal import counted

if TYPE_CHECKING:
    from assistant.settings import Settings

Verdict = Literal["ok", "warning", "problem"]

PYTHON_RANGE = ((3, 11), (3, 13))
MIN_FREE_GB = 3.0
"""The default model's file and one package of it, an index, and room to breathe."""
MIN_MEMORY_GB = 4.0
"""The default model takes 2.3 GB with its prompts, the page and the embedder 0.7."""

_DISTRIBUTION = "study-assistant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The outcome for one matter; `hint` says what to do, "" if nothing."""

    matter: str
    verdict: Verdict
    finding: str
    hint: str = ""


def run_checks(settings: "Settings") -> Iterator[Check]:
    """Yield the outcome for each matter, as soon as it is known; nothing is changed or fetched."""
    yield check_python(sys.version_info[:2])
    yield check_packages()
    yield check_faiss(installed_versions("faiss-cpu", "faiss-gpu"))
    yield from check_disk(settings)
    yield check_memory()
    for look in (check_weights, check_index, check_model_server, check_page_port):
        yield guarded(look, settings)


def guarded(look: Callable[["Settings"], Check], settings: "Settings") -> Check:
    """Return what `look` finds; a known error is a finding, too."""
    try:
        return look(settings)
    except StudyError as error:
        matter = look.__name__.removeprefix("check_").replace("_", " ")
        return Check(matter=matter, verdict="problem", finding=str(error), hint=error.hint)


def check_python(version: tuple[int, int]) -> Check:
    """Check that this Python is one the project is tested with."""
    lowest, highest = PYTHON_RANGE
    text = f"{platform.python_version()} ({sys.executable})"
    if lowest <= version <= highest:
        return Check(matter="python", verdict="ok", finding=text)
    return Check(
        matter="python",
        verdict="problem",
        finding=text,
        hint="Python 3.11, 3.12 or 3.13 is needed: make run PYTHON=python3.12",
    )


def check_packages() -> Check:
    """Check that every package the project asks for is installed in a version it asks for."""
    from packaging.requirements import Requirement

    try:
        wanted = importlib.metadata.requires(_DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return Check(
            matter="packages",
            verdict="warning",
            finding="The project itself is not installed.",
            hint="pip install -e '.[cpu]'",
        )
    wrong = []
    n_good = 0
    for line in wanted:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        found = installed_versions(requirement.name).get(requirement.name)
        if found is None:
            wrong.append(f"{requirement.name} is missing")
        elif not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} is {found}, not {requirement.specifier}")
        else:
            n_good += 1
    if wrong:
        return Check(
            matter="packages",
            verdict="problem",
            finding="; ".join(wrong) + ".",
            hint="pip install -e '.[cpu]'",
        )
    own = importlib.metadata.version(_DISTRIBUTION)
    return Check(
        matter="packages",
        verdict="ok",
        finding=f"{_DISTRIBUTION} {own}; its {n_good} packages have the right versions",
    )


def installed_versions(*names: str) -> dict[str, str]:
    """Return the versions of those of the distributions `names` that are installed."""
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def check_faiss(installed: dict[str, str]) -> Check:
    """Check that exactly one of the two packages that provide `faiss` is there."""
    text = ", ".join(f"{name} {version}" for name, version in installed.items())
    if len(installed) == 1:
        return Check(matter="faiss", verdict="ok", finding=text)
    if installed:
        return Check(
            matter="faiss",
            verdict="problem",
            finding=f"{text}: both provide the same module.",
            hint="pip uninstall faiss-cpu faiss-gpu, then pip install '.[cpu]' or '.[gpu]'",
        )
    return Check(
        matter="faiss",
        verdict="problem",
        finding="Neither faiss-cpu nor faiss-gpu is installed.",
        hint="pip install '.[cpu]', or '.[gpu]' with an NVIDIA GPU",
    )


def check_disk(settings: "Settings") -> Iterator[Check]:
    """Check the room where state and models are kept."""
    from assistant.weights import find

    is_fetched = find(settings.model.name, cache=settings.cache) is not None
    for name, folder, needed_gb in (
        ("STUDY_HOME", settings.home, 0.5),
        ("STUDY_CACHE", settings.cache, 0.2 if is_fetched else MIN_FREE_GB),
    ):
        there = _nearest_existing(folder)
        free_gb = shutil.disk_usage(there).free / 1e9
        finding = f"{folder}: {free_gb:.1f} GB free"
        if free_gb < needed_gb:
            yield Check(
                matter="disk",
                verdict="problem",
                finding=f"{finding}, {needed_gb:g} GB needed",
                hint=f"Free some space, or set {name} to a folder on another disk.",
            )
        else:
            yield Check(matter="disk", verdict="ok", finding=finding)


def _nearest_existing(folder: Path) -> Path:
    path = folder.absolute()
    while not path.exists():
        path = path.parent
    return path


def check_memory() -> Check:
    """Check that the default model fits into memory."""
    import psutil

    total_gb = psutil.virtual_memory().total / 1e9
    free_gb = psutil.virtual_memory().available / 1e9
    finding = f"{total_gb:.1f} GB, {free_gb:.1f} GB available"
    if total_gb < MIN_MEMORY_GB:
        return Check(
            matter="memory",
            verdict="warning",
            finding=f"{finding}; the default model wants {MIN_MEMORY_GB:g} GB in all",
            hint="Set STUDY_MODEL__NAME to a smaller model, or STUDY_MODEL__URL to a server.",
        )
    return Check(matter="memory", verdict="ok", finding=finding)


def check_weights(settings: "Settings") -> Check:
    """Check that the model's file is there, with the size and time it was checked with."""
    from assistant.weights import find

    if settings.model.url is not None:
        return Check(matter="weights", verdict="ok", finding="not needed with STUDY_MODEL__URL")
    path = find(settings.model.name, cache=settings.cache)
    if path is None:
        return Check(
            matter="weights",
            verdict="warning",
            finding=f"{settings.model.name} is not here; answers are extracts without it",
            hint="study model fetch",
        )
    size_bytes = path.stat().st_size if path.is_file() else _folder_bytes(path)
    return Check(matter="weights", verdict="ok", finding=f"{path} ({size_bytes / 1e6:.0f} MB)")


def _folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def check_index(settings: "Settings") -> Check:
    """Check that the live generation is whole, opens, and fits the embedder."""
    from assistant import generations
    from assistant.index import open_index
    from assistant.wiring import open_settings_embedder

    name = generations.current_name(settings.home)
    if name is None:
        return Check(
            matter="index",
            verdict="problem",
            finding="Nothing has been ingested yet.",
            hint="study ingest PATH…",
        )
    problems = generations.verify(settings.home, name)
    if problems:
        return Check(
            matter="index",
            verdict="problem",
            finding=f"{name}: {' '.join(problems)}",
            hint=generations.REBUILD_HINT,
        )
    embedder = open_settings_embedder(settings)
    index = open_index(settings.home, name, fingerprint=embedder.fingerprint)
    manifest = index.manifest
    return Check(
        matter="index",
        verdict="ok",
        finding=f"{name}: {counted(len(manifest.sources), 'file')}, "
        f"{counted(manifest.n_passages, 'passage')}, "
        f"all files as written; searched with {index.kind}, embedded by {embedder.engine} "
        f"on {embedder.device}",
    )


def check_model_server(settings: "Settings") -> Check:
    """Check that a server answers, and how long one token takes it."""
    from assistant.chat_model import Message, OpenAIChatModel
    from assistant.model_server import find_running

    options = settings.model
    running = None if options.url else find_running(settings.home)
    url = options.url or (running.url if running else None)
    if url is None:
        return Check(
            matter="model server",
            verdict="ok",
            finding="none runs; `study up` and `study ask` start one",
        )
    client = OpenAIChatModel(
        url=url,
        model=running.model if running else options.name,
        api_key=options.api_key.get_secret_value() if options.api_key else None,
        timeout_s=options.timeout_s,
        retries=0,
    )
    started_s = time.perf_counter()
    for _ in client.stream([Message("user", "1 + 1 =")], max_tokens=1):
        pass
    took_s = time.perf_counter() - started_s
    served_by = f"{running.engine}, " if running else ""
    return Check(
        matter="model server",
        verdict="ok",
        finding=f"{url} ({served_by}{client.model}): one token in {took_s:.1f} s",
    )


def check_page_port(settings: "Settings") -> Check:
    """Check that the page's port is free; where not, `study up` takes the next one."""
    from ui.page_server import choose_port

    wanted = settings.web.port
    port = choose_port(settings.web.host, wanted)
    if wanted in (0, port):
        return Check(matter="page port", verdict="ok", finding=f"{port} is free")
    return Check(
        matter="page port",
        verdict="warning",
        finding=f"{wanted} is taken (by the page, if `study up` runs); {port} is free",
        hint="STUDY_WEB__PORT names another one.",
    )
