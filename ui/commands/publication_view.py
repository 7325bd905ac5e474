"""What became of a publication, as text or JSON."""

from typing import TYPE_CHECKING

from ui import terminal

if TYPE_CHECKING:
    from ui.commands.publication import Outcome


def show_outcome(outcome: "Outcome", *, as_json: bool) -> None:
    """Print what became of a publication."""
    from ui.commands.plan_view import plan_lines

    if as_json:
        terminal.print_json(outcome.to_json())
        return
    for line in plan_lines(outcome.plan):
        terminal.print_result(line)
    for failure in outcome.failures:
        where = ", ".join(filter(None, (failure["source"], failure["place"])))
        text = f"  ! {where}: {failure['message']} {failure['hint']}".rstrip()
        terminal.print_result(terminal.printable(text))
    _show_scores(outcome)
    if outcome.published:
        terminal.print_result(
            f"{outcome.candidate} is live; it was {outcome.previous or 'none'}. {outcome.reason}"
        )
        return
    if outcome.candidate is None:
        terminal.print_result(outcome.reason)
        return
    terminal.print_result(
        f"{outcome.candidate} is not published; {outcome.previous or 'nothing'} stays live."
    )
    for reason in outcome.reasons or (outcome.reason,):
        terminal.print_failure(reason)
    report = f"; each case: {outcome.report}" if outcome.report else ""
    terminal.note(
        f"Look into it: study index diff {outcome.previous or ''} {outcome.candidate}{report}"
    )
    terminal.note("To publish it all the same: study publish --force --reason TEXT")


def _show_scores(outcome: "Outcome") -> None:
    from evals.figure_text import metric_of, number_text

    if not outcome.scores:
        return
    terminal.print_result(f"{'':24}{'live':>10}{'candidate':>12}")
    for metric, values in outcome.scores.items():
        live, candidate = (number_text(metric, values[name]) for name in ("live", "candidate"))
        terminal.print_result(f"  {metric_of(metric).title:22}{live:>10}{candidate:>12}")
    for word, cases in (("broken", outcome.broken), ("mended", outcome.mended)):
        if cases:
            terminal.print_result(f"  {word}: {', '.join(cases)}")
