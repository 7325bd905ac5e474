"""What `study doctor` looks at where a Slack bot is set up: tokens, scopes, reachability."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from assistant.errors import StudyError
from ui.checks import Check, guarded
from ui.terminal import counted

if TYPE_CHECKING:
    from assistant.settings import Settings

SCOPES = (
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "chat:write",
    "commands",
    "groups:history",
    "im:history",
)
"""Those of ui/slack_manifest.yaml; a test holds them to be the same."""
GROUP_SCOPE = "usergroups:read"

_PATIENCE_S = 5.0


def slack_checks(settings: "Settings") -> Iterator[Check]:
    """Yield the outcome for each matter of the bot; one line where none is set up."""
    slack = settings.slack
    if not (slack.bot_token or slack.app_token or slack.signing_secret):
        finding = "no bot is set up; docs/slack.md shows how"
        yield Check(matter="slack", verdict="ok", finding=finding)
        return
    looks: list[Callable[[Settings], Check]] = [check_slack_bot]
    if slack.audiences:
        looks.append(check_slack_groups)
    if slack.app_token:
        looks.append(check_slack_socket)
    if slack.signing_secret:
        looks.append(check_slack_http)
    if not (slack.app_token or slack.signing_secret):
        yield Check(
            matter="slack events",
            verdict="problem",
            finding="Neither STUDY_SLACK__APP_TOKEN nor STUDY_SLACK__SIGNING_SECRET is set.",
            hint="Events come with one of them: Socket Mode or HTTP mode; see docs/slack.md.",
        )
    for look in looks:
        yield guarded(look, settings)


def check_slack_bot(settings: "Settings") -> Check:
    """Check that the bot token is good, and has every scope that is used."""
    from ui.slack_api import SlackApi, introduced, open_client

    slack = settings.slack
    if slack.bot_token is None:
        return Check(
            matter="slack bot",
            verdict="problem",
            finding="STUDY_SLACK__BOT_TOKEN is not set.",
            hint="docs/slack.md says where it comes from.",
        )
    api = SlackApi(open_client(slack.api_url, slack.bot_token.get_secret_value()))
    who = api.call("auth.test", patience_s=_PATIENCE_S)
    wanted = {*SCOPES, *([GROUP_SCOPE] if slack.audiences else [])}
    granted = api.granted_scopes
    missing = sorted(wanted - granted) if granted else []
    if missing:
        return Check(
            matter="slack bot",
            verdict="problem",
            finding=f"The token lacks {', '.join(missing)}.",
            hint="Add them under OAuth & Permissions, or paste ui/slack_manifest.yaml, and "
            "install the app again.",
        )
    bot = " in ".join(introduced(who))
    if not granted:
        finding = f"{bot}; Slack does not say which scopes the token has"
        return Check(matter="slack bot", verdict="ok", finding=finding)
    spare = sorted(granted - {*SCOPES, GROUP_SCOPE})
    finding = f"{bot}, every scope there"
    if spare:
        return Check(
            matter="slack bot",
            verdict="warning",
            finding=f"{finding}; more than is used: {', '.join(spare)}",
            hint="Remove them under OAuth & Permissions.",
        )
    return Check(matter="slack bot", verdict="ok", finding=finding)


def check_slack_groups(settings: "Settings") -> Check:
    """Check that the members of each user group with audiences can be read."""
    from ui.slack_api import SlackApi, SlackFailed, open_client

    slack = settings.slack
    token = slack.bot_token.get_secret_value() if slack.bot_token else None
    api = SlackApi(open_client(slack.api_url, token))
    for group in slack.audiences:
        try:
            api.call("usergroups.users.list", patience_s=_PATIENCE_S, usergroup=group)
        except SlackFailed as error:
            raise StudyError(
                f"The members of {group} can't be read: {error.code}.",
                hint="Check STUDY_SLACK__AUDIENCES, and that the token has usergroups:read.",
            ) from error
    return Check(
        matter="slack groups", verdict="ok", finding=counted(len(slack.audiences), "user group")
    )


def check_slack_socket(settings: "Settings") -> Check:
    """Check that Socket Mode can be opened."""
    from ui.slack_api import SlackApi, open_client

    token = settings.slack.app_token
    api = SlackApi(open_client(settings.slack.api_url, None))
    api.call(
        "apps.connections.open",
        patience_s=_PATIENCE_S,
        app_token=token.get_secret_value() if token else "",
    )
    return Check(matter="slack socket", verdict="ok", finding="Socket Mode can be opened")


def check_slack_http(settings: "Settings") -> Check:
    """Check that HTTP mode has a port."""
    from ui.page_server import choose_port

    slack = settings.slack
    port = choose_port(slack.host, slack.port)
    if slack.port in (0, port):
        finding = f"the signing secret is set; port {port} is free"
        return Check(matter="slack http", verdict="ok", finding=finding)
    return Check(
        matter="slack http",
        verdict="warning",
        finding=f"port {slack.port} is taken (by the bot, if `study slack` runs)",
        hint="STUDY_SLACK__PORT names another one.",
    )
