"""What all browser sessions of the page share: settings, assistant, conversations, running jobs.

Each is made at first use and kept for the life of the process. What fails to be made is not kept:
the next try makes it anew, so the page needs no restart once the cause is gone.
"""

from threading import Thread

import streamlit as st

from assistant.gaps import Gaps
from assistant.settings import Settings
from ui.conversations import CONVERSATIONS_FILE, Conversations
from ui.jobs import AnswerJobs
from ui.library.jobs import Jobs
from ui.library.staging import Staging
from ui.library.study_command import StudyCommand
from ui.ports import StudyAssistant


def build_assistant(settings: Settings) -> StudyAssistant:
    """Return the assistant; tests put another in its place here, and only here."""
    from assistant.wiring import build_assistant as build

    assistant = build(settings)
    Thread(target=assistant.prepare, name="prepare", daemon=True).start()
    return assistant


def study_command() -> StudyCommand:
    """Return how the page calls `study`; tests put a small fake in its place here."""
    return StudyCommand()


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    """Return the settings in force.

    Raises:
        ConfigError: as `Settings.load` says.
    """
    return Settings.load()


@st.cache_resource(show_spinner=False)
def assistant() -> StudyAssistant:
    """Return the assistant.

    Raises:
        StudyError: it can't be built yet, for want of an index mostly.
    """
    return build_assistant(settings())


@st.cache_resource(show_spinner=False)
def conversations() -> Conversations:
    """Return the conversations kept under the settings' home."""
    return Conversations(settings().home / CONVERSATIONS_FILE)


@st.cache_resource(show_spinner=False)
def jobs() -> AnswerJobs:
    """Return the answers being written in this process."""
    return AnswerJobs(conversations(), gaps())


@st.cache_resource(show_spinner=False)
def gaps() -> Gaps:
    """Return the questions that the materials could not answer."""
    from assistant.wiring import open_gaps

    return open_gaps(settings())


@st.cache_resource(show_spinner=False)
def library_jobs() -> Jobs:
    """Return the plans and publications of the materials."""
    return Jobs(settings().home, study_command())


@st.cache_resource(show_spinner=False)
def staging() -> Staging:
    """Return the changes of the materials that wait to be published."""
    return Staging(settings().home.resolve())
