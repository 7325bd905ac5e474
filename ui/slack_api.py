"""Calls of Slack's Web API: rate limits obeyed, failures in our words. The home of slack_sdk.

When Slack says 429, no further call of that method is made here before the time is up. What may
be repeated without harm is, after failures of the network too; posting may not (`Unsure`).
"""

import http
import http.client
import logging
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from assistant.answer_json import JsonObject
from assistant.errors import StudyError

if TYPE_CHECKING:
    from slack_sdk import WebClient
    from slack_sdk.web import SlackResponse

PATIENCE_S = 180.0
"""How long a call that matters waits for Slack to take it."""

_log = logging.getLogger(__name__)
_TIMEOUT_S = 15
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 15.0
_USUAL_RETRY_AFTER_S = 5.0
_PASSING = ("ratelimited", "unreachable", "internal_error", "fatal_error", "request_timeout")
_UNREADABLE = "unreadable_reply"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class SlackFailed(StudyError):
    """Slack refused a call; `code` is the word it gave, "unreachable" where it gave none."""

    def __init__(self, method: str, code: str) -> None:
        is_app_token = method == "apps.connections.open" and code not in _PASSING
        hint = _APP_TOKEN_HINT if is_app_token else _HINTS.get(code, "")
        super().__init__(f"Slack's {method} failed: {code}.", hint=hint)
        self.method = method
        self.code = code

    @property
    def is_passing(self) -> bool:
        """Whether the same call may well succeed later."""
        return isinstance(self, Unsure) or self.code in (*_PASSING, "stopped")


class Unsure(SlackFailed):
    """The connection broke while Slack had the call: nobody knows whether it was carried out."""


_APP_TOKEN_HINT = (
    "Check STUDY_SLACK__APP_TOKEN (scope connections:write), and that Socket Mode is on in the "
    "app's settings."
)
_HINTS = {
    "invalid_auth": "Check STUDY_SLACK__BOT_TOKEN; docs/slack.md says where it comes from.",
    "not_authed": "Set STUDY_SLACK__BOT_TOKEN; docs/slack.md says where it comes from.",
    "account_inactive": "The app was removed from the workspace; install it again.",
    "token_revoked": "Install the app again and set the new STUDY_SLACK__BOT_TOKEN.",
    "missing_scope": "Install the app again from ui/slack_manifest.yaml.",
    _UNREADABLE: "Something else than Slack answers; check the proxy and STUDY_SLACK__API_URL.",
    "unreachable": "Check the network, the proxy and STUDY_SLACK__API_URL.",
}


def open_client(api_url: str, token: str | None) -> "WebClient":
    """Return a client for the API at `api_url` that repeats nothing by itself."""
    from slack_sdk import WebClient

    client = WebClient(
        token=token,
        base_url=api_url,
        timeout=_TIMEOUT_S,
        retry_handlers=[],
        logger=library_log("slack_sdk"),
    )
    host = urlsplit(api_url).hostname or ""
    if host in _LOOPBACK or urllib.request.proxy_bypass(host):
        client.proxy = None  # the client takes the environment's proxy and forgets `no_proxy`
    return client


def introduced(who: JsonObject) -> tuple[str, str]:
    """Return what `auth.test` calls the bot and its workspace; their ids where it has no names."""
    name, team = who.get("user") or who.get("user_id"), who.get("team") or who.get("team_id")
    return str(name or "The bot"), str(team or "Slack")


def library_log(name: str) -> logging.Logger:
    """Return the log of one of Slack's libraries: no chatter, which has requests' bodies in it."""
    log = logging.getLogger(name)
    log.setLevel(logging.WARNING)
    return log


