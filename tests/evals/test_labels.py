import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.errors import ModelTimeout
from evals.labels import (
    Labelled,
    LabelsUnreadable,
    clusters,
    judge_labelled,
    load_labelled,
    sampled,
    whole_answers,
)
from evals.records import Verdict

OWN = {
    "id": "zh-001",
    "language": "zh",
    "statement": "狗会叫。",
    "passages": ["狗会叫，猫不会。"],
    "sources": [{"source": "zh/01.md", "heading": "狗"}],
    "question": "狗会叫吗？",
    "supported": True,
    "how": "shortened",
    "split": "record",
}
RAGTRUTH = {
    "source_id": 7,
    "source": {
        "question": "what do dogs do",
        "passages": "passage 1:Dogs bark. See passage 2: no.\n\npassage 2:Cats purr.\n\n",
    },
    "responses": [
        {
            "response": "Sure! Dogs bark. They also fly, and they swim. Cats purr.",
            "labels": [{"start": 17, "end": 30, "text": "They also fly", "label_type": "x"}],
        },
        {"response": "Dogs bark.", "labels": []},
    ],
}


def file(folder: Path, *lines: object) -> Path:
    path = folder / "labels.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def labelled(name: str, *, passage: str = "P", group: str = "", supported: bool = True) -> Labelled:
    return Labelled(
        id=name,
        language="en",
        statement=f"{name}.",
        passages=(passage,),
        supported=supported,
        group=group,
    )


# --- Loading -----------------------------------------------------------------------------------


def test_our_own_lines_are_read(tmp_path: Path) -> None:
    path = file(tmp_path, OWN, {**OWN, "id": "zh-002", "split": "dev"})
    assert [each.id for each in load_labelled(path)] == ["zh-001", "zh-002"]
    (found,) = load_labelled(path, split="record")
    assert found.passages == ("狗会叫，猫不会。",)
    assert found.supported


def test_ragtruth_is_cut_into_sentences_and_a_span_marks_the_one_it_overlaps(
    tmp_path: Path,
) -> None:
    found = load_labelled(file(tmp_path, RAGTRUTH))
    statements = {each.statement: each.supported for each in found if each.group.endswith("-1")}
    assert statements == {
        "Sure!": True,
        "Dogs bark.": True,
        "They also fly, and they swim.": False,
        "Cats purr.": True,
    }
    assert found[0].passages == ("Dogs bark. See passage 2: no.", "Cats purr.")
    assert found[0].question == "what do dogs do"
    assert [each.group for each in found[-2:]] == ["ragtruth-7-1", "ragtruth-7-2"]


def test_a_span_may_mark_several_sentences_and_the_neighbour_of_its_end_not(
    tmp_path: Path,
) -> None:
    response = {"response": "One dog. Two dogs. Three dogs.", "labels": [{"start": 4, "end": 18}]}
    found = load_labelled(file(tmp_path, {**RAGTRUTH, "responses": [response]}))
    assert [each.supported for each in found] == [False, False, True]


def test_what_claims_nothing_is_left_out_unless_it_is_labelled(tmp_path: Path) -> None:
    responses = [
        {"response": "Benefits:", "labels": []},
        {"response": "Benefits:", "labels": [{"start": 0, "end": 9}]},
    ]
    (found,) = load_labelled(file(tmp_path, {**RAGTRUTH, "responses": responses}))
    assert found.group == "ragtruth-7-2"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([OWN, OWN], "line 2: the id zh-001 stands twice"),
        ([{**OWN, "supported": None}], "line 1: supported"),
        ([{**OWN, "passages": []}], "line 1: passages"),
        ([{**RAGTRUTH, "source": {}}], "line 1: source.question"),
        ([], "has no labels"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, lines: Sequence[object], message: str) -> None:
    with pytest.raises(LabelsUnreadable, match=message):
        load_labelled(file(tmp_path, *lines))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(LabelsUnreadable, match="can't be read"):
        load_labelled(tmp_path / "none.jsonl")


# --- Judging -----------------------------------------------------------------------------------


