from evals.metrics.citations import citation_values
from evals.metrics.verdicts import Verdicts
from tests.evals.made_rows import (
    NO_VERDICTS,
    make_answer,
    make_case,
    make_error,
    make_judged,
    make_refusal,
    make_statement,
)


def test_one_citation_that_supports_is_perfect() -> None:
    row = make_answer(None, make_statement("A mask hides.", 1))
    assert citation_values(row, Verdicts([make_judged("cited", 0, True)])) == {
        "citation_recall": 1,
        "citation_precision": 1,
        "citation_coverage": 1,
        "dropped_markers": 0,
    }


def test_three_claims_by_hand() -> None:
    row = make_answer(
        None,
        make_statement("Masks:", is_claim=False),
        make_statement("A mask hides.", 1),  # supported
        make_statement("It is a matrix.", 2),  # not supported
        make_statement("It is fast."),  # cites nothing
    )
    judged = [make_judged("cited", 1, True), make_judged("cited", 2, False)]
    values = citation_values(row, Verdicts(judged))
    assert values["citation_recall"] == 1 / 3
    assert values["citation_precision"] == 1 / 2
    assert values["citation_coverage"] == 2 / 3


def test_a_superfluous_citation_is_imprecise() -> None:
    # 1 alone supports; 2 neither supports nor is needed.
    row = make_answer(None, make_statement("A mask hides.", 1, 2))
    judged = [
        make_judged("cited", 0, True),
        make_judged("citation", 0, True, citation=1),
        make_judged("citation", 0, False, citation=2),
        make_judged("rest", 0, True, citation=2),
    ]
    values = citation_values(row, Verdicts(judged))
    assert values["citation_recall"] == 1
    assert values["citation_precision"] == 1 / 2


def test_citations_that_support_only_together_are_precise() -> None:
    row = make_answer(None, make_statement("A mask hides.", 1, 2))
    judged = [make_judged("cited", 0, True)]
    for citation in (1, 2):
        judged.append(make_judged("citation", 0, False, citation=citation))
        judged.append(make_judged("rest", 0, False, citation=citation))
    assert citation_values(row, Verdicts(judged))["citation_precision"] == 1


def test_either_of_two_that_each_support_is_precise() -> None:
    row = make_answer(None, make_statement("A mask hides.", 1, 2))
    judged = [make_judged("cited", 0, True)]
    judged += [make_judged("citation", 0, True, citation=citation) for citation in (1, 2)]
    assert citation_values(row, Verdicts(judged))["citation_precision"] == 1


def test_no_citation_of_an_unsupported_claim_is_precise() -> None:
    row = make_answer(None, make_statement("A mask hides.", 1, 2))
    judged = [make_judged("cited", 0, False), make_judged("citation", 0, True, citation=1)]
    assert citation_values(row, Verdicts(judged))["citation_precision"] == 0


def test_an_answer_without_citations_has_zero() -> None:
    values = citation_values(make_answer(None, make_statement("A mask hides.")), NO_VERDICTS)
    assert values["citation_recall"] == values["citation_precision"] == 0
    assert values["citation_coverage"] == 0


def test_a_number_without_a_passage_cites_nothing() -> None:
    row = make_answer(None, make_statement("A mask hides.", 1, 9), make_statement("It is.", 9))
    row = row.model_copy(update={"cited": row.cited[:1]})
    values = citation_values(row, Verdicts([make_judged("cited", 0, True)]))
    assert values["citation_recall"] == 1 / 2
    assert values["citation_precision"] == 1 / 3
    assert values["citation_coverage"] == 1 / 2


def test_an_answer_without_claims_has_no_shares() -> None:
    row = make_answer(None, make_statement("For example:", 1, is_claim=False))
    assert citation_values(row, NO_VERDICTS) == {"dropped_markers": 0}


def test_dropped_markers_are_counted() -> None:
    row = make_answer(None, make_statement("A mask hides."))
    row = row.model_copy(update={"dropped_markers": (7, 9)})
    assert citation_values(row, NO_VERDICTS)["dropped_markers"] == 2


def test_what_was_not_judged_has_no_value() -> None:
    row = make_answer(None, make_statement("A mask hides.", 1, 2))
    assert set(citation_values(row, NO_VERDICTS)) == {"citation_coverage", "dropped_markers"}
    judged = [make_judged("cited", 0, True)]
    assert "citation_precision" not in citation_values(row, Verdicts(judged))
    judged += [make_judged("citation", 0, False, citation=citation) for citation in (1, 2)]
    assert "citation_precision" not in citation_values(row, Verdicts(judged))


def test_refusals_have_no_values_and_errors_the_worst() -> None:
    assert citation_values(make_refusal(), NO_VERDICTS) == {}
    assert citation_values(make_error(), NO_VERDICTS) == {
        "citation_recall": 0,
        "citation_precision": 0,
        "citation_coverage": 0,
    }
    assert citation_values(make_error(make_case(answerable=False)), NO_VERDICTS) == {}
