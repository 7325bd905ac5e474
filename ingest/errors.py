"""Why a document can't be taken in. Each becomes one line of the report.

- IngestError (assistant/errors.py)
    - Unreadable
        - AudienceUnclear
    - TooLarge
    - TooSlow
"""

from assistant.errors import IngestError


class Unreadable(IngestError):
    """The file is damaged, encrypted, empty, or not what its name says."""


class AudienceUnclear(Unreadable):
    """It can't be told who may read the file; so nobody may, also not an earlier version."""


class TooLarge(IngestError):
    """The file, or what it unpacks to, is over a limit."""


class TooSlow(IngestError):
    """Parsing took longer than the limit and was stopped."""


def error_reply(error: IngestError) -> dict[str, object]:
    """Return `error` as it is told to another process; `parser_pool.understand` reads it."""
    return {
        "error": type(error).__name__,
        "reason": str(error),
        "hint": error.hint,
        "place": error.place,
    }
