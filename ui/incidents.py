"""What a front end does with a failure that nobody foresaw: log it under an id, show the id."""

import logging
import secrets

_log = logging.getLogger(__name__)


def log_incident() -> str:
    """Return a short id under which the exception being handled was logged, traceback and all."""
    incident = secrets.token_hex(3)
    _log.exception("Incident %s", incident)
    return incident
