"""The versions of the index, the way back to one, and the log of who did what when."""

import streamlit as st

from assistant import generations
from assistant.errors import BusyError, IndexUnusable, StudyError
from ui import access
from ui.labels import Labels
from ui.library.publication import audit_log, running_publication
from ui.library.records import read_time
from ui.library_labels import LibraryLabels
from ui.library_sections.running import draw_elsewhere, draw_running
from ui.problems import draw_error
from ui.render import label
from ui.resources import library_jobs, settings

_SHOWN = 200


def draw(say: LibraryLabels, page_say: Labels) -> None:
    """Draw the section."""
    running = library_jobs().running()
    elsewhere = None if running else running_publication(settings().home)
    if running:
        draw_running(running.job_id)
    elif elsewhere:
        draw_elsewhere()
    else:
        _draw_last_failure(say)
    st.markdown(f"### {label(say.generations_heading)}", anchors=False)
    home = settings().home
    try:
        live = generations.current_name(home)
    except IndexUnusable as error:
        draw_error(error, page_say)
        live = None
    names = generations.list_names(home)[::-1]
    rows = [_row(name, live, say) for name in names[:_SHOWN]]
    if rows:
        st.dataframe(rows, hide_index=True, key="library-generations", alt=say.generations_heading)
    refused = _refused()
    others = [name for name in names if name != live and name not in refused]
    if others:
        _draw_way_back(others, say, page_say, is_busy=bool(running or elsewhere))
    else:
        st.caption(label(say.no_other))
    _draw_audit(say)


def _refused() -> frozenset[str]:
    """Return the candidates that were turned away and never went live: nobody can go back there."""
    entries = audit_log(settings().home)
    went_live = {entry.to for entry in entries if entry.action != "reject"}
    return frozenset(entry.to for entry in entries) - went_live


def _row(name: str, live: str | None, say: LibraryLabels) -> dict[str, object]:
    row: dict[str, object] = {
        say.is_live: "✓" if name == live else "",
        say.generation: name,
    }
    try:
        manifest = generations.read_manifest(settings().home, name)
    except IndexUnusable:
        return {**row, say.made_at: say.unreadable, say.files: None, say.passages: None}
    made_at = read_time(manifest.created_at)
    return {
        **row,
        say.made_at: made_at.strftime("%Y-%m-%d %H:%M") if made_at else "",
        say.files: len(manifest.sources),
        say.passages: manifest.n_passages,
    }


def _draw_way_back(
    names: list[str], say: LibraryLabels, page_say: Labels, *, is_busy: bool
) -> None:
    with st.form("library-rollback", border=True):
        name = st.selectbox(label(say.roll_back_to), names, key="library-rollback-to")
        reason = st.text_input(
            label(say.roll_back_reason), max_chars=300, key="library-rollback-reason"
        )
        st.caption(label(say.roll_back_note))
        is_sent = st.form_submit_button(
            label(say.roll_back), icon=":material/settings_backup_restore:", disabled=is_busy
        )
    if not is_sent or name is None:
        return
    who, why = access.visitor_name(), reason.strip()
    words = ["index", "rollback", "--to", name, "--json"]
    words += [*(["--by", who] if who else []), *(["--reason", why] if why else [])]
    try:
        library_jobs().start("rollback", words, by=who)
    except BusyError:
        pass  # somebody was quicker: the next run shows what is going on
    except StudyError as error:
        draw_error(error, page_say)
        return
    st.rerun()


def _draw_last_failure(say: LibraryLabels) -> None:
    job = library_jobs().latest("rollback", "publish")
    if job and job.kind == "rollback" and job.state == "failed":
        lines = [say.failed, say.details.format(message=job.error)]
        if job.hint:
            lines.append(say.remedy.format(hint=job.hint))
        st.error("  \n".join(label(line) for line in lines), icon=":material/error:")


def _draw_audit(say: LibraryLabels) -> None:
    st.markdown(f"### {label(say.audit_heading)}", anchors=False)
    entries = audit_log(settings().home)[:_SHOWN]
    if not entries:
        st.caption(label(say.audit_empty))
        return
    rows = [
        {
            say.audit_at: _minute(entry.at),
            say.audit_by: entry.by,
            say.audit_action: say.actions.get(entry.action, entry.action),
            say.audit_reason: entry.reason,
            say.audit_summary: entry.summary,
            say.audit_from: entry.former or "",
            say.audit_to: entry.to,
        }
        for entry in entries
    ]
    st.dataframe(rows, hide_index=True, key="library-audit", alt=say.audit_heading)


def _minute(at: str) -> str:
    found = read_time(at)
    return found.strftime("%Y-%m-%d %H:%M") if found else at
