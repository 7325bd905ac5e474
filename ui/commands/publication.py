"""One publication: plan → candidate → measured against the live generation → live, or not.

What decides is in `evals/publication.py`, what is logged in `assistant/audit.py`. Building holds
the right to write the index, measuring does not: it takes minutes, and going back must not wait.
A publication that was stopped goes on where it was: candidate and answers are kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import BusyError, IndexUnusable
from ui import terminal
from ui.commands.plan_view import resting_cases
from ui.commands.pruning import publishing
from ui.publish_progress import ProgressFile, Stages

if TYPE_CHECKING:
    from assistant.audit import Action, Entry
    from assistant.settings import Settings
    from ingest.plan import Planned
    from ui.commands.plan_view import PlanJson

NO_NEWS = "Nothing has changed: the index {} is up to date."
NOTHING_READ = "Nothing could be read."
REFUSED = "The candidate {} was measured and turned away before; it has not changed."
HOLDS = "The gate holds on {} cases."

Scores = Mapping[str, Mapping[str, float | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a publication.

    `generation` is live now; `candidate` was built or found, None where nothing is new; `previous`
    was live before. `reasons` speak against the candidate. `report` is what was measured of it.
    `was_known`: it was turned away before, and not measured again.
    """

    generation: str | None
    previous: str | None
    plan: "PlanJson"
    failures: list[dict[str, str]]
    candidate: str | None = None
    published: bool = False
    forced: bool = False
    reason: str = ""
    reasons: tuple[str, ...] = ()
    scores: Scores = field(default_factory=dict)
    n_cases: int = 0
    broken: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    report: Path | None = None
    was_known: bool = False

    def to_json(self) -> dict[str, object]:
        """Return the outcome as `study publish --json` prints it."""
        return {
            "published": self.published,
            "generation": self.generation,
            "candidate": self.candidate,
            "previous": self.previous,
            "reason": self.reason,
            "forced": self.forced,
            "plan": self.plan,
            "scores": self.scores,
            "cases": self.n_cases,
            "broken": self.broken,
            "mended": self.mended,
            "report": None if self.report is None else str(self.report),
            "failures": self.failures,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who wants what published, and how.

    `reason` is for the log. `is_forced`: not measured. `drops_failed`: let go of what is live of
    files that fail. `drops_others`: and of all that came from elsewhere. `retries_refused`:
    measure also a candidate that was turned away before.
    """

    roots: Sequence[Path]
    by: str
    reason: str = ""
    is_forced: bool = False
    drops_failed: bool = False
    drops_others: bool = False
    retries_refused: bool = True


def publish_materials(settings: "Settings", request: Request, bars: terminal.Bars) -> Outcome:
    """Return what became of the publication; progress is shown and written.

    Raises:
        BusyError: another process publishes or ingests, or what is live changed meanwhile.
        ModelError: no model answers, so that nothing can be measured; the candidate is kept.
        StudyError: nothing could be taken in, or written.
    """
    with publishing(settings.home):
        file = ProgressFile(settings.home)
        stages = Stages(bars, file)
        try:
            outcome = _publish(settings, request, stages)
        except BaseException as error:
            file.tell("failed", message=str(error) or "Stopped.")
            raise
        is_good = outcome.published or outcome.candidate is None
        file.tell("done" if is_good else "failed", message=outcome.reason)
        return outcome


def _publish(settings: "Settings", request: Request, stages: Stages) -> Outcome:
    from assistant import audit, generations
    from assistant.wiring import open_settings_embedder
    from ingest.pipeline import carry_out
    from ui.commands.engine import opened_engine
    from ui.commands.materials import candidate_builder, count_vectors, plan_materials
    from ui.commands.measuring import measure
    from ui.commands.plan_view import plan_json

    embedder = open_settings_embedder(settings)
    with generations.writing(settings.home), opened_engine(settings, embedder) as engine:
        audit.heal(settings.home)
        stages.enter("parse")
        plan = plan_materials(
            settings,
            request.roots,
            embedder,
            engine,
            stages,
            drop_failed=request.drops_failed,
            only=request.drops_others,
        )
        n_vectors = count_vectors(settings, embedder, plan)
        outcome = Outcome(
            generation=plan.live.generation or None,
            previous=plan.live.generation or None,
            plan=plan_json(plan.changes, settings, n_vectors=n_vectors, rebuild=plan.rebuild),
            failures=[
                {
                    "source": each.source,
                    "place": each.place,
                    "message": each.reason,
                    "hint": each.hint,
                }
                for each in plan.failures
            ],
        )
        if not plan.has_news:
            live = outcome.generation
            return replace(outcome, reason=NO_NEWS.format(live) if live else NOTHING_READ)
        candidate = carry_out(
            plan, candidate_builder(settings, embedder, engine, stages)
        ).generation
    outcome = replace(outcome, candidate=candidate)
    if request.is_forced:
        _go_live(settings, request, outcome, plan)
        return replace(
            outcome,
            published=True,
            generation=candidate,
            forced=True,
            reason=f"Published without being measured: {request.reason}",
        )
    if not request.retries_refused and _was_refused(settings.home, candidate):
        return replace(outcome, reason=REFUSED.format(candidate), was_known=True)
    measured = measure(
        settings, plan, candidate, embedder, stages, resting=resting_cases(outcome.plan)
    )
    verdict = measured.verdict
    outcome = replace(
        outcome,
        reasons=verdict.reasons,
        scores=verdict.scores,
        n_cases=measured.n_cases,
        broken=verdict.broken,
        mended=verdict.mended,
        report=measured.report,
    )
    if verdict.reasons:
        outcome = replace(outcome, reason=" ".join(verdict.reasons))
        audit.record(settings.home, _entry(request, outcome, plan, "reject"))
        return outcome
    outcome = replace(outcome, reason=HOLDS.format(measured.n_cases))
    _go_live(settings, request, outcome, plan)
    return replace(outcome, published=True, generation=candidate)


def _go_live(settings: "Settings", request: Request, outcome: Outcome, plan: "Planned") -> None:
    """Make the candidate live, unless it is damaged, or another one went live meanwhile."""
    from assistant import audit, generations

    home, candidate = settings.home, outcome.candidate or ""
    with generations.writing(home):
        if generations.current_name(home) != outcome.previous:
            raise BusyError(
                f"Another generation went live while {candidate} was made.",
                hint="Run the command again: it then is compared with that one.",
            )
        if problems := generations.verify(home, candidate):
            raise IndexUnusable(
                f"The candidate {candidate} is damaged: {problems[0]}",
                hint="Run the command again: it is built anew.",
            )
        action: Action = "force" if request.is_forced else "publish"
        audit.switch(home, _entry(request, outcome, plan, action))


def _entry(request: Request, outcome: Outcome, plan: "Planned", action: "Action") -> "Entry":
    from assistant import audit
    from ui.commands.materials import summary

    return audit.Entry(
        at=audit.now(),
        by=request.by,
        action=action,
        former=outcome.previous,
        to=outcome.candidate or "",
        reason=outcome.reason if action == "reject" else request.reason or outcome.reason,
        scores=outcome.scores,
        summary=summary(plan.changes),
    )


def _was_refused(home: Path, candidate: str) -> bool:
    from assistant import audit

    return any(each.to == candidate and each.action == "reject" for each in audit.read(home))
