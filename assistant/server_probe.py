"""What a model server tells of itself without being asked a question: is it up, and what is it?"""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx

EXTERNAL = "external"
"""The engine of a server that doesn't say what it is."""

_ENGINES = ("vllm", "llamacpp")


def is_healthy(url: str, *, api_key: str | None = None, timeout_s: float) -> bool:
    """Return whether the OpenAI-compatible server at base URL `url` takes requests.

    vLLM and llama.cpp say so at /health; where there is none, listing the models must succeed.
    """
    import httpx

    parts = urlsplit(url)
    try:
        with _client(url, api_key, timeout_s) as client:
            reply = client.get(f"{parts.scheme}://{parts.netloc}/health")
            if reply.status_code in (401, 403, 404, 405):
                reply = client.get(f"{url}/models")
            return reply.is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def engine_of(url: str, *, api_key: str | None = None, timeout_s: float) -> str:
    """Return "vllm" or "llamacpp" if the server at base URL `url` is that, else `EXTERNAL`.

    Both name themselves as the owner of the models that they list.
    """
    import httpx

    try:
        with _client(url, api_key, timeout_s) as client:
            owner = client.get(f"{url}/models").json()["data"][0]["owned_by"]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, LookupError, TypeError):
        return EXTERNAL
    return owner if owner in _ENGINES else EXTERNAL


def _client(
    url: str, api_key: str | None, timeout_s: float
) -> "AbstractContextManager[httpx.Client]":
    import httpx

    parts = urlsplit(url)
    return httpx.Client(
        # A proxy of the environment can't reach a server on this machine.
        trust_env=parts.hostname not in ("127.0.0.1", "localhost", "::1"),
        verify=parts.scheme == "https",  # else the certificates would be read for nothing
        timeout=timeout_s,
        headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
    )
