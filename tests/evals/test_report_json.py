import json

from evals.report_json import report_values
from tests.evals.run_samples import made_up_run


def test_values_are_plain_and_tell_modes_and_judges_apart() -> None:
    values = json.loads(json.dumps(report_values(made_up_run())))
    assert list(values["by_mode"]) == ["model", "refusal", "error"]
    assert list(values["by_judge"]) == ["rules", "nli:other"]
    [unsupported] = [
        each["value"]
        for each in values["by_mode"]["model"]
        if each["metric"] == "unsupported_answers"
    ]
    assert unsupported == 3 / 8
    assert values["judge"] == "rules"
    assert values["judge_quality"][0]["metric"] == "balanced_accuracy"
