"""Answers, passages and conversations as Markdown that is safe to show.

For the page: with marks, badges and links to citations in Streamlit's dialect. For a file: plain
Markdown with a list of sources. All text of models and documents goes through
`ui/safe_markdown.py`; nothing here is ever drawn with `unsafe_allow_html`.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode

from assistant.records import Answer, Citation, Language, Passage, Sentence
from ui.labels import Labels
from ui.markdown_writer import Style
from ui.safe_markdown import escape_for_file, escape_for_page, rewrite

CITATION_LINK = "#cite-"
"""Links with this start are ours alone: text can't make one. What follows is `turn-number`."""

_PAGE = Style(escape=escape_for_page)
_FILE = Style(escape=escape_for_file, heading_offset=2, guards_emphasis=False)

_MARKER = re.compile(r"[ \t]*[\[【［]\d{1,3}(?:[ ]?[,，、;][ ]?\d{1,3})*[\]】］]")


def label(text: str) -> str:
    """Return one line of plain text for a button, a title or a caption."""
    return escape_for_page(text).strip()


def without_markers(text: str) -> str:
    """Return `text` without citation markers like [1] or [1, 2]."""
    return _MARKER.sub("", text)


def where(passage: Passage) -> str:
    """Return where a passage stands: "title › heading › heading"; plain text, nothing twice."""
    parts = [passage.title or passage.source]
    for heading in passage.heading:
        if heading.strip() and heading.strip() != parts[-1].strip():
            parts.append(heading)
    return " › ".join(" ".join(part.split()) for part in parts)


def page_number(passage: Passage, labels: Labels) -> str:
    """Return "page 3" in the interface's language; "" for what has no pages."""
    return "" if passage.page is None else labels.page.format(number=passage.page)


def question_markdown(question: str) -> str:
    """Return a question as it was typed, line by line."""
    return rewrite(question, replace(_PAGE, keeps_lines=True))


def draft_markdown(text: str, turn_id: str, n_hits: int) -> str:
    """Return an answer that is still being written; markers up to `n_hits` are links."""
    return rewrite(
        text, _PAGE, markers=range(1, n_hits + 1), write_marker=lambda n: _link(turn_id, n)
    )


def answer_markdown(answer: Answer, turn_id: str, labels: Labels) -> str:
    """Return a finished answer for the page.

    Each marker that has a citation is a link (`CITATION_LINK`); each unsupported sentence has a
    coloured ground and a badge that says so.
    """
    style = replace(
        _PAGE,
        open_mark=":orange-background[",
        close_mark="]",
        after_mark=f" :orange-badge[{label(labels.unsupported)}] ",
        block_label=label(labels.unsupported_block),
    )

    return rewrite(
        answer.text,
        style,
        marks=unsupported_spans(answer),
        markers=_numbers(answer),
        write_marker=lambda n: _link(turn_id, n),
    )


def _link(turn_id: str, number: int) -> str:
    return f"[\\[{number}\\]]({CITATION_LINK}{turn_id}-{number})"


def passage_markdown(passage: Passage, labels: Labels, quote: tuple[int, int] | None = None) -> str:
    """Return a passage for the page, the words from `quote[0]` to `quote[1]` marked.

    Args:
        passage: any.
        labels: the interface's texts.
        quote: characters in the passage's text, end exclusive; spans outside are cut.
    """
    style = replace(
        _PAGE,
        open_mark=":yellow-background[",
        close_mark="]",
        block_label=label(labels.quoted_block),
    )
    text = passage.text
    marks = [quote] if quote else []
    if passage.kind == "code" and not re.search(r"^\s*(?:```|~~~)", text, re.MULTILINE):
        # Bare code (of a notebook, say) would be read as Markdown.
        rail = "`" * (3 + max((len(run) for run in re.findall(r"`+", text)), default=0))
        opening = f"{rail}\n"
        text = f"{opening}{text}\n{rail}"
        marks = [(start + len(opening), end + len(opening)) for start, end in marks]
    return rewrite(text, style, marks=marks)


def unsupported_spans(answer: Answer) -> list[tuple[int, int]]:
    """Return where in the answer's text its unsupported claims stand, in order."""
    return [span for sentence, span in _located(answer) if span and _is_unsupported(sentence)]


def lost_sentences(answer: Answer) -> list[str]:
    """Return the unsupported claims that can't be found in the answer's text, hence not marked."""
    return [
        sentence.text
        for sentence, span in _located(answer)
        if span is None and _is_unsupported(sentence)
    ]


