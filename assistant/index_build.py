"""How a generation is built from passages; see `assistant/index.py` for how it is searched."""

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from assistant import generations
from assistant.centring import Centres, Role, centres_beforehand, corpus_centres
from assistant.errors import IngestError
from assistant.generations import Manifest, Source
from assistant.index_renewal import RENEWED, open_former
from assistant.language import content_words, fenced_blocks, split_sentences
from assistant.passage_store import Computed, PassageStore, Spans
from assistant.records import Language, Passage
from assistant.vectors import VectorIndex
from assistant.words import WordIndex

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
EmbedMany = Callable[[Sequence[str]], FloatArray]
"""Texts of passages → vectors (n, dim), unit norm, cached or not."""

MIN_SENTENCE_CHARS = {"zh": 10, "en": 25}
"""Shorter sentences are embedded together with the next: alone they mean too little."""

MAX_SENTENCES = 40
"""Of one passage: a long table has more lines than are worth a vector each."""

SENTENCES_VERSION = "2"
"""Raised when other sentences or texts are embedded for the same passages."""

_BLOCK_ROWS = 8192

_LABEL = re.compile(
    r"(?:[\W\d_]|(?<![a-z])(?:[a-z]{1,2}|chapter|doc|document|file|note|page|para|paragraph|part|"
    r"passage|section|text|txt|untitled)(?![a-z])|文档|文件|段落|章节|第|章|节|页|未命名|新建)*",
    re.IGNORECASE,
)
"""What numbers a text and says nothing of what it is about: "para-017", "第3章"."""


def embedded_text(passage: Passage) -> str:
    """Return what is embedded of a passage: title and heading path, then its text.

    A title that is a mere label, as of a file named 017.txt, would only blur the vector.
    """
    path = [passage.title, *(part for part in passage.heading if part != passage.title)]
    return " > ".join(part for part in path if not _LABEL.fullmatch(part)) + "\n" + passage.text


