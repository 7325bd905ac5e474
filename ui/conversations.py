"""Conversations kept: questions, answers and what people thought of them, in one SQLite file.

Safe against several threads and processes: write-ahead log, each write one immediate transaction,
and a turn is settled only once. SQLAlchemy's home for conversations. What is not covered: writing
the answers (`ui/jobs.py`), drawing them (`ui/page_views/chat.py`).
"""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import sqlalchemy as sql
from sqlalchemy.exc import SQLAlchemyError

from assistant.answer_json import answer_from_dict, answer_to_dict
from assistant.errors import BusyError, StudyError
from assistant.records import Answer, Language

CONVERSATIONS_FILE = "conversations.sqlite"
"""Under the settings' home, for all front ends."""
SCHEMA_VERSION = 2
TITLE_CHARS = 60
_LOCK_TIMEOUT_MS = 10_000

TurnState = Literal["writing", "done", "stopped", "failed"]
Thumb = Literal["up", "down"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A thread of questions of one browser (`owner`); times are seconds since 1970, UTC."""

    conversation_id: str
    owner: str
    title: str
    language: Language
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a turn has no answer: the error's kind, its sentence and hint, and the log's id."""

    kind: str
    message: str = ""
    hint: str = ""
    incident: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTurn:
    """One question of a conversation, numbered from 1, and what became of it."""

    turn_id: str
    conversation_id: str
    number: int
    question: str
    state: TurnState
    answer: Answer | None
    failure: Failure | None
    next_questions: tuple[str, ...]
    created_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What a reader thought of an answer."""

    value: Thumb | None = None
    comment: str = ""


_tables = sql.MetaData()
_schema = sql.Table("schema_version", _tables, sql.Column("version", sql.Integer, nullable=False))
_conversations = sql.Table(
    "conversations",
    _tables,
    sql.Column("id", sql.Text, primary_key=True),
    sql.Column("owner", sql.Text, nullable=False),
    sql.Column("title", sql.Text, nullable=False),
    sql.Column("language", sql.Text, nullable=False),
    sql.Column("created_at", sql.Float, nullable=False),
    sql.Column("updated_at", sql.Float, nullable=False),
    sql.Index("conversations_by_owner", "owner", "updated_at"),
)
_turns = sql.Table(
    "turns",
    _tables,
    sql.Column("id", sql.Text, primary_key=True),
    sql.Column(
        "conversation_id",
        sql.ForeignKey("conversations.id", ondelete="CASCADE"),
        nullable=False,
    ),
    sql.Column("number", sql.Integer, nullable=False),
    sql.Column("question", sql.Text, nullable=False),
    sql.Column("answer_json", sql.Text),
    sql.Column("failure_json", sql.Text),
    sql.Column("next_questions_json", sql.Text, nullable=False),
    sql.Column("created_at", sql.Float, nullable=False),
    sql.Column("state", sql.Text, nullable=False),
    sql.UniqueConstraint("conversation_id", "number"),
)
_opinions = sql.Table(
    "opinions",
    _tables,
    sql.Column("turn_id", sql.ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    sql.Column("reader", sql.Text, primary_key=True),
    sql.Column("value", sql.Text),
    sql.Column("comment", sql.Text, nullable=False),
    sql.Column("created_at", sql.Float, nullable=False),
)


class Conversations:
    """All conversations in one file."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it, for its owner's eyes only.

        Raises:
            StudyError: it can't be opened, is no such file, or was made by a newer version.
        """
        self._path = path
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
        # No pool: a connection costs a millisecond, and none is left open in a dead thread.
        self._engine = sql.create_engine(f"sqlite:///{path}", poolclass=sql.pool.NullPool)
        sql.event.listen(self._engine, "connect", _prepare_connection)
        sql.event.listen(self._engine, "begin", _begin)
        with self._writing() as connection:
            _tables.create_all(connection)
            version = connection.scalar(sql.select(_schema.c.version))
            if version is None:
                connection.execute(_schema.insert().values(version=SCHEMA_VERSION))
            elif version > SCHEMA_VERSION:
                raise StudyError(
                    f"{path} was written by a newer version (schema {version}, "
                    f"this one knows {SCHEMA_VERSION}).",
                    hint="Update the program, or move the file away to start afresh.",
                )
            elif version < SCHEMA_VERSION:
                _tell_readers_apart(connection)

    def create(self, owner: str, title: str, language: Language) -> Conversation:
        """Return a new, empty conversation of `owner`, its title cut to `TITLE_CHARS`."""
        now = time.time()
        conversation = Conversation(
            conversation_id=secrets.token_hex(8),
            owner=owner,
            title=_short(title),
            language=language,
            created_at=now,
            updated_at=now,
        )
        values = asdict(conversation)
        values["id"] = values.pop("conversation_id")
        with self._writing() as connection:
            connection.execute(_conversations.insert().values(values))
        return conversation

    def of_owner(self, owner: str, limit: int = 50) -> tuple[Conversation, ...]:
        """Return the conversations of `owner`, the last used first, at most `limit`."""
        query = (
            sql.select(_conversations)
            .where(_conversations.c.owner == owner)
            .order_by(_conversations.c.updated_at.desc(), _conversations.c.id)
            .limit(limit)
        )
        with self._reading() as connection:
            return tuple(_conversation(row) for row in connection.execute(query))

    def find(self, conversation_id: str, owner: str) -> Conversation | None:
        """Return the conversation, or None where `owner` has no such one."""
        query = sql.select(_conversations).where(_is_owned(conversation_id, owner))
        with self._reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else _conversation(row)

    def rename(self, conversation_id: str, owner: str, title: str) -> None:
        """Give the conversation another title; an empty one changes nothing."""
        if title.strip():
            with self._writing() as connection:
                connection.execute(
                    _conversations.update()
                    .where(_is_owned(conversation_id, owner))
                    .values(title=_short(title))
                )

    def delete(self, conversation_id: str, owner: str) -> None:
        """Delete the conversation with its turns and what was thought of them."""
        with self._writing() as connection:
            connection.execute(_conversations.delete().where(_is_owned(conversation_id, owner)))

    def turns(self, conversation_id: str) -> tuple[StoredTurn, ...]:
        """Return the conversation's turns in order."""
        query = (
            sql.select(_turns)
            .where(_turns.c.conversation_id == conversation_id)
            .order_by(_turns.c.number)
        )
        with self._reading() as connection:
            return tuple(_turn(row) for row in connection.execute(query))

    def turn_of(self, turn_id: str, owner: str) -> StoredTurn | None:
        """Return the turn, or None where `owner` has no such one."""
        query = (
            sql.select(_turns)
            .join(_conversations)
            .where(_turns.c.id == turn_id, _conversations.c.owner == owner)
        )
        with self._reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else _turn(row)

    def begin_turn(self, conversation_id: str, question: str) -> StoredTurn:
        """Return a new last turn of the conversation, in the state "writing".

        Raises:
            StudyError: the conversation is gone.
        """
        now = time.time()
        number = sql.select(sql.func.coalesce(sql.func.max(_turns.c.number), 0) + 1).where(
            _turns.c.conversation_id == conversation_id
        )
        with self._writing() as connection:
            touched = connection.execute(
                _conversations.update()
                .where(_conversations.c.id == conversation_id)
                .values(updated_at=now)
            )
            if touched.rowcount == 0:
                raise StudyError("This conversation was deleted.", hint="Start a new one.")
            turn = StoredTurn(
                turn_id=secrets.token_hex(8),
                conversation_id=conversation_id,
                number=connection.execute(number).scalar_one(),
                question=question,
                state="writing",
                answer=None,
                failure=None,
                next_questions=(),
                created_at=now,
            )
            connection.execute(
                _turns.insert().values(
                    id=turn.turn_id,
                    conversation_id=conversation_id,
                    number=turn.number,
                    question=question,
                    next_questions_json="[]",
                    created_at=now,
                    state=turn.state,
                )
            )
        return turn

    def begin_again(self, turn_id: str) -> None:
        """Put the turn back into the state "writing", without answer and failure."""
        with self._writing() as connection:
            connection.execute(
                _turns.update()
                .where(_turns.c.id == turn_id)
                .values(
                    state="writing", answer_json=None, failure_json=None, next_questions_json="[]"
                )
            )

    def settle(
        self,
        turn_id: str,
        state: TurnState,
        *,
        answer: Answer | None = None,
        failure: Failure | None = None,
        next_questions: Sequence[str] = (),
    ) -> bool:
        """Write what became of a turn; return whether it was still "writing" (else, nothing)."""
        with self._writing() as connection:
            result = connection.execute(
                _turns.update()
                .where(_turns.c.id == turn_id, _turns.c.state == "writing")
                .values(
                    state=state,
                    answer_json=answer and _json(answer_to_dict(answer, stored=True)),
                    failure_json=failure and _json(asdict(failure)),
                    next_questions_json=_json(list(next_questions)),
                )
            )
            return result.rowcount == 1

    def feedback(self, turn_id: str, reader: str = "") -> Feedback:
        """Return what `reader` thought of the turn's answer; nothing, if that was never said.

        On the page, where a conversation has one reader, that is "".
        """
        query = sql.select(_opinions.c.value, _opinions.c.comment).where(
            _opinions.c.turn_id == turn_id, _opinions.c.reader == reader
        )
        with self._reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return Feedback()
        value = next((thumb for thumb in get_args(Thumb) if thumb == row.value), None)
        return Feedback(value=value, comment=row.comment)

    def give_feedback(self, turn_id: str, feedback: Feedback, reader: str = "") -> None:
        """Keep what `reader` thought of the turn's answer, in place of what they said before."""
        values = {"value": feedback.value, "comment": feedback.comment, "created_at": time.time()}
        from sqlalchemy.dialects.sqlite import insert

        statement = insert(_opinions).values(turn_id=turn_id, reader=reader, **values)
        with self._writing() as connection:
            connection.execute(
                statement.on_conflict_do_update(index_elements=["turn_id", "reader"], set_=values)
            )

    @contextmanager
    def _reading(self) -> Iterator[sql.Connection]:
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sql.Connection]:
        engine = self._engine.execution_options(is_write=True)
        with self._translated(), engine.begin() as connection:
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, OSError) as exc:
            cause = getattr(exc, "orig", None) or exc
            if "locked" in str(cause):
                raise BusyError(
                    f"Another process holds {self._path}.", hint="Try again in a moment."
                ) from exc
            raise StudyError(
                f"The conversations in {self._path} can't be read or written: {cause}.",
                hint="Check the folder's permissions and free space; a damaged file can be "
                "moved away to start afresh.",
            ) from exc


