"""Passages on disk, by row number and by source (SQLite, written once, then only read)."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from assistant.errors import IndexCorrupt
from assistant.records import Passage

Spans = tuple[tuple[int, int], ...]
"""Start and end of each sentence in a passage's text, characters, end exclusive."""

_COLUMNS = (
    "passage_id, source, title, heading, text, language, kind, page, start_char, end_char, "
    "position, section, twin, audience"
)
_SCHEMA = f"""
CREATE TABLE passages (row INTEGER PRIMARY KEY, {_COLUMNS}, sentences);
CREATE INDEX by_source ON passages (source, position);
CREATE UNIQUE INDEX by_id ON passages (passage_id);
"""


class PassageStore:
    """The passages of one generation; rows count from 0, as in the vector and word indexes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()

    @staticmethod
    def write(path: Path, passages: Sequence[Passage], sentences: Sequence[Spans]) -> None:
        """Write all `passages` with their sentences' spans to a new file at `path`."""
        with sqlite3.connect(path) as connection:
            connection.executescript(_SCHEMA)
            marks = ", ".join("?" * (len(_COLUMNS.split(",")) + 2))
            connection.executemany(
                f"INSERT INTO passages VALUES ({marks})",
                (
                    _to_row(row, passage, spans)
                    for row, (passage, spans) in enumerate(zip(passages, sentences, strict=True))
                ),
            )
        connection.close()

    def _connection(self) -> sqlite3.Connection:
        """Return this thread's connection: SQLite connections don't travel between threads."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            uri = self._path.resolve().as_uri() + "?mode=ro&immutable=1"
            connection = self._local.connection = sqlite3.connect(uri, uri=True)
        return connection

    def _query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        try:
            return self._connection().execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise IndexCorrupt(
                f"{self._path.name} can't be read: {error}.",
                hint="Run `study index verify`, then `study ingest` to build a new generation.",
            ) from error

    def columns(self) -> tuple[list[str], list[str], list[int]]:
        """Return audience, language and number of sentences of every row, in row order."""
        rows = self._query(
            "SELECT audience, language, json_array_length(sentences) FROM passages ORDER BY row"
        )
        return (
            [str(row[0]) for row in rows],
            [str(row[1]) for row in rows],
            [int(str(row[2])) for row in rows],
        )

    def get(self, rows: Iterable[int]) -> list[tuple[Passage, Spans]]:
        """Return passages with their sentences' spans, in the order of `rows`."""
        wanted = [int(row) for row in rows]
        marks = ",".join("?" * len(wanted))
        found = {
            record[0]: _from_row(record)
            for record in self._query(
                f"SELECT row, {_COLUMNS}, sentences FROM passages WHERE row IN ({marks})", wanted
            )
        }
        return [found[row] for row in wanted]

    def of_source(self, source: str) -> list[Passage]:
        """Return the passages of `source` in reading order; none if there is no such source."""
        records = self._query(
            f"SELECT row, {_COLUMNS}, sentences FROM passages WHERE source = ? ORDER BY position",
            (source,),
        )
        return [_from_row(record)[0] for record in records]

    def everything(self) -> list[Passage]:
        """Return all passages in row order."""
        records = self._query(f"SELECT row, {_COLUMNS}, sentences FROM passages ORDER BY row")
        return [_from_row(record)[0] for record in records]


def _to_row(row: int, passage: Passage, spans: Spans) -> tuple[object, ...]:
    heading = json.dumps(passage.heading, ensure_ascii=False)
    return (
        row,
        passage.passage_id,
        passage.source,
        passage.title,
        heading,
        passage.text,
        passage.language,
        passage.kind,
        passage.page,
        passage.start_char,
        passage.end_char,
        passage.position,
        passage.section,
        passage.twin,
        passage.audience,
        json.dumps(spans),
    )


def _from_row(record: Sequence[object]) -> tuple[Passage, Spans]:
    (_, passage_id, source, title, heading, text, language, kind, page, start, end, *rest) = record
    position, section, twin, audience, spans = rest
    passage = Passage(
        passage_id=str(passage_id),
        source=str(source),
        title=str(title),
        heading=tuple(json.loads(str(heading))),
        text=str(text),
        language="zh" if language == "zh" else "en",
        kind=kind,  # type: ignore[arg-type]  # written by `write`, from a Passage
        page=None if page is None else int(str(page)),
        start_char=int(str(start)),
        end_char=int(str(end)),
        position=int(str(position)),
        section=int(str(section)),
        twin=str(twin),
        audience=str(audience),
    )
    return passage, tuple((int(a), int(b)) for a, b in json.loads(str(spans)))
