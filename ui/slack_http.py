"""HTTP mode: what Slack posts to `/slack/events`, and whether the bot is well at `/healthz`.

The home of starlette and uvicorn. Signatures are verified by slack_bolt, in the app itself.
"""

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from assistant.errors import StudyError

if TYPE_CHECKING:
    from slack_bolt import App
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
def serve(app: "App", *, host: str, port: int, health: "Callable[[], JsonObject]") -> Iterator[int]:
    """Yield the port that is served; requests under way are answered when the block ends.

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
        _web_app(app, health),
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


def _web_app(app: "App", health: "Callable[[], JsonObject]") -> "Starlette":
    from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse, PlainTextResponse
    from starlette.routing import Route

    async def events(request: "Request") -> "Response":
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BODY_BYTES:
                return PlainTextResponse("Too large.", status_code=413)
        try:
            bolt_request = to_bolt_request(request, bytes(body))
        except ValueError:  # no UTF-8, or no JSON: surely not from Slack
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
