import json
import time

import pytest

from evals.records import KINDS, Judged, Row
from evals.scores import METRICS, Figure, Scores, score_run
from tests.evals.made_rows import (
    make_answer,
    make_case,
    make_error,
    make_judged,
    make_read,
    make_refusal,
    make_statement,
)


def figure(scores: Scores, metric: str) -> Figure:
    return next(each for each in scores.overall if each.metric == metric)


def three_rows() -> list[Row]:
    answered = make_case("c1", reference="A mask hides what comes later.")
    return [
        make_answer(answered, make_statement("A mask hides what comes later.", 1)),
        make_refusal(make_case("c2", language="zh", kind="unanswerable", answerable=False)),
        make_error(make_case("c3", reference="It is a matrix.", module="")),
    ]


THREE_VERDICTS = [
    make_judged("cited", 0, True),
    make_judged("faithful", 0, True),
    make_judged("reference", 0, True),
    make_judged("answer", 0, True),
    make_judged("faithful", 0, False, judge="model"),
]


def test_an_error_lowers_every_mean_that_it_belongs_to() -> None:
    scores = score_run(three_rows(), THREE_VERDICTS, judge="rules")
    for metric in (
        "citation_recall",
        "faithfulness",
        "reference_recall",
        "reference_precision",
        "token_f1",
        "wrongly_refused",
    ):
        assert figure(scores, metric).value == 0.5, metric
        assert figure(scores, metric).n == 2, metric
    assert figure(scores, "errors").value == pytest.approx(1 / 3)
    assert figure(scores, "language_match").value == pytest.approx(2 / 3)
    # One rightly refused, one error counted as refused; none missed: 2 / 3.
    assert figure(scores, "abstention_precision").value == 0.5
    assert figure(scores, "abstention_recall").value == 1
    assert figure(scores, "abstention_f1").value == pytest.approx(2 / 3)
    assert figure(scores, "abstention_f1").n == 3


def test_only_the_named_judge_is_heard() -> None:
    scores = score_run(three_rows()[:1], THREE_VERDICTS, judge="model")
    assert figure(scores, "faithfulness").value == 0
    assert figure(scores, "citation_recall").value is None
    assert figure(scores, "citation_recall").n == 0
    assert "citation_recall" not in scores.per_case["c1"]


def test_extracts_stand_apart_from_what_the_model_wrote() -> None:
    written = make_answer(make_case("c1"), make_statement("A mask hides what comes later.", 1))
    quoted = make_answer(make_case("c2"), make_statement("A mask hides what comes later.", 1))
    rows = [written, quoted.model_copy(update={"mode": "extracts"})]
    judged = [make_judged("faithful", 0, False), make_judged("faithful", 0, True, case_id="c2")]
    by_mode = score_run(rows, judged, judge="rules").groups["mode"]
    unsupported = {
        mode: next(each.value for each in figures if each.metric == "unsupported_answers")
        for mode, figures in by_mode.items()
    }
    assert unsupported == {"model": 1.0, "extracts": 0.0}


def test_each_judge_has_main_figures_of_its_own() -> None:
    by_judge = score_run(three_rows(), THREE_VERDICTS, judge="rules").by_judge
    assert list(by_judge) == ["rules", "model"]
    values = {
        name: {each.metric: (each.value, each.n) for each in figures}
        for name, figures in by_judge.items()
    }
    # The answer, and the error, which is the worst for any judge.
    assert values["rules"]["unsupported_answers"] == (0.5, 2)
    assert values["model"]["unsupported_answers"] == (1.0, 2)
    assert values["model"]["citation_recall"] == (0.0, 1)


def test_abstention_f1_has_no_value_where_nothing_is_to_be_refused() -> None:
    rows = [make_refusal(make_case("c1")), make_answer(make_case("c2"), make_statement())]
    assert figure(score_run(rows, [], judge="rules"), "abstention_f1").value is None
    rows.append(make_refusal(make_case("c3", answerable=False)))
    assert figure(score_run(rows, [], judge="rules"), "abstention_f1").value == pytest.approx(2 / 3)


def test_scores_of_earlier_runs_can_be_read() -> None:
    scores = score_run(three_rows(), THREE_VERDICTS, judge="rules")
    earlier = json.loads(scores.model_dump_json(exclude={"by_judge"}))
    assert Scores.model_validate(earlier).by_judge == {}


def test_every_list_has_every_metric_in_order() -> None:
    scores = score_run(three_rows(), THREE_VERDICTS, judge="rules")
    assert [each.metric for each in scores.overall] == list(METRICS)
    assert [each.higher_is_better for each in scores.overall] == list(METRICS.values())
    for groups in scores.groups.values():
        for figures in groups.values():
            assert [each.metric for each in figures] == list(METRICS)


def test_groups_hold_their_own_cases() -> None:
    scores = score_run(three_rows(), THREE_VERDICTS, judge="rules")
    assert {name: list(groups) for name, groups in scores.groups.items()} == {
        "mode": ["error", "model", "refusal"],
        "kind": ["fact", "unanswerable"],
        "language": ["en", "zh"],
        "module": ["03", "none"],
    }
    for name, expected in (("en", 0.5), ("zh", None)):
        figures = {each.metric: each for each in scores.groups["language"][name]}
        assert figures["faithfulness"].value == expected


def test_nothing_to_score_is_no_error_and_never_nan() -> None:
    scores = score_run([], [], judge="rules")
    assert {each.value for each in scores.overall} == {None}
    assert {each.n for each in scores.overall} == {0}
    assert scores.groups == {"mode": {}, "kind": {}, "language": {}, "module": {}}
    assert "NaN" not in scores.model_dump_json()


def test_scores_survive_json() -> None:
    scores = score_run(three_rows(), THREE_VERDICTS, judge="rules")
    text = scores.model_dump_json()
    json.loads(text, parse_constant=pytest.fail)
    assert Scores.model_validate_json(text) == scores


def many_rows(n_cases: int) -> tuple[list[Row], list[Judged]]:
    rows, judged = [], []
    for number in range(n_cases):
        case = make_case(
            f"c{number}",
            kind=KINDS[number % len(KINDS)],
            language="zh" if number % 2 else "en",
            reference="A mask hides what comes later, and nothing else. " * 4,
            evidence=[("en/03-transformer.md", f"Section {number % 12}")],
            module=f"{number % 14:02}",
            answerable=number % 5 > 0,
        )
        ranking = tuple(
            make_read("en/03-transformer.md", "The Transformer", f"Section {rank}")
            for rank in range(10)
        )
        sentences = [make_statement(f"Fact {number} of it.", 1, 2) for _ in range(4)]
        row = make_answer(case, *sentences)
        update = {"found": ranking, "read": ranking[:4], "total_s": number / 7 + 0.1}
        rows.append(row.model_copy(update=update))
        for index in range(4):
            holds = (number + index) % 3 > 0
            for what in ("faithful", "cited", "reference", "answer"):
                judged.append(make_judged(what, index, holds, case_id=case.id))
            judged += [
                make_judged("citation", index, holds, citation=citation, case_id=case.id)
                for citation in (1, 2)
            ]
    return rows, judged


def test_a_whole_run_is_scored_in_seconds() -> None:
    rows, judged = many_rows(400)
    started = time.perf_counter()
    scores = score_run(rows, judged, judge="rules")
    assert time.perf_counter() - started < 3
    assert len(scores.per_case) == 400
    for each in scores.overall:
        if each.value is not None and each.low is not None and each.high is not None:
            assert each.low <= each.value <= each.high, each.metric
