"""What one judge said of one case, looked up by what was judged."""

from collections.abc import Iterable

from evals.records import Judged, What


class Verdicts:
    """The verdicts of one judge on one case; of two on the same thing the later counts."""

    def __init__(self, judged: Iterable[Judged] = ()) -> None:
        self._supported = {
            (verdict.what, verdict.index, verdict.citation): verdict.supported for verdict in judged
        }

    def supported(self, what: What, index: int, citation: int = 0) -> bool | None:
        """Return whether statement `index` (from 0) is supported, None where nobody judged it."""
        return self._supported.get((what, index, citation))


def share(supported: Iterable[bool | None]) -> float | None:
    """Return the share that is True; None where there is none, or one was never judged."""
    verdicts = list(supported)
    if not verdicts or None in verdicts:
        return None
    return sum(verdict is True for verdict in verdicts) / len(verdicts)
