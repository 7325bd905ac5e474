"""Makes the centres of the default embedder from the bilingual set.

    python -m evals.bench.centres

Writes `assistant/centres/NAME.json`; run it again when the set or the embedder changes.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

import assistant
from assistant.centring import Centres, Role
from assistant.embedded_texts import sentence_spans
from assistant.embedding import Embedder
from assistant.records import Language
from assistant.settings import Settings
from assistant.vector_cache import VectorCache, embed_with_cache
from assistant.wiring import open_settings_embedder
from evals.bench.bilingual_set import BilingualSet, load_bilingual_set


def main() -> None:
    """Write the centres of the embedder that the settings name."""
    embedder = open_settings_embedder(Settings.load())
    name = embedder.fingerprint.split(" ", maxsplit=1)[0].replace("/", "-")
    path = Path(assistant.__file__).parent / "centres" / f"{name}.json"
    path.write_text(centres_of(load_bilingual_set(), embedder).to_json() + "\n", encoding="utf-8")
    print(path.name)


def centres_of(texts: BilingualSet, embedder: Embedder) -> Centres:
    """Return the mean vectors of the set's paragraphs, sentences and questions, by language."""
    cache = VectorCache(Settings.load().cache / "vectors.sqlite")
    means: dict[tuple[Role, Language], npt.NDArray[np.float32]] = {}
    languages: tuple[Language, ...] = ("zh", "en")
    for language in languages:
        passages = texts.passages(language)
        paragraphs = [passage.text for passage in passages]
        sentences = [
            passage.text[start:end]
            for passage in passages
            for start, end in sentence_spans(passage)
        ]
        means["passage", language] = _mean(embed_with_cache(embedder, paragraphs, cache)[0])
        means["sentence", language] = _mean(embed_with_cache(embedder, sentences, cache)[0])
        means["question", language] = _mean(
            np.stack(
                [embedder.embed_question(question[language]) for _, question in texts.questions]
            )
        )
    return Centres(means)


def _mean(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(vectors.mean(axis=0), dtype=np.float32)


if __name__ == "__main__":
    main()
