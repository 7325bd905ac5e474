"""What to ask next: questions made from the glossary's terms."""

import re
from itertools import islice

from assistant.glossary import Glossary, Term
from assistant.records import Answer, Language

N_QUESTIONS = 4
N_RELATED = 3

_WHAT_IS: dict[Language, str] = {"zh": "什么是{term}？", "en": "What is meant by {term}?"}
"""In English without an article: whether a term takes one, the glossary doesn't say."""


_MODULE = re.compile(r"(?:^|/)(\d{2})-[^/]*$")
"""The number of a module in the name of its file."""


class Guide:
    """Suggests questions that the materials answer: each is about a term that they define."""

    def __init__(self, glossary: Glossary) -> None:
        self._glossary = glossary

    def suggest(self, language: Language) -> tuple[str, ...]:
        """Return questions to begin with, one a module, spread over the glossary."""
        first: dict[str, Term] = {}
        for term in self._glossary.terms:
            first.setdefault(term.module, term)
        terms = list(first.values())
        step = max(1, len(terms) // N_QUESTIONS)
        return tuple(_ask(term, language) for term in islice(terms[::step], N_QUESTIONS))

    def related(self, answer: Answer) -> tuple[str, ...]:
        """Return questions about terms of the cited passages that the answer didn't explain."""
        passages = [citation.passage for citation in answer.citations]
        passages += [hit.passage for hit in answer.nearest]
        asked = set(self._glossary.find(f"{answer.question} {answer.standalone_question}"))
        terms = dict.fromkeys(
            term
            for passage in passages
            for term in self._glossary.find(passage.text)
            if term not in asked
        )
        # What the cited module itself teaches is nearer than the basics that it builds on.
        modules = {match[1] for each in passages if (match := _MODULE.search(each.source))}
        nearest = sorted(terms, key=lambda term: term.module not in modules)
        return tuple(_ask(term, answer.language) for term in nearest[:N_RELATED])


def _ask(term: Term, language: Language) -> str:
    return _WHAT_IS[language].format(term=term.name(language))
