"""Has a model server compute the beginning that all prompts share before the first question.

llama.cpp computes it once, in one slot; the others take it over from a file. The file stays, so
the next start takes milliseconds instead of the ten seconds that 600 tokens cost on two cores.
vLLM shares beginnings between requests by itself: one request is enough.
"""

import hashlib
import importlib.metadata
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.server_commands import ServerOptions

if TYPE_CHECKING:
    import httpx

Messages = Sequence[Mapping[str, str]]

_TIMEOUT_S = 600.0


def warm_up(url: str, options: ServerOptions, messages: Messages) -> bool:
    """Return whether every slot of the server now holds the beginning of `messages`.

    A failure is no error: the first question then takes longer, no more.

    Args:
        url: base URL of a healthy server that runs with `options`.
        messages: role and content of each message of the beginning.
    """
    import httpx

    # A proxy of the environment can't reach a server on this machine.
    with httpx.Client(trust_env=False, verify=False, timeout=_TIMEOUT_S) as client:
        try:
            if options.engine == "vllm" or options.prompt_folder is None:
                return _compute(client, url, options, messages, slot=None)
            return _fill_slots(client, url, options, messages, options.prompt_folder)
        except (httpx.HTTPError, OSError):
            return False


def _fill_slots(
    client: "httpx.Client", url: str, options: ServerOptions, messages: Messages, folder: Path
) -> bool:
    name = _file_name(options, messages)
    is_held = [_slot(client, url, slot, "restore", name) for slot in range(options.parallel)]
    if all(is_held):
        return True
    for stale in folder.glob("*.slot"):
        stale.unlink(missing_ok=True)
    return (
        _compute(client, url, options, messages, slot=0)
        and _slot(client, url, 0, "save", name)
        and all(_slot(client, url, n, "restore", name) for n in range(1, options.parallel))
    )


def _compute(
    client: "httpx.Client", url: str, options: ServerOptions, messages: Messages, slot: int | None
) -> bool:
    body: dict[str, object] = {
        "model": options.model_name,
        "messages": [dict(message) for message in messages],
        "max_tokens": 1,
    }
    if slot is not None:
        body["id_slot"] = slot
    return client.post(f"{url}/chat/completions", json=body).is_success


def _slot(client: "httpx.Client", url: str, slot: int, action: str, name: str) -> bool:
    """Return whether llama.cpp saved or restored what slot number `slot` holds."""
    root = url.removesuffix("/v1")
    reply = client.post(f"{root}/slots/{slot}", params={"action": action}, json={"filename": name})
    return reply.is_success


def _file_name(options: ServerOptions, messages: Messages) -> str:
    """Return a name that changes with all that the computed state depends on."""
    status = options.model_path.stat()
    shape = {
        "model": [str(options.model_path), status.st_size, status.st_mtime_ns],
        "messages": [dict(message) for message in messages],
        "llama.cpp": importlib.metadata.version("xllamacpp"),
        "gpu_layers": options.gpu_layers,
    }
    return hashlib.sha256(json.dumps(shape).encode()).hexdigest()[:16] + ".slot"
