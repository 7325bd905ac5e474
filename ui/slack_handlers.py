"""What the bot does with each request of Slack: note it in the inbox, and acknowledge.

The listeners run before Slack gets its answer, so they only write into the inbox (milliseconds).
If that fails, Slack hears so and sends the event again. What takes longer (opening a view, passing
a question on) is done after the acknowledgement. slack_bolt's home, with `ui/slack_bot.py`.
"""

import logging
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from assistant.answer_json import JsonObject
from assistant.errors import StudyError
from assistant.language import detect_language
from assistant.records import EVERYONE
from ui.conversations import Feedback, StoredTurn, Thumb
from ui.incidents import log_incident
from ui.opinions import keep_opinion
from ui.slack_api import SlackApi, SlackFailed
from ui.slack_blocks import (
    ASK_OWNER,
    HELPFUL,
    OPEN_PAGE,
    SOURCES,
    UNHELPFUL,
    sources_view,
)
from ui.slack_desk import CHANNEL, Desk, owner_of
from ui.slack_events import (
    MAX_EXPLAINED_CHARS,
    plain_text,
    read_command,
    read_event,
    read_shortcut,
    read_thread_started,
)
from ui.slack_labels import EN, SLACK_LABELS, ZH
from ui.slack_mrkdwn import code, escape
from ui.slack_records import Deleted, Edited, Heard, Spoken

if TYPE_CHECKING:
    from slack_bolt import App, BoltContext, BoltResponse

COMMAND, EXPLAIN = "/study", "study_explain"
"""The slash command and the message shortcut, as the manifest names them."""

_log = logging.getLogger(__name__)
_MAX_BLOCKS = 50  # Slack takes no more in a message
_Body = Mapping[str, Any]


