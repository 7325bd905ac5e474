"""Socket Mode: events over a WebSocket that the bot opens, so that no port need be open here.

The client of slack_sdk reconnects by itself when Slack ends a connection or stops answering. Where
its own try fails (no network for a while), the thread that watches ends with it; so we watch that,
and begin anew.
"""

import http.client
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ui.slack_api import SlackFailed

if TYPE_CHECKING:
    from slack_bolt import App
    from slack_bolt.adapter.socket_mode import SocketModeHandler

_log = logging.getLogger(__name__)
_PING_EVERY_S = 5.0
_WATCH_EVERY_S = 2.0
_CONCURRENCY = 10
_BUFFER_BYTES = 65_536


class SocketConnection:
    """The connection, for as long as the bot runs."""

    def __init__(self, app: "App", app_token: str) -> None:
        self._app = app
        self._app_token = app_token
        self._is_closed = threading.Event()
        self._handler = self._new_handler()

    def _new_handler(self) -> "SocketModeHandler":
        from slack_bolt.adapter.socket_mode import SocketModeHandler

        handler = SocketModeHandler(
            self._app,
            self._app_token,
            ping_interval=_PING_EVERY_S,
            receive_buffer_size=_BUFFER_BYTES,
            concurrency=_CONCURRENCY,
        )
        handler.client.proxy = self._app.client.proxy
        return handler

    @property
    def is_connected(self) -> bool:
        """Whether events can arrive now."""
        return bool(self._handler.client.is_connected())

    def open(self) -> None:
        """Connect.

        Raises:
            SlackFailed: Slack refuses the token, or can't be reached.
        """
        from slack_sdk.errors import SlackApiError

        try:
            self._handler.connect()  # type: ignore[no-untyped-call]
        except SlackApiError as error:
            code = str(error.response.get("error") or "unknown_error")
            raise SlackFailed("apps.connections.open", code) from error
        except (OSError, http.client.HTTPException) as error:
            raise SlackFailed("apps.connections.open", "unreachable") from error
        if not self.is_connected:  # the client only logs what goes wrong after the first step
            raise SlackFailed("apps.connections.open", "unreachable")
        threading.Thread(target=self._watch, name="slack-socket", daemon=True).start()

    def close(self) -> None:
        """Take no more events."""
        self._is_closed.set()
        self._handler.close()  # type: ignore[no-untyped-call]

    def _watch(self) -> None:
        from slack_sdk.errors import SlackClientError

        while not self._is_closed.wait(_WATCH_EVERY_S):
            if self._handler.client.current_app_monitor.is_alive():
                continue
            _log.warning("The connection to Slack was lost; connecting anew.")
            try:
                self._handler.close()  # type: ignore[no-untyped-call]
                self._handler = self._new_handler()
                self._handler.connect()  # type: ignore[no-untyped-call]
            except (OSError, http.client.HTTPException, SlackClientError) as error:
                _log.warning("Slack can't be reached: %s", error)


@contextmanager
def connected(app: "App", app_token: str) -> Iterator[SocketConnection]:
    """Yield the connection; it is closed when the block ends.

    Raises:
        SlackFailed: there is none.
    """
    connection = SocketConnection(app, app_token)
    try:
        connection.open()
        yield connection
    finally:
        connection.close()
