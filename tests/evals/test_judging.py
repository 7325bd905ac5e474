from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.errors import ModelTimeout
from evals.judges.stack import StackedJudge, StackWeights
from evals.judging import (
    FAILURES,
    MAX_FAILURES_IN_A_ROW,
    VERDICTS,
    Task,
    judge_rows,
    read_failures,
    read_verdicts,
    reference_statements,
    row_tasks,
)
from evals.records import Case, Cited, Judged, Read, Row, Statement, Verdict


class Contains:
    """Says .9 if a passage has the statement word for word, else .2; `asked` keeps the calls."""

    def __init__(self, name: str = "contains", *, threshold: float = 0.5) -> None:
        self.name = name
        self.threshold = threshold
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def judge(self, statement: str, passages: Sequence[str], *, question: str = "") -> Verdict:
        self.asked.append((statement, tuple(passages)))
        assert question
        found = any(statement in passage for passage in passages)
        return Verdict(probability=0.9 if found else 0.2, reason="" if found else "not found")


class Failing(Contains):
    """Fails the first `n_failures` times."""

    def __init__(self, n_failures: int) -> None:
        super().__init__("failing")
        self.n_failures = n_failures

    def judge(self, statement: str, passages: Sequence[str], *, question: str = "") -> Verdict:
        verdict = super().judge(statement, passages, question=question)
        if len(self.asked) <= self.n_failures:
            raise ModelTimeout("The model server was silent.", hint="Wait.")
        return verdict


def row(
    *statements: Statement,
    case_id: str = "c1",
    reference: str = "",
    read: Sequence[str] = (),
    answer: str = "",
    answerable: bool = True,
) -> Row:
    cited = tuple(
        Cited(number=number, passage_id=f"p{number}", source="s", text=text, quote=text)
        for number, text in enumerate(["Dogs bark.", "Cats purr."], start=1)
    )
    return Row.model_validate(
        {
            "case": Case(
                id=case_id,
                language="en",
                question="What do they do?",
                reference=reference,
                answerable=answerable,
            ),
            "statements": statements,
            "cited": cited,
            "read": tuple(Read(passage_id=text, source="s", text=text) for text in read),
            "answer": answer,
            "mode": "model",
        }
    )


def listed(tasks: Sequence[Task]) -> set[tuple[str, int, int, str, tuple[str, ...]]]:
    return {
        (task.what, task.index, task.citation, task.pair.statement, task.pair.passages)
        for task in tasks
    }


BOTH = Statement(text="Dogs bark. [1][2]", citations=(1, 2))


# --- What is judged ----------------------------------------------------------------------------


def test_a_statement_is_held_against_all_read_what_it_cites_and_each_citation() -> None:
    assert listed(row_tasks(row(BOTH, read=["Dogs bark.", "Fish swim."]))) == {
        ("faithful", 0, 0, "Dogs bark.", ("Dogs bark.", "Fish swim.")),
        ("cited", 0, 0, "Dogs bark.", ("Dogs bark.", "Cats purr.")),
        ("citation", 0, 1, "Dogs bark.", ("Dogs bark.",)),
        ("rest", 0, 1, "Dogs bark.", ("Cats purr.",)),
        ("citation", 0, 2, "Dogs bark.", ("Cats purr.",)),
        ("rest", 0, 2, "Dogs bark.", ("Dogs bark.",)),
    }


def test_one_citation_has_no_rest_and_a_repeated_one_counts_once() -> None:
    tasks = row_tasks(row(Statement(text="Dogs bark.", citations=(1, 1))))
    assert [(task.what, task.citation) for task in tasks] == [
        ("faithful", 0),
        ("cited", 0),
        ("citation", 1),
    ]


def test_where_nothing_is_known_to_be_read_the_cited_passages_count() -> None:
    tasks = row_tasks(row(Statement(text="Dogs bark.")))
    assert listed(tasks) == {("faithful", 0, 0, "Dogs bark.", ("Dogs bark.", "Cats purr."))}


def test_a_passage_is_read_with_its_heading() -> None:
    read = Read(passage_id="p", source="s", heading=("Animals", "Dogs"), text="They bark.")
    (task, *_) = row_tasks(
        row(Statement(text="Dogs bark."), read=[]).model_copy(update={"read": (read,)})
    )
    assert task.pair.passages == ("Animals > Dogs\nThey bark.",)


