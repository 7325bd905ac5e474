"""What was posted for the questions in the inbox: noted before and after.

So a message is found again by the next process, and not posted twice.
"""

from ui.slack_database import SlackDatabase


class Posted:
    """The messages of all answers; a long one has several parts, numbered from 0."""

    def __init__(self, database: SlackDatabase) -> None:
        self._database = database

    def ts(self, question_id: int, part: int) -> str | None:
        """Return the `ts` of a part's message: "" if it is unknown whether it was posted.

        None: nobody began to post it.
        """
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT ts FROM deliveries WHERE question_id = ? AND part = ?", (question_id, part)
            ).fetchone()
            return None if row is None else str(row[0])

    def note(self, question_id: int, part: int, ts: str = "") -> None:
        """Note that a part is about to be posted, or with `ts`, that it was."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO deliveries (question_id, part, ts) VALUES (?, ?, ?)"
                " ON CONFLICT (question_id, part) DO UPDATE SET ts = excluded.ts",
                (question_id, part, ts),
            )

    def forget(self, question_id: int, part: int) -> None:
        """Note that a part was surely not posted, or is gone."""
        with self._database.writing() as connection:
            connection.execute(
                "DELETE FROM deliveries WHERE question_id = ? AND part = ?", (question_id, part)
            )
