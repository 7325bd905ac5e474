from xml.etree import ElementTree as ET

from evals.junit import junit_xml
from tests.evals.run_samples import HOSTILE, answered, case, made_up_run


def test_each_case_is_a_test_case_in_the_suite_of_its_kind() -> None:
    root = ET.fromstring(junit_xml(made_up_run()).encode())
    assert root.attrib == {
        "name": "made-up",
        "tests": "12",
        "failures": "5",
        "errors": "1",
        "time": "149.900",
    }
    suites = {suite.get("name"): suite for suite in root}
    assert suites["unanswerable"].get("tests") == "3"
    assert suites["unanswerable"].get("failures") == "1"
    assert len(root.findall(".//testcase")) == 12


def test_failures_say_what_is_wrong_and_errors_are_errors() -> None:
    root = ET.fromstring(junit_xml(made_up_run()).encode())
    cases = {case.get("name"): case for case in root.iter("testcase")}
    failure = cases["zh-5"].find("failure")
    assert failure is not None
    assert failure.get("message") == "wrongly answered, unsupported statement"
    assert "GPT-7 有多少参数？" in str(failure.text)
    error = cases["en-5"].find("error")
    assert error is not None
    assert str(error.get("message")).startswith("ModelTimeout")
    assert list(cases["zh-1"]) == []
    assert cases["zh-1"].get("classname") == "fact.zh"


def test_judge_and_its_quality_are_properties_of_each_suite() -> None:
    root = ET.fromstring(junit_xml(made_up_run()).encode())
    for suite in root:
        said = {each.get("name"): each.get("value") for each in suite.iter("property")}
        assert said["judge"] == "rules"
        assert said["judge_balanced_accuracy"] == "0.860 (0.800 to 0.910)"


def test_calculation_without_its_result_is_a_failure() -> None:
    asked = case("sum", "en", "calculation", "4 times 6?", reference="It is 24.")
    row = answered(asked, ["It is 26."], ["zh/03-transformer.md"])
    made = made_up_run().model_copy(update={"rows": (row,)})
    [failure] = ET.fromstring(junit_xml(made).encode()).iter("failure")
    assert failure.get("type") == "misses the result"


def test_hostile_text_and_control_characters_stay_text() -> None:
    root = ET.fromstring(junit_xml(made_up_run()).encode())
    failure = root.find(".//testcase[@name='en-3<b>']/failure")
    assert failure is not None
    assert f"Question: {HOSTILE}\n" in str(failure.text)
    assert "bell\ufffd null\ufffd escape\ufffd[31m end" in str(failure.text)
