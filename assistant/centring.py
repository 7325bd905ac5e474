"""Language centres: what all texts of one language share in an embedding space.

Multilingual embedders put each language (and questions, passages and single sentences, which
carry different prefixes and lengths) in a corner of its own. Subtracting each corner's mean before
comparing makes cosines across languages comparable; on our bilingual set it adds 3 to 7 points of
recall@1 across languages (`evals/bench/retrieval.py`). The idea: Libovický et al., "On the
Language Neutrality of Pre-trained Multilingual Representations", 2020, arXiv:2004.05160.

The centres of the default embedder come with the program, from general text
(`centres/*.json`, made by `evals/bench/centres.py`): centring by the corpus itself would also
subtract its subject, by which off-topic questions are told apart. Other embedders are centred by
the corpus, where it has enough passages.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal

import numpy as np
import numpy.typing as npt

from assistant.records import Language

FloatArray = npt.NDArray[np.float32]
Role = Literal["passage", "sentence", "question"]

ROLES: tuple[Role, ...] = ("passage", "sentence", "question")
LANGUAGES: tuple[Language, ...] = ("zh", "en")
MIN_TEXTS = 200
"""Fewer texts of a language than this say more about their subject than about the language."""


@dataclass(frozen=True, slots=True)
class Centres:
    """The mean vector of each role and language; what is missing counts as zero."""

    means: dict[tuple[Role, Language], FloatArray]

    def centre(self, vectors: FloatArray, role: Role, language: Language) -> FloatArray:
        """Return `vectors`, shape (n, dim) or (dim,), without their centre, at unit norm."""
        mean = self.means.get((role, language))
        return unit(vectors if mean is None else vectors - mean)

    def to_json(self) -> str:
        """Return the centres as JSON, rounded to six digits."""
        return json.dumps(
            {
                f"{role} {language}": [round(float(value), 6) for value in mean]
                for (role, language), mean in sorted(self.means.items())
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "Centres":
        """Return the centres that `text` holds; raises ValueError or TypeError for other text."""
        values = json.loads(text)
        return cls(
            {
                (role, language): np.asarray(values[f"{role} {language}"], dtype=np.float32)
                for role in ROLES
                for language in LANGUAGES
                if f"{role} {language}" in values
            }
        )


def shipped_centres(embedder_fingerprint: str) -> Centres | None:
    """Return the centres that come with the program for this embedder; None for others."""
    name = embedder_fingerprint.split(" ", maxsplit=1)[0].replace("/", "-") + ".json"
    file = resources.files("assistant").joinpath("centres", name)
    return Centres.from_json(file.read_text(encoding="utf-8")) if file.is_file() else None


def centres_beforehand(fingerprint: str, languages: Sequence[Language]) -> Centres | None:
    """Return the centres of passages in these `languages` if no vector has to be known for them.

    They are those shipped for the embedder, or none at all where `corpus_centres` would give none.
    """
    if shipped := shipped_centres(fingerprint):
        return shipped
    is_few = all(languages.count(language) < MIN_TEXTS for language in LANGUAGES)
    return Centres({}) if is_few else None


def corpus_centres(blocks: Iterable[tuple[Role, Sequence[Language], FloatArray]]) -> Centres:
    """Return the centres of a corpus's own raw vectors; questions are centred as sentences are.

    A language with fewer than `MIN_TEXTS` passages gets none.

    Args:
        blocks: all passages and sentences, in any number of parts: their role, the language of
            each, and the vectors, shape (n, dim).
    """
    sums: dict[tuple[Role, Language], npt.NDArray[np.float64]] = {}
    counts: Counter[tuple[Role, Language]] = Counter()
    for role, languages, vectors in blocks:
        for language in set(languages):
            rows = [language == found for found in languages]
            part = vectors[rows].sum(axis=0, dtype=np.float64)
            sums[role, language] = sums.get((role, language), 0) + part
            counts[role, language] += sum(rows)
    means: dict[tuple[Role, Language], FloatArray] = {}
    for language in LANGUAGES:
        if counts["passage", language] >= MIN_TEXTS:
            of_passages, of_sentences = (
                (sums[role, language] / counts[role, language]).astype(np.float32)
                for role in ("passage", "sentence")
            )
            means["passage", language] = of_passages
            means["sentence", language] = means["question", language] = of_sentences
    return Centres(means)


def unit(vectors: FloatArray) -> FloatArray:
    """Return `vectors` scaled to length 1; a zero vector stays zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled = vectors / np.maximum(norms, 1e-12)
    return np.asarray(scaled, dtype=np.float32)
