"""The list of materials: what the index holds of each, to be searched, opened and replaced."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import streamlit as st

from assistant.errors import IndexUnusable
from assistant.generations import Source
from assistant.records import EVERYONE
from ui import access
from ui.labels import Labels
from ui.library.problems import read_problems
from ui.library.source_list import ListedSource, last_changes, list_sources, matching
from ui.library.targets import target_of
from ui.library_labels import LibraryLabels
from ui.problems import INGEST_COMMAND, draw_error
from ui.render import label, source_link
from ui.resources import assistant, settings, staging
from ui.session import language, open_section

REPLACING = "library-replacing"
"""Session key: the source that the next upload replaces."""

_EVERYONE = next(iter(EVERYONE))
_MAX_HEIGHT, _ROW_HEIGHT = 460, 35


def draw(say: LibraryLabels, page_say: Labels) -> None:
    """Draw the section."""
    is_owner = access.is_owner()
    try:
        found = assistant()
        sources = found.sources(access.audiences(found))
        live = found.status().generation
    except IndexUnusable as error:
        draw_error(error, page_say)
        st.caption(label(say.not_open))
        return
    lines = list_sources(
        sources,
        _last_changes(settings().home, live),
        read_problems(settings().home),
        with_failed=is_owner,
    )
    if not lines:
        st.info(label(say.empty_owner if is_owner else say.empty), icon=":material/library_books:")
        if is_owner:
            st.code(INGEST_COMMAND, language="bash")
        return
    shown = _filtered(lines, say, is_owner=is_owner)
    st.caption(label(say.shown_of.format(shown=len(shown), total=len(lines))))
    if not shown:
        st.info(label(say.nothing_matches), icon=":material/search_off:")
        return
    chosen = _draw_table(shown, say, is_owner=is_owner)
    if chosen is None:
        st.caption(label(say.choose_source))
    else:
        _draw_chosen(chosen, sources, say, is_owner=is_owner)


@st.cache_resource(show_spinner=False, max_entries=4)
def _last_changes(home: Path, live: str) -> Mapping[str, datetime]:
    return last_changes(home, live)


def _filtered(
    lines: tuple[ListedSource, ...], say: LibraryLabels, *, is_owner: bool
) -> tuple[ListedSource, ...]:
    words = st.text_input(
        label(say.search),
        key="library-search",
        icon=":material/search:",
        placeholder=say.search,
        label_visibility="collapsed",
    )
    languages = sorted({line.language for line in lines} - {""})
    audiences = sorted({line.audience for line in lines} - {""})
    with st.container(horizontal=True, vertical_alignment="center"):
        tongue = st.selectbox(
            label(say.source_language),
            ["", *languages],
            format_func=lambda name: say.languages.get(name, name) if name else say.any_language,
            key="library-language",
            label_visibility="collapsed",
            width=170,
        )
        audience = ""
        if len(audiences) > 1:
            audience = st.selectbox(
                label(say.audience),
                ["", *audiences],
                format_func=lambda name: _audience(name, say) if name else say.any_audience,
                key="library-audience",
                label_visibility="collapsed",
                width=170,
            )
        only_problems = bool(
            is_owner
            and any(line.problem for line in lines)
            and st.toggle(label(say.only_problems), key="library-only-problems")
        )
    return matching(
        lines, words=words, language=tongue, audience=audience, only_problems=only_problems
    )


def _draw_table(
    lines: tuple[ListedSource, ...], say: LibraryLabels, *, is_owner: bool
) -> ListedSource | None:
    """Draw the lines; return the one that is selected, in the table or by the address."""
    rows = _filled([_row(line, say, is_owner=is_owner) for line in lines])
    columns = st.column_config
    event = st.dataframe(
        rows,
        hide_index=True,
        height=min(_MAX_HEIGHT, _ROW_HEIGHT * (len(rows) + 1) + 3),
        column_config={
            say.title: columns.TextColumn(width=190, pinned=True),
            say.source: columns.TextColumn(width=190),
            say.source_language: columns.TextColumn(width=85),
            say.audience: columns.TextColumn(width=80),
            say.passages: columns.NumberColumn(width=70),
            say.last_change: columns.TextColumn(width=100),
        },
        on_select="rerun",
        selection_mode="single-row",
        # Another selection of rows makes the number of the selected one mean another.
        key=f"library-table-{hash(tuple(line.source for line in lines))}",
        alt=say.library_page,
    )
    selected = event["selection"]["rows"]
    if selected and selected[0] < len(lines):
        st.query_params["source"] = lines[selected[0]].source
        return lines[selected[0]]
    asked = st.query_params.get("source")
    return next((line for line in lines if line.source == asked), None)


def _filled(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return the rows without columns that are empty in each."""
    names = [name for name in rows[0] if any(row[name] not in ("", None) for row in rows)]
    return [{name: row[name] for name in names} for row in rows]


