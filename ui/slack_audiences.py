"""What a person may see in a direct message, from the Slack user groups that person is in."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from assistant.records import EVERYONE
from ui.slack_api import SlackApi, SlackFailed

KEPT_S = 300.0
"""Who left a group loses what it may see after this long, at most."""

_PATIENCE_S = 10.0
_log = logging.getLogger(__name__)


class Audiences:
    """Knows the groups' members; what can't be learnt means no."""

    def __init__(
        self,
        api: SlackApi,
        groups: Mapping[str, Sequence[str]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take which audiences each group (by its Slack id) belongs to."""
        self._api = api
        self._groups = groups
        self._clock = clock
        self._lock = threading.Lock()
        self._members: dict[str, tuple[float, frozenset[str]]] = {}

    def of_user(self, user: str) -> frozenset[str]:
        """Return the audiences of a person: everyone's, and those of that person's groups."""
        found = set(EVERYONE)
        for group, audiences in self._groups.items():
            if user in self._members_of(group):
                found |= set(audiences)
        return frozenset(found)

    def _members_of(self, group: str) -> frozenset[str]:
        with self._lock:
            read_at_s, members = self._members.get(group, (-KEPT_S, frozenset()))
            if self._clock() - read_at_s < KEPT_S:
                return members
            try:
                reply = self._api.call(
                    "usergroups.users.list", patience_s=_PATIENCE_S, usergroup=group
                )
            except SlackFailed as error:
                _log.warning("%s Nobody counts as a member of %s.", error, group)
                return frozenset()
            members = frozenset(map(str, reply.get("users") or ()))
            self._members[group] = (self._clock(), members)
            return members
