from collections.abc import Mapping
from pathlib import Path

import pytest

from evals.gate import Gate, GateUnreadable, check_gate, load_gate
from evals.scores import Figure, Scores


def figure(metric: str, value: float | None, *, higher_is_better: bool = True) -> Figure:
    return Figure(
        metric=metric,
        value=value,
        low=value,
        high=value,
        n=0 if value is None else 8,
        higher_is_better=higher_is_better,
    )


def scores(
    *figures: Figure,
    zh: tuple[Figure, ...] = (),
    per_case: Mapping[str, Mapping[str, float]] | None = None,
) -> Scores:
    return Scores(overall=figures, groups={"language": {"zh": zh}}, per_case=per_case or {})


def gate(**parts: object) -> Gate:
    return Gate.model_validate(parts)


def test_figure_on_its_limit_passes() -> None:
    found = scores(figure("recall@5", 0.9), figure("errors", 0.1, higher_is_better=False))
    assert check_gate(found, gate(at_least={"recall@5": 0.9}, at_most={"errors": 0.1})) == []


def test_each_figure_outside_its_limit_is_told_in_a_sentence() -> None:
    found = scores(figure("recall@5", 0.85), figure("errors", 0.2, higher_is_better=False))
    breaches = check_gate(found, gate(at_least={"recall@5": 0.9}, at_most={"errors": 0.1}))
    assert [breach.sentence for breach in breaches] == [
        "recall@5 is 0.850 (95 %: 0.850 to 0.850, n=8), but must be at least 0.900.",
        "errors is 0.200 (95 %: 0.200 to 0.200, n=8), but must be at most 0.100.",
    ]


def test_what_has_no_value_does_not_pass() -> None:
    found = scores(figure("mrr", None))
    breaches = check_gate(found, gate(at_least={"mrr": 0.1, "recall@1": 0.1}))
    assert [breach.metric for breach in breaches] == ["mrr", "recall@1"]
    assert breaches[0].sentence == "mrr has no value, but must be at least 0.100."


def test_groups_have_limits_of_their_own() -> None:
    found = scores(figure("mrr", 0.9), zh=(figure("mrr", 0.5),))
    [breach] = check_gate(
        found,
        gate(at_least={"mrr": 0.8}, language={"zh": {"at_least": {"mrr": 0.7}}}),
    )
    assert breach.group == "language: zh"
    assert breach.sentence.startswith("mrr (language: zh) is 0.500")


def test_limits_of_a_set_hold_for_that_set_alone() -> None:
    found = scores(figure("mrr", 0.5))
    limits = gate(set={"smoke": {"at_least": {"mrr": 0.7}}})
    assert check_gate(found, limits) == []
    assert check_gate(found, limits, sets=["evals/sets/curriculum.jsonl"]) == []
    assert check_gate(found, limits, sets=["a/smoke.jsonl", "a/other.jsonl"]) == []
    assert len(check_gate(found, limits, sets=["a/smoke.jsonl"])) == 1


def per_case(*values: float) -> dict[str, dict[str, float]]:
    return {f"c{index}": {"mrr": value} for index, value in enumerate(values)}


def test_significant_drop_beyond_what_is_allowed_is_a_breach() -> None:
    before = scores(figure("mrr", 1.0), per_case=per_case(*[1.0] * 8))
    after = scores(figure("mrr", 0.5), per_case=per_case(*[0.5] * 8))
    [breach] = check_gate(after, gate(max_drop={"mrr": 0.1}), before)
    assert breach.sentence == (
        "mrr went from 1.000 to 0.500 on the 8 cases that the accepted run has, too "
        "(difference -0.500, 95 %: -0.500 to -0.500): it may get worse by at most 0.100."
    )
    assert check_gate(after, gate(max_drop={"mrr": 0.5}), before) == []
    assert check_gate(before, gate(max_drop={"mrr": 0.1}), after) == []
    assert check_gate(after, gate(max_drop={"mrr": 0.1})) == []


def test_drop_within_chance_passes() -> None:
    before = scores(figure("mrr", 0.5), per_case=per_case(1, 0, 1, 0, 1, 0, 1, 0))
    after = scores(figure("mrr", 0.375), per_case=per_case(1, 1, 0, 0, 0, 0, 1, 0))
    assert check_gate(after, gate(max_drop={"mrr": 0.0}), before) == []


def test_a_few_pairs_are_not_enough() -> None:
    before = scores(figure("mrr", 1.0), per_case=per_case(*[1.0] * 5))
    after = scores(figure("mrr", 0.0), per_case=per_case(*[0.0] * 5))
    assert check_gate(after, gate(max_drop={"mrr": 0.1}), before) == []


def test_less_is_better_for_some() -> None:
    def run(value: float) -> Scores:
        return scores(
            figure("errors", value, higher_is_better=False),
            per_case={f"c{index}": {"errors": value} for index in range(6)},
        )

    limits = gate(max_drop={"errors": 0.1})
    assert len(check_gate(run(0.5), limits, run(0.0))) == 1
    assert check_gate(run(0.0), limits, run(0.5)) == []