class SlackApi:
    """The API on behalf of one token; safe for several threads."""

    def __init__(self, client: "WebClient", *, stopped: threading.Event | None = None) -> None:
        """Take `client`; once `stopped` is set, nothing waits any more."""
        self._client = client
        self._stopped = stopped or threading.Event()
        self._lock = threading.Lock()
        self._closed_until_s: dict[str, float] = {}
        self.granted_scopes: frozenset[str] = frozenset()
        """What the token may do, as Slack said with its last answer; empty before."""

    def call(
        self,
        method: str,
        *,
        patience_s: float | None = None,
        is_repeatable: bool = True,
        **arguments: object,
    ) -> JsonObject:
        """Return what Slack answers to `method`, called with `arguments`.

        Args:
            method: as Slack calls it: "chat.update".
            patience_s: how long to wait and try again; with 0 there is one try, and none while
                Slack wants to be left alone. `PATIENCE_S` by default.
            is_repeatable: whether carrying it out twice does no harm.
            arguments: as Slack calls them.

        Raises:
            Unsure: it is not repeatable, and may or may not have been carried out.
            SlackFailed: it was refused, or patience has run out.
        """
        return self._persist(
            method,
            lambda: self._try(method, arguments),
            patience_s=patience_s,
            is_repeatable=is_repeatable,
        )

    def _persist(
        self,
        method: str,
        attempt: Callable[[], JsonObject],
        *,
        patience_s: float | None,
        is_repeatable: bool,
    ) -> JsonObject:
        deadline_s = time.monotonic() + (PATIENCE_S if patience_s is None else patience_s)
        pause_s = _FIRST_PAUSE_S
        while True:
            self._wait_until_open(method, deadline_s)
            try:
                return attempt()
            except SlackFailed as error:
                is_unsure = isinstance(error, Unsure)
                may_repeat = is_repeatable if is_unsure else error.code in _PASSING
                if not may_repeat or time.monotonic() + pause_s >= deadline_s:
                    raise
                _log.info("%s Trying again.", error)
            if self._stopped.wait(pause_s):
                raise SlackFailed(method, "stopped")
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _wait_until_open(self, method: str, deadline_s: float) -> None:
        while True:
            with self._lock:
                wait_s = self._closed_until_s.get(method, 0.0) - time.monotonic()
            if wait_s <= 0:
                return
            if time.monotonic() + wait_s > deadline_s:
                raise SlackFailed(method, "ratelimited")
            if self._stopped.wait(wait_s):
                raise SlackFailed(method, "stopped")

    def _try(self, method: str, arguments: dict[str, object]) -> JsonObject:
        from slack_sdk.errors import SlackApiError, SlackClientError

        send = getattr(self._client, method.replace(".", "_"))
        try:
            response = send(**arguments)
        except SlackApiError as error:
            raise self._refused(method, error.response) from error
        except (OSError, http.client.HTTPException, SlackClientError) as error:
            never_left = isinstance(
                getattr(error, "reason", error), ConnectionRefusedError | socket.gaierror
            )
            raise (SlackFailed if never_left else Unsure)(method, "unreachable") from error
        except (AttributeError, ValueError) as error:  # slack_sdk takes any text for an object
            raise SlackFailed(method, _UNREADABLE) from error
        scopes = _header(response.headers, "x-oauth-scopes")
        self.granted_scopes = frozenset(filter(None, map(str.strip, scopes.split(","))))
        return dict(response.data)

    def _refused(self, method: str, response: "SlackResponse") -> SlackFailed:
        said = response.data if isinstance(response.data, dict) else {"error": _UNREADABLE}
        code = str(said.get("error") or "unknown_error")
        if " " in code:  # slack_sdk's sentence, with all that came
            code = _UNREADABLE
        return self._failed(method, response.status_code, response.headers, code)

    def _failed(
        self, method: str, status: int, headers: Mapping[str, str], code: str
    ) -> SlackFailed:
        if status == http.HTTPStatus.TOO_MANY_REQUESTS or code == "ratelimited":
            wait_s = _retry_after_s(headers)
            with self._lock:
                self._closed_until_s[method] = time.monotonic() + wait_s
            _log.info("Slack wants no %s for %g s.", method, wait_s)
            return SlackFailed(method, "ratelimited")
        if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unsure(method, "service_unavailable")
        return SlackFailed(method, code)

    def reply_privately(
        self, response_url: str, message: JsonObject, *, patience_s: float | None = None
    ) -> None:
        """Send `message` to the address that a command, a shortcut or a button came with.

        It is repeated also where nobody knows whether it arrived: to see it twice is better than
        not at all, and only its asker does.

        Raises:
            SlackFailed: there is none, it is used up (after 30 minutes, or five messages), or
                patience has run out.
        """
        if not response_url:
            raise SlackFailed("response_url", "missing")
        self._persist(
            "response_url",
            lambda: self._try_reply(response_url, message),
            patience_s=patience_s,
            is_repeatable=True,
        )

    def _try_reply(self, response_url: str, message: JsonObject) -> JsonObject:
        from slack_sdk.webhook import WebhookClient

        client = WebhookClient(response_url, timeout=_TIMEOUT_S, retry_handlers=[])
        client.proxy = self._client.proxy
        try:
            answer = client.send_dict(message)
        except (OSError, http.client.HTTPException) as error:
            raise Unsure("response_url", "unreachable") from error
        except ValueError as error:  # no address, or an answer that is no text
            raise SlackFailed("response_url", _UNREADABLE) from error
        if answer.status_code != http.HTTPStatus.OK:
            code = f"status_{answer.status_code}"
            raise self._failed("response_url", answer.status_code, answer.headers, code)
        return {}


def _retry_after_s(headers: Mapping[str, str]) -> float:
    try:
        return max(float(_header(headers, "retry-after")), 0.1)
    except ValueError:
        return _USUAL_RETRY_AFTER_S


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "")
