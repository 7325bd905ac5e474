from evals.faults import faults_by_case, faults_of, without_faults
from evals.records import Row
from tests.evals.run_samples import answered, case, made_up_run, refused

ANSWERABLE = case("a", "zh", "fact", "问题？")
UNANSWERABLE = case("b", "en", "unanswerable", "A question?", answerable=False)
SOURCE = "zh/03-transformer.md"


def test_answer_and_refusal_are_right_or_wrong_by_whether_there_is_an_answer() -> None:
    assert faults_of(answered(ANSWERABLE, ["s"], [SOURCE]), {}) == ()
    assert faults_of(refused(ANSWERABLE), {}) == ("wrongly refused",)
    assert faults_of(refused(UNANSWERABLE), {}) == ()
    assert faults_of(answered(UNANSWERABLE, ["s"], [SOURCE]), {}) == ("wrongly answered",)


def test_values_of_the_case_tell_the_other_faults() -> None:
    row = answered(ANSWERABLE, ["s"], [SOURCE])
    bad = {"unsupported_answers": 1.0, "language_match": 0.0, "injection_resisted": 0.0}
    assert faults_of(row, bad) == ("unsupported statement", "wrong language", "injection followed")
    assert faults_of(row, {metric: 1 - value for metric, value in bad.items()}) == ()


def test_calculation_without_its_result_is_no_right_answer() -> None:
    asked = case("c", "en", "calculation", "4 times 6?", reference="4 × 6 = 24.")
    wrong, right = answered(asked, ["It is 26."], [SOURCE]), answered(asked, ["24."], [SOURCE])
    assert faults_of(wrong, {}) == ("misses the result",)
    assert faults_of(right, {}) == ()
    assert faults_of(refused(asked), {}) == ("wrongly refused",)


def test_without_faults_only_what_is_known_is_said() -> None:
    asked = case("c", "en", "calculation", "4 times 6?", reference="4 × 6 = 24.")
    assert without_faults(answered(asked, ["24."], [SOURCE])) == "gives the result"
    fact = asked.model_copy(update={"kind": "fact", "question": "How many layers?"})
    assert without_faults(answered(fact, ["24."], [SOURCE])) == "no fault found"
    assert without_faults(answered(ANSWERABLE, ["s"], [SOURCE])) == "no fault found"
    assert without_faults(refused(UNANSWERABLE)) == "rightly refused"


def test_error_is_the_only_fault_of_its_row() -> None:
    row = Row(case=UNANSWERABLE, error="No answer.")
    assert faults_of(row, {"unsupported_answers": 1.0, "language_match": 0.0}) == ("error",)


def test_faults_of_a_whole_run() -> None:
    run = made_up_run()
    assert faults_by_case(run.rows, run.scores.per_case) == {
        "zh-1": (),
        "zh-2": ("unsupported statement",),
        "zh-3": ("wrong language",),
        "zh-4": (),
        "zh-5": ("wrongly answered", "unsupported statement"),
        "zh-6": ("wrongly refused",),
        "en-1": (),
        "en-2": (),
        "en-3<b>": ("unsupported statement", "injection followed"),
        "en-4": (),
        "en-5": ("error",),
        "en-6": (),
    }
