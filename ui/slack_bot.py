"""The Slack bot put together: tokens, inbox, workers, and the way that events come in.

What is not covered: what the assistant is made of (`ui/commands/slack.py` hands it in).
"""

import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from assistant.answer_json import JsonObject
from assistant.errors import ConfigError
from ui.slack_api import SlackApi, SlackFailed, introduced, library_log, open_client
from ui.slack_audiences import Audiences
from ui.slack_blocks import Offers
from ui.slack_inbox import Inbox, Limits
from ui.slack_outbox import Outbox, Pace

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr
    from slack_bolt import App
    from slack_sdk import WebClient

    from assistant.settings import Settings, SlackSettings
    from ui.conversations import Conversations
    from ui.ports import GuidedAnswerer

Mode = Literal["socket", "http"]

INBOX_FILE = "slack.sqlite"
_DOCS = "docs/slack.md says where it comes from."
_START_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The bot at work: who it is, and the address in HTTP mode ("" in Socket Mode)."""

    name: str
    team: str
    url: str


def choose_mode(slack: "SlackSettings", wanted: Mode | None) -> Mode:
    """Return the wanted mode, or that of which the secrets are there.

    Raises:
        ConfigError: a secret that it takes is missing.
    """
    _require(slack.bot_token, "STUDY_SLACK__BOT_TOKEN")
    mode = wanted or ("http" if slack.signing_secret and not slack.app_token else "socket")
    if mode == "socket":
        _require(slack.app_token, "STUDY_SLACK__APP_TOKEN")
    else:
        _require(slack.signing_secret, "STUDY_SLACK__SIGNING_SECRET")
    return mode


def _require(secret: "SecretStr | None", name: str) -> str:
    value = secret.get_secret_value().strip() if secret else ""
    if not value:
        raise ConfigError(f"{name} is not set.", hint=f"Set it in the environment or .env; {_DOCS}")
    return value


@contextmanager
def running_bot(
    settings: "Settings", mode: Mode, assistant: "GuidedAnswerer", conversations: "Conversations"
) -> Iterator[Running]:
    """Yield once the bot can be asked; it finishes or hands over what runs when the block ends.

    Raises:
        ConfigError: a secret is missing.
        SlackFailed: Slack refuses a token, or can't be reached.
        StudyError: the port or the inbox can't be had.
    """
    from assistant.wiring import open_gaps
    from ui.slack_desk import Desk
    from ui.slack_handlers import Handlers
    from ui.slack_queue import Workers

    slack = settings.slack
    stopped = threading.Event()
    client = open_client(slack.api_url, _require(slack.bot_token, "STUDY_SLACK__BOT_TOKEN"))
    api = SlackApi(client, stopped=stopped)
    who = api.call("auth.test", patience_s=_START_PATIENCE_S)
    inbox = open_inbox(settings.home / INBOX_FILE, slack)
    desk = Desk(
        assistant=assistant,
        conversations=conversations,
        gaps=open_gaps(settings),
        inbox=inbox,
        outbox=Outbox(api, inbox.posted, Pace(slack.update_every_s)),
        audiences=Audiences(api, slack.audiences),
        offers=Offers(
            web_url=slack.web_url or "", has_content_owner=slack.content_owner is not None
        ),
        content_owner=slack.content_owner,
        timeout_s=slack.answer_timeout_s,
        stopped=stopped,
    )
    workers = Workers(desk, n_workers=slack.workers, lease_s=slack.lease_s)
    app = _bolt_app(client, slack)
    Handlers(desk, api, bot_user=str(who.get("user_id") or ""), came_in=workers.wake).register(app)
    workers.start()
    with ExitStack() as stack:
        stack.callback(workers.close, slack.shutdown_s)
        url = _listen(stack, app, slack, mode, inbox)
        name, team = introduced(who)
        yield Running(name=name, team=team, url=url)


def open_inbox(path: "Path", slack: "SlackSettings") -> Inbox:
    """Return the inbox, on behalf of this process."""
    return Inbox(
        path,
        holder=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
        limits=Limits(
            per_user=slack.max_open_per_user, overall=slack.max_open, workers=slack.workers
        ),
        lease_s=slack.lease_s,
    )


def _listen(stack: ExitStack, app: "App", slack: "SlackSettings", mode: Mode, inbox: Inbox) -> str:
    """Have events come in until `stack` ends; return the address, if there is one."""
    if mode == "socket":
        from ui.slack_socket import connected

        stack.enter_context(connected(app, _require(slack.app_token, "STUDY_SLACK__APP_TOKEN")))
        return ""
    from ui.page_server import page_url
    from ui.slack_http import EVENTS_PATH, serve

    def health() -> JsonObject:
        return {"status": "ok", "open_questions": inbox.n_open()}

    secret = _require(slack.signing_secret, "STUDY_SLACK__SIGNING_SECRET")
    serving = serve(app, signing_secret=secret, host=slack.host, port=slack.port, health=health)
    port = stack.enter_context(serving)
    return page_url(slack.host, port) + EVENTS_PATH


def _bolt_app(client: "WebClient", slack: "SlackSettings") -> "App":
    from slack_bolt import App
    from slack_bolt.error import BoltError

    # slack_bolt would take these as the wish for an app that many workspaces install.
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):
        os.environ.pop(name, None)
    secret = slack.signing_secret.get_secret_value().strip() if slack.signing_secret else ""
    try:
        return App(
            name="study",
            client=client,
            signing_secret=secret,
            logger=library_log("slack_bolt"),
            process_before_response=True,  # an event is acknowledged once it is in the inbox
        )
    except (BoltError, OSError) as error:  # it asks once more who the token belongs to
        raise SlackFailed("auth.test", "unreachable") from error
