"""A GGUF as vLLM opens it: a folder of safetensors in the cache, made once.

vLLM itself reads no GGUF. The conversion runs in vLLM's environment, since this one has no torch.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from assistant.errors import WeightsError

_CONVERTER = Path(__file__).with_name("gguf_to_safetensors.py")
_MANIFEST = "study-manifest.json"


def as_safetensors(gguf: Path, *, cache: Path, vllm_python: Path | None = None) -> Path:
    """Return the folder with the weights of `gguf`, converted at the first call.

    A gigabyte of GGUF takes about a minute and becomes three to four. A folder is returned as
    it is: it holds safetensors already.

    Args:
        vllm_python: the Python of vLLM's environment, with torch, transformers, accelerate and
            gguf; None: this one.

    Raises:
        WeightsError: the conversion fails; the message is the last line it wrote.
    """
    if gguf.is_dir():
        return gguf
    from filelock import FileLock

    status = gguf.stat()
    source = {"size_bytes": status.st_size, "modified_ns": status.st_mtime_ns, "name": gguf.name}
    folder = cache / "vllm" / gguf.stem
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(folder.name + ".lock")):
        if _manifest_of(folder) == source:
            return folder
        partial = folder.with_name(folder.name + ".part")
        for stale in (partial, folder):
            shutil.rmtree(stale, ignore_errors=True)
        partial.mkdir()
        _convert(gguf.resolve(), partial, vllm_python or Path(sys.executable))
        (partial / _MANIFEST).write_text(json.dumps(source, indent=1), "utf-8")
        partial.replace(folder)
    return folder


def _convert(gguf: Path, folder: Path, python: Path) -> None:
    argv = [str(python), "-P", str(_CONVERTER), str(gguf), str(folder)]
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
            check=False,
        )
    except OSError as exc:
        raise WeightsError(
            f"{python} can't be run: {exc.strerror}.",
            hint="Set STUDY_MODEL__VLLM_PYTHON to the Python of an environment with vLLM.",
        ) from exc
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise WeightsError(
            f"{gguf.name} can't be converted for vLLM: {lines[-1] if lines else 'no reason given'}",
            hint=f"{python} needs torch, transformers, accelerate and gguf; or serve safetensors.",
        )


def _manifest_of(folder: Path) -> object:
    try:
        return json.loads((folder / _MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return None
