"""What to ask next: questions made from the glossary's terms."""

from itertools import islice

from assistant.glossary import Glossary, Term
from assistant.records import Answer, Language

N_QUESTIONS = 4
N_RELATED = 3

_WHAT_IS: dict[Language, str] = {"zh": "什么是{term}？", "en": "What is {term}?"}


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
        return tuple(_ask(term, answer.language) for term in islice(terms, N_RELATED))


def _ask(term: Term, language: Language) -> str:
    return _WHAT_IS[language].format(term=term.name(language))
