"""How a generation is built from passages; see `assistant/index.py` for how it is searched."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from assistant import generations
from assistant.centring import Centres, centres_beforehand
from assistant.embedded_texts import texts_to_embed
from assistant.errors import IngestError
from assistant.generations import Manifest, Source
from assistant.index_renewal import RENEWED, Former, open_former
from assistant.new_vectors import EmbedMany, NewVectors
from assistant.passage_store import PassageStore
from assistant.records import Passage
from assistant.vectors import VectorIndex
from assistant.words import WordIndex


def build_generation(
    home: Path,
    passages: Sequence[Passage],
    *,
    sources: Mapping[str, Source],
    roots: Sequence[str],
    fingerprint: str,
    embed: EmbedMany,
    embed_ahead: Callable[[Sequence[str]], object] | None = None,
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
        embed: gives the raw vectors of some passages or sentences, and may be asked for the same
            again; those taken over are not asked for.
        embed_ahead: told before that of all texts that `embed` will be asked for, so that they
            can be computed in the best order, and kept.
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
    new = passages
    if former is not None:
        new = [passages[row] for row in np.flatnonzero(former.origins < 0).tolist()]
    if embed_ahead is not None:
        embed_ahead(texts_to_embed(new))
    anew = NewVectors(new, embed, beforehand)
    name = _new_name(home)
    folder = generations.generation_folder(home, name)
    try:
        with generations.storing(folder):
            (folder / "words").mkdir(parents=True)
            # One after the other, so that only one of them is in memory.
            passage_vectors = _passage_vectors(anew, former)
            dim = passage_vectors.dim
            passage_vectors.save(folder / "vectors.faiss")
            del passage_vectors
            sentence_vectors = _sentence_vectors(anew, former)
            n_sentences = sentence_vectors.n_rows
            sentence_vectors.save(folder / "sentences.faiss")
            del sentence_vectors
            computed = former.computed(anew.computed()) if former else anew.computed()
            PassageStore.write(folder / "passages.sqlite", passages, computed)
            words = PassageStore(folder / "passages.sqlite").words()
            WordIndex.build(words).save(folder / "words")
            (folder / "centres.json").write_text(anew.centres.to_json(), encoding="utf-8")
            manifest = Manifest(
                name=name,
                created_at=datetime.now(UTC).isoformat(timespec="seconds"),
                n_passages=len(passages),
                n_sentences=n_sentences,
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


def _passage_vectors(anew: NewVectors, former: Former | None) -> VectorIndex:
    if former is None:
        return VectorIndex.build(len(anew.n_sentences), anew.of_passages)
    return former.passage_vectors().renewed(former.origins, anew.of_passages)


def _sentence_vectors(anew: NewVectors, former: Former | None) -> VectorIndex:
    if former is None:
        return VectorIndex.build(int(anew.n_sentences.sum()), anew.of_sentences)
    origins = former.sentence_origins(anew.n_sentences)
    return former.sentence_vectors().renewed(origins, anew.of_sentences)


def _new_name(home: Path) -> str:
    """Return a name that sorts by time and is not taken."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    name, number = stamp, 1
    while generations.generation_folder(home, name).exists():
        number += 1
        name = f"{stamp}-{number:02}"
    return name