def test_reference_and_answer_are_held_against_each_other() -> None:
    tasks = row_tasks(
        row(
            Statement(text="狗会叫。"),
            reference="狗会叫。猫不会。",
            answer="狗会叫 [1]。",
            read=["x"],
        )
    )
    assert listed(tasks) - {("faithful", 0, 0, "狗会叫。", ("x",))} == {
        ("reference", 0, 0, "狗会叫。", ("狗会叫。",)),
        ("reference", 1, 0, "猫不会。", ("狗会叫。",)),
        ("answer", 0, 0, "狗会叫。", ("狗会叫。猫不会。",)),
    }


def test_an_unanswerable_case_has_no_reference_to_reach() -> None:
    case = row(reference="It is not in the materials.", answerable=False).case
    assert reference_statements(case) == []


@pytest.mark.parametrize("state", [{"abstained": True}, {"error": "ModelTimeout"}])
def test_abstentions_and_errors_are_not_judged(state: dict[str, object]) -> None:
    answered = row(BOTH, reference="Dogs bark.")
    assert row_tasks(answered)
    assert row_tasks(answered.model_copy(update=state)) == []


def test_what_claims_nothing_is_not_judged_but_counts_in_the_index() -> None:
    title = Statement(text="Animals", is_claim=False)
    assert {task.index for task in row_tasks(row(title, BOTH))} == {1}


def test_what_shares_its_passages_stands_together() -> None:
    one, other = Statement(text="Dogs bark.", citations=(1,)), Statement(text="Dogs eat.")
    tasks = row_tasks(row(one, other, read=["All."]))
    assert [(task.what, task.index) for task in tasks[:2]] == [("faithful", 0), ("faithful", 1)]


# --- How it is judged --------------------------------------------------------------------------


