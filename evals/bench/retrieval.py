"""Recall on the bilingual set, within and across languages: ours beside simpler methods.

    python -m evals.bench.retrieval

Each language's paragraphs make an index of their own; questions in both languages are put to both.
The default embedder's centres were computed from this set (`evals/bench/centres.py`); so that they
gain nothing from it, each half of the subjects is searched with the centres of the other half.
"""

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from assistant.centring import Centres
from assistant.embedding import Embedder
from assistant.glossary import Glossary
from assistant.index import LiveIndex
from assistant.index_build import build_generation
from assistant.language import content_words
from assistant.records import Language, Passage
from assistant.retrieval import Retriever
from assistant.settings import Settings
from assistant.vector_cache import VectorCache, embed_with_cache
from assistant.wiring import open_settings_embedder
from assistant.words import WordIndex
from evals.bench.bilingual_set import BilingualSet, load_bilingual_set
from evals.bench.centres import centres_of

PAIRS: tuple[tuple[Language, Language], ...] = (
    ("zh", "zh"),
    ("en", "en"),
    ("en", "zh"),
    ("zh", "en"),
)
"""Languages of question and paragraphs."""

Rank = Callable[[str], list[str]]
"""Question → paragraph ids, best first, ten at most."""


def main() -> None:
    """Print recall@1, recall@5 and MRR of every method and pair of languages as JSON."""
    settings = Settings.load()
    embedder = open_settings_embedder(settings)
    cache = VectorCache(settings.cache / "vectors.sqlite")
    whole = load_bilingual_set()
    centres_of_half = [centres_of(_half(whole, half), embedder) for half in (0, 1)]
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for question_language, language in PAIRS:
        ranks: dict[str, list[int]] = {}
        for half, other in ((0, 1), (1, 0)):
            part, centres = _half(whole, half), centres_of_half[other]
            for name, rank in _methods(part, language, embedder, cache, centres).items():
                ranks.setdefault(name, []).extend(
                    _rank_of(paragraph, rank(texts[question_language]))
                    for paragraph, texts in part.questions
                )
        pair = f"{question_language}→{language}"
        for name, found in ranks.items():
            figures.setdefault(name, {})[pair] = _summary(found)
    print(json.dumps(figures, ensure_ascii=False, indent=1))


def _half(whole: BilingualSet, half: int) -> BilingualSet:
    subjects = sorted({name.rsplit("-", 1)[0] for name in whole.paragraphs})
    chosen = {subject for number, subject in enumerate(subjects) if number % 2 == half}
    return BilingualSet(
        {k: v for k, v in whole.paragraphs.items() if k.rsplit("-", 1)[0] in chosen},
        tuple(q for q in whole.questions if q[0].rsplit("-", 1)[0] in chosen),
    )


def _methods(
    part: BilingualSet,
    language: Language,
    embedder: Embedder,
    cache: VectorCache,
    centres: Centres,
) -> dict[str, Rank]:
    passages = part.passages(language)
    return {
        "ours": _ours(passages, embedder, cache, centres),
        "embedder alone": _embedder_alone(passages, embedder, cache),
        "BM25 alone": _words_alone(passages),
    }


def _ours(
    passages: Sequence[Passage], embedder: Embedder, cache: VectorCache, centres: Centres
) -> Rank:
    home = Path(tempfile.mkdtemp())
    build_generation(
        home,
        passages,
        sources={},
        roots=(),
        fingerprint=embedder.fingerprint,
        embed=lambda texts: embed_with_cache(embedder, texts, cache)[0],
        shaped_by={},
        centres=centres,
    )
    retriever = Retriever(
        live_index=LiveIndex(home, fingerprint=embedder.fingerprint),
        embedder=embedder,
        glossary=Glossary(),
    )
    return lambda question: [
        hit.passage.source for hit in retriever.search(question, top_k=10).hits
    ]


def _embedder_alone(passages: Sequence[Passage], embedder: Embedder, cache: VectorCache) -> Rank:
    vectors, _ = embed_with_cache(embedder, [passage.text for passage in passages], cache)

    def rank(question: str) -> list[str]:
        order = np.argsort(-(vectors @ embedder.embed_question(question)))[:10]
        return [passages[number].source for number in order]

    return rank


def _words_alone(passages: Sequence[Passage]) -> Rank:
    words = WordIndex.build([content_words(passage.text) for passage in passages])

    def rank(question: str) -> list[str]:
        scores = words.scores(content_words(question))
        order = [number for number in np.argsort(-scores)[:10] if scores[number] > 0]
        return [passages[number].source for number in order]

    return rank


def _rank_of(paragraph: str, found: list[str]) -> int:
    """Return the rank from 1; 0 if it is not among those found."""
    return found.index(paragraph) + 1 if paragraph in found else 0


def _summary(ranks: Sequence[int]) -> dict[str, float]:
    n = len(ranks)
    return {
        "recall@1": round(sum(rank == 1 for rank in ranks) / n, 3),
        "recall@5": round(sum(1 <= rank <= 5 for rank in ranks) / n, 3),
        "MRR@10": round(sum(1 / rank for rank in ranks if rank) / n, 3),
        "n": n,
    }


if __name__ == "__main__":
    main()
