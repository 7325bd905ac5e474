"""Gaps: what learners asked and the materials could not answer, and answers they disliked.

One SQLite table of its own, apart from the conversations, so that whoever mends the materials needs
to read nobody's conversation. Questions are kept without names unless the operator says otherwise,
and expire. Front ends record what learners asked; batches and evaluations don't. Safe for several
threads and processes. What is not here: grouping (`assistant/gap_groups.py`).
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from assistant.errors import BusyError, StudyError
from assistant.records import Answer, Language, Passage

FILE = "gaps.sqlite"
"""Under `STUDY_HOME`."""

GapKind = Literal["unanswered", "disliked"]

MAX_QUESTION_CHARS = 1000
MAX_COMMENT_CHARS = 500
_MAX_NEAREST = 3
_DAY_S = 86_400.0
_LOCK_TIMEOUT_S = 10.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS gaps (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, question TEXT NOT NULL, language TEXT NOT NULL,
    asked_at REAL NOT NULL, channel TEXT NOT NULL, asker TEXT NOT NULL, comment TEXT NOT NULL,
    nearest TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS gaps_by_time ON gaps (asked_at);
CREATE TABLE IF NOT EXISTS question_vectors (
    question TEXT NOT NULL, embedder TEXT NOT NULL, vector BLOB NOT NULL,
    PRIMARY KEY (question, embedder)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearPassage:
    """Where something near a question stands, and who may know of it."""

    passage_id: str
    source: str
    title: str
    heading: tuple[str, ...]
    audience: str

    @classmethod
    def of(cls, passage: Passage) -> "NearPassage":
        """Return where `passage` stands."""
        return cls(
            passage_id=passage.passage_id,
            source=passage.source,
            title=passage.title,
            heading=passage.heading,
            audience=passage.audience,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One question; `asked_at` in seconds since 1970, `asker` "" unless names are kept.

    `nearest` are the passages that came nearest, or that the disliked answer cited.
    """

    kind: GapKind
    question: str
    language: Language
    asked_at: float
    channel: str = ""
    asker: str = ""
    comment: str = ""
    nearest: tuple[NearPassage, ...] = ()


class Gaps:
    """All gaps in one file, which is made at the first record."""

    def __init__(
        self,
        path: Path,
        *,
        keep_days: int,
        with_names: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._keep_s = keep_days * _DAY_S
        self._with_names = with_names
        self._now = now

    def record(
        self,
        answer: Answer,
        *,
        kind: GapKind,
        channel: str,
        asker: str = "",
        comment: str = "",
    ) -> None:
        """Keep the question of `answer`, as it stands without its conversation.

        Args:
            answer: an abstention, or what was disliked.
            kind: which of the two.
            channel: where it was asked: "page", "slack".
            asker: who asked; dropped unless names are kept.
            comment: what was said about it.

        Raises:
            StudyError: the file can't be written.
        """
        passages = [citation.passage for citation in answer.citations]
        passages += [hit.passage for hit in answer.nearest]
        near = [asdict(NearPassage.of(passage)) for passage in passages[:_MAX_NEAREST]]
        with self._connected(writes=True) as connection:
            self._expire(connection)
            connection.execute(
                "INSERT INTO gaps (kind, question, language, asked_at, channel, asker, comment, "
                "nearest) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    kind,
                    question_of(answer),
                    answer.language,
                    self._now(),
                    channel,
                    asker if self._with_names else "",
                    " ".join(comment.split())[:MAX_COMMENT_CHARS],
                    json.dumps(near, ensure_ascii=False),
                ),
            )

    def withdraw(self, answer: Answer) -> None:
        """Forget the last dislike of this answer's question: its reader thought better of it."""
        with self._connected(writes=True) as connection:
            connection.execute(
                "DELETE FROM gaps WHERE id = (SELECT max(id) FROM gaps "
                "WHERE kind = 'disliked' AND question = ?)",
                (question_of(answer),),
            )

    def all(self) -> tuple[Gap, ...]:
        """Return all gaps that have not expired, the oldest first.

        Raises:
            StudyError: the file can't be read.
        """
        if not self._path.exists():
            return ()
        with self._connected(writes=True) as connection:
            self._expire(connection)
            rows = connection.execute("SELECT * FROM gaps ORDER BY id").fetchall()
        return tuple(_gap(row) for row in rows)

    def vectors(self, embedder: str) -> dict[str, bytes]:
        """Return the vectors kept of questions, float32 as bytes, by their text."""
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT question, vector FROM question_vectors WHERE embedder = ?", (embedder,)
            ).fetchall()
        return {str(row["question"]): bytes(row["vector"]) for row in rows}

    def keep_vectors(self, embedder: str, vectors: Mapping[str, bytes]) -> None:
        """Keep the vectors of questions; they go when the last such question goes."""
        with self._connected(writes=True) as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO question_vectors VALUES (?, ?, ?)",
                [(question, embedder, vector) for question, vector in vectors.items()],
            )

    def _expire(self, connection: sqlite3.Connection) -> None:
        gone = connection.execute(
            "DELETE FROM gaps WHERE asked_at < ?", (self._now() - self._keep_s,)
        )
        if gone.rowcount:
            connection.execute(
                "DELETE FROM question_vectors WHERE question NOT IN (SELECT question FROM gaps)"
            )

    @contextmanager
    def _connected(self, *, writes: bool = False) -> Iterator[sqlite3.Connection]:
        try:
            if not self._path.exists():
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._path.touch(mode=0o600)
            # A connection each time costs a millisecond, and none is left open in a dead thread.
            with closing(
                sqlite3.connect(self._path, timeout=_LOCK_TIMEOUT_S, isolation_level=None)
            ) as connection:
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA secure_delete=ON")  # what expired is gone from the disk
                connection.executescript(_SCHEMA)
                connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
                yield connection
                connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            if "locked" in str(error):
                raise BusyError(
                    f"Another process holds {self._path}.", hint="Try again in a moment."
                ) from error
            raise StudyError(
                f"The gaps in {self._path} can't be read or written: {error}.",
                hint="Check the folder's permissions and free space; a damaged file can be moved "
                "away to start afresh.",
            ) from error


def question_of(answer: Answer) -> str:
    """Return the question as it is kept: standing alone, on one line, not too long."""
    text = answer.standalone_question or answer.question
    return " ".join(text.split())[:MAX_QUESTION_CHARS]


def _gap(row: Mapping[str, Any]) -> Gap:
    return Gap(
        kind="disliked" if row["kind"] == "disliked" else "unanswered",
        question=str(row["question"]),
        language="zh" if row["language"] == "zh" else "en",
        asked_at=float(row["asked_at"]),
        channel=str(row["channel"]),
        asker=str(row["asker"]),
        comment=str(row["comment"]),
        nearest=tuple(
            NearPassage(**{**each, "heading": tuple(each["heading"])})
            for each in json.loads(row["nearest"])
        ),
    )
