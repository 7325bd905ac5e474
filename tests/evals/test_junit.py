from xml.etree import ElementTree as ET

from evals.junit import junit_xml
from tests.evals.run_samples import HOSTILE, made_up_run


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


def test_hostile_text_and_control_characters_stay_text() -> None:
    root = ET.fromstring(junit_xml(made_up_run()).encode())
    failure = root.find(".//testcase[@name='en-3<b>']/failure")
    assert failure is not None
    assert f"Question: {HOSTILE}\n" in str(failure.text)
    assert "bell\ufffd null\ufffd escape\ufffd[31m end" in str(failure.text)
