"""`study ask`: a question, or a file of them, to checked answers."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.errors import StudyError
from assistant.records import EVERYONE, Answer, Language
from ui import terminal
from ui.command_group import JsonOption, log_unexpected

if TYPE_CHECKING:
    from assistant.answer_events import Answerer
    from assistant.settings import Settings
    from ui.questions import Asked, Unusable

QuestionArgument = Annotated[
    str | None, typer.Argument(help="The question, in Chinese or English.", show_default=False)
]
FileOption = Annotated[
    str | None,
    typer.Option(
        "--file",
        metavar="FILE",
        help="Take questions from FILE (-: stdin), one a line or JSON lines.",
    ),
]
AudienceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--audience",
        metavar="NAME",
        help="Search what this audience may see, too; can be repeated.",
    ),
]
TopKOption = Annotated[
    int | None,
    typer.Option("--top-k", min=1, max=100, help="Passages to find.", show_default=False),
]


def ask(
    question: QuestionArgument = None,
    *,
    file: FileOption = None,
    history: Annotated[
        str | None,
        typer.Option(
            "--history",
            metavar="FILE",
            help="The conversation so far: JSON lines, question and answer.",
        ),
    ] = None,
    audience: AudienceOption = None,
    language: Annotated[
        Language | None, typer.Option("--language", help="Language of the answer.")
    ] = None,
    top_k: TopKOption = None,
    no_model: Annotated[
        bool, typer.Option("--no-model", help="Answer with extracts, without the model.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from the materials; every sentence says where it comes from.

    Uses the model server that runs, or starts one for as long as this takes.

    Example: study ask "Why divide by the square root of d_k?"
    """
    require_one(question, file)
    if history and file is not None:
        raise typer.BadParameter(
            "It goes with one question; a file has its own.", param_hint="--history"
        )
    from assistant.settings import Settings
    from assistant.wiring import build_assistant
    from ui.questions import Asked, read_history, read_questions
    from ui.serving import model_for_questions

    also = EVERYONE | set(audience or ())
    if file is not None:
        items = read_questions(file)
    else:
        turns = read_history(history) if history else ()
        items = (Asked(question=(question or "").strip(), history=turns),)
    settings = with_top_k(Settings.load(), top_k)
    assistant = build_assistant(settings, with_model=not no_model)
    if any(isinstance(item, Asked) and item.passages is None for item in items):
        assistant.retriever.live_index.get()  # without an index, no model need be started
    with nullcontext() if no_model else model_for_questions(settings):
        if isinstance(items[0], Asked) and file is None:
            _answer_one(assistant, items[0], also, language, as_json=as_json)
        elif not answer_all(assistant, items, also, language):
            raise typer.Exit(1)


def require_one(question: str | None, file: str | None) -> None:
    """Refuse a line with neither a question nor a file, with both, or with a blank question.

    Raises:
        typer.BadParameter: wrong usage.
    """
    if (question is None) == (file is None):
        raise typer.BadParameter("Give one question, or --file FILE.", param_hint="QUESTION")
    if question is not None and not question.strip():
        raise typer.BadParameter("The question is blank.", param_hint="QUESTION")


def with_top_k(settings: "Settings", top_k: int | None) -> "Settings":
    """Return `settings` with another number of passages to find, if one is given."""
    if top_k is None:
        return settings
    retrieval = settings.retrieval.model_copy(update={"top_k": top_k})
    return settings.model_copy(update={"retrieval": retrieval})


def _answer_one(
    assistant: "Answerer",
    asked: "Asked",
    also: frozenset[str],
    language: Language | None,
    *,
    as_json: bool,
) -> None:
    """Print the answer to one question; on a terminal, what the model writes can be watched."""
    if as_json:
        from assistant.answer_json import answer_to_dict

        answer = _finished(assistant, asked, also, language, show=None)
        terminal.print_json(answer_to_dict(answer))
        return
    from ui.answer_text import answer_text

    with terminal.redrawn_text() as show:
        answer = _finished(assistant, asked, also, language, show=show)
    terminal.print_result(answer_text(answer))


def answer_all(
    assistant: "Answerer",
    items: Sequence["Asked | Unusable"],
    also: frozenset[str] = EVERYONE,
    language: Language | None = None,
) -> bool:
    """Print a line of JSON for each of `items`, in order; return whether all were answered.

    A line that failed has `error` and `hint`; the others go on.
    """
    from ui.questions import Unusable

    all_good = True
    with terminal.progress() as bars:
        report = bars.add("Questions")
        for number, item in enumerate(items, start=1):
            if isinstance(item, Unusable):
                values: dict[str, object] = {"line": item.line, "error": item.reason, "hint": ""}
            else:
                values = _answered(assistant, item, also, language)
            all_good = all_good and "error" not in values
            named = {} if item.question_id is None else {"id": item.question_id}
            terminal.print_json({**named, **values})
            report(number, len(items))
    return all_good


def _answered(
    assistant: "Answerer", asked: "Asked", also: frozenset[str], language: Language | None
) -> dict[str, object]:
    """Return what is printed for one question of several, whatever happens to it."""
    from assistant.answer_json import answer_to_dict

    try:
        return answer_to_dict(_finished(assistant, asked, also, language, show=None))
    except StudyError as error:
        return {"question": asked.question, "error": str(error), "hint": error.hint}
    except Exception:  # noqa: BLE001 - the guard of each case: one must not end the batch
        sentence, hint = log_unexpected()
        return {"question": asked.question, "error": sentence, "hint": hint}


def _finished(
    assistant: "Answerer",
    asked: "Asked",
    also: frozenset[str],
    language: Language | None,
    *,
    show: Callable[[str], None] | None,
) -> Answer:
    """Return the checked answer; `show` is given the growing text meanwhile."""
    from assistant.answer_events import Finished, Restarted, Wrote

    text = ""
    for event in assistant.stream(
        asked.question,
        history=asked.history,
        audiences=asked.audiences | also,
        language=language,
        passages=asked.passages,
    ):
        if isinstance(event, Finished):
            return event.answer
        if isinstance(event, Wrote):
            text += event.text
        elif isinstance(event, Restarted):
            text = ""
        if show is not None:
            show(text)
    raise RuntimeError("The stream ended without an answer.")
