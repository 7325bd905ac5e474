"""The glossary: each term's names in Chinese and English, for searching and for suggestions."""

import difflib
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import ConfigError
from assistant.records import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One idea: its names in both languages, other names, and a sentence on what it is."""

    en: str
    zh: str
    aliases: tuple[str, ...]
    definition_en: str
    definition_zh: str
    module: str

    @property
    def names(self) -> tuple[str, ...]:
        """All names, the two main ones first."""
        return (self.en, self.zh, *self.aliases)

    def name(self, language: Language) -> str:
        """Return the main name in `language`."""
        return self.zh if language == "zh" else self.en


class Glossary:
    """Finds terms by any of their names."""

    def __init__(self, terms: Sequence[Term] = ()) -> None:
        self.terms = tuple(terms)
        self._by_name = {name.lower(): term for term in terms for name in term.names}
        # Longer names first: "multi-head attention" is not "attention".
        names = sorted(self._by_name, key=len, reverse=True)
        self._pattern = re.compile("|".join(_bounded(name) for name in names)) if names else None

    @classmethod
    def load(cls, path: Path) -> "Glossary":
        """Return the glossary of a TOML file with one `[[term]]` table a term.

        Raises:
            ConfigError: the file is not TOML, or a term lacks a field.
        """
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8")).get("term", [])
            return cls([_term(table) for table in tables])
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"The glossary {path} can't be read: {error}.",
                hint="Each [[term]] needs en, zh, aliases, definition_en, definition_zh, module.",
            ) from error

    def find(self, text: str) -> tuple[Term, ...]:
        """Return the terms that `text` names, in the order of their first mention."""
        if self._pattern is None:
            return ()
        found = [self._by_name[match.group()] for match in self._pattern.finditer(text.lower())]
        return tuple(dict.fromkeys(found))

    def nearly(self, name: str) -> str | None:
        """Return the name of a term that is spelt nearly like `name`; None if there is none.

        Another number makes another name: GPT-5 is no slip for GPT-4.
        """
        near = difflib.get_close_matches(name.lower(), self._by_name, n=3, cutoff=0.8)
        digits = re.findall(r"\d+", name)
        return next((other for other in near if re.findall(r"\d+", other) == digits), None)

    def other_names(self, text: str) -> tuple[str, ...]:
        """Return the names of the terms in `text` that `text` itself doesn't use."""
        lower = text.lower()
        return tuple(
            name for term in self.find(text) for name in term.names if name.lower() not in lower
        )


def _term(table: dict[str, object]) -> Term:
    aliases = table["aliases"]
    if not isinstance(aliases, list) or not all([table["en"], table["zh"], *aliases]):
        raise ValueError(f"a name is empty, or aliases is not a list, in {table}")
    return Term(
        en=str(table["en"]),
        zh=str(table["zh"]),
        aliases=tuple(str(alias) for alias in aliases),
        definition_en=str(table["definition_en"]),
        definition_zh=str(table["definition_zh"]),
        module=str(table["module"]),
    )


def _bounded(name: str) -> str:
    """Return a pattern for `name` as a word of its own; Chinese has no word boundaries."""
    before = r"(?<![a-z0-9])" if name[0].isascii() else ""
    after = r"(?=(?:e?s)?(?![a-z0-9]))" if name[-1].isascii() else ""
    return before + re.escape(name) + after
