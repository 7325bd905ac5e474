"""`study ingest --watch`: follow the materials, and publish what changes. Home of watchfiles.

Events only say when to look: what changed is told by hashes, so times of files never matter, and a
rescan now and then finds what a share or a container didn't report.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from assistant.errors import StudyError
from ui import terminal
from ui.incidents import log_incident

if TYPE_CHECKING:
    from assistant.settings import Settings
    from ui.commands.publication import Outcome

_SHORTEST_LOOK_S = 0.1
_RETRY_S = 10.0
"""Until another look, when somebody else was publishing, no model answered or a folder was gone."""


def watch_materials(
    settings: "Settings", roots: Sequence[Path], *, by: str, as_json: bool = False
) -> None:
    """Publish `roots` now and whenever they have changed and settled, until Ctrl-C."""
    from ui.commands.pruning import prune_generations
    from ui.commands.publication import Request, publish_materials
    from ui.commands.publication_view import show_outcome

    request = Request(roots=roots, by=by, retries_refused=False)

    def publish() -> "Outcome":
        with terminal.progress() as bars:
            outcome = publish_materials(settings, request, bars)
        if outcome.published:  # nobody is there to do it
            prune_generations(
                settings.home,
                keep=settings.publish.keep_generations,
                keep_candidates_s=settings.publish.keep_days * 86400,
            )
        return outcome

    def tell(outcome: "Outcome") -> None:
        show_outcome(outcome, as_json=as_json)

    names = ", ".join(str(root) for root in roots)
    terminal.note(f"Watching {names}; what changes is published once it holds. Ctrl-C ends it.")
    options = settings.watch
    try:
        follow(
            roots,
            publish,
            tell,
            settle_s=options.settle_s,
            rescan_s=options.rescan_s,
            polling=options.polling,
        )
    except KeyboardInterrupt:
        terminal.note("No longer watching.")


def follow(
    roots: Sequence[Path],
    publish: "Callable[[], Outcome]",
    tell: "Callable[[Outcome], None]",
    *,
    settle_s: float,
    rescan_s: float,
    polling: bool,
    stop: Event | None = None,
) -> None:
    """Call `publish` at once and after each change; whatever fails is told, and the watch goes on.

    Args:
        roots: what is watched.
        publish: compares all hashes, and does nothing where nothing is new.
        tell: told what became of it, unless that is nothing new.
        settle_s: without a change before it publishes.
        rescan_s: between two comparisons when no change is reported.
        polling: look for changes instead of being told.
        stop: ends it.
    """
    stop = stop or Event()
    round_ = _Round(publish, tell)
    is_due, look_at_s = True, 0.0
    while not stop.is_set():
        for is_quiet in _quiet_spells(roots, settle_s=settle_s, polling=polling, stop=stop):
            if not is_quiet:
                is_due = True
            elif is_due:
                is_due = False
                is_good = round_.look()
                look_at_s = time.monotonic() + (rescan_s if is_good else min(_RETRY_S, rescan_s))
            elif time.monotonic() >= look_at_s:
                # Through a watcher of its own: a share that was mounted anew reports to no old one.
                is_due = True
                break


class _Round:
    """One look at the materials after another; what was told already isn't told again."""

    def __init__(self, publish: "Callable[[], Outcome]", tell: "Callable[[Outcome], None]") -> None:
        self._publish = publish
        self._tell = tell
        self._told = ""

    def look(self) -> bool:
        """Return whether nothing has to be tried again soon."""
        try:
            outcome = self._publish()
        except StudyError as error:
            self._warn(f"{error} {error.hint}".rstrip())
            return False
        except Exception:  # noqa: BLE001 - the outermost handler: one bad round must not end it
            self._warn(f"Something went wrong that nobody foresaw (incident {log_incident()}).")
            return False
        is_news = outcome.candidate is not None and not outcome.was_known
        failures = "\n".join(map(str, outcome.failures))
        if is_news or (failures and failures != self._told):
            self._tell(outcome)
        self._told = failures
        return True

    def _warn(self, sentence: str) -> None:
        if sentence != self._told:
            terminal.warn(sentence, "The watch goes on.")
        self._told = sentence


def _quiet_spells(
    roots: Sequence[Path], *, settle_s: float, polling: bool, stop: Event
) -> Iterator[bool]:
    """Yield True whenever nothing changed for `settle_s`, False whenever something did."""
    from watchfiles import watch

    # Of a file, its folder: editors replace files, and what is replaced is not watched any more.
    folders = {root if root.is_dir() else root.parent for root in roots}
    there = sorted(folder for folder in folders if folder.is_dir())
    quiet_s = max(settle_s, _SHORTEST_LOOK_S)
    if not there:
        stop.wait(quiet_s)
        yield True
        return
    try:
        for changes in watch(
            *there,
            watch_filter=_may_matter,
            rust_timeout=round(quiet_s * 1000),
            yield_on_timeout=True,
            stop_event=stop,
            force_polling=polling or None,  # None: as WATCHFILES_FORCE_POLLING says
            ignore_permission_denied=True,
        ):
            yield not changes
    except OSError as error:
        if polling:
            raise
        terminal.warn(f"Changes can't be reported here ({error}).", "They are looked for instead.")
        yield from _quiet_spells(roots, settle_s=settle_s, polling=True, stop=stop)


def _may_matter(change: object, path: str) -> bool:
    """Whether a change of `path` may be one of the materials: a document, or a folder."""
    from ingest.discover import SUFFIXES

    name = Path(path)
    return not name.name.startswith((".", "~$")) and name.suffix.lower() in {*SUFFIXES, ""}
