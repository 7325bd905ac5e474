"""`study search`: a question, or a file of them, to the passages that fit best."""

from typing import TYPE_CHECKING

import typer

from assistant.errors import StudyError
from assistant.records import EVERYONE
from ui import terminal
from ui.command_group import JsonOption
from ui.commands.ask import AudienceOption, FileOption, QuestionArgument, TopKOption, require_one

if TYPE_CHECKING:
    from assistant.records import Hit
    from assistant.wiring import StudyAssistant
    from ui.questions import Asked


def search(
    question: QuestionArgument = None,
    file: FileOption = None,
    audience: AudienceOption = None,
    top_k: TopKOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the passages that fit a question best; no model is asked.

    Example: study search "什么是位置编码?" --top-k 3
    """
    require_one(question, file)
    from assistant.settings import Settings
    from assistant.wiring import build_assistant
    from ui.questions import Asked, read_questions

    items = (
        read_questions(file) if file is not None else (Asked(question=(question or "").strip()),)
    )
    assistant = build_assistant(Settings.load())
    assistant.retriever.live_index.get()
    also = EVERYONE | set(audience or ())
    if file is None and isinstance(items[0], Asked):
        hits = assistant.search(items[0].question, top_k=top_k, audiences=also).hits
        _print_hits(items[0].question, hits, as_json=as_json)
        return
    all_good = True
    for item in items:
        named = {} if item.question_id is None else {"id": item.question_id}
        if isinstance(item, Asked):
            values = _found(assistant, item, also, top_k)
        else:
            values = {"line": item.line, "error": item.reason, "hint": ""}
        all_good = all_good and "error" not in values
        terminal.print_json({**named, **values})
    if not all_good:
        raise typer.Exit(1)


def _found(
    assistant: "StudyAssistant", asked: "Asked", also: frozenset[str], top_k: int | None
) -> dict[str, object]:
    try:
        result = assistant.search(asked.question, top_k=top_k, audiences=asked.audiences | also)
    except StudyError as error:
        return {"question": asked.question, "error": str(error), "hint": error.hint}
    return _as_json(asked.question, result.hits)


def _print_hits(question: str, hits: "tuple[Hit, ...]", *, as_json: bool) -> None:
    if as_json:
        terminal.print_json(_as_json(question, hits))
        return
    from assistant.language import detect_language
    from ui.answer_text import hits_text
    from ui.labels import LABELS

    terminal.print_result(hits_text(hits, LABELS[detect_language(question)]))


def _as_json(question: str, hits: "tuple[Hit, ...]") -> dict[str, object]:
    from assistant.answer_json import hit_to_dict

    return {"question": question, "hits": [hit_to_dict(hit) for hit in hits]}
