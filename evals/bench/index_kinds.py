"""Flat, IVF and HNSW beside each other: time to build, time of a search, and what is missed.

    python -m evals.bench.index_kinds [--rows 10000 30000 100000 200000]

Vectors are those of the bilingual set's sentences, moved at random, so that neighbourhoods are as
uneven as in real text. Recall@10 is against the exact scan. The figures decide `FLAT_ROWS` and the
kind past it in `assistant/vectors.py`.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.centring import unit
from assistant.language import split_sentences
from assistant.settings import Settings
from assistant.vector_cache import VectorCache, embed_with_cache
from assistant.vectors import VectorIndex
from assistant.wiring import open_settings_embedder
from evals.bench.bilingual_set import load_bilingual_set

FloatArray = npt.NDArray[np.float32]
K = 10
N_QUERIES = 50


def main() -> None:
    """Print a row for each kind and size as JSON lines."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 30_000, 100_000, 200_000])
    arguments = parser.parse_args()
    base = _sentence_vectors()
    rng = np.random.default_rng(0)
    for n_rows in arguments.rows:
        rows = _moved(base, n_rows, rng)
        queries = _moved(base, N_QUERIES, rng)
        exact = [set(np.argsort(-(rows @ query))[:K].tolist()) for query in queries]
        kinds: dict[str, Callable[[], Callable[[FloatArray], list[int]]]] = {
            "flat": partial(_ours, rows, flat_rows=len(rows)),
            "ivf": partial(_ours, rows, flat_rows=0),
            "hnsw": partial(_hnsw, rows),
        }
        for kind, build in kinds.items():
            started = time.perf_counter()
            search = build()
            build_s = time.perf_counter() - started
            times_ms, recalls = [], []
            for query, wanted in zip(queries, exact, strict=True):
                started = time.perf_counter()
                found = search(query)
                times_ms.append((time.perf_counter() - started) * 1000)
                recalls.append(len(wanted & set(found[:K])) / K)
            row = {
                "rows": n_rows,
                "kind": kind,
                "build_s": round(build_s, 1),
                "search_ms": round(median(times_ms), 2),
                "recall@10": round(float(np.mean(recalls)), 3),
            }
            print(json.dumps(row), flush=True)


def _sentence_vectors() -> FloatArray:
    settings = Settings.load()
    texts = [
        sentence.text
        for paragraph in load_bilingual_set().paragraphs.values()
        for text in paragraph.values()
        for sentence in split_sentences(text)
    ]
    cache = VectorCache(settings.cache / "vectors.sqlite")
    vectors, _ = embed_with_cache(open_settings_embedder(settings), texts, cache)
    return unit(vectors - vectors.mean(axis=0))


def _moved(base: FloatArray, n_rows: int, rng: np.random.Generator) -> FloatArray:
    chosen = base[rng.integers(0, len(base), n_rows)]
    noise = rng.normal(scale=0.03, size=chosen.shape).astype(np.float32)
    return unit(chosen + noise)


def _ours(rows: FloatArray, *, flat_rows: int) -> Callable[[FloatArray], list[int]]:
    index = VectorIndex.build(len(rows), rows.__getitem__, flat_rows=flat_rows)
    return lambda query: [int(row) for row in index.search(query, 256)[0]]


def _hnsw(rows: FloatArray) -> Callable[[FloatArray], list[int]]:
    import faiss

    index: Any = faiss.IndexHNSWFlat(rows.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 80
    index.hnsw.efSearch = 256
    index.add(rows)
    return lambda query: [int(row) for row in index.search(query[np.newaxis], 256)[1][0]]


if __name__ == "__main__":
    main()