def _row(line: ListedSource, say: LibraryLabels, *, is_owner: bool) -> dict[str, object]:
    row: dict[str, object] = {}
    if is_owner and line.problem:
        row[say.title] = f"⚠ {line.title}"
    else:
        row[say.title] = line.title
    row |= {
        say.source: line.source,
        say.source_language: say.languages.get(line.language, line.language),
        say.version: line.version,
        say.owner: line.owner,
        say.audience: _audience(line.audience, say),
        say.passages: line.n_passages,
        say.last_change: line.changed_at.strftime("%Y-%m-%d") if line.changed_at else "",
    }
    if is_owner:
        row[say.problem] = line.problem.message if line.problem else ""
    return row


def _audience(name: str, say: LibraryLabels) -> str:
    return say.everyone if name == _EVERYONE else name


def _draw_chosen(
    line: ListedSource, sources: Mapping[str, Source], say: LibraryLabels, *, is_owner: bool
) -> None:
    with st.container(border=True, key="library-chosen"):
        st.markdown(f"**{label(line.title)}**")
        facts = [
            line.source,
            say.languages.get(line.language, line.language),
            line.version and f"{say.version} {line.version}",
            line.owner and f"{say.owner} {line.owner}",
            f"{say.audience} {_audience(line.audience, say)}" if line.is_live else "",
            f"{line.n_passages} {say.passages}" if line.is_live else "",
            f"{say.last_change} {line.changed_at:%Y-%m-%d %H:%M} UTC" if line.changed_at else "",
        ]
        st.caption(label(" · ".join(fact for fact in facts if fact)))
        if line.problem:
            _draw_problem(line, say)
        with st.container(horizontal=True):
            if line.is_live:
                st.link_button(
                    label(say.open_source),
                    source_link(line.source, language()),
                    icon=":material/article:",
                )
            if is_owner and line.is_live:
                _draw_owners_buttons(line, sources[line.source], say)


def _draw_problem(line: ListedSource, say: LibraryLabels) -> None:
    problem = line.problem
    if problem is None:
        return
    parts = [
        "" if line.is_live else say.not_live,
        problem.message,
        say.place.format(place=problem.place) if problem.place else "",
        say.remedy.format(hint=problem.hint) if problem.hint else "",
    ]
    st.warning("  \n".join(label(part) for part in parts if part), icon=":material/warning:")


def _draw_owners_buttons(line: ListedSource, record: Source, say: LibraryLabels) -> None:
    target = target_of(line.source, record)
    if target is None:
        st.caption(label(say.file_elsewhere))
        return

    def replace() -> None:
        st.session_state[REPLACING] = line.source
        open_section("update")

    def remove() -> None:
        staging().remove(target, title=line.title, audience=line.audience, by=access.visitor_name())
        open_section("update")

    st.button(
        label(say.replace), icon=":material/upload_file:", key="library-replace", on_click=replace
    )
    with st.popover(label(say.remove), icon=":material/delete:", key="library-remove"):
        st.markdown(label(say.remove_question.format(source=line.source)))
        st.button(label(say.remove), key="library-really-remove", type="primary", on_click=remove)
