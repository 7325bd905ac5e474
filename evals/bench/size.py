"""What 2,000 documents take: each stage of an ingestion, one edit, the first search, and memory.

    python -m evals.bench.size [--documents 2000] [--embed projected|real] [--folder FOLDER]

The commands are those that people run (`study ingest`, `study search`), each in a fresh process,
with a home and a vector cache of their own. Embedding 2,000 documents takes hours on a CPU. So the
embedder's rate is measured on a sample of passages and their sentences, the rest of the vector
cache is filled with random unit vectors, and the embedding of the whole is projected: texts divided
by the rate. All other seconds are measured; `--embed real` measures embedding, too. The vectors
that the edit needs are computed in any case. Files are warm: they were written a moment before.
"""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from assistant import generations
from assistant.centring import unit
from assistant.embedded_texts import texts_to_embed
from assistant.embedding import Embedder, FloatArray
from assistant.records import Language, Passage
from assistant.settings import Settings
from assistant.vector_cache import VectorCache, count_missing, embed_with_cache
from assistant.wiring import open_settings_embedder
from evals.bench.made_corpus import SEED, write_documents
from evals.bench.process_watch import Run, run_watched

STUDY = (sys.executable, "-m", "ui.cli")
QUESTION = "How does retrieval find passages? 检索怎样找到段落？"
EDIT = "\n\nThe lighthouse keeper of this lesson counts {} sheep before breakfast.\n"

MAX_OTHER_SHARE = 0.15
MAX_EDIT_S = 10.0
MAX_OPENING_S = 2.0


class RandomEmbedder(Embedder):
    """Random unit vectors under another embedder's name, to stand for its vectors in a cache."""

    engine = "random"
    dtype = "float32"
    batch_size = 4096

    def __init__(self, stands_for: Embedder) -> None:
        self.fingerprint, self.dim = stands_for.fingerprint, stands_for.dim
        self._rng = np.random.default_rng(SEED)

    def _embed(self, texts: list[str], *, are_questions: bool) -> FloatArray:
        return unit(self._rng.standard_normal((len(texts), self.dim), dtype=np.float32))

    def count_tokens(self, text: str) -> int:
        """Never asked for: the commands count with the real one."""
        raise NotImplementedError


