"""A candidate and the live generation, asked the same cases with the model that serves."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assistant import audit
from assistant.errors import ModelUnreachable
from ui import terminal
from ui.commands.pruning import MEASURED
from ui.publish_progress import Stages

if TYPE_CHECKING:
    from assistant.embedding import Embedder
    from assistant.settings import Settings
    from evals.provenance import Provenance
    from evals.publication import Verdict
    from evals.records import Case
    from evals.run_folder import Run
    from ingest.plan import Planned

FORCE_HINT = (
    "Start a model (`study model serve`) and run it again, or let it go live unmeasured: "
    "study publish --force --reason TEXT"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured: the verdict, on how many cases, and the page that shows each of them."""

    verdict: "Verdict"
    n_cases: int
    report: Path


def measure(
    settings: "Settings",
    plan: "Planned",
    candidate: str,
    embedder: "Embedder",
    stages: Stages,
    *,
    resting: Collection[str],
) -> Measured:
    """Return what the cases say of `candidate` against what is live.

    Args:
        settings: those in force.
        plan: what the candidate holds.
        candidate: its name.
        embedder: that of the settings.
        stages: where progress is shown.
        resting: ids of the cases whose evidence changed.

    Raises:
        ModelUnreachable: no model answers.
        StudyError: a set of cases, the gate or the judge can't be used.
    """
    from evals.cases import SMOKE, load_cases
    from evals.gate import GATE, load_gate
    from evals.publication import choose, follow_moves, weigh
    from evals.run_folder import REPORT_HTML
    from ui.commands.plan_view import known_cases
    from ui.serving import model_for_questions

    options = settings.publish
    smoke_set = options.smoke or SMOKE
    gate = load_gate(options.gate or GATE, sets=[smoke_set, *options.cases])
    choice = choose(
        load_cases([smoke_set]),
        list(known_cases(settings).values()),
        resting=resting,
        sources={*plan.sources, *plan.live.sources},
    )
    moves = plan.changes.moves
    runs = [(candidate, follow_moves(choice.cases, moves))]
    live = plan.live.generation
    if live and plan.live.shaped_by.get("embedder") != embedder.fingerprint:
        terminal.note(f"{live} was built with another embedder: only the gate's limits count.")
        live = ""
    if live:
        runs.insert(0, (live, list(choice.cases)))
    left_out = f"; {choice.n_left_out} are about other materials" if choice.n_left_out else ""
    terminal.note(
        f"{terminal.counted(len(choice.cases), 'case')} of the smoke set and of what changed"
        f"{left_out}. Ctrl-C stops; what is answered is kept."
    )
    stages.enter("evaluate", "The model gets ready")
    measuring = _Measuring(settings, embedder, stages, n_all=sum(len(each) for _, each in runs))
    with model_for_questions(settings, without="Nothing can be measured without it."):
        measured = {name: measuring.run(name, cases) for name, cases in runs}
    verdict = weigh(
        measured[candidate][0],
        measured[live][0] if live else None,
        gate,
        smoke=choice.smoke,
        smoke_set=smoke_set,
    )
    report = measured[candidate][1] / REPORT_HTML
    return Measured(verdict=verdict, n_cases=len(choice.cases), report=report)


class _Measuring:
    """Asks one generation after the other; progress counts the answers of all."""

    def __init__(
        self, settings: "Settings", embedder: "Embedder", stages: Stages, *, n_all: int
    ) -> None:
        self._settings = settings
        self._embedder = embedder
        self._n_all = n_all
        self._n_before = 0
        self._report = stages.begin("evaluate", "Cases answered")

    def run(self, generation: str, cases: Sequence["Case"]) -> "tuple[Run, Path]":
        """Return the finished run of `generation`, and its folder.

        Raises:
            ModelUnreachable: no model answers, or it stopped answering.
        """
        from assistant.wiring import build_assistant
        from evals.cases import CURRICULUM, SMOKE
        from evals.earlier_rows import reuse_rows
        from evals.evaluation import Plan, evaluate, provenance_of
        from ui.commands.eval import FOLDER, open_judges, side_by_side

        settings = self._settings
        options = settings.publish
        assistant = build_assistant(settings, generation=generation, embedder=self._embedder)
        _require(assistant.chat_model.is_ready(), generation)
        plan = Plan(
            cases=cases,
            sets=(options.smoke or SMOKE, *(options.cases or (CURRICULUM,))),
            judges=open_judges([options.judge], assistant),
            workers=side_by_side(settings, assistant),
        )
        now = provenance_of(plan, assistant, settings, generation)
        measured = audit.publish_folder(settings.home) / MEASURED / generation
        folder = measured / _digest(now, cases)
        earlier = [*measured.glob("*"), *(settings.home / FOLDER).glob("*")]
        reuse_rows(folder, now, cases, earlier)
        run = evaluate(plan, assistant, settings, folder, answering=self._counted)
        self._n_before += len(cases)
        _require(assistant.chat_model.is_ready(), generation)
        return run, folder

    def _counted(self, done: int, total: int) -> None:
        self._report(self._n_before + done, self._n_all)


def _require(is_ready: bool, generation: str) -> None:
    if not is_ready:
        raise ModelUnreachable(
            f"No model answers, so {generation} can't be measured; the candidate is kept.",
            hint=FORCE_HINT,
        )


def _digest(now: "Provenance", cases: Sequence["Case"]) -> str:
    """Return what stands for the program and the cases of a run: another one has its own folder."""
    made = now.model_dump_json(
        include={"settings_fingerprint", "model", "engine", "seed", "commit", "versions", "sets"}
    )
    text = "\n".join([made, *(case.model_dump_json() for case in cases)])
    return hashlib.sha256(text.encode()).hexdigest()[:12]
