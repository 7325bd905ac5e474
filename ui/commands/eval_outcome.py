"""What `study eval` says of a finished run: its figures, where they lie, and what the gate says."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ui import terminal

if TYPE_CHECKING:
    from evals.baseline import Accepted
    from evals.gate import Gate
    from evals.run_folder import Run


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run, its folder, and the folder of all runs."""

    run: "Run"
    folder: Path
    runs: Path

    def tell(self, gate: "Gate | None", *, as_json: bool) -> None:
        """Print it; with a gate, accept it as what later runs are compared with, or not.

        Raises:
            typer.Exit: it is outside the gate.
        """
        from evals.gate import check_gate
        from evals.report_json import report_values
        from evals.run_folder import REPORT_HTML, REPORT_MARKDOWN

        accepted = self._accepted() if gate else None
        sets = list(self.run.provenance.sets)
        before = accepted.scores if accepted else None
        breaches = check_gate(self.run.scores, gate, before, sets=sets) if gate else []
        if as_json:
            terminal.print_json(
                {
                    "run": str(self.folder),
                    **report_values(self.run),
                    "breaches": [breach.sentence for breach in breaches],
                }
            )
        else:
            text = (self.folder / REPORT_MARKDOWN).read_text(encoding="utf-8")
            terminal.print_result(text)
            terminal.note(f"The report: {self.folder / REPORT_HTML}")
            for breach in breaches:
                terminal.print_failure(breach.sentence)
        if breaches:
            raise typer.Exit(1)
        if gate:
            self._accept(gate, accepted)

    def _accepted(self) -> "Accepted | None":
        from evals.baseline import accepted_run
        from evals.kept_lines import RunUnreadable

        try:
            accepted = accepted_run(self.runs, self.run.provenance)
        except RunUnreadable as error:
            terminal.warn(f"The last accepted run can't be compared with: {error}")
            return None
        if accepted is None:
            terminal.note(
                "No run of these cases with this model and judge was accepted before: only the "
                "gate's limits count."
            )
        return accepted

    def _accept(self, gate: "Gate", accepted: "Accepted | None") -> None:
        from evals.baseline import accept, fallen

        if accepted and (worse := fallen(self.run.scores, accepted.scores, gate)):
            terminal.note(
                f"The gate holds. {', '.join(worse)} fell by no more than it allows, so later runs "
                f"are still compared with the accepted one, {accepted.provenance.name}."
            )
            return
        accept(self.runs, self.run.provenance, self.run.scores)
        terminal.note("The gate holds; later runs are compared with this one.")
