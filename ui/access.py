"""Who may change the materials, and what a visitor of the page may see. Unknown means no.

The only place that decides. There is no sign-in: a visitor is an owner where the operator said so
(`STUDY_WEB__OWNERS`), or where nobody but this machine can reach the page.
"""

import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import streamlit as st

from assistant.records import EVERYONE
from ui.resources import settings

if TYPE_CHECKING:
    from ui.ports import StudyAssistant

Owners = Literal["auto", "everyone", "nobody"]

_NAME = "visitor-name"
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def is_owner() -> bool:
    """Return whether the visitor of this page may change the materials."""
    return may_change(
        settings().web.owners,
        bound_to=str(st.get_option("server.address") or ""),
        headers={str(key).lower(): str(value) for key, value in st.context.headers.items()},
    )


def audiences(assistant: "StudyAssistant") -> frozenset[str]:
    """Return whose materials the visitor may see: an owner all, a reader those for everyone.

    Raises:
        StudyError: an owner's can't be told, for want of an index.
    """
    return assistant.all_audiences() | EVERYONE if is_owner() else EVERYONE


def visitor_name() -> str:
    """Return what the visitor says to be called, for the log; "" if nothing."""
    return str(st.session_state.get(_NAME, ""))


def remember_name(name: str) -> None:
    """Call the visitor so, as long as the page is open."""
    st.session_state[_NAME] = " ".join(name.split())


def may_change(owners: Owners, *, bound_to: str, headers: Mapping[str, str]) -> bool:
    """Return whether a visitor may change the materials.

    Args:
        owners: the setting.
        bound_to: the address that the page is served at; "" for any.
        headers: of the visitor's request, names in lower case. One that came through a proxy, or
            for another host's name (a rebound DNS name), may come from anywhere.
    """
    if owners != "auto":
        return owners == "everyone"
    if not _is_loopback(bound_to) or any(name in headers for name in _FORWARDED):
        return False
    host = headers.get("host")
    return host is not None and _is_loopback(urlsplit(f"//{host}").hostname or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
