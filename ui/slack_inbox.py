"""Every question that came from Slack, once: who works on it, and what was posted for it.

One SQLite file for all processes of the bot. A question is taken in before Slack is told that it
arrived, under a key that all its redeliveries share. Who works on it holds a lease; when that runs
out, since its process died, another takes over.
"""

import sqlite3
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from ui.slack_database import SlackDatabase
from ui.slack_posted import Posted
from ui.slack_records import Deleted, Edited, Heard, Notice, Question, State, Surface

KEEP_S = 90 * 24 * 3600.0
"""A thread goes on without a mention for so long."""

_USUAL_ANSWER_S = 15.0
_SAMPLE = 20
_OPEN = "state IN ('new', 'waiting') AND notice = ''"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many questions may be open, of one person and of all, and how many are worked on."""

    per_user: int
    overall: int
    workers: int


class Inbox:
    """All questions in one file; safe for several threads and processes."""

    def __init__(
        self,
        path: Path,
        *,
        holder: str,
        limits: Limits,
        lease_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the file, or make it, for its owner's eyes only.

        Args:
            path: the file.
            holder: this process, among all that ever were.
            limits: beyond these, questions are turned away.
            lease_s: a question that is not kept for so long is free again.
            clock: seconds since 1970.

        Raises:
            StudyError: it can't be opened.
        """
        self._database = SlackDatabase(path)
        self.posted = Posted(self._database)
        self._holder = holder
        self._limits = limits
        self._lease_s = lease_s
        self._clock = clock
        with self._database.writing() as connection:
            connection.execute(
                "DELETE FROM questions WHERE created_at < ? AND state = 'done'",
                (clock() - KEEP_S,),
            )

    # Taking in

    def take_in(self, heard: Heard) -> bool:
        """Return whether `heard` is new; from now on it won't get lost.

        Beyond the limits it becomes one that is to be told when to come back.

        Raises:
            StudyError: it could not be kept; Slack should send it again.
        """
        with self._database.writing() as connection:
            notice, wait_s = heard.notice, 0.0
            if not notice:
                notice, wait_s = self._turned_away(connection, heard)
            added = connection.execute(
                "INSERT INTO questions (key, event_id, team, channel, user, ts, thread_ts, surface,"
                " text, notice, response_url, state, wait_s, created_at)"
                " SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'new', ?, ?"
                " WHERE ? = '' OR NOT EXISTS (SELECT 1 FROM questions WHERE event_id = ?)"
                " ON CONFLICT (key) DO NOTHING",
                (
                    heard.key,
                    heard.event_id,
                    heard.team,
                    heard.channel,
                    heard.user,
                    heard.ts,
                    heard.thread_ts,
                    heard.surface,
                    heard.text,
                    notice,
                    heard.response_url,
                    wait_s,
                    self._clock(),
                    heard.event_id,
                    heard.event_id,
                ),
            )
            return added.rowcount == 1

    def _turned_away(self, connection: sqlite3.Connection, heard: Heard) -> tuple[Notice, float]:
        n_all, n_users = connection.execute(
            f"SELECT count(*), coalesce(sum(user = ?), 0) FROM questions WHERE {_OPEN}",
            (heard.user,),
        ).fetchone()
        if n_users >= self._limits.per_user:
            return "busy_you", self._wait_s(connection, n_users)
        if n_all >= self._limits.overall:
            return "busy_all", self._wait_s(connection, n_all)
        return "", 0.0

    def _wait_s(self, connection: sqlite3.Connection, n_before: int) -> float:
        """Return how long `n_before` questions take, as the last ones did."""
        (mean_s,) = connection.execute(
            "SELECT avg(took) FROM (SELECT ended_at - begun_at AS took FROM questions"
            " WHERE begun_at IS NOT NULL AND ended_at IS NOT NULL ORDER BY id DESC LIMIT ?)",
            (_SAMPLE,),
        ).fetchone()
        each_s = _USUAL_ANSWER_S if mean_s is None else float(mean_s)
        return each_s * -(-n_before // self._limits.workers)

    def began_thread(self, team: str, channel: str, thread_ts: str) -> bool:
        """Return whether the message that the thread is under was itself a question to the bot."""
        with self._database.reading() as connection:
            found = connection.execute(
                "SELECT 1 FROM questions WHERE team = ? AND channel = ? AND ts = ? AND thread_ts ="
                " ts",
                (team, channel, thread_ts),
            )
            return found.fetchone() is not None

    def asked_in(self, turn_id: str, user: str) -> str:
        """Return the channel in which `user` asked what a turn answers; "" if somebody else did."""
        with self._database.reading() as connection:
            found = connection.execute(
                "SELECT channel FROM questions WHERE turn_id = ? AND user = ?", (turn_id, user)
            ).fetchone()
            return "" if found is None else str(found[0])

    def edit(self, edited: Edited) -> None:
        """Give a question that is not answered yet its new text; work on the old one is void."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE questions SET text = ?, revision = revision + 1"
                f" WHERE team = ? AND channel = ? AND ts = ? AND {_OPEN} AND text <> ?",
                (edited.text, edited.team, edited.channel, edited.ts, edited.text),
            )

    def withdraw(self, deleted: Deleted) -> None:
        """Have a question that is not answered yet stay so, and what was posted removed."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE questions SET state = 'withdrawn', revision = revision + 1"
                f" WHERE team = ? AND channel = ? AND ts = ? AND {_OPEN}",
                (deleted.team, deleted.channel, deleted.ts),
            )

    # Working

    def claim(self, *states: State) -> Question | None:
        """Return the oldest question in one of `states` that nobody holds, now held; None if none.

        Of a thread, one at a time is answered, in order.
        """
        now = self._clock()
        marks = ", ".join("?" * len(states))
        with self._database.writing() as connection:
            row = connection.execute(
                "UPDATE questions SET holder = ?, lease_until = ?,"
                " attempts = attempts + 1,"
                " begun_at = CASE WHEN state = 'waiting' THEN ? ELSE begun_at END"
                f" WHERE id = (SELECT q.id FROM questions q WHERE q.state IN ({marks})"
                "  AND q.lease_until < ?"
                "  AND NOT (q.state = 'waiting' AND q.thread_ts <> '' AND EXISTS ("
                "   SELECT 1 FROM questions e WHERE e.channel = q.channel"
                "    AND e.thread_ts = q.thread_ts AND e.id < q.id AND e.notice = ''"
                "    AND e.state IN ('new', 'waiting')))"
                "  ORDER BY q.id LIMIT 1) RETURNING *",
                (self._holder, now + self._lease_s, now, *states, now),
            ).fetchone()
            return None if row is None else self._question(connection, row)

    def keep(self, question_ids: Collection[int]) -> None:
        """Renew the leases of questions that are being worked on here."""
        marks = ", ".join("?" * len(question_ids))
        with self._database.writing() as connection:
            connection.execute(
                f"UPDATE questions SET lease_until = ? WHERE holder = ? AND id IN ({marks})",
                (self._clock() + self._lease_s, self._holder, *question_ids),
            )

    def look(self, question_id: int) -> Question | None:
        """Return the question as it stands now, None if this process doesn't hold it any more."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT * FROM questions WHERE id = ? AND holder = ?", (question_id, self._holder)
            ).fetchone()
            return None if row is None else self._question(connection, row)

    def note_turn(self, question_id: int, conversation_id: str, turn_id: str) -> None:
        """Note where the conversations keep the question and its answer."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE questions SET conversation_id = ?, turn_id = ? WHERE id = ?",
                (conversation_id, turn_id, question_id),
            )

    def pass_on(self, question_id: int, state: State) -> bool:
        """Put a question that is held here into `state`, free for whoever is next.

        Returns False, and changes nothing, if it is not held here, or was withdrawn meanwhile
        (then it is only freed, to be tidied up).
        """
        with self._database.writing() as connection:
            moved = connection.execute(
                "UPDATE questions SET state = ?, holder = NULL, lease_until = 0, attempts = 0,"
                " ended_at = CASE WHEN ? = 'done' THEN ? ELSE ended_at END"
                " WHERE id = ? AND holder = ? AND (state <> 'withdrawn' OR ? = 'done')",
                (state, state, self._clock(), question_id, self._holder, state),
            )
            if moved.rowcount == 0:
                self._free(connection, question_id, 0.0)
            return moved.rowcount == 1

    def free(self, question_id: int, *, rests_s: float = 0.0) -> None:
        """Leave a question that is held here to others as it stands, for them to take later."""
        with self._database.writing() as connection:
            self._free(connection, question_id, rests_s)

    def _free(self, connection: sqlite3.Connection, question_id: int, rests_s: float) -> None:
        connection.execute(
            "UPDATE questions SET holder = NULL, lease_until = ?, attempts = attempts - 1"
            " WHERE id = ? AND holder = ?",
            (self._clock() + rests_s if rests_s else 0, question_id, self._holder),
        )

    def n_open(self) -> int:
        """Return how many questions are not answered yet."""
        with self._database.reading() as connection:
            (number,) = connection.execute(
                f"SELECT count(*) FROM questions WHERE {_OPEN}"
            ).fetchone()
            return int(number)

    def n_before(self, question_id: int) -> int:
        """Return how many questions will be answered before this one."""
        with self._database.reading() as connection:
            (number,) = connection.execute(
                f"SELECT count(*) FROM questions WHERE {_OPEN} AND id < ?", (question_id,)
            ).fetchone()
            return int(number)

    # The file

    def _question(self, connection: sqlite3.Connection, row: sqlite3.Row) -> Question:
        conversation_id = row["conversation_id"]
        if not conversation_id and row["thread_ts"]:
            earlier = connection.execute(
                "SELECT conversation_id FROM questions WHERE team = ? AND channel = ?"
                " AND thread_ts = ? AND conversation_id <> '' ORDER BY id LIMIT 1",
                (row["team"], row["channel"], row["thread_ts"]),
            ).fetchone()
            conversation_id = earlier[0] if earlier else ""
        return Question(
            question_id=row["id"],
            heard=Heard(
                key=row["key"],
                team=row["team"],
                channel=row["channel"],
                user=row["user"],
                text=row["text"],
                surface=next(each for each in get_args(Surface) if each == row["surface"]),
                ts=row["ts"],
                thread_ts=row["thread_ts"],
                response_url=row["response_url"],
                notice=next(each for each in get_args(Notice) if each == row["notice"]),
                event_id=row["event_id"],
            ),
            state=next(each for each in get_args(State) if each == row["state"]),
            revision=row["revision"],
            attempts=row["attempts"],
            turn_id=row["turn_id"],
            conversation_id=conversation_id,
            wait_s=row["wait_s"],
            created_at=row["created_at"],
        )
