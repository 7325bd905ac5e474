"""Answers and hits as text for a terminal: what is unsupported is marked, sources stand below."""

from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.records import Answer, Citation, Hit, Passage
from ui.labels import LABELS, Labels
from ui.render import lost_sentences, notices, page_number, unsupported_spans, where
from ui.terminal import printable

if TYPE_CHECKING:
    from rich.text import Text


def answer_text(answer: Answer) -> "Text":
    """Return `answer` with its sources, or with the nearest materials if it is an abstention."""
    from rich.text import Text

    labels = LABELS[answer.language]
    text = Text()
    for notice in notices(answer, labels):
        text.append(printable(notice) + "\n\n", style="italic")
    text.append_text(_marked(answer, labels)).append("\n")
    if lost := lost_sentences(answer):
        text.append(f"\n⚠ {labels.lost_sentences}\n", style="yellow")
        text.append("".join(f"- {_one_line(sentence)}\n" for sentence in lost))
    if answer.citations:
        text.append(f"\n{labels.cited}\n", style="bold")
        for citation in answer.citations:
            text.append_text(_citation_text(citation, labels))
    elif answer.nearest:
        text.append(f"\n{labels.nearest}\n", style="bold")
        for hit in answer.nearest:
            text.append(f"- {_place(hit.passage, labels)}\n")
            text.append(_quoted(hit.best_sentence), style="dim")
    text.append("\n" + _how(answer, labels), style="dim")
    return text


def hits_text(hits: tuple[Hit, ...], labels: Labels) -> "Text":
    """Return hits as a numbered list: place, score, and the sentence that fits best."""
    from rich.text import Text

    text = Text()
    for number, hit in enumerate(hits, start=1):
        text.append(f"{number}. ", style="bold").append(_place(hit.passage, labels))
        text.append(f"  ({hit.score:.2f})\n", style="dim")
        text.append(_quoted(hit.best_sentence or hit.passage.text))
    return Text(text.plain.rstrip("\n"), spans=text.spans) if hits else Text(labels.no_nearest)


def _marked(answer: Answer, labels: Labels) -> "Text":
    from rich.text import Text

    clean = replace(answer, text=printable(answer.text))
    marked, end = Text(), 0
    for start, stop in unsupported_spans(clean):
        marked.append(clean.text[end:start]).append(clean.text[start:stop], style="yellow")
        marked.append(f" (⚠ {labels.unsupported})", style="bold yellow")
        end = stop
    return marked.append(clean.text[end:])


def _citation_text(citation: Citation, labels: Labels) -> "Text":
    from rich.text import Text

    text = Text()
    text.append(f"[{citation.number}] ", style="bold")
    text.append(f"{_place(citation.passage, labels)}\n")
    return text.append(_quoted(citation.quote), style="dim")


def _place(passage: Passage, labels: Labels) -> str:
    """Return "title › heading · page 3 · source"."""
    page = page_number(passage, labels)
    parts = [where(passage), *([page] if page else []), passage.source]
    return " · ".join(_one_line(part) for part in dict.fromkeys(parts))


def _quoted(text: str) -> str:
    return f"    “{_one_line(text)}”\n"


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())


def _how(answer: Answer, labels: Labels) -> str:
    seconds = f"{answer.timings_ms.get('total', 0) / 1000:.1f}"
    if answer.model:
        return labels.answered_by.format(model=printable(answer.model), seconds=seconds)
    return labels.answered_without_model.format(seconds=seconds)