def _prepare_connection(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say so: see `_begin`
    for pragma in (
        f"busy_timeout={_LOCK_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sql.Connection) -> None:
    """Begin; a writer takes its lock at once, since a reader that becomes one may fail."""
    is_write = connection.get_execution_options().get("is_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")


def _tell_readers_apart(connection: sql.Connection) -> None:
    """Bring a file of schema 1, with one opinion for each answer, to schema 2."""
    connection.exec_driver_sql(
        "INSERT INTO opinions (turn_id, reader, value, comment, created_at)"
        " SELECT turn_id, '', value, comment, created_at FROM feedback"
    )
    connection.exec_driver_sql("DROP TABLE feedback")
    connection.execute(_schema.update().values(version=SCHEMA_VERSION))


def _is_owned(conversation_id: str, owner: str) -> sql.ColumnElement[bool]:
    return sql.and_(_conversations.c.id == conversation_id, _conversations.c.owner == owner)


def _short(title: str) -> str:
    title = " ".join(title.split())
    return title if len(title) <= TITLE_CHARS else title[: TITLE_CHARS - 1].rstrip() + "…"


def _json(values: object) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _conversation(row: sql.Row[Any]) -> Conversation:
    return Conversation(
        conversation_id=row.id,
        owner=row.owner,
        title=row.title,
        language="zh" if row.language == "zh" else "en",
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _turn(row: sql.Row[Any]) -> StoredTurn:
    state: TurnState = next(
        (known for known in get_args(TurnState) if known == row.state), "failed"
    )
    answer, failure = None, None
    try:
        answer = answer_from_dict(json.loads(row.answer_json)) if row.answer_json else None
        failure = Failure(**json.loads(row.failure_json)) if row.failure_json else None
        next_questions = tuple(str(question) for question in json.loads(row.next_questions_json))
    except (ValueError, TypeError) as exc:  # one unreadable turn must not hide the others
        state, next_questions = "failed", ()
        failure = Failure(kind="TurnUnreadable", message=str(exc))
    return StoredTurn(
        turn_id=row.id,
        conversation_id=row.conversation_id,
        number=row.number,
        question=row.question,
        state=state,
        answer=answer,
        failure=failure,
        next_questions=next_questions,
        created_at=row.created_at,
    )
