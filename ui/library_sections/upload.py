"""Uploading: choose files, have them checked, answer what is asked, and they wait to be published.

Nothing is kept of a file before it passed the check, and of one that holds hidden text or words to
the model only after somebody ticked that they looked at it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

import streamlit as st

from assistant.errors import StudyError
from assistant.generations import Source
from ui import resources
from ui.labels import Labels
from ui.library.targets import (
    Folder,
    NameRefused,
    Target,
    clean_name,
    target_in,
    target_of,
    upload_folders,
)
from ui.library.upload_check import CheckedUpload, check_uploads
from ui.library_labels import LibraryLabels
from ui.library_sections.sources import REPLACING
from ui.library_sections.upload_questions import (
    NOTES,
    PENDING,
    ROUND,
    Note,
    Pending,
    added_note,
    draw_question,
    is_taken,
    pending_files,
)
from ui.problems import draw_error
from ui.render import label
from ui.resources import settings, staging

_FOLDER = "library-last-folder"


class _Upload(Protocol):
    """What the browser sent."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    def getvalue(self) -> bytes: ...


def draw_upload(
    sources: Mapping[str, Source], say: LibraryLabels, page_say: Labels, *, is_busy: bool
) -> None:
    """Draw the form, or what is to be asked about the files that were sent with it."""
    replaced = _replaced(sources)
    heading = say.replacing.format(source=replaced.source) if replaced else say.upload_heading
    st.markdown(f"### {label(heading)}", anchors=False)
    _draw_notes(say)
    pending = pending_files()
    if pending:
        for each in pending:
            draw_question(each, say, page_say)
        return
    folders = upload_folders(settings().corpus)
    if not folders and replaced is None:
        st.warning(label(say.no_folder), icon=":material/folder_off:")
        return
    _draw_form(folders, replaced, say, page_say, is_busy=is_busy)


def forget_notes() -> None:
    """Tell no more what became of the last upload."""
    st.session_state.pop(NOTES, None)


def _replaced(sources: Mapping[str, Source]) -> Target | None:
    """Return where the file lies that the upload is to replace, if it is for one."""
    source = str(st.session_state.get(REPLACING, ""))
    return target_of(source, sources[source]) if source in sources else None


def _draw_form(
    folders: Sequence[Folder],
    replaced: Target | None,
    say: LibraryLabels,
    page_say: Labels,
    *,
    is_busy: bool,
) -> None:
    limit_mb = max(int(settings().ingest.max_file_mb), 1)
    st.caption(label(say.upload_note.format(limit=limit_mb)))
    n_round = st.session_state.get(ROUND, 0)  # another key empties the field
    with st.form(f"library-upload-{n_round}", border=False):
        uploads: Sequence[_Upload] = st.file_uploader(
            label(say.upload_replacement if replaced else say.upload_files),
            accept_multiple_files=True,
            key=f"library-files-{n_round}",
        )
        folder = None
        if replaced is None:
            last = st.session_state.get(_FOLDER)
            folder = st.selectbox(
                label(say.upload_folder),
                folders,
                index=folders.index(last) if last in folders else 0,
                format_func=lambda each: each.label,
                key="library-folder",
            )
        with st.container(horizontal=True):
            is_sent = st.form_submit_button(
                label(say.upload_check),
                icon=":material/fact_check:",
                disabled=is_busy,
                key=f"library-check-{n_round}",
            )
            if replaced and st.form_submit_button(label(say.cancel), type="tertiary"):
                st.session_state.pop(REPLACING, None)
                st.rerun()
    if not is_sent:
        return
    if not uploads:
        st.warning(label(say.no_files))
        return
    try:
        with st.spinner(label(say.checking)):
            _take(uploads[:1] if replaced else uploads, folder, replaced, say, limit_mb)
    except StudyError as error:
        draw_error(error, page_say)
        return
    st.session_state[ROUND] = n_round + 1
    st.session_state[_FOLDER] = folder or st.session_state.get(_FOLDER)
    st.session_state.pop(REPLACING, None)
    st.rerun()