class Handlers:
    """The listeners, over a desk."""

    def __init__(
        self,
        desk: Desk,
        api: SlackApi,
        *,
        bot_user: str,
        came_in: Callable[[], None],
    ) -> None:
        """Take what they need; `came_in` is called when there is something new in the inbox."""
        self._desk = desk
        self._api = api
        self._bot_user = bot_user
        self._came_in = came_in

    def register(self, app: "App") -> None:
        """Have `app` call them."""
        from slack_bolt import Assistant

        # Before the panel's middleware, which swallows edits and deletions.
        app.middleware(self._heed_changes)
        panel = Assistant()
        panel.thread_started(self._on_thread_started)
        panel.thread_context_changed(_nothing)
        panel.user_message(self._on_event)
        panel.bot_message(_nothing)
        app.use(panel)
        app.event("app_mention")(self._on_event)
        app.event("message")(self._on_event)
        app.event(re.compile(".*"))(_nothing)
        app.command(COMMAND)(self._on_command)
        app.message_shortcut(EXPLAIN)(self._on_shortcut)
        for action, listener in (
            (SOURCES, self._show_sources),
            (HELPFUL, self._keep_helpful),
            (UNHELPFUL, self._keep_unhelpful),
            (ASK_OWNER, self._ask_owner),
        ):
            app.action(action)(ack=_acknowledge, lazy=[self._guarded(listener)])
        app.action(OPEN_PAGE)(_acknowledge)

    # Questions

    def _heed_changes(
        self, body: JsonObject, next_: Callable[[], None], context: "BoltContext"
    ) -> "BoltResponse | None":
        """Note the edit or deletion of a question; everything else goes its way."""
        if body.get("type") == "app_rate_limited":
            _log.warning("Slack holds back events: more than 30,000 came within an hour.")
            return context.ack()
        read = read_event(body, self._bot_user) if "event" in body else None
        if isinstance(read, Edited):
            self._desk.inbox.edit(read)
        elif isinstance(read, Deleted):
            self._desk.inbox.withdraw(read)
            self._came_in()
        else:
            next_()
            return None
        return context.ack()

    def _on_event(self, body: JsonObject) -> None:
        read = read_event(body, self._bot_user)
        if not isinstance(read, Spoken):
            return
        heard = read.heard
        if read.is_addressed or (
            heard.thread_ts != heard.ts
            and self._desk.inbox.began_thread(heard.team, heard.channel, heard.thread_ts)
        ):
            self._take_in(heard)

    def _on_thread_started(self, body: JsonObject) -> None:
        self._take_in(read_thread_started(body))

    def _take_in(self, heard: Heard) -> None:
        if self._desk.inbox.take_in(heard):
            self._came_in()
        else:
            _log.info("%s is known already.", heard.key)

    def _on_command(self, body: JsonObject, ack: Callable[..., object]) -> None:
        word, _, rest = str(body.get("text") or "").strip().partition(" ")
        if word.lower() == "ask" and rest.strip():
            heard = read_command(body, rest)
            if self._is_kept(heard, body):
                ack(_to_asker(_searching(heard.text)))
            else:
                ack()
        elif word.lower() in ("", "ask", "help"):
            ack(_to_asker(f"{ZH.help}\n\n{EN.help}"))
        else:
            text = plain_text(str(body["text"]))
            say = SLACK_LABELS[detect_language(text)]
            unknown = say.unknown_command.format(
                command=code(f"{COMMAND} {word}"),
                instead=code(f"{COMMAND} ask {text[:MAX_EXPLAINED_CHARS]}"),
            )
            ack(_to_asker(f"{unknown}\n\n{say.help}"))

    def _on_shortcut(self, body: JsonObject, ack: Callable[..., object]) -> None:
        self._is_kept(read_shortcut(body), body)
        ack()

    def _is_kept(self, heard: Heard, body: _Body) -> bool:
        """Return whether it was taken in; else its asker hears so, as Slack won't send it again."""
        try:
            self._take_in(heard)
        except StudyError:
            say = SLACK_LABELS[detect_language(heard.text)]
            self._tell(body, say.try_again.format(incident=log_incident()), patience_s=2.0)
            return False
        return True

    # Buttons

    def _guarded(self, listener: Callable[[JsonObject], None]) -> Callable[[JsonObject], None]:
        """Return `listener`, whose failures are told to who pressed the button."""

        def run(body: JsonObject) -> None:
            try:
                listener(body)
            except Exception:  # noqa: BLE001 - the outermost handler of buttons
                incident = log_incident()
                written = str((body.get("message") or {}).get("text") or "")
                say = SLACK_LABELS[detect_language(written)]
                self._tell(body, say.button_failed.format(incident=incident))

        return run

    def _show_sources(self, body: JsonObject) -> None:
        turn = self._turn(body)
        user = str(body["user"]["id"])
        if turn is None or turn.answer is None:
            self._tell(body, f"{ZH.answer_gone}\n{EN.answer_gone}")
            return
        # Whoever left a group since doesn't see its passages any more.
        channel = str((body.get("channel") or {}).get("id") or "")
        is_dm = channel.startswith("D")
        audiences = self._desk.audiences.of_user(user) if is_dm else EVERYONE
        view = sources_view(turn.answer, audiences, self._desk.offers)
        try:
            self._api.call("views.open", patience_s=2.0, trigger_id=body["trigger_id"], view=view)
        except SlackFailed as error:
            _log.warning("%s The sources are shown below the answer.", error)
            below = {"text": view["title"]["text"], "blocks": view["blocks"][:_MAX_BLOCKS]}
            self._reply(body, below)

    def _keep_helpful(self, body: JsonObject) -> None:
        self._keep_opinion(body, "up")

    def _keep_unhelpful(self, body: JsonObject) -> None:
        self._keep_opinion(body, "down")

    def _keep_opinion(self, body: JsonObject, value: Thumb) -> None:
        turn = self._turn(body)
        if turn is None or turn.answer is None:
            self._tell(body, f"{ZH.answer_gone}\n{EN.answer_gone}")
            return
        store = self._desk.conversations
        feedback, user = Feedback(value=value), str(body["user"]["id"])
        gaps = self._desk.gaps
        keep_opinion(store, gaps, turn.turn_id, turn.answer, feedback, channel=CHANNEL, reader=user)
        self._tell(body, SLACK_LABELS[detect_language(turn.question)].thanks)

    def _ask_owner(self, body: JsonObject) -> None:
        turn = self._turn(body)
        if turn is None:
            self._tell(body, f"{ZH.answer_gone}\n{EN.answer_gone}")
            return
        heard = Heard(
            key=f"owner/{turn.turn_id}",
            team=str((body.get("team") or {}).get("id") or ""),
            channel=str((body.get("channel") or {}).get("id") or ""),
            user=str(body["user"]["id"]),
            text=turn.question,
            surface="private",
            ts=str((body.get("container") or {}).get("message_ts") or ""),
            response_url=str(body.get("response_url") or ""),
            notice="pass_on",
        )
        if self._desk.inbox.take_in(heard):
            self._came_in()
        else:
            self._tell(body, SLACK_LABELS[detect_language(turn.question)].passed_on)

    def _turn(self, body: _Body) -> StoredTurn | None:
        """Return the turn that a button belongs to, if it was said where the button is."""
        turn_id = str(body["actions"][0].get("value") or "")
        user = str(body["user"]["id"])
        here = str((body.get("channel") or {}).get("id") or "")
        # Where an answer can't be posted, it comes to its asker as a direct message.
        asked = self._desk.inbox.asked_in(turn_id, user) if here.startswith("D") else ""
        for channel in (here, asked):
            for owner in (owner_of(channel), owner_of(channel, user)):
                if channel and (turn := self._desk.conversations.turn_of(turn_id, owner)):
                    return turn
        return None

    def _tell(self, body: _Body, text: str, *, patience_s: float | None = None) -> None:
        """Tell who pressed a button, and nobody else."""
        self._reply(body, {"text": text}, patience_s=patience_s)

    def _reply(self, body: _Body, message: JsonObject, *, patience_s: float | None = None) -> None:
        response_url = str(body.get("response_url") or "")
        private = {"response_type": "ephemeral", "replace_original": False}
        try:
            self._api.reply_privately(response_url, message | private, patience_s=patience_s)
        except SlackFailed as error:
            _log.warning("%s Nobody could be told.", error)


def _searching(text: str) -> str:
    return f"_{escape(SLACK_LABELS[detect_language(text)].searching)}_"


def _to_asker(text: str) -> JsonObject:
    return {"response_type": "ephemeral", "text": text}


def _acknowledge(ack: Callable[[], object]) -> None:
    ack()


def _nothing() -> None:
    """Do nothing: the event is acknowledged, and means nothing to the bot."""
