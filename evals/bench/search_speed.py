"""How much a search costs beside the embedding of its question, at 20,000 passages.

    python -m evals.bench.search_speed [--passages 20000] [--questions 60]

Passages are drawn from the sentences of the corpus and the bilingual set, mixed anew, with words
and vectors of their own: a passage's vector is the mean of its sentences', moved at random, so that
neighbourhoods are as dense as in real text. Embedding 20,000 real passages would take an hour and
change nothing about the search. Embedding and search take turns in one run, so that a busy machine
slows both.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt

from assistant.centring import unit
from assistant.glossary import Glossary
from assistant.index import LiveIndex
from assistant.index_build import build_generation
from assistant.language import split_sentences
from assistant.records import Language, Passage
from assistant.retrieval import Retriever
from assistant.settings import Settings
from assistant.vector_cache import VectorCache, embed_with_cache
from assistant.wiring import open_settings_embedder
from evals.bench.bilingual_set import load_bilingual_set

SENTENCES_PER_PASSAGE = 6


def main() -> None:
    """Print the medians in milliseconds and their ratio as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--passages", type=int, default=20_000)
    parser.add_argument("--questions", type=int, default=60)
    arguments = parser.parse_args()
    settings = Settings.load()
    embedder = open_settings_embedder(settings)
    cache = VectorCache(settings.cache / "vectors.sqlite")
    rng = np.random.default_rng(0)
    whole = load_bilingual_set()

    texts: dict[Language, list[str]] = {"zh": [], "en": []}
    for paragraph in whole.paragraphs.values():
        for language, text in paragraph.items():
            texts[language] += [sentence.text for sentence in split_sentences(text)]
    known = {
        text: vector
        for language in texts
        for text, vector in zip(
            texts[language], embed_with_cache(embedder, texts[language], cache)[0], strict=True
        )
    }
    passages = [_passage(number, texts, rng) for number in range(arguments.passages)]

    def embed(batch: object) -> npt.NDArray[np.float32]:
        wanted = list(batch)  # type: ignore[call-overload]
        noise = rng.normal(scale=0.03, size=(len(wanted), embedder.dim)).astype(np.float32)
        vectors = np.stack([_vector(text, known) for text in wanted])
        return unit(vectors + noise)

    home = Path(tempfile.mkdtemp())
    started = time.perf_counter()
    manifest = build_generation(
        home,
        passages,
        sources={},
        roots=(),
        fingerprint=embedder.fingerprint,
        embed=embed,
        shaped_by={},
    )
    build_s = time.perf_counter() - started
    started = time.perf_counter()
    live_index = LiveIndex(home, fingerprint=embedder.fingerprint)
    kind = live_index.get().kind
    open_s = time.perf_counter() - started
    retriever = Retriever(live_index=live_index, embedder=embedder, glossary=Glossary())
    questions = [
        question[language]
        for _, question in whole.questions[:: len(whole.questions) // arguments.questions]
        for language in ("zh", "en")
    ]
    for question in questions[:4]:
        retriever.search(question, top_k=6)
    embedding_ms, search_ms = [], []
    for question in questions:
        started = time.perf_counter()
        embedder.embed_question(question)
        embedding_ms.append((time.perf_counter() - started) * 1000)
        started = time.perf_counter()
        retriever.search(question, top_k=6)
        search_ms.append((time.perf_counter() - started) * 1000)
    print(
        json.dumps(
            {
                "passages": manifest.n_passages,
                "sentences": manifest.n_sentences,
                "index": kind,
                "build_s": round(build_s, 1),
                "open_s": round(open_s, 2),
                "embedding_ms": round(median(embedding_ms), 1),
                "search_with_embedding_ms": round(median(search_ms), 1),
                "ratio": round(median(search_ms) / median(embedding_ms), 2),
            },
            indent=1,
        )
    )


def _passage(number: int, texts: dict[Language, list[str]], rng: np.random.Generator) -> Passage:
    language: Language = "zh" if number % 2 else "en"
    chosen = rng.choice(len(texts[language]), SENTENCES_PER_PASSAGE, replace=False)
    joined = ("" if language == "zh" else " ").join(texts[language][index] for index in chosen)
    return Passage(
        passage_id=f"{number:016x}",
        source=f"{number // 20}.md",
        title="",
        heading=(),
        text=joined,
        language=language,
        end_char=len(joined),
        position=number % 20,
    )


def _vector(text: str, known: dict[str, npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Return a sentence's own vector, or the mean of those that a passage is made of."""
    parts = [known[s.text] for s in split_sentences(text) if s.text in known]
    return np.mean(parts, axis=0) if parts else next(iter(known.values()))


if __name__ == "__main__":
    main()