def _take(
    uploads: Sequence[_Upload],
    folder: Folder | None,
    replaced: Target | None,
    say: LibraryLabels,
    limit_mb: int,
) -> None:
    """Have the files checked: refuse, add, or ask.

    Raises:
        StudyError: the check failed, or a file can't be kept.
    """
    notes: list[Note] = []
    named: dict[str, _Upload] = {}
    for upload in uploads:
        try:
            name = clean_name(upload.name)
            _refuse_before_reading(name, upload, replaced, named=named, say=say, limit_mb=limit_mb)
        except NameRefused as error:
            notes.append(Note(name=upload.name, sentence=say.names[error.problem]))
        except _RefusedError as error:
            notes.append(Note(name=name, sentence=str(error)))
        else:
            named[name] = upload
    asked: list[Pending] = []
    for checked, upload in _checked(named):
        if checked.refusal:
            notes.append(_refusal(checked, say))
            continue
        target = replaced or (target_in(folder, checked.name) if folder else None)
        if target is None:
            continue
        pending = Pending(
            number=len(asked),
            content=upload.getvalue(),
            checked=checked,
            target=target,
            may_be_renamed=replaced is None,
        )
        if checked.warnings or (replaced is None and is_taken(target)):
            asked.append(pending)
        else:
            notes.append(added_note(pending, staging()))
    st.session_state[PENDING] = asked
    st.session_state[NOTES] = notes


class _RefusedError(Exception):
    """A file is not accepted; its text is a sentence for people."""


def _refuse_before_reading(
    name: str,
    upload: _Upload,
    replaced: Target | None,
    *,
    named: Mapping[str, _Upload],
    say: LibraryLabels,
    limit_mb: int,
) -> None:
    """Raise _RefusedError for what can be told without looking into the file."""
    if upload.size > limit_mb * 1e6:
        raise _RefusedError(
            say.too_many_bytes.format(size=f"{upload.size / 1e6:.1f}", limit=limit_mb)
        )
    if any(other.casefold() == name.casefold() for other in named):
        raise _RefusedError(say.twice)
    if replaced is not None:
        new, old = PurePosixPath(name).suffix.lower(), replaced.path.suffix.lower()
        if new != old:
            raise _RefusedError(say.other_kind.format(new=new or "?", old=old))


def _checked(named: Mapping[str, _Upload]) -> list[tuple[CheckedUpload, _Upload]]:
    """Return what is to be said of each file; nothing of them is left on the disk."""
    with staging().incoming() as folder:
        paths: list[Path] = []
        for name, upload in named.items():
            path = folder / name
            try:
                path.write_bytes(upload.getvalue())
            except OSError as error:
                raise StudyError(
                    f"The upload can't be written: {error.strerror}.",
                    hint="Check the free space and the permissions of STUDY_HOME.",
                ) from error
            paths.append(path)
        return list(
            zip(check_uploads(paths, resources.study_command()), named.values(), strict=True)
        )


def _refusal(checked: CheckedUpload, say: LibraryLabels) -> Note:
    sentence = say.refusals.get(checked.refusal, say.refusals[""])
    return Note(
        name=checked.name, sentence=sentence, detail=f"{checked.message} {checked.hint}".strip()
    )


def _draw_notes(say: LibraryLabels) -> None:
    """Draw what became of the files of the last upload."""
    notes: Sequence[Note] = st.session_state.get(NOTES, ())
    names = [note.name for note in notes if not note.sentence]
    if names:
        text = say.added.format(names=", ".join(names))
        st.success(label(text), icon=":material/check_circle:")
    for note in notes:
        if note.sentence:
            lines = [f"**{label(say.refused.format(name=note.name))}**", label(note.sentence)]
            if note.detail:
                lines.append(label(say.details.format(message=note.detail)))
            st.error("  \n".join(lines), icon=":material/block:")
