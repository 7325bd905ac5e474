"""Models from the hub, for those who can reach it: `owner/name`, `owner/name@revision`, or one file
of it, `owner/name:file.gguf`.

Only safetensors, GGUF and text files are fetched: other formats of weights can run code. Large
files are checked against the sha256 that the hub publishes, and a revision is pinned when it is
first fetched. A mirror can be named in HF_ENDPOINT, a token in HF_TOKEN, as everywhere.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import WeightsCorrupt, WeightsError, WeightsMissing
from assistant.growth import watched

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_TIMEOUT_S = 10.0
_MANIFEST = "study-manifest.json"
_HUB_ID = re.compile(
    r"(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?(?::(?P<file>[\w./-]+))?"
)
_TEXT_SUFFIXES = (".json", ".txt", ".model", ".jinja")
_BY_HAND = "Or download it elsewhere and set STUDY_MODEL__NAME to the folder."


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """A file of a repository; `sha256` is None for small ones, which the hub keeps in git."""

    name: str
    size_bytes: int
    sha256: str | None


def is_hub_id(name: str) -> bool:
    """Return whether `name` has the form of a hub id."""
    return _HUB_ID.fullmatch(name) is not None


def fetch(
    hub_id: str,
    *,
    cache: Path,
    offline: bool = False,
    progress: Callable[[int, int], None],
    verify: bool = False,
    endpoint: str | None = None,
) -> Path:
    """Return the folder (or, for a GGUF, the file) of `hub_id`, downloaded where it has to be.

    Args:
        endpoint: address of a hub; None: that of huggingface_hub's own settings.
        verify: hash the files again, and download again what is damaged.

    Raises:
        WeightsMissing: not in the cache, and the hub or the model can't be reached.
        WeightsCorrupt: a file has another sha256 than the hub says, twice.
        ValueError: `hub_id` is not a hub id.
    """
    match = _HUB_ID.fullmatch(hub_id)
    if match is None:
        raise ValueError(f"{hub_id!r} is not a hub id.")
    folder = cache / re.sub(r"[^\w.-]+", "--", hub_id)
    manifest = _read_manifest(folder)
    if manifest is not None and not verify:
        return _entry(folder, manifest)
    if offline:
        raise WeightsMissing(
            f"The model {hub_id} is not in {cache}, and fetching is switched off.",
            hint="Unset STUDY_OFFLINE and run `study model fetch`.",
        )
    # Read when it is imported. Its telemetry asks huggingface.co, even where another hub is named.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    with _translated(hub_id):
        import huggingface_hub

        api = huggingface_hub.HfApi(endpoint=endpoint)
        info = api.model_info(
            match["repo"], revision=match["revision"], files_metadata=True, timeout=_TIMEOUT_S
        )
        files = _choose(
            [
                HubFile(
                    name=sibling.rfilename,
                    size_bytes=sibling.size or 0,
                    sha256=sibling.lfs.sha256 if sibling.lfs else None,
                )
                for sibling in info.siblings or ()
            ],
            match["file"],
            hub_id,
        )
        total = sum(file.size_bytes for file in files)
        with watched(folder, lambda n: progress(min(n, total), total)):
            for file in files:
                _download(api, match["repo"], info.sha or "main", file, folder)
    progress(total, total)
    names = [file.name for file in files]
    sizes = {name: (folder / name).stat().st_size for name in names}
    (folder / _MANIFEST).write_text(
        json.dumps({"hub_id": hub_id, "revision": info.sha, "size_bytes": sizes}, indent=1), "utf-8"
    )
    return _entry(folder, names)


def _download(api: "HfApi", repo: str, revision: str, file: HubFile, folder: Path) -> None:
    """Download `file` into `folder`; where it is damaged, once more."""
    for is_again in (False, True):
        path = Path(
            api.hf_hub_download(
                repo, file.name, revision=revision, local_dir=folder, force_download=is_again
            )
        )
        if file.sha256 is None:
            return
        with path.open("rb") as content:
            if file_digest(content, "sha256").hexdigest() == file.sha256:
                return
    raise WeightsCorrupt(
        f"{file.name} of {repo} is not what the hub published.",
        hint="The mirror may be broken: try another (HF_ENDPOINT).",
    )


def _choose(files: list[HubFile], wanted: str | None, hub_id: str) -> list[HubFile]:
    """Return the files to download: the one that is wanted, or safetensors and texts, or a GGUF."""
    if wanted is not None:
        chosen = [file for file in files if file.name == wanted]
        if not chosen:
            raise WeightsMissing(
                f"{hub_id}: there is no such file.", hint=f"There are: {_some_names(files)}."
            )
        return chosen
    if any(file.name.endswith(".safetensors") for file in files):
        suffixes = (".safetensors", *_TEXT_SUFFIXES)
        # Other folders than the modules of sentence-transformers ("1_Pooling") hold the same
        # weights in other forms.
        chosen = [file for file in files if re.fullmatch(r"(?:\d+_\w+/)?[^/]+", file.name)]
        return [file for file in chosen if file.name.endswith(suffixes)]
    ggufs = [file for file in files if file.name.endswith(".gguf")]
    if len(ggufs) == 1:
        return ggufs
    raise WeightsMissing(
        f"{hub_id} has no safetensors" + (", but several GGUFs." if ggufs else " and no GGUF."),
        hint=f"Name one: {hub_id}:FILE. There are: {_some_names(ggufs or files)}.",
    )


def _some_names(files: list[HubFile]) -> str:
    return ", ".join(file.name for file in files[:8]) or "none"


def _read_manifest(folder: Path) -> list[str] | None:
    """Return the names of the complete files in `folder`; None if some are not there."""
    try:
        sizes = json.loads((folder / _MANIFEST).read_text("utf-8"))["size_bytes"]
        if all((folder / name).stat().st_size == size for name, size in sizes.items()):
            return list(sizes)
    except (OSError, ValueError, KeyError):
        return None
    return None


def _entry(folder: Path, names: list[str]) -> Path:
    """Return what an engine opens: the one GGUF, else the folder."""
    return folder / names[0] if len(names) == 1 else folder


@contextmanager
def _translated(hub_id: str) -> Iterator[None]:
    """Turn what huggingface_hub raises into a `WeightsError`."""
    try:
        import huggingface_hub.errors as kinds
        from httpx2 import HTTPError
    except ImportError as exc:
        raise WeightsMissing(
            f"Fetching {hub_id} needs the package huggingface-hub.",
            hint=f"pip install 'huggingface-hub>=2'. {_BY_HAND}",
        ) from exc
    try:
        yield
    except kinds.GatedRepoError as exc:
        raise WeightsMissing(
            f"The model {hub_id} is gated.",
            hint="Accept its terms on the hub, and set HF_TOKEN to your token.",
        ) from exc
    except (kinds.RepositoryNotFoundError, kinds.RevisionNotFoundError) as exc:
        raise WeightsMissing(
            f"The hub has no model {hub_id}.",
            hint="Check the name and the revision; a private model needs HF_TOKEN.",
        ) from exc
    except (HTTPError, kinds.LocalEntryNotFoundError, ConnectionError) as exc:
        raise WeightsMissing(
            f"The hub can't be reached, so {hub_id} can't be fetched.",
            hint=f"Check the network, or name a mirror in HF_ENDPOINT. {_BY_HAND}",
        ) from exc
    except OSError as exc:
        raise WeightsError(f"{hub_id} can't be stored: {exc}.", hint="Is the disk full?") from exc
