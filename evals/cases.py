"""Evaluation sets: JSON lines, each a `Case`, checked; what is wrong is told with its line."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from assistant.errors import StudyError
from evals.records import Case, Kind, Split
from evals.text_file import read_lines

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
    """Return the cases of `kinds` and `split`, at most `limit` of them, kinds and languages mixed.

    With a limit, kinds and languages take turns, so that a part stands for the whole.
    """
    fitting = [
        case
        for case in cases
        if (not kinds or case.kind in kinds) and (split is None or case.split == split)
    ]
    if limit is None or limit >= len(fitting):
        return fitting
    seen: dict[tuple[str, str], int] = {}
    turns = []
    for place, case in enumerate(fitting):
        group = (case.kind, case.language)
        turns.append((seen.get(group, 0), place))
        seen[group] = seen.get(group, 0) + 1
    taken = {place for _, place in sorted(turns)[:limit]}
    return [case for place, case in enumerate(fitting) if place in taken]


def _case(line: str, where: str) -> Case:
    try:
        return Case.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the line"
        raise CasesUnreadable(
            f"{where}: {field}: {first['msg']}.", hint="See the cases in evals/sets/ for the form."
        ) from error