def sentence_spans(passage: Passage) -> Spans:
    """Return the spans of the sentences of a passage that get a vector, in order, at least one.

    A block of code or a diagram counts as one: its lines mean nothing alone.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for block in fenced_blocks(passage.text):
        spans += [*_prose_spans(passage, start, block.start), (block.start, block.end)]
        start = block.end
    spans += _prose_spans(passage, start, len(passage.text))
    if not spans or len(spans) > MAX_SENTENCES:
        return ((0, len(passage.text)),)
    return tuple(spans)


def _prose_spans(passage: Passage, begin: int, end: int) -> list[tuple[int, int]]:
    """Return the sentences between `begin` and `end`; a short last one joins the one before."""
    text = passage.text[begin:end]
    spans: list[tuple[int, int]] = []
    start: int | None = None
    for sentence in split_sentences(text):
        start = sentence.start if start is None else start
        if sentence.end - start >= MIN_SENTENCE_CHARS[passage.language]:
            spans.append((start, sentence.end))
            start = None
    if start is not None:
        rest = (spans.pop()[0] if spans else start, len(text.rstrip()))
        spans.append(rest)
    return [(begin + start, begin + stop) for start, stop in spans]


def build_generation(
    home: Path,
    passages: Sequence[Passage],
    *,
    sources: Mapping[str, Source],
    roots: Sequence[str],
    fingerprint: str,
    embed: EmbedMany,
    shaped_by: Mapping[str, str],
    counts: Mapping[str, int] | None = None,
    centres: Centres | None = None,
    go_live: bool = True,
    takes_over: bool = True,
) -> Manifest:
    """Build a generation of `passages`, make it live, and return its manifest.

    Call while `generations.writing(home)`. Nothing that is live changes until the last step.

    Args:
        home: where state lives.
        passages: all passages of the generation; rows follow this order.
        sources: each source file by name.
        roots: the folders that the sources came from.
        fingerprint: of the embedder.
        embed: gives the raw vectors of passages and then of sentences, in an array of their own
            that is written to; those taken over are not asked for.
        shaped_by: what else shapes the content (chunk settings, parser versions).
        counts: figures for the record.
        centres: the language centres to use; by default those shipped for the embedder, or else
            the corpus's own.
        go_live: whether CURRENT is to name it at the end; else it is a candidate.
        takes_over: whether what is known of passages that are live already is taken from there;
            see `assistant/index_renewal.py`.

    Raises:
        IngestError: there are no passages.
        StorageError: the disk is full or can't be written to.
    """
    if not passages:
        raise IngestError(
            "There is nothing to index: no document gave a passage.",
            hint="Put .md, .pdf, .docx or other supported files into the folder.",
        )
    generations.remove_unfinished(home)
    languages = [passage.language for passage in passages]
    shaped_by = {**shaped_by, "embedder": fingerprint}
    beforehand = centres or centres_beforehand(fingerprint, languages)
    former = (
        open_former(home, passages, shaped_by=shaped_by, centres=beforehand)
        if beforehand is not None and takes_over
        else None
    )
    origins = np.full(len(passages), -1) if former is None else former.origins
    # By name, so that each array can be let go of once it is written: they are most of the memory.
    passage_vectors, sentence_vectors, centres, computed_anew = _compute(
        [passages[row] for row in np.flatnonzero(origins < 0).tolist()], embed, beforehand
    )
    dim = passage_vectors.shape[1]
    fresh = iter(computed_anew)
    computed = [
        former.computed[origin] if former and origin >= 0 else next(fresh)
        for origin in origins.tolist()
    ]
    name = _new_name(home)
    folder = generations.generation_folder(home, name)
    try:
        with generations.storing(folder):
            (folder / "words").mkdir(parents=True)
            _vector_index(
                former.passage_vectors if former else None, origins, passage_vectors
            ).save(folder / "vectors.faiss")
            del passage_vectors
            _vector_index(
                former.sentence_vectors if former else None,
                former.sentence_origins(computed) if former else origins,
                sentence_vectors,
            ).save(folder / "sentences.faiss")
            del sentence_vectors
            WordIndex.build(each.words.split() for each in computed).save(folder / "words")
            PassageStore.write(folder / "passages.sqlite", passages, computed)
            (folder / "centres.json").write_text(centres.to_json(), encoding="utf-8")
            manifest = Manifest(
                name=name,
                created_at=datetime.now(UTC).isoformat(timespec="seconds"),
                n_passages=len(passages),
                n_sentences=sum(each.n_sentences for each in computed),
                dim=dim,
                shaped_by=shaped_by,
                sources=dict(sources),
                roots=tuple(roots),
                counts={**(counts or {}), RENEWED: former.n_new if former else 0},
                files={
                    path.relative_to(folder).as_posix(): generations.hash_file(path)
                    for path in sorted(folder.rglob("*"))
                    if path.is_file()
                },
            )
            generations.mark_candidate(folder)
            generations.seal(folder, manifest)
    except BaseException:
        # On a full disk, what is half-written would keep the next one from being built.
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if go_live:
        generations.publish(home, name)
    return manifest


def texts_to_embed(passages: Sequence[Passage]) -> list[str]:
    """Return every text of `passages` that a generation has a vector of."""
    return [
        *(embedded_text(passage) for passage in passages),
        *(
            passage.text[start:end]
            for passage in passages
            for start, end in sentence_spans(passage)
        ),
    ]


class _Anew(NamedTuple):
    """What was computed of passages that nothing is known of; vectors are centred."""

    passage_vectors: FloatArray
    sentence_vectors: FloatArray
    centres: Centres
    computed: list[Computed]


def _compute(passages: Sequence[Passage], embed: EmbedMany, centres: Centres | None) -> _Anew:
    """Return vectors and words of `passages`; without `centres`, these are their own."""
    spans = [sentence_spans(passage) for passage in passages]
    texts = [embedded_text(passage) for passage in passages]
    passage_vectors = embed(texts)
    sentence_vectors = embed(
        [
            passage.text[start:end]
            for passage, of_passage in zip(passages, spans, strict=True)
            for start, end in of_passage
        ]
    )
    languages = [passage.language for passage in passages]
    sentence_languages = [
        passage.language
        for passage, of_passage in zip(passages, spans, strict=True)
        for _ in of_passage
    ]
    centres = centres or corpus_centres(
        passage_vectors, sentence_vectors, languages, sentence_languages
    )
    _centre(passage_vectors, languages, centres, "passage")
    _centre(sentence_vectors, sentence_languages, centres, "sentence")
    computed = [
        Computed.of(of_passage, content_words(text))
        for of_passage, text in zip(spans, texts, strict=True)
    ]
    return _Anew(passage_vectors, sentence_vectors, centres, computed)


def _centre(
    vectors: FloatArray, languages: Sequence[Language], centres: Centres, role: Role
) -> None:
    """Centre `vectors` where they are: a copy of them all would be the most memory of a build."""
    for language in ("zh", "en"):
        rows = np.flatnonzero([language == found for found in languages])
        for block in np.array_split(rows, len(rows) // _BLOCK_ROWS + 1):
            vectors[block] = centres.centre(vectors[block], role, language)


def _vector_index(
    former: VectorIndex | None, origins: IntArray, vectors: FloatArray
) -> VectorIndex:
    return former.renewed(origins, vectors) if former else VectorIndex.build(vectors)


def _new_name(home: Path) -> str:
    """Return a name that sorts by time and is not taken."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    name, number = stamp, 1
    while generations.generation_folder(home, name).exists():
        number += 1
        name = f"{stamp}-{number:02}"
    return name
