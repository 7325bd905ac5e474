"""A home with a folder of texts, ingested in this process by an embedder that costs nothing."""

import io
import re
import zlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant import audit, generations
from assistant.embedding import Embedder, FloatArray
from assistant.errors import IngestError
from assistant.glossary import Glossary
from assistant.index import LiveIndex, open_index
from assistant.records import Passage
from assistant.retrieval import Retriever
from assistant.settings import IngestSettings, Settings
from ingest.parse import Limits, parse
from ingest.parser_pool import Parsed
from ingest.pipeline import Report
from ingest.records import SourceFile
from ui.commands.ingest import ingest_materials
from ui.terminal import PlainBars

QUESTIONS = ("How does the lantern work?", "灯塔是什么？", "copper", "rivers and 河流")


class HashEmbedder(Embedder):
    """Adds up a number for each word, so that texts with like words are near; counts its texts."""

    engine = "hash"
    dtype = "float32"
    dim = 16
    batch_size = 3
    fingerprint = "hash"

    def __init__(self) -> None:
        self.n_texts = 0

    def _embed(self, texts: list[str], *, are_questions: bool) -> FloatArray:
        if not are_questions:
            self.n_texts += len(texts)
        vectors = np.full((len(texts), self.dim), 0.01, np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"[a-z]+|[^\W\da-z_]", text.lower()):
                vectors[row, zlib.crc32(word.encode()) % self.dim] += 1
        return vectors

    def count_tokens(self, text: str) -> int:
        return len(re.findall(r"[a-z]+|\S", text.lower()))


def parse_here(files: Sequence[SourceFile], limits: Limits) -> Generator[Parsed, None, None]:
    """Yield what became of each file, without processes."""
    for file in files:
        try:
            yield Parsed(file, parse(file.path, file.source, limits))
        except IngestError as error:
            yield Parsed(file, error)


@dataclass(slots=True)
class SmallHome:
    """State below `folder`, texts in `folder/texts`."""

    folder: Path
    embedder: HashEmbedder

    @classmethod
    def at(cls, folder: Path) -> "SmallHome":
        (folder / "texts").mkdir(parents=True, exist_ok=True)
        return cls(folder, HashEmbedder())

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def settings(self) -> Settings:
        return Settings(
            home=self.home,
            cache=self.folder / "cache",
            ingest=IngestSettings(passage_tokens=50),
        )

    def write(self, name: str, text: str) -> None:
        path = self.folder / "texts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def ingest(self, texts: Path | None = None) -> Report:
        return ingest_materials(
            self.settings,
            [texts or self.folder / "texts"],
            PlainBars(io.StringIO()),
            embedder=self.embedder,
            parse=parse_here,
        )

    def passages(self) -> list[Passage]:
        """Return everything that is live, in order."""
        name = generations.current_name(self.home)
        if name is None:
            return []
        return open_index(
            self.home, name, fingerprint=self.embedder.fingerprint
        ).passages.everything()

    def found(self) -> list[list[tuple[Passage, float]]]:
        """Return what a search finds for each question, with scores."""
        retriever = Retriever(
            live_index=LiveIndex(self.home, fingerprint=self.embedder.fingerprint),
            embedder=self.embedder,
            glossary=Glossary(),
            n_candidates=256,
            word_weight=0.4,
            fold_twins=True,
        )
        return [
            [(hit.passage, round(hit.score, 4)) for hit in retriever.search(each, top_k=8).hits]
            for each in QUESTIONS
        ]

    def problems(self) -> list[str]:
        """Return what is wrong with the state, after whatever happened to it."""
        live = generations.current_name(self.home)
        if live is None:
            return []
        found = generations.verify(self.home, live)
        log = audit.read(self.home)
        if log and log[-1].to != live:
            found.append(f"the log ends with {log[-1].to}, but {live} is live")
        return found

    def leftovers(self) -> list[str]:
        """Return what a run that ended well has no business to leave behind."""
        folder = generations.index_folder(self.home) / "generations"
        unfinished = [
            path.name for path in folder.iterdir() if not (path / "manifest.json").is_file()
        ]
        scratch = [path.name for path in self.home.rglob("*.new")]
        pending = [path.name for path in self.home.rglob("switch.json")]
        marks = [
            name
            for name in generations.list_names(self.home)
            if name == generations.current_name(self.home)
            and (generations.generation_folder(self.home, name) / generations.CANDIDATE).exists()
        ]
        return [*unfinished, *scratch, *pending, *marks]
