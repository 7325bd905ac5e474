from collections.abc import Sequence
from pathlib import Path

from evals.gate import Gate
from evals.publication import choose, follow_moves, weigh
from evals.records import Case, Row
from evals.run_folder import Run
from evals.scores import score_run
from tests.evals.made_rows import make_answer, make_case, make_error, make_read, make_statement
from tests.evals.run_samples import PROVENANCE

SOURCE = "en/a.md"
SMOKE_SET = Path("smoke.jsonl")
CASES = [make_case(f"c{n}", evidence=[(SOURCE, "")]) for n in range(10)]
GATE = Gate.model_validate(
    {
        "at_most": {"errors": 0.35},
        "set": {"smoke": {"at_least": {"recall@5": 0.4}}},
        "max_drop": {"recall@5": 0.05},
    }
)


def run(rows: Sequence[Row]) -> Run:
    scores = score_run(rows, [], judge=PROVENANCE.judge)
    return Run(provenance=PROVENANCE, rows=tuple(rows), scores=scores)


def row(case: Case, *, is_found: bool) -> Row:
    found = make_read(SOURCE if is_found else "en/z.md", "A")
    answer = make_answer(case, make_statement("A mask hides.", 1))
    return answer.model_copy(update={"found": (found,)})


def found_in(n: int) -> Run:
    return run([row(case, is_found=number < n) for number, case in enumerate(CASES)])


def reasons(candidate: Run, live: Run | None, smoke: Sequence[str] = ()) -> tuple[str, ...]:
    ids = smoke or [case.id for case in CASES]
    return weigh(candidate, live, GATE, smoke=ids, smoke_set=SMOKE_SET).reasons


def test_the_smoke_set_and_what_changed_are_asked_each_once() -> None:
    refused = make_case("none", answerable=False)
    stranger = make_case("stranger", evidence=[("en/elsewhere.md", "")])
    other = make_case("other", evidence=[(SOURCE, "")])
    choice = choose(
        [CASES[0], refused, stranger],
        [CASES[0], CASES[1], other],
        resting={"c0", "other"},
        sources={SOURCE},
    )
    assert [case.id for case in choice.cases] == ["c0", "none", "other"]
    assert (choice.smoke, choice.n_left_out) == (frozenset({"c0", "none"}), 1)


def test_evidence_is_looked_for_where_its_file_has_gone() -> None:
    (case, other) = follow_moves([CASES[0], make_case("n")], {SOURCE: "en/new.md"})
    assert [item.source for item in case.evidence] == ["en/new.md"]
    assert other == make_case("n")


def test_what_is_as_good_as_before_may_go_live() -> None:
    verdict = weigh(
        found_in(9), found_in(9), GATE, smoke=[case.id for case in CASES], smoke_set=SMOKE_SET
    )
    assert verdict.reasons == ()
    assert verdict.scores["recall@5"] == {"candidate": 0.9, "live": 0.9}
    assert (verdict.broken, verdict.mended) == ((), ())


def test_a_significant_loss_is_a_reason_and_a_loss_by_chance_is_not() -> None:
    (reason,) = reasons(found_in(5), found_in(10))
    assert reason.startswith("recall@5 went from 1.000 to 0.500 on the 10 cases that the live gen")
    assert reasons(found_in(9), found_in(10)) == ()


def test_a_floor_counts_for_the_smoke_set_alone() -> None:
    (reason,) = reasons(found_in(3), None)
    assert "recall@5 is 0.300" in reason
    assert reasons(found_in(3), None, smoke=["c0", "c1", "c2", "c3"]) == ()


def test_a_floor_that_the_live_one_breaks_too_still_counts_but_says_so() -> None:
    (reason,) = reasons(found_in(3), found_in(3))
    assert reason.endswith(
        "must be at least 0.400. The live generation is outside this limit, too."
    )


def test_errors_of_the_candidate_speak_against_it_and_break_cases() -> None:
    rows = [make_error(case) for case in CASES[:4]]
    candidate = run([*rows, *(row(case, is_found=True) for case in CASES[4:])])
    verdict = weigh(
        candidate, found_in(10), GATE, smoke=[case.id for case in CASES], smoke_set=SMOKE_SET
    )
    assert any("errors is 0.400" in reason for reason in verdict.reasons)
    assert verdict.broken == ("c0", "c1", "c2", "c3")


def test_a_smoke_set_without_unanswerable_cases_has_no_such_loss() -> None:
    gate = Gate.model_validate({"max_drop": {"wrongly_answered": 0.05}})
    ids = [case.id for case in CASES]
    verdict = weigh(found_in(9), found_in(9), gate, smoke=ids, smoke_set=SMOKE_SET)
    assert verdict.reasons == ()


def test_before_the_first_generation_only_the_floors_count() -> None:
    verdict = weigh(found_in(5), None, GATE, smoke=[case.id for case in CASES], smoke_set=SMOKE_SET)
    assert verdict.reasons == ()
    assert verdict.scores["recall@5"] == {"candidate": 0.5, "live": None}
