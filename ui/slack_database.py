"""The SQLite file of the Slack bot: its tables, its transactions, its failures in our words.

What is not covered: what the rows mean (`ui/slack_inbox.py`).
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from assistant.errors import BusyError, StudyError

_LOCK_TIMEOUT_S = 10.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS questions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    event_id TEXT NOT NULL,
    team TEXT NOT NULL,
    channel TEXT NOT NULL,
    user TEXT NOT NULL,
    ts TEXT NOT NULL,
    thread_ts TEXT NOT NULL,
    surface TEXT NOT NULL,
    text TEXT NOT NULL,
    notice TEXT NOT NULL,
    response_url TEXT NOT NULL,
    state TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    turn_id TEXT NOT NULL DEFAULT '',
    conversation_id TEXT NOT NULL DEFAULT '',
    wait_s REAL NOT NULL DEFAULT 0,
    holder TEXT,
    lease_until REAL NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    begun_at REAL,
    ended_at REAL
);
CREATE INDEX IF NOT EXISTS questions_by_state ON questions (state, id);
CREATE INDEX IF NOT EXISTS questions_by_event ON questions (event_id);
CREATE INDEX IF NOT EXISTS questions_by_place ON questions (channel, thread_ts, ts);
CREATE TABLE IF NOT EXISTS deliveries (
    question_id INTEGER NOT NULL REFERENCES questions (id) ON DELETE CASCADE,
    part INTEGER NOT NULL,
    ts TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (question_id, part)
) WITHOUT ROWID;
"""


class SlackDatabase:
    """The file; safe for several threads and processes."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it, for its owner's eyes only.

        Raises:
            StudyError: it can't be opened.
        """
        self._path = path
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
        with self.reading() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        with self.writing() as connection:
            for statement in _SCHEMA.split(";\n"):
                connection.execute(statement)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in a transaction, committed unless the block raises."""
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection.

        Raises:
            BusyError: another process held the file for too long.
            StudyError: it can't be read or written.
        """
        with (
            self._translated(),
            closing(sqlite3.connect(self._path, timeout=_LOCK_TIMEOUT_S)) as connection,
        ):
            connection.isolation_level = None  # transactions begin where we say so
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as exc:
            if getattr(exc, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                raise BusyError(
                    f"Another process holds {self._path}.", hint="Try again in a moment."
                ) from exc
            raise StudyError(
                f"The questions from Slack in {self._path} can't be read or written: {exc}.",
                hint="Check the folder's permissions and free space; a damaged file can be "
                "moved away to start afresh.",
            ) from exc
