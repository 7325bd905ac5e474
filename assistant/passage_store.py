"""Passages on disk, by row number and by source (SQLite, written once, then only read)."""

import hashlib
import json
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from assistant.errors import IndexCorrupt
from assistant.language import words_version
from assistant.records import Passage

Spans = tuple[tuple[int, int], ...]
"""Start and end of each sentence in a passage's text, characters, end exclusive."""

_COLUMNS = (
    "passage_id, source, title, heading, text, language, kind, page, start_char, end_char, "
    "position, section, twin, audience"
)
_SELECT = f"SELECT row, sentences, {_COLUMNS} FROM passages"
_SAME_HEADINGS = 1 << 14
"""Headings that are kept as JSON and as parsed: the passages of a section share theirs."""
_ROWS_PER_QUERY = 500

_SCHEMA = f"""
CREATE TABLE passages (row INTEGER PRIMARY KEY, {_COLUMNS}, sentences);
CREATE INDEX by_source ON passages (source, position);
CREATE UNIQUE INDEX by_id ON passages (passage_id);
CREATE TABLE words (row INTEGER PRIMARY KEY, words);
CREATE TABLE versions (words);
"""


class PassageStore:
    """The passages of one generation; rows count from 0, as in the vector and word indexes."""

    def __init__(self, path: Path) -> None:
        """Open the file at `path`; it is read from here on, even when its folder is deleted.

        Raises:
            IndexCorrupt: it can't be opened.
        """
        self._path = path
        self._lock = threading.Lock()
        with self._translated():
            uri = path.resolve().as_uri() + "?mode=ro&immutable=1"
            self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        weakref.finalize(self, self._connection.close)

    @staticmethod
    def write(path: Path, passages: Sequence[Passage], computed: Iterable["Computed"]) -> None:
        """Write all `passages`, and what was computed of each, to a new file at `path`.

        Raises:
            ValueError: two passages have the same id.
        """
        marks = ", ".join("?" * (len(_COLUMNS.split(",")) + 2))
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.executescript(_SCHEMA)
            connection.execute("INSERT INTO versions VALUES (?)", (words_version(),))
            try:
                for row, (passage, each) in enumerate(zip(passages, computed, strict=True)):
                    of_passage = _to_row(row, passage, each.spans)
                    connection.execute(f"INSERT INTO passages VALUES ({marks})", of_passage)
                    connection.execute("INSERT INTO words VALUES (?, ?)", (row, each.words))
            except sqlite3.IntegrityError as error:
                raise ValueError("Two passages have the same id.") from error

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
            raise IndexCorrupt(
                f"{self._path.name} can't be read: {error}.",
                hint="Run `study index verify`, then `study ingest` to build a new generation.",
            ) from error

    def _query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        # One connection for all threads, one at a time: a query takes a fraction of a millisecond.
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def columns(self) -> tuple[list[str], list[str], list[int]]:
        """Return audience, language and number of sentences of every row, in row order."""
        with self._translated():
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
        with self._translated():
            found = {
                record[0]: _from_row(record)
                for record in self._query(f"{_SELECT} WHERE row IN ({marks})", wanted)
            }
            return [found[row] for row in wanted]

    def of_source(self, source: str) -> list[Passage]:
        """Return the passages of `source` in reading order; none if there is no such source."""
        with self._translated():
            records = self._query(f"{_SELECT} WHERE source = ? ORDER BY position", (source,))
            return [_from_row(record)[0] for record in records]

    def sources(self, audiences: frozenset[str]) -> list[str]:
        """Return the paths of the sources that the asker may see."""
        allowed = sorted(audiences)
        marks = ",".join("?" * len(allowed))
        select = f"SELECT DISTINCT source FROM passages WHERE audience IN ({marks})"
        with self._translated():
            return [str(row[0]) for row in self._query(select, allowed)]

    def everything(self) -> list[Passage]:
        """Return all passages in row order."""
        with self._translated():
            return [_from_row(record)[0] for record in self._query(f"{_SELECT} ORDER BY row")]

    def words_version(self) -> str:
        """Return what made the words that are kept, as `language.words_version`; "" without any."""
        with self._translated():
            has_words = self._query("SELECT 1 FROM sqlite_master WHERE name = 'versions'")
            found = self._query("SELECT words FROM versions") if has_words else []
            return str(found[0][0]) if found else ""

    def keys(self) -> Iterator[bytes]:
        """Yield `key_of` each passage, in row order."""
        for records in self._by_blocks("SELECT title, heading, text, language FROM passages"):
            for title, heading, text, language in records:
                yield _digest(str(title), str(heading), str(text), str(language))

    def words(self) -> Iterator[list[str]]:
        """Yield the words of each passage, as `content_words`, in row order."""
        for records in self._by_blocks("SELECT words FROM words"):
            for (words,) in records:
                yield str(words).split()

    def computed(self, rows: Sequence[int]) -> Iterator["Computed"]:
        """Yield what was computed of the passages in `rows`, in that order.

        Raises:
            IndexCorrupt: some of it isn't there, or can't be read.
        """
        for start in range(0, len(rows), _ROWS_PER_QUERY):
            wanted = rows[start : start + _ROWS_PER_QUERY]
            marks = ",".join("?" * len(wanted))
            with self._translated():
                found = {
                    row: Computed(spans=str(spans), words=str(words))
                    for row, spans, words in self._query(
                        "SELECT row, sentences, words FROM passages JOIN words USING (row) "
                        f"WHERE row IN ({marks})",
                        wanted,
                    )
                }
                of_block = [found[row] for row in wanted]
            yield from of_block

    def _by_blocks(self, select: str) -> Iterator[list[tuple[object, ...]]]:
        """Yield what `select` finds, in row order, a block at a time."""
        start = 0
        while True:
            with self._translated():
                limits = start, start + _ROWS_PER_QUERY
                records = self._query(
                    f"{select} WHERE row >= ? AND row < ? ORDER BY row", limits
                )  # fmt: skip
            if not records:
                return
            yield records
            start += _ROWS_PER_QUERY


@dataclass(frozen=True, slots=True)
class Computed:
    """What was computed of a passage, as it is kept: spans as JSON, words between blanks."""

    spans: str
    words: str

    @classmethod
    def of(cls, spans: Spans, words: Sequence[str]) -> "Computed":
        """Return what is kept of the spans of the sentences, and of `content_words`."""
        return cls(json.dumps(spans), " ".join(words))


def key_of(passage: Passage) -> bytes:
    """Return a digest of all of `passage` that its vectors, sentences and words depend on."""
    heading = _heading_json(passage.heading)
    return _digest(passage.title, heading, passage.text, passage.language)


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()


@lru_cache(_SAME_HEADINGS)
def _heading_json(heading: tuple[str, ...]) -> str:
    return json.dumps(heading, ensure_ascii=False)


@lru_cache(_SAME_HEADINGS)
def _heading(heading_json: str) -> tuple[str, ...]:
    return tuple(json.loads(heading_json))


def _to_row(row: int, passage: Passage, spans: str) -> tuple[object, ...]:
    return (
        row,
        passage.passage_id,
        passage.source,
        passage.title,
        _heading_json(passage.heading),
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
        spans,
    )


def _from_row(record: Sequence[object]) -> tuple[Passage, Spans]:
    (_, spans, passage_id, source, title, heading, text, language, kind, page, *rest) = record
    start, end, position, section, twin, audience = rest
    passage = Passage(
        passage_id=str(passage_id),
        source=str(source),
        title=str(title),
        heading=_heading(str(heading)),
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
