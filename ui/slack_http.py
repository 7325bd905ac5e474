"""HTTP mode: what Slack posts to `/slack/events`, and whether the bot is well at `/healthz`.

The home of starlette and uvicorn. Who can't prove to be Slack is refused before anything of a body
is read; slack_bolt verifies once more, in the app itself.
"""

import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from assistant.errors import StudyError

if TYPE_CHECKING:
    from slack_bolt import App
    from slack_sdk.signature import SignatureVerifier
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from assistant.answer_json import JsonObject

EVENTS_PATH, HEALTH_PATH = "/slack/events", "/healthz"
MAX_BODY_BYTES = 1_000_000
"""Slack's events have some kilobytes."""

_START_TIMEOUT_S = 10.0
_STOP_TIMEOUT_S = 5.0


@contextmanager
def serve(
    app: "App",
    *,
    signing_secret: str,
    host: str,
    port: int,
    health: "Callable[[], JsonObject]",
) -> Iterator[int]:
    """Yield the port that is served; requests under way are answered when the block ends.

    Args:
        app: what answers requests that are surely Slack's.
        signing_secret: proves that they are; not empty.
        host: the address to listen at.
        port: 0 for a free one.
        health: returns what `/healthz` says.

    Raises:
        StudyError: the port can't be had.
    """
    import uvicorn

    try:
        listener = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
    except OSError as error:
        raise StudyError(
            f"Port {port} can't be had at {host}: {error.strerror or error}.",
            hint="Set STUDY_SLACK__PORT or STUDY_SLACK__HOST to others, or end what holds it.",
        ) from error
    config = uvicorn.Config(
        _web_app(app, signing_secret, health),
        log_level=logging.WARNING,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(_STOP_TIMEOUT_S),
        lifespan="off",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="slack-http", daemon=True
    )
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(_STOP_TIMEOUT_S + 1)
        listener.close()


def _web_app(app: "App", signing_secret: str, health: "Callable[[], JsonObject]") -> "Starlette":
    from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
    from slack_sdk.signature import SignatureVerifier
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse, PlainTextResponse
    from starlette.routing import Route

    verifier = SignatureVerifier(signing_secret)

    async def events(request: "Request") -> "Response":
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BODY_BYTES:
                return PlainTextResponse("Too large.", status_code=413)
        raw = bytes(body)
        if _is_ssl_check(raw):
            return PlainTextResponse("")
        if not _is_signed(verifier, raw, request.headers):
            return PlainTextResponse("Not signed by Slack.", status_code=401)
        try:
            bolt_request = to_bolt_request(request, raw)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            # slack_bolt takes any JSON for an object that Slack sends.
            return PlainTextResponse("Not understood.", status_code=400)
        # In a thread: one request that waits for the database must not hold up the others.
        return to_starlette_response(await run_in_threadpool(app.dispatch, bolt_request))

    async def healthz(request: "Request") -> "Response":
        try:
            return JSONResponse(await run_in_threadpool(health))
        except StudyError as error:
            return JSONResponse({"status": "failing", "error": str(error)}, status_code=503)

    return Starlette(
        routes=[
            Route(EVENTS_PATH, events, methods=["POST"]),
            Route(HEALTH_PATH, healthz, methods=["GET"]),
        ]
    )


def _is_signed(verifier: "SignatureVerifier", body: bytes, headers: Mapping[str, str]) -> bool:
    try:
        return verifier.is_valid_request(body, headers)
    except (ValueError, TypeError):  # a time that is no number, a signature or body that is no text
        return False


def _is_ssl_check(body: bytes) -> bool:
    """Whether Slack only looks at our certificate, which it does without a signature."""
    return body.startswith(b"ssl_check=") and parse_qs(body)[b"ssl_check"] == [b"1"]