def main() -> None:
    """Print the figures, and whether they keep the targets, as JSON."""
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--documents", type=int, default=2_000)
    parser.add_argument("--embed", choices=["projected", "real"], default="projected")
    parser.add_argument("--sample", type=int, default=200, help="passages embedded for the rate")
    parser.add_argument("--folder", type=Path, help="kept afterwards; by default none is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.folder or Path(scratch)).resolve()
        figures = measure(
            folder, options.documents, n_sample=options.sample, is_real=options.embed == "real"
        )
    print(json.dumps(figures, indent=1))


def measure(folder: Path, n_documents: int, *, n_sample: int, is_real: bool) -> dict[str, object]:
    """Return the figures of `n_documents`; see the head of this file."""
    corpus, home = folder / "corpus", folder / "home"
    edited = write_documents(corpus, n_documents)[0]
    environment = {**os.environ, "STUDY_HOME": str(home), "STUDY_CACHE": str(home / "cache")}

    def study(*arguments: str) -> Run:
        return run_watched([*STUDY, *arguments, "--json"], environment)

    dry_run = study("ingest", str(corpus), "--dry-run")
    embedder = open_settings_embedder(Settings.load())
    cache = VectorCache(home / "cache" / "vectors.sqlite")
    passages = _planned(json.loads(dry_run.output)["plan"])
    embedding = {"embedding": "measured"} if is_real else _fill(passages, embedder, cache, n_sample)
    full = study("ingest", str(corpus))
    report = json.loads(full.output)
    seconds = {stage: float(value) for stage, value in report["seconds"].items()}
    embed_s = seconds["embed"] if is_real else float(str(embedding["projected_s"]))
    # What the filled cache took is no embedding, though it stands where embedding would.
    other_s = sum(seconds.values()) - (embed_s if is_real else 0)
    opening = _in_fresh_process(home)
    search = study("search", QUESTION)
    with edited.open("a", encoding="utf-8") as file:
        file.write(EDIT.format(time.time_ns()))
    edit = study("ingest", str(corpus))
    edit_report = json.loads(edit.output)
    other_share = other_s / (other_s + embed_s)
    return {
        "documents": n_documents,
        "passages": report["n_passages"],
        "vectors": report["n_vectors_computed"] + report["n_vectors_reused"],
        "vectors_mb": round(
            (report["n_vectors_computed"] + report["n_vectors_reused"]) * embedder.dim * 4 / 1e6
        ),
        "embedding": embedding,
        "dry_run": dry_run.figures(),
        "full": {
            **full.figures(),
            "seconds": seconds,
            "vectors_computed": report["n_vectors_computed"],
            "documents_per_s": {
                stage: round(n_documents / value, 1) for stage, value in seconds.items() if value
            },
            "passages_per_s": {
                stage: round(report["n_passages"] / value, 1)
                for stage, value in seconds.items()
                if value
            },
            "all_but_embedding_s": round(other_s, 1),
            "all_but_embedding_share": round(other_share, 4),
        },
        "edit": {
            **edit.figures(),
            "seconds": edit_report["seconds"],
            "vectors_computed": edit_report["n_vectors_computed"],
        },
        "opening": opening,
        "first_search": search.figures(),
        "kept": {
            f"all but embedding under {MAX_OTHER_SHARE:.0%}": other_share < MAX_OTHER_SHARE,
            f"one edit live in under {MAX_EDIT_S:g} s": edit.wall_s < MAX_EDIT_S,
            f"opened in under {MAX_OPENING_S:g} s": opening["open_s"] < MAX_OPENING_S,
        },
    }


def _planned(plan: Mapping[str, Any]) -> list[Passage]:
    """Return the passages that a plan adds, with what embedding has to know of them."""
    passages: list[Passage] = []
    for file in plan["files"]:
        language: Language = "zh" if file["source"].startswith("zh/") else "en"
        for change in file["changes"]:
            if not change["heading"]:  # what the file says of itself
                continue
            passages.append(
                Passage(
                    passage_id=f"{len(passages):016x}",
                    source=file["source"],
                    title=change["heading"][0],
                    heading=tuple(change["heading"]),
                    text=change["after"],
                    language=language,
                    end_char=len(change["after"]),
                    position=len(passages),
                )
            )
    return passages


def _fill(
    passages: Sequence[Passage], embedder: Embedder, cache: VectorCache, n_sample: int
) -> dict[str, object]:
    """Return the rates on a sample and what they come to; fill the cache with random vectors."""
    sample = passages[:: max(len(passages) // n_sample, 1)][:n_sample]
    rates = []
    for texts in _texts(sample):
        started = time.perf_counter()
        _, n_new = embed_with_cache(embedder, texts, cache)
        rates.append(n_new / (time.perf_counter() - started))
    passage_texts, sentence_texts = map(set, _texts(passages))
    counts = len(passage_texts), len(sentence_texts - passage_texts)
    texts = [*passage_texts, *sentence_texts]
    random = RandomEmbedder(embedder)
    for start in range(0, len(texts), random.batch_size):
        embed_with_cache(random, texts[start : start + random.batch_size], cache)
    return {
        "embedding": "projected",
        "sample_passages": len(sample),
        "passages_per_s": round(rates[0], 1),
        "sentences_per_s": round(rates[1], 1),
        "different_passages": counts[0],
        "different_sentences": counts[1],
        "projected_s": round(sum(n / rate for n, rate in zip(counts, rates, strict=True)), 1),
        "missing": count_missing(embedder, texts, cache),
    }


def _texts(passages: Sequence[Passage]) -> tuple[list[str], list[str]]:
    """Return the texts that are embedded: of passages, and of their sentences."""
    texts = texts_to_embed(passages)
    return texts[: len(passages)], texts[len(passages) :]


def _in_fresh_process(home: Path) -> dict[str, float]:
    """Return what opening the live generation takes in a process that has opened none."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        return pool.submit(_opened, home).result()


def _opened(home: Path) -> dict[str, float]:
    import bm25s  # noqa: F401 - whatever is opened, a process loads its libraries once
    import faiss  # noqa: F401
    import psutil

    from assistant.index import open_index

    name = generations.current_name(home)
    if name is None:
        raise LookupError(f"{home} has no live generation")
    before = psutil.Process().memory_info().rss
    started = time.perf_counter()
    index = open_index(home, name, fingerprint=None)
    open_s = time.perf_counter() - started
    return {
        "open_s": round(open_s, 2),
        "passages": index.manifest.n_passages,
        "sentences": index.manifest.n_sentences,
        "memory_mb": round((psutil.Process().memory_info().rss - before) / 1e6),
    }


if __name__ == "__main__":
    main()
