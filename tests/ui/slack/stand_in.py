"""Slack on loopback: its Web API over HTTP, Socket Mode over a WebSocket, signed requests.

Keeps the messages that a workspace would show, and every call. What a bot must not do (a wrong
token, a call before `Retry-After` is over, a wrong signature of its own) is a line in `complaints`.
"""

import asyncio
import hashlib
import hmac
import http.client
import itertools
import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiohttp import WSMsgType, web

BOT_TOKEN, APP_TOKEN, SIGNING_SECRET = "xoxb-stand-in", "xapp-stand-in", "stand-in-secret"
TEAM, BOT_USER, BOT_ID = "T1", "UBOT", "BBOT"
SCOPES = (
    "app_mentions:read,assistant:write,channels:history,chat:write,commands,groups:history,"
    "im:history,mpim:history,usergroups:read"
)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """What the next call gets instead of an answer; `carries_out`: the call takes effect first."""

    status: int = 200
    error: str = ""
    retry_after_s: float | None = None
    drops: bool = False
    body: str = ""
    carries_out: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the Web API, and when it came (`time.monotonic`)."""

    method: str
    arguments: Json
    at_s: float


@dataclass(slots=True)
class StandIn:
    """The workspace. Other threads read its lists; only its own loop writes them."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    messages: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    replies: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    faults: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    closed_until_s: dict[str, float] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    groups: dict[str, list[str]] = field(default_factory=dict)
    closed_channels: set[str] = field(default_factory=set)
    is_panel: bool = True
    says_only_ok: bool = False
    takes_blocks: bool = True
    limits: dict[str, int] = field(default_factory=dict)
    n_connections: int = 0
    acknowledged: list[str] = field(default_factory=list)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _sockets: list[web.WebSocketResponse] = field(default_factory=list)
    _pending: dict[str, Json] = field(default_factory=dict)
    _clock: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    # What a test does and sees

    def fail(self, method: str, *faults: Fault) -> None:
        """Answer the next calls of `method` with `faults`, one each."""
        self.faults[method].extend(faults)

    def called(self, method: str) -> list[Call]:
        return [call for call in list(self.calls) if call.method == method]

    def said(self, channel: str) -> list[Json]:
        """Return the bot's messages that stand in a channel, in order."""
        return list(self.messages[channel])

    def send(self, envelope: Json) -> None:
        """Send through the WebSocket; what nobody acknowledges comes again after a reconnect."""
        self._pending[envelope["envelope_id"]] = envelope
        self._run(self._send(envelope))

    def disconnect(self, *, politely: bool) -> None:
        """End all connections: after a `disconnect` message, or by dropping them."""
        self._run(self._disconnect(politely))

    # The machinery

    def _run(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _send(self, envelope: Json) -> None:
        for socket in self._sockets[-1:]:
            await socket.send_json(envelope)

    async def _disconnect(self, politely: bool) -> None:
        sockets, self._sockets = self._sockets, []
        for socket in sockets:
            if politely:
                await socket.send_json({"type": "disconnect", "reason": "refresh_requested"})
                self._sockets.append(socket)
            elif socket._req is not None and socket._req.transport is not None:
                socket._req.transport.abort()

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_post("/reply/{name}", self._reply)
        app.router.add_get("/link", self._link)
        return app

    async def _reply(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if time.monotonic() < self.closed_until_s.get(name, 0.0):
            self.complaints.append(f"{name} called before Retry-After was over")
        if self.faults[name]:
            return self._failing(request, name, self.faults[name].popleft())
        if len(self.replies[name]) >= self.limits.get(name, 5):
            return web.Response(status=404, text="used_url")
        self.replies[name].append(await request.json())
        return web.Response(text="ok")

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.n_connections += 1
        self._sockets.append(socket)
        await socket.send_json({"type": "hello", "num_connections": 1})
        for envelope in list(self._pending.values()):
            again = envelope | {"retry_attempt": 1, "retry_reason": "timeout"}
            await socket.send_json(again)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                envelope_id = json.loads(message.data)["envelope_id"]
                self._pending.pop(envelope_id, None)
                self.acknowledged.append(envelope_id)
        if socket in self._sockets:
            self._sockets.remove(socket)
        return socket

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if request.content_type == "application/json":
            arguments = json.loads(await request.text() or "{}") | dict(request.query)
        else:
            arguments = dict(await request.post()) | dict(request.query)
        wanted = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        token = arguments.pop("token", "") or request.headers.get("Authorization", "")[7:]
        self.calls.append(Call(method, arguments, time.monotonic()))
        if time.monotonic() < self.closed_until_s.get(method, 0.0):
            self.complaints.append(f"{method} called before Retry-After was over")
        if token != wanted:
            return web.json_response({"ok": False, "error": "invalid_auth"})
        if self.faults[method]:
            fault = self.faults[method].popleft()
            if fault.carries_out:
                self._carry_out(method, arguments)
            return self._failing(request, method, fault)
        answer = self._carry_out(method, arguments)
        if self.says_only_ok:
            return web.json_response({"ok": answer["ok"]})
        return web.json_response(answer, headers={"x-oauth-scopes": SCOPES})

    def _failing(self, request: web.Request, method: str, fault: Fault) -> web.StreamResponse:
        if fault.drops:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if fault.body:
            return web.Response(status=fault.status, text=fault.body)
        headers = {}
        if fault.retry_after_s is not None:
            headers["Retry-After"] = str(fault.retry_after_s)
            self.closed_until_s[method] = time.monotonic() + fault.retry_after_s - 0.05
        body = {"ok": False, "error": fault.error or "ratelimited"}
        return web.json_response(body, status=fault.status, headers=headers)

    def _carry_out(self, method: str, arguments: Json) -> Json:  # noqa: PLR0911
        channel = str(arguments.get("channel") or "")
        if channel in self.closed_channels:
            return {"ok": False, "error": "not_in_channel"}
        if arguments.get("blocks") and not self.takes_blocks:
            return {"ok": False, "error": "invalid_blocks"}
        match method:
            case "auth.test":
                who = {"user_id": BOT_USER, "bot_id": BOT_ID, "team_id": TEAM}
                return {"ok": True, "user": "study", "team": "Stand-in", **who}
            case "apps.connections.open":
                return {"ok": True, "url": f"ws://{urlsplit(self.url).netloc}/link?ticket=1"}
            case "chat.postMessage":
                return self._post(channel, arguments)
            case "chat.update" | "chat.delete":
                return self._change(method, channel, arguments)
            case "conversations.replies":
                thread = arguments["ts"]
                found = [each for each in self.messages[channel] if each["thread_ts"] == thread]
                return {"ok": True, "messages": found}
            case "chat.getPermalink":
                return {"ok": True, "permalink": f"https://stand-in.slack.test/{channel}"}
            case "usergroups.users.list":
                return {"ok": True, "users": self.groups.get(str(arguments["usergroup"]), [])}
            case _ if method.startswith("assistant.threads.") and not self.is_panel:
                return {"ok": False, "error": "channel_not_supported"}
            case _:
                return {"ok": True}

    def _post(self, channel: str, arguments: Json) -> Json:
        ts = f"1800000000.{next(self._clock):06d}"
        message = {
            "ts": ts,
            "thread_ts": arguments.get("thread_ts"),
            "text": arguments["text"],
            "blocks": arguments.get("blocks") or [],
            "bot_id": BOT_ID,
        }
        self.messages[channel].append(message)
        return {"ok": True, "ts": ts, "channel": channel}

    def _change(self, method: str, channel: str, arguments: Json) -> Json:
        for message in self.messages[channel]:
            if message["ts"] == arguments["ts"]:
                if method == "chat.delete":
                    self.messages[channel].remove(message)
                else:
                    message["text"], message["blocks"] = arguments["text"], arguments["blocks"]
                return {"ok": True, "ts": message["ts"]}
        return {"ok": False, "error": "message_not_found"}


@contextmanager
def standing_in() -> Iterator[StandIn]:
    """Yield a workspace whose `url` is to be `STUDY_SLACK__API_URL`."""
    stand_in = StandIn()
    loop = stand_in._loop
    runner = web.AppRunner(stand_in.app(), shutdown_timeout=0.1)

    async def start() -> None:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=512)
        await site.start()
        host, port = runner.addresses[0][:2]
        stand_in.url = f"http://{host}:{port}/api/"

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    stand_in._run(start())
    try:
        yield stand_in
    finally:
        stand_in._run(runner.cleanup())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


# What Slack sends to the bot


def signed(
    body: bytes, *, secret: str = SIGNING_SECRET, at_s: float | None = None
) -> dict[str, str]:
    """Return the headers that prove where `body` comes from."""
    timestamp = str(int(time.time() if at_s is None else at_s))
    base = b"v0:" + timestamp.encode() + b":" + body
    digest = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}


