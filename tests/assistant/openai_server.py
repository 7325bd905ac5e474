"""A server with OpenAI's HTTP interface that answers as a test tells it: one script a request."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Script = Callable[["Exchange"], None]


class Exchange:
    """One request to /v1/chat/completions and the ways to answer it."""

    def __init__(self, handler: "OpenAIHandler", body: dict[str, object]) -> None:
        self._handler = handler
        self.body = body

    def send_status(self, status: int, message: str = "no", **headers: str) -> None:
        data = json.dumps({"error": {"message": message, "code": status}}).encode()
        self.send_raw(data, status=status, content_type="application/json", **headers)

    def send_raw(
        self, data: bytes, *, status: int = 200, content_type: str = "text/html", **headers: str
    ) -> None:
        self._handler.send_response(status)
        self._handler.send_header("Content-Type", content_type)
        self._handler.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()
        self._handler.wfile.write(data)

    def begin_stream(self) -> None:
        self._handler.send_response(200)
        self._handler.send_header("Content-Type", "text/event-stream")
        self._handler.send_header("Connection", "close")
        self._handler.end_headers()
        self._handler.close_connection = True

    def send_event(self, data: str) -> None:
        self._handler.wfile.write(f"data: {data}\n\n".encode())
        self._handler.wfile.flush()

    def send_text(
        self, text: str, *, top: dict[str, float] | None = None, finish: str | None = None
    ) -> None:
        choice: dict[str, object] = {
            "index": 0,
            "delta": {"content": text},
            "finish_reason": finish,
        }
        if top is not None:
            entries = [{"token": t, "logprob": p, "bytes": None} for t, p in top.items()]
            choice["logprobs"] = {
                "content": [{"token": text, "logprob": 0.0, "bytes": None, "top_logprobs": entries}]
            }
        self.send_event(json.dumps(chunk([choice])))

    def finish(self, reason: str = "stop", **extra: object) -> None:
        self.send_text("", finish=reason)
        if extra:
            self.send_event(json.dumps({**chunk([]), **extra}))
        self.send_event("[DONE]")


def chunk(choices: list[dict[str, object]]) -> dict[str, object]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": choices,
    }


class OpenAIServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), OpenAIHandler)
        self.scripts: list[Script] = []
        self.bodies: list[dict[str, object]] = []
        self.headers: list[dict[str, str]] = []
        self.health = 200
        self.models: object = None
        self.client_left = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def wait_until_client_leaves(self, exchange: Exchange, timeout_s: float = 10) -> None:
        """Write until the connection breaks, as a model server does."""
        deadline = time.monotonic() + timeout_s
        try:
            while time.monotonic() < deadline:
                exchange.send_text("x")
                time.sleep(0.01)
        except OSError:
            self.client_left.set()


class OpenAIHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: OpenAIServer

    def do_GET(self) -> None:
        exchange = Exchange(self, {})
        if self.path == "/v1/models" and self.server.models is not None:
            exchange.send_raw(json.dumps(self.server.models).encode())
        elif self.path == "/health" or self.server.health == 404:
            status = self.server.health if self.path == "/health" else 200
            exchange.send_raw(b"{}", status=status)
        else:
            exchange.send_status(404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        self.server.headers.append({k.lower(): v for k, v in self.headers.items()})
        script = self.server.scripts.pop(0)
        with suppress(BrokenPipeError):
            script(Exchange(self, body))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def serving() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