def document_link(
    passage: Passage, language: Language, quote: tuple[int, int] | None = None
) -> str:
    """Return the relative address of the document page, at `passage`, with `quote` marked."""
    query = {"source": passage.source, "passage": passage.passage_id, "lang": language}
    if quote:
        query |= {"from": str(quote[0]), "to": str(quote[1])}
    return "document?" + urlencode(query)


def source_link(source: str, language: Language) -> str:
    """Return the relative address of the document page of a whole source."""
    return "document?" + urlencode({"source": source, "lang": language})


def exported_conversation(
    title: str,
    answers: Iterable[tuple[str, Answer | None]],
    labels: Labels,
    exported_at: datetime,
) -> str:
    """Return a conversation as a Markdown file: questions, answers, and what they rest on.

    Args:
        title: the conversation's.
        answers: each question with its answer, None where it has none.
        labels: the interface's texts.
        exported_at: the date that is noted.
    """
    blocks = [
        f"# {escape_for_file(title)}",
        f"*{labels.exported_on.format(date=exported_at.strftime('%Y-%m-%d'))}*",
    ]
    for question, answer in answers:
        blocks.append(f"## {escape_for_file(' '.join(question.split()))}")
        if answer is not None:
            blocks += _exported_answer(answer, labels)
    return "\n\n".join(block for block in blocks if block) + "\n"


def _exported_answer(answer: Answer, labels: Labels) -> list[str]:
    style = replace(
        _FILE, after_mark=f" *(⚠ {labels.unsupported})*", block_label=labels.unsupported_block
    )
    text = rewrite(answer.text, style, marks=unsupported_spans(answer), markers=_numbers(answer))
    blocks = [f"*{escape_for_file(notice)}*" for notice in notices(answer, labels)]
    blocks.append(text)
    if answer.citations:
        blocks.append(f"**{labels.cited}**")
        blocks += [_exported_citation(each, labels) for each in answer.citations]
    elif answer.nearest:
        blocks.append(f"**{labels.found if answer.stopped else labels.nearest}**")
        places = [
            (f"[{number}] " if answer.stopped else "") + _exported_place(hit.passage, labels)
            for number, hit in enumerate(answer.nearest, start=1)
        ]
        blocks.append("\n".join(f"- {place}" for place in places))
    return blocks


def _numbers(answer: Answer) -> Collection[int]:
    """Return the numbers that mean something: citations, or what a stopped model had to read."""
    if answer.stopped:
        return range(1, len(answer.nearest) + 1)
    return {citation.number for citation in answer.citations}


def _exported_citation(citation: Citation, labels: Labels) -> str:
    quote = rewrite(citation.quote, replace(_FILE, heading_offset=5))
    lines = "\n".join(f"  > {line}".rstrip() for line in quote.split("\n"))
    place = _exported_place(citation.passage, labels)
    return f"- [{citation.number}] {place}\n\n{lines}"


def _exported_place(passage: Passage, labels: Labels) -> str:
    page = page_number(passage, labels)
    parts = [where(passage), *([page] if page else []), passage.source]
    return " · ".join(escape_for_file(part) for part in parts)


def notices(answer: Answer, labels: Labels) -> list[str]:
    """Return, as plain text, what a reader must know about how the answer came about."""
    said = []
    if answer.notice:
        said.append(answer.notice)
    elif answer.mode == "extracts":
        said.append(labels.extracts)
    if answer.stopped:
        said.append(labels.stopped if answer.text else labels.stopped_empty)
    if answer.dropped_markers:
        said.append(labels.dropped_markers.format(n=len(set(answer.dropped_markers))))
    return said


def _is_unsupported(sentence: Sentence) -> bool:
    return sentence.is_claim and not sentence.supported


def _located(answer: Answer) -> Iterator[tuple[Sentence, tuple[int, int] | None]]:
    """Yield each sentence with its span in the text, None where it isn't found.

    A sentence carries no markers and perhaps less markup than the text: what is left of both
    without markers, white space and markup is compared.
    """
    shadow, positions = _shadow(answer.text)
    end = 0
    for sentence in answer.sentences:
        wanted, _ = _shadow(sentence.text)
        start = shadow.find(wanted, end) if wanted else -1
        if start < 0:
            yield sentence, None
        else:
            end = start + len(wanted)
            yield sentence, (positions[start], positions[end - 1] + 1)


def _shadow(text: str) -> tuple[str, list[int]]:
    """Return the characters of `text` that are not markers, space or markup, and where they are."""
    markers = {index for match in _MARKER.finditer(text) for index in range(*match.span())}
    positions = [
        index
        for index, char in enumerate(text)
        if index not in markers and not char.isspace() and char not in "*_`#>|~\\"
    ]
    return "".join(text[index] for index in positions), positions
