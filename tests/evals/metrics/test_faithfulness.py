from evals.metrics.faithfulness import faithfulness_values
from evals.metrics.verdicts import Verdicts
from tests.evals.made_rows import (
    NO_VERDICTS,
    make_answer,
    make_case,
    make_error,
    make_refusal,
    make_statement,
    verdicts,
)

HELD = {"faithfulness": 1.0, "unsupported_answers": 0.0}
WORST = {"faithfulness": 0.0, "unsupported_answers": 1.0}


def test_only_claims_count() -> None:
    row = make_answer(
        None,
        make_statement("Masks:", is_claim=False),
        make_statement("A mask hides."),
        make_statement("It is a matrix."),
    )
    judged = Verdicts(verdicts("faithful", False, True, True))
    assert faithfulness_values(row, judged) == HELD


def test_one_unsupported_claim_makes_the_answer_unsupported() -> None:
    row = make_answer(None, *[make_statement("A mask hides.")] * 4)
    values = faithfulness_values(row, Verdicts(verdicts("faithful", True, True, False, True)))
    assert values == {"faithfulness": 0.75, "unsupported_answers": 1.0}


def test_an_answer_from_nothing_is_unsupported() -> None:
    row = make_answer(None, make_statement()).model_copy(update={"read": ()})
    assert faithfulness_values(row, NO_VERDICTS) == WORST


def test_refusals_and_what_was_not_judged_have_no_values() -> None:
    assert faithfulness_values(make_refusal(), NO_VERDICTS) == {}
    row = make_answer(None, make_statement(), make_statement())
    assert faithfulness_values(row, NO_VERDICTS) == {}
    assert faithfulness_values(row, Verdicts(verdicts("faithful", True))) == {}


def test_an_error_is_the_worst_where_an_answer_was_due() -> None:
    assert faithfulness_values(make_error(), NO_VERDICTS) == WORST
    assert faithfulness_values(make_error(make_case(answerable=False)), NO_VERDICTS) == {}