def test_verdicts_come_in_order_and_are_kept(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    rows = [row(Statement(text="Dogs bark.", citations=(2,)), read=["Dogs bark."])]
    verdicts = judge_rows(rows, [Contains()], tmp_path, lambda *done: seen.append(done))
    assert [(line.what, line.probability, line.supported) for line in verdicts] == [
        ("faithful", 0.9, True),
        ("cited", 0.2, False),
        ("citation", 0.2, False),
    ]
    assert verdicts[1].reason == "not found"
    assert read_verdicts(tmp_path) == verdicts
    assert read_failures(tmp_path) == []
    assert seen == [(0, 1), (1, 1)]


def test_the_same_pair_is_judged_once(tmp_path: Path) -> None:
    judge = Contains()
    rows = [row(BOTH, read=["Dogs bark."], case_id=case_id) for case_id in ("a", "b")]
    assert len(judge_rows(rows, [judge], tmp_path)) == 12
    # {1}, {2} and {1, 2}; "faithful" has the passages of the citation 1.
    assert len(judge.asked) == len(set(judge.asked)) == 3


def test_judging_goes_on_where_it_was(tmp_path: Path) -> None:
    rows = [row(BOTH, case_id="a"), row(BOTH, case_id="b", read=["Cats purr."])]
    whole = judge_rows(rows, [Contains()], tmp_path)
    lines = (tmp_path / VERDICTS).read_text("utf-8").split("\n")
    (tmp_path / VERDICTS).write_text("\n".join([*lines[:7], lines[7][:20]]), "utf-8")
    judge = Contains()
    assert judge_rows(rows, [judge], tmp_path) == whole
    assert judge.asked == []  # all that is missing was said of a's same pairs
    assert sorted(map(str, read_verdicts(tmp_path))) == sorted(map(str, whole))


def test_only_what_is_missing_is_asked(tmp_path: Path) -> None:
    first, second = row(BOTH, case_id="a"), row(Statement(text="Fish swim."), case_id="b")
    judge_rows([first], [Contains()], tmp_path)
    judge = Contains()
    assert len(judge_rows([first, second], [judge], tmp_path)) == 7
    assert [statement for statement, _ in judge.asked] == ["Fish swim."]


def test_another_threshold_changes_old_verdicts_without_asking(tmp_path: Path) -> None:
    judge_rows([row(BOTH)], [Contains(threshold=0.5)], tmp_path)
    strict = Contains(threshold=0.95)
    assert not any(line.supported for line in judge_rows([row(BOTH)], [strict], tmp_path))
    assert strict.asked == []


def test_lines_of_other_judges_stay_and_those_of_other_answers_go(tmp_path: Path) -> None:
    judge_rows([row(BOTH, case_id="a"), row(BOTH, case_id="b")], [Contains("old")], tmp_path)
    judge_rows([row(BOTH, case_id="a")], [Contains("new")], tmp_path)
    kept = {(line.judge, line.case_id) for line in read_verdicts(tmp_path)}
    assert kept == {("old", "a"), ("new", "a")}


def test_several_workers_say_the_same(tmp_path: Path) -> None:
    rows = [row(BOTH, case_id=f"c{number}", read=[f"Text {number}."]) for number in range(9)]
    one = judge_rows(rows, [Contains()], tmp_path / "one")
    assert judge_rows(rows, [Contains()], tmp_path / "more", workers=4) == one


# --- Stacks ------------------------------------------------------------------------------------


def stack(*members: Contains, bias: float = 0.0) -> StackedJudge:
    return StackedJudge(
        members, weights=StackWeights(bias=bias, weights={m.name: 1.0 for m in members})
    )


def test_a_stack_takes_what_its_members_said(tmp_path: Path) -> None:
    one, other = Contains("one"), Contains("other")
    rows = [row(Statement(text="Dogs bark."))]
    verdicts = judge_rows(rows, [one, stack(one, other)], tmp_path)
    assert [line.judge for line in verdicts] == ["one", "stack"]
    assert len(one.asked) == len(other.asked) == 1
    assert verdicts[1].probability == pytest.approx(81 / 82)  # odds of 9 · 9


def test_a_stack_with_other_weights_is_told_anew(tmp_path: Path) -> None:
    rows = [row(Statement(text="Dogs bark."))]
    one = Contains("one")
    judge_rows(rows, [one, stack(one)], tmp_path)
    verdicts = judge_rows(rows, [one, stack(one, bias=-9)], tmp_path)
    assert [line.supported for line in verdicts] == [True, False]
    assert len(one.asked) == 1
    assert len(read_verdicts(tmp_path)) == 2


# --- Failures ----------------------------------------------------------------------------------


def test_a_judge_that_fails_once_is_asked_again(tmp_path: Path) -> None:
    verdicts = judge_rows([row(Statement(text="Dogs bark."))], [Failing(1)], tmp_path)
    assert [line.supported for line in verdicts] == [True]
    assert read_failures(tmp_path) == []


def test_a_failure_is_no_verdict_and_is_tried_again_later(tmp_path: Path) -> None:
    rows = [row(Statement(text="Dogs bark.")), row(Statement(text="Dogs eat."), case_id="c2")]
    failing = Failing(2)
    verdicts = judge_rows(rows, [failing, stack(failing)], tmp_path)
    assert [(line.case_id, line.judge) for line in verdicts] == [("c2", "failing"), ("c2", "stack")]
    failures = read_failures(tmp_path)
    assert [(failure.case_id, failure.judge) for failure in failures] == [
        ("c1", "failing"),
        ("c1", "stack"),
    ]
    assert failures[0].error == "The model server was silent. Wait."
    assert len(failing.asked) == 3  # the stack didn't ask again
    assert len(judge_rows(rows, [failing], tmp_path)) == 2
    assert read_failures(tmp_path) == []


def test_a_judge_that_is_out_of_order_stops_the_judging(tmp_path: Path) -> None:
    rows = [
        row(Statement(text=f"Dogs bark {number}."), case_id=f"c{number}")
        for number in range(MAX_FAILURES_IN_A_ROW + 5)
    ]
    failing = Failing(1000)
    with pytest.raises(ModelTimeout):
        judge_rows(rows, [failing], tmp_path)
    assert len(failing.asked) == 2 * MAX_FAILURES_IN_A_ROW
    assert len((tmp_path / FAILURES).read_text("utf-8").splitlines()) == MAX_FAILURES_IN_A_ROW


def test_an_interruption_keeps_the_rows_that_are_done(tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    rows = [row(BOTH, case_id="a"), row(BOTH, case_id="b")]
    with pytest.raises(KeyboardInterrupt):
        judge_rows(rows, [Contains()], tmp_path, interrupt)
    kept = read_verdicts(tmp_path)
    assert kept
    assert all(isinstance(line, Judged) for line in kept)
