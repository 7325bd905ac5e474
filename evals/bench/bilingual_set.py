"""The bilingual retrieval set: parallel paragraphs, and questions that one paragraph answers."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from assistant.records import Language, Passage

SETS = Path(__file__).parents[1] / "sets"


@dataclass(frozen=True, slots=True)
class BilingualSet:
    """Paragraphs by id and language; questions with the id of the paragraph that answers them."""

    paragraphs: dict[str, dict[Language, str]]
    questions: tuple[tuple[str, dict[Language, str]], ...]

    def passages(self, language: Language) -> list[Passage]:
        """Return the paragraphs in one language, a passage each, without title or heading."""
        return [
            Passage(
                passage_id=sha256(f"{name} {language}".encode()).hexdigest()[:16],
                source=name,
                title="",
                heading=(),
                text=texts[language],
                language=language,
                end_char=len(texts[language]),
            )
            for name, texts in self.paragraphs.items()
        ]


def load_bilingual_set(folder: Path = SETS) -> BilingualSet:
    """Return the set kept in `folder`."""
    paragraphs = _rows(folder / "bilingual_paragraphs.jsonl")
    questions = _rows(folder / "bilingual_questions.jsonl")
    return BilingualSet(
        paragraphs={row["id"]: {"zh": row["zh"], "en": row["en"]} for row in paragraphs},
        questions=tuple(
            (row["paragraph"], {"zh": row["zh"], "en": row["en"]}) for row in questions
        ),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
