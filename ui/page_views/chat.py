"""The chat page: one conversation, its answers with their sources, and the next question."""

from datetime import UTC, datetime

import streamlit as st

from assistant.errors import StudyError
from assistant.records import Answer, Turn
from ui.answer_view import draw_answer, draw_interrupted, draw_writing
from ui.conversations import Conversation, StoredTurn
from ui.labels import Labels
from ui.passage_view import draw_opened
from ui.ports import StudyAssistant
from ui.problems import draw_error, draw_failure, draw_how_to_ingest
from ui.render import exported_conversation, label, question_markdown, without_markers
from ui.resources import assistant, conversations, jobs
from ui.session import (
    current_conversation,
    labels,
    language,
    open_conversation,
    opened,
    owner,
)
from ui.sidebar import DRAWN_AS, draw_conversations, readiness

MAX_QUESTION_CHARS = 4000
_HISTORY_TURNS = 6
_USER, _ASSISTANT = ":material/person:", ":material/school:"


def draw() -> None:
    """Draw the page."""
    say = labels()
    conversation = current_conversation()
    draw_conversations(conversation.conversation_id if conversation else None)
    able = _able_assistant(say)
    running = jobs().running()  # before the turns: see there. A turn may be settled since.
    turns = conversations().turns(conversation.conversation_id) if conversation else ()
    if conversation:
        _draw_header(conversation, turns, say)
    elif able:
        _draw_welcome(able, say)
    written = {turn.turn_id for turn in turns if turn.state == "writing"} & running
    for turn in turns:
        _draw_exchange(turn, say, is_being_written=turn.turn_id in written)
    is_busy = bool(written)
    if turns and able and not is_busy:
        _draw_next(turns[-1], say)
    _draw_input(able, say, is_busy=is_busy)
    passage = opened()
    if passage:
        draw_opened(passage, say)


def _able_assistant(say: Labels) -> StudyAssistant | None:
    """Return the assistant if it can answer; else draw what is missing, and return None."""
    st.session_state[DRAWN_AS] = "missing"
    try:
        with st.spinner(say.loading):
            found = assistant()
            status = found.status()
    except StudyError as error:
        draw_error(error, say)
        return None
    state = st.session_state[DRAWN_AS] = readiness(status)
    if state == "ready":
        return found
    text = say.index_empty if state == "empty" else say.index_missing
    st.info(label(text), icon=":material/database_off:")
    if status.message:
        st.caption(label(status.message))
    draw_how_to_ingest(say)
    return None


def _draw_header(conversation: Conversation, turns: tuple[StoredTurn, ...], say: Labels) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(label(conversation.title), width="stretch")
        with st.popover("", icon=":material/more_horiz:", help=label(say.manage), key="manage"):
            _draw_management(conversation, turns, say)


def _draw_management(
    conversation: Conversation, turns: tuple[StoredTurn, ...], say: Labels
) -> None:
    store, key = conversations(), conversation.conversation_id
    with st.form(f"rename-{key}", border=False):
        title = st.text_input(label(say.title), conversation.title, max_chars=60)
        if st.form_submit_button(label(say.rename), width="stretch"):
            store.rename(key, owner(), title)
            st.rerun()
    st.download_button(
        label(say.export),
        exported_conversation(
            conversation.title,
            [(turn.question, turn.answer) for turn in turns],
            say,
            datetime.now(tz=UTC),
        ),
        file_name=f"{_file_name(conversation.title)}.md",
        mime="text/markdown",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
        key=f"export-{key}",
    )
    if st.toggle(label(say.delete), key=f"delete-{key}"):
        st.markdown(label(say.delete_question.format(title=conversation.title)))
        if st.button(label(say.delete), key=f"really-delete-{key}", type="primary"):
            _stop_all(turns)
            store.delete(key, owner())
            open_conversation(None)
            st.rerun()


def _file_name(title: str) -> str:
    kept = "".join(char if char.isalnum() else " " for char in title)
    return "-".join(kept.split())[:60] or "conversation"


def _stop_all(turns: tuple[StoredTurn, ...]) -> None:
    for turn in turns:
        job = jobs().find(turn.turn_id)
        if job:
            job.stop()


def _draw_welcome(able: StudyAssistant, say: Labels) -> None:
    st.markdown(f"## {label(say.welcome_title)}", anchors=False)
    st.markdown(label(say.welcome_text))
    _draw_questions(say.first_questions, able.suggest(language()), key="first")


def _draw_questions(heading: str, questions: tuple[str, ...], *, key: str) -> None:
    """Draw questions that a click asks."""
    if not questions:
        return
    with st.container(gap="xsmall"):
        st.caption(label(heading))
        for index, question in enumerate(questions):
            st.button(
                label(question),
                key=f"{key}-{index}",
                icon=":material/arrow_forward:",
                on_click=_ask,
                args=(question,),
            )


def _draw_exchange(turn: StoredTurn, say: Labels, *, is_being_written: bool) -> None:
    with st.chat_message("user", avatar=_USER):
        st.markdown(question_markdown(turn.question), anchors=False)
    with st.chat_message("assistant", avatar=_ASSISTANT):
        if turn.answer is not None:
            draw_answer(turn.turn_id, turn.answer, say)
        elif turn.failure is not None:
            draw_failure(turn.failure, say)
        elif is_being_written:
            draw_writing(turn.turn_id)
        else:
            draw_interrupted(say)


def _draw_next(turn: StoredTurn, say: Labels) -> None:
    """Draw what can be done after the last turn: go on, or have it answered again."""
    if turn.state == "done":
        _draw_questions(say.next_questions, turn.next_questions, key=f"next-{turn.turn_id}")
        return
    st.button(
        label(say.ask_again),
        key=f"again-{turn.turn_id}",
        icon=":material/refresh:",
        on_click=_ask_again,
        args=(turn,),
    )


def _draw_input(able: StudyAssistant | None, say: Labels, *, is_busy: bool) -> None:
    placeholder = say.placeholder
    if able is None:
        placeholder = say.placeholder_unready
    elif is_busy:
        placeholder = say.placeholder_busy
    question = st.chat_input(
        placeholder,
        key="question",
        max_chars=MAX_QUESTION_CHARS,
        disabled=able is None or is_busy,
    )
    if question and question.strip():
        _ask(question.strip())
        st.rerun()


def _ask(question: str) -> None:
    """Ask in the open conversation, or begin one with the question as its title."""
    conversation = current_conversation() or conversations().create(owner(), question, language())
    open_conversation(conversation.conversation_id)
    turns = conversations().turns(conversation.conversation_id)
    turn = conversations().begin_turn(conversation.conversation_id, question)
    jobs().start(assistant(), turn, history=_history(turns))


def _ask_again(turn: StoredTurn) -> None:
    turns = conversations().turns(turn.conversation_id)
    conversations().begin_again(turn.turn_id)
    earlier = tuple(each for each in turns if each.number < turn.number)
    jobs().start(assistant(), turn, history=_history(earlier))


def _history(turns: tuple[StoredTurn, ...]) -> list[Turn]:
    """Return what a follow-up may refer to; markers would be mistaken for those of its answer."""
    said = [(turn.question, turn.answer) for turn in turns if turn.answer is not None]
    return [
        Turn(question=question, answer=_said(answer)) for question, answer in said[-_HISTORY_TURNS:]
    ]


def _said(answer: Answer) -> str:
    return without_markers(answer.text)
