"""What is asked about a checked file before it waits: was it looked at, does it replace another?"""

from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import streamlit as st

from assistant.errors import StudyError
from ui import access
from ui.labels import Labels
from ui.library.staging import Staging
from ui.library.targets import Target
from ui.library.upload_check import CheckedUpload, Warned
from ui.library_labels import LibraryLabels
from ui.problems import draw_error
from ui.render import label
from ui.resources import staging

PENDING, ROUND, NOTES = "library-pending", "library-round", "library-notes"
"""Session keys: files that are asked about, the number of the upload, what is told of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A checked file about which something is to be asked."""

    number: int
    content: bytes
    checked: CheckedUpload
    target: Target
    may_be_renamed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is told of a file after an upload: refused (why), or added."""

    name: str
    sentence: str = ""
    detail: str = ""


def pending_files() -> list[Pending]:
    """Return the files that something is still to be asked about."""
    return list(st.session_state.get(PENDING, ()))


def is_taken(target: Target) -> bool:
    """Return whether a file lies or waits at this place."""
    return target.is_taken or staging().find(target) is not None


def added_note(pending: Pending, store: Staging) -> Note:
    """Return the note on a file that waits from now on; raises StudyError."""
    staged = store.put(pending.checked, pending.content, pending.target, by=access.visitor_name())
    return Note(name=staged.target.source)


def draw_question(pending: Pending, say: LibraryLabels, page_say: Labels) -> None:
    """Draw what is asked about one file, and heed the answer."""
    key = f"{st.session_state.get(ROUND, 0)}-{pending.number}"
    name = pending.checked.name
    with st.container(border=True, key=f"library-question-{key}"):
        st.markdown(f":material/upload_file: **{label(name)}** · {label(pending.checked.title)}")
        target = pending.target
        is_seen = True
        if pending.checked.warnings:
            _draw_warnings(pending.checked, say)
            is_seen = st.checkbox(label(say.accept), key=f"library-accept-{key}")
        if pending.may_be_renamed and is_taken(target):
            target = _draw_clash(pending, key, say)
        with st.container(horizontal=True):
            if st.button(
                label(say.add),
                key=f"library-add-{key}",
                type="primary",
                icon=":material/add:",
                disabled=not is_seen,
            ):
                try:
                    note = added_note(replace(pending, target=target), staging())
                except StudyError as error:
                    draw_error(error, page_say)
                    return
                _answered(pending, note)
            if st.button(label(say.leave_out), key=f"library-leave-{key}", icon=":material/close:"):
                _answered(pending, None)


def _answered(pending: Pending, note: Note | None) -> None:
    st.session_state[PENDING] = [each for each in pending_files() if each.number != pending.number]
    if note:
        st.session_state[NOTES] = [*st.session_state.get(NOTES, ()), note]
    st.rerun()


def _draw_warnings(checked: CheckedUpload, say: LibraryLabels) -> None:
    lines = [f"- {_finding(each, say)}" for each in checked.warnings]
    more = checked.n_findings - len(checked.warnings)
    if more > 0:
        lines.append(f"- {label(say.more_warnings.format(n=more))}")
    heading = label(say.warned.format(name=checked.name))
    st.warning("\n".join([heading, "", *lines]), icon=":material/visibility_off:")


def _finding(found: Warned, say: LibraryLabels) -> str:
    unit = say.units.get(found.unit, "{n}").format(n=found.number)
    kind = say.findings.get(found.kind, found.kind)
    said = f"**{label(unit)}** · {label(kind)}"
    return f"{said}: {label(found.excerpt)}" if found.excerpt else said


def _draw_clash(pending: Pending, key: str, say: LibraryLabels) -> Target:
    """Draw the choice between replacing a file and keeping both; return where the new one goes."""
    other = _free_beside(pending.target)
    text = say.taken if pending.target.is_taken else say.taken_waiting
    st.markdown(label(text.format(source=pending.target.source)))
    choice = st.radio(
        label(say.clash_choice),
        ["replace", "keep"],
        format_func=lambda name: (
            say.clash_replace if name == "replace" else say.clash_keep.format(name=other.path.name)
        ),
        key=f"library-clash-{key}",
    )
    return pending.target if choice == "replace" else other


def _free_beside(target: Target) -> Target:
    """Return a place beside `target` with a number in its name where nothing lies or waits."""
    path, number = target.path, 2
    while True:
        name = f"{path.stem}-{number}{path.suffix}"
        inner = PurePosixPath(target.source).with_name(name).as_posix()
        found = Target(root=target.root, path=path.with_name(name), source=inner)
        if not is_taken(found):
            return found
        number += 1
