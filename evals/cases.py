"""Evaluation sets: JSON lines, each a `Case`, checked; what is wrong is told with its line."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from assistant.errors import StudyError
from evals.records import Case, Kind, Split
from evals.text_file import read_lines
from evals.validation import first_fault

SETS = Path(__file__).parent / "sets"
CURRICULUM = SETS / "curriculum.jsonl"
SMOKE = SETS / "smoke.jsonl"


class CasesUnreadable(StudyError):
    """A file of cases is missing, or a line of it is not a case."""


def load_cases(paths: Sequence[Path]) -> list[Case]:
    """Return the cases of all `paths` in order.

    Raises:
        CasesUnreadable: a file can't be read, a line is no case, or an id stands twice.
    """
    cases: dict[str, Case] = {}
    for path in paths:
        for number, line in enumerate(read_lines(path, CasesUnreadable), start=1):
            if not line.strip():
                continue
            case = _case(line, f"{path}, line {number}")
            if case.id in cases:
                raise CasesUnreadable(
                    f"{path}, line {number}: the id {case.id} stands twice.",
                    hint="Each case needs an id of its own, over all sets given.",
                )
            cases[case.id] = case
    if not cases:
        raise CasesUnreadable("There is no case to run.", hint="Give a file of JSON lines.")
    return list(cases.values())


def chosen(
    cases: Sequence[Case],
    *,
    kinds: Sequence[Kind] = (),
    split: Split | None = None,
    limit: int | None = None,
) -> list[Case]:
    """Return the cases of `kinds` and `split`, at most `limit` of them.

    Kinds and languages take turns, so that a part stands for the whole: with a limit, or of a run
    that is stopped.
    """
    fitting = [
        case
        for case in cases
        if (not kinds or case.kind in kinds) and (split is None or case.split == split)
    ]
    seen: Counter[tuple[str, str]] = Counter()
    turn_of: dict[str, int] = {}
    for case in fitting:
        group = (case.kind, case.language)
        turn_of[case.id] = seen[group]
        seen[group] += 1
    return sorted(fitting, key=lambda case: turn_of[case.id])[:limit]


def _case(line: str, where: str) -> Case:
    try:
        return Case.model_validate_json(line)
    except ValidationError as error:
        raise CasesUnreadable(
            f"{where}: {first_fault(error)}.", hint="See the cases in evals/sets/ for the form."
        ) from error
