"""Draws failures: one sentence in the reader's language, the details, what to do."""

import streamlit as st

from assistant.errors import IndexUnusable, StudyError
from ui.conversations import Failure
from ui.incidents import log_incident
from ui.labels import Labels
from ui.render import label

INGEST_COMMAND = "study ingest corpus"


def draw_failure(failure: Failure, labels: Labels) -> None:
    """Draw why something failed."""
    kinds = labels.failures
    sentence = kinds.get(failure.kind, kinds["StudyError"]).format(incident=failure.incident)
    st.error(label(sentence), icon=":material/error:")
    details = [
        *([labels.failure_detail.format(message=failure.message)] if failure.message else []),
        *([failure.hint] if failure.hint else []),
    ]
    if details:
        st.caption("  \n".join(label(detail) for detail in details))


def draw_error(error: StudyError, labels: Labels) -> None:
    """Draw a known error; for an index that is missing or unusable, also how to make one."""
    kind = type(error).__name__
    if isinstance(error, IndexUnusable):
        draw_failure(Failure(kind=kind, message=str(error)), labels)
        draw_how_to_ingest(labels)
    else:
        draw_failure(Failure(kind=kind, message=str(error), hint=error.hint), labels)


def draw_unexpected(labels: Labels) -> None:
    """Log the exception being handled and draw the id under which it was logged."""
    draw_failure(Failure(kind="Unexpected", incident=log_incident()), labels)


def draw_how_to_ingest(labels: Labels) -> None:
    """Draw the command that takes materials in."""
    st.markdown(label(labels.how_to_ingest))
    st.code(INGEST_COMMAND, language="bash")