def test_drop_that_cannot_be_measured_is_a_breach() -> None:
    found = scores(figure("mrr", 1.0), per_case=per_case(1.0))
    [breach] = check_gate(found, gate(max_drop={"mrr": 0.1}), scores(figure("mrr", 1.0)))
    assert breach.sentence.startswith("mrr can't be compared")
    [breach] = check_gate(scores(figure("mrr", None)), gate(max_drop={"mrr": 0.1}), found)
    assert breach.sentence.startswith("mrr can't be compared")


def test_what_no_case_has_in_either_run_is_not_lost() -> None:
    limits = gate(max_drop={"mrr": 0.1, "wrongly_answered": 0.1})
    found = scores(figure("mrr", 1.0), figure("wrongly_answered", None), per_case=per_case(1.0))
    assert check_gate(found, limits, found) == []


SMOKE = {
    "recall@5": 0.94, "citation_recall": 0.96, "citation_precision": 1.0, "faithfulness": 0.99,
    "token_f1": 0.39, "abstention_f1": 1.0, "unsupported_answers": 0.04, "wrongly_answered": 0.0,
    "wrongly_refused": 0.0, "language_match": 1.0, "errors": 0.0,
}  # fmt: skip
"""What a healthy run of the smoke set reached."""


@pytest.mark.parametrize(
    ("other", "broken"),
    [
        ({}, set()),
        ({"wrongly_answered": 0.25, "abstention_f1": 0.75, "wrongly_refused": 0.038}, set()),
        # Measured without a model; the second never refuses.
        (
            {"wrongly_answered": 0.75, "abstention_f1": 0.333, "token_f1": 0.314},
            {"wrongly_answered", "abstention_f1"},
        ),
        ({"wrongly_answered": 1.0, "abstention_f1": 0.0}, {"wrongly_answered", "abstention_f1"}),
        ({"wrongly_refused": 1.0, "token_f1": 0.0}, {"wrongly_refused", "token_f1"}),
    ],
    ids=["healthy", "noise", "no model", "never refuses", "always refuses"],
)
def test_our_gate_tells_a_healthy_run_from_a_broken_one(
    other: Mapping[str, float], broken: set[str]
) -> None:
    figures = tuple(figure(name, value) for name, value in {**SMOKE, **other}.items())
    found = Scores(
        overall=figures,
        groups={"language": {"zh": figures, "en": figures}},
        per_case={},
    )
    breaches = check_gate(found, load_gate(), sets=["evals/sets/smoke.jsonl"])
    assert {breach.metric for breach in breaches} == broken


def test_our_gate_is_sound() -> None:
    from evals import scores as known

    ours = load_gate()
    smoke = ours.set["smoke"]
    assert all(known.METRICS[metric] for metric in {*ours.at_least, *smoke.at_least})
    assert not any(known.METRICS[metric] for metric in {*ours.at_most, *smoke.at_most})


def test_whole_numbers_are_limits(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text("[at_least]\nmrr = 1\n[at_most]\nerrors = 0", encoding="utf-8")
    limits = load_gate(path)
    assert (limits.at_least, limits.at_most) == ({"mrr": 1}, {"errors": 0})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[at_last]\nmrr = 0.5", "at_last: Extra inputs"),
        ('[at_least]\nmrr = "high"', "at_least.mrr"),
        ("[at_least]\nmrr = nan", r"at_least\.mrr: Input should be a finite number"),
        ("[at_most]\nerrors = inf", r"at_most\.errors: Input should be a finite number"),
        ("[max_drop]\nmrr = nan", r"max_drop\.mrr: Input should be a finite number"),
        ("[at_least]\nmrr = true", r"at_least\.mrr: Input should be a valid number"),
        ("[at_least", "can't be read"),
        ("[at_least]\nrecall_5 = 0.5", r"there is no metric recall_5 \(is recall@5 meant\?\)\."),
        ("[set.smoke.at_most]\nwrong = 0.5", r"set\.smoke\.at_most: there is no metric wrong"),
        ("[max_drop]\nmmr = 0.5", "max_drop: there is no metric mmr"),
        ("[max_drop]\nabstention_f1 = 0.5", "abstention_f1 is no mean of cases"),
        ("[set.smoek.at_least]\nmrr = 0.5", r"there is no set smoek \(is smoke meant\?\)\."),
        ("[set.mine.at_least]\nmrr = 0.5", r"there is no set mine\."),
        ("[language.cn.at_least]\nmrr = 0.5", r"language\.cn"),
        ("[kind.facts.at_least]\nmrr = 0.5", r"kind\.facts"),
    ],
)
def test_misspelt_gate_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "gate.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GateUnreadable, match=message):
        load_gate(path)
    with pytest.raises(GateUnreadable, match="No such file"):
        load_gate(tmp_path / "none.toml")


def test_own_sets_have_limits_where_they_are_run(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text(
        "[set.mine.at_least]\nmrr = 0.5\n[set.curriculum.at_least]\nmrr = 0.5", encoding="utf-8"
    )
    limits = load_gate(path, sets=[tmp_path / "mine.jsonl"])
    assert list(limits.set) == ["mine", "curriculum"]
    with pytest.raises(GateUnreadable, match=r"there is no set mine \(is min meant\?\)"):
        load_gate(path, sets=[tmp_path / "min.jsonl"])