def post(
    url: str, payload: Json, *, is_form: bool = False, headers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Return status and body of the bot's answer to a signed request."""
    if not is_form:
        body, kind = json.dumps(payload).encode(), "application/json"
    elif "command" in payload:
        body, kind = urlencode(payload).encode(), "application/x-www-form-urlencoded"
    else:
        form = {"payload": json.dumps(payload)}
        body, kind = urlencode(form).encode(), "application/x-www-form-urlencoded"
    return post_raw(url, body, {"Content-Type": kind, **signed(body), **(headers or {})})


def post_raw(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=15)
    try:
        connection.request("POST", parts.path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


_numbers = itertools.count(1)


def new_ts() -> str:
    return f"1700000000.{next(_numbers):06d}"


def event(kind: str = "app_mention", **fields: Any) -> Json:
    """Return an event of the Events API; a mention in C1 by U1 unless told otherwise."""
    ts = fields.setdefault("ts", new_ts())
    fields.setdefault("channel", "C1")
    if kind in ("message", "app_mention"):
        fields.setdefault("user", "U1")
    if kind == "message":
        fields.setdefault("channel_type", "im" if fields["channel"][0] == "D" else "channel")
    return {
        "type": "event_callback",
        "team_id": TEAM,
        "api_app_id": "A1",
        "event_id": f"Ev{ts}-{kind}",
        "event_time": int(time.time()),
        "event": {"type": kind, "event_ts": ts, **fields},
    }


def envelope(payload: Json, kind: str = "events_api") -> Json:
    return {
        "type": kind,
        "envelope_id": f"env-{next(_numbers)}",
        "payload": payload,
        "accepts_response_payload": False,
    }


def action(action_id: str, value: str, *, channel: str = "C1", reply_url: str, **more: Any) -> Json:
    """Return what Slack sends when U1 presses a button."""
    return {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": "U1", "team_id": TEAM},
        "channel": {"id": channel},
        "trigger_id": f"trigger-{next(_numbers)}",
        "response_url": reply_url,
        "actions": [{"type": "button", "action_id": action_id, "value": value, "block_id": "b"}],
        **more,
    }
