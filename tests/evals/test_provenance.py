from evals.calibration import assess
from evals.provenance import quality_figures


def test_quality_of_a_judge_becomes_figures() -> None:
    quality = assess("rules", [0.9, 0.8, 0.2, 0.7], [True, True, False, False], threshold=0.5)
    figures = {figure.metric: figure for figure in quality_figures(quality)}
    # One of two unsupported statements is found, none is accused wrongly.
    assert figures["balanced_accuracy"].value == 0.75
    assert figures["unsupported_recall"].value == 0.5
    assert figures["unsupported_precision"].value == 1.0
    assert {figure.n for figure in figures.values()} == {4}
    assert not figures["calibration_error"].higher_is_better