class Judge:
    threshold = 0.5

    def __init__(self, name: str = "judge", *, fails_at: str = "") -> None:
        self.name = name
        self.fails_at = fails_at
        self.asked: list[str] = []

    def judge(self, statement: str, passages: Sequence[str], *, question: str = "") -> Verdict:
        if statement == self.fails_at:
            raise ModelTimeout("Silent.")
        self.asked.append(statement)
        return Verdict(probability=len(self.asked) / 10)


def test_what_shares_its_passages_is_asked_in_a_row_and_told_in_order() -> None:
    judge = Judge()
    given = [labelled("a"), labelled("b", passage="Q"), labelled("c")]
    verdicts = judge_labelled(given, judge)
    assert judge.asked == ["a.", "c.", "b."]
    assert [verdict.probability for verdict in verdicts] == [0.1, 0.3, 0.2]


def test_judging_goes_on_where_it_stopped(tmp_path: Path) -> None:
    given, kept = [labelled("a"), labelled("b")], tmp_path / "new" / "kept.jsonl"
    with pytest.raises(ModelTimeout):
        judge_labelled(given, Judge(fails_at="b."), kept_in=kept)
    with kept.open("a", encoding="utf-8") as cut:
        cut.write('\n{"id": "b", "ju')
    for n_asked in (1, 0):
        judge = Judge()
        judge_labelled(given, judge, kept_in=kept)
        assert judge.asked == ["b."][:n_asked]


@pytest.mark.parametrize(
    ("statements", "judge", "made_by", "n_asked"),
    [
        ("ab", Judge(), "", 0),
        ("ax", Judge(), "", 1),
        ("ab", Judge("other"), "", 2),
        ("ab", Judge(), "another model", 2),
    ],
    ids=["same", "changed-statement", "another-judge", "another-model"],
)
def test_verdict_is_taken_over_only_if_nothing_of_it_changed(
    tmp_path: Path, statements: str, judge: Judge, made_by: str, n_asked: int
) -> None:
    kept = tmp_path / "kept.jsonl"
    judge_labelled([labelled("a"), labelled("b")], Judge(), kept_in=kept)
    now = [
        labelled(name).model_copy(update={"statement": f"{statement}."})
        for name, statement in zip("ab", statements, strict=True)
    ]

    verdicts = judge_labelled(now, judge, kept_in=kept, made_by=made_by)

    assert len(judge.asked) == n_asked
    assert len(verdicts) == 2


# --- Groups ------------------------------------------------------------------------------------


def test_statements_on_the_same_passages_are_one_cluster() -> None:
    given = [labelled("a"), labelled("b", passage="Q"), labelled("c")]
    assert clusters(given) == [0, 1, 0]


def test_an_answer_is_as_good_as_its_worst_statement() -> None:
    given = [
        labelled("a", group="one"),
        labelled("b", group="two", passage="Q"),
        labelled("c", group="one", supported=False),
        labelled("d", passage="Q"),
    ]
    assert whole_answers(given, [0.9, 0.8, 0.3, 0.7]) == (
        [0.3, 0.8, 0.7],
        [False, True, True],
        [0, 1, 1],
    )


def test_split_that_nothing_is_in_is_told(tmp_path: Path) -> None:
    path = file(tmp_path, RAGTRUTH)

    assert load_labelled(path, split="dev") == load_labelled(path)
    with pytest.raises(LabelsUnreadable, match="in the split record") as raised:
        load_labelled(path, split="record")
    assert "leave --split out" in (raised.value.hint or "")


def test_sample_is_half_unsupported_in_order_and_always_the_same() -> None:
    all_of_them = [labelled(str(n), supported=n % 5 != 0) for n in range(50)]

    sample = sampled(all_of_them, 12)

    assert [each.supported for each in sample].count(False) == 6
    assert sample == sampled(all_of_them, 12) != sampled(all_of_them, 12, seed=1)
    assert sample == [each for each in all_of_them if each in sample]


def test_sample_takes_more_of_one_kind_where_the_other_has_too_few() -> None:
    all_of_them = [labelled(str(n), supported=n > 1) for n in range(10)]

    assert [each.supported for each in sampled(all_of_them, 8)] == [False] * 2 + [True] * 6
    assert sampled(all_of_them, 99) == all_of_them
    assert [each.supported for each in sampled(all_of_them[:3], 3)] == [False, False, True]
