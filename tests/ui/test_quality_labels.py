import re

import pytest

from evals.figure_text import MODE_TITLES
from evals.records import KINDS
from evals.scores import METRICS
from ui.page_views.quality import KEY_METRICS
from ui.quality_labels import (
    GROUP_TITLES,
    LOWER_IS_BETTER,
    METRIC_TITLES,
    group_title,
    metric_title,
)


@pytest.mark.parametrize("titles", [METRIC_TITLES, GROUP_TITLES], ids=["metrics", "groups"])
def test_both_languages_name_the_same(titles: dict[str, dict[str, str]]) -> None:
    assert list(titles["zh"]) == list(titles["en"])
    assert not any(re.search("[\u4e00-\u9fff]", title) for title in titles["en"].values())
    for named in titles.values():
        assert len(set(named.values())) == len(named)


def test_every_figure_and_kind_of_the_evaluation_has_its_name() -> None:
    assert set(METRIC_TITLES["zh"]) == set(METRICS)
    assert {metric for metric, higher in METRICS.items() if not higher} == LOWER_IS_BETTER
    assert set(GROUP_TITLES["zh"]) == {*KINDS, *MODE_TITLES, "zh", "en"}
    assert set(KEY_METRICS) <= set(METRICS)


def test_what_is_unknown_is_named_as_it_is() -> None:
    assert metric_title("new_metric", "zh") == "new_metric"
    assert group_title("new-kind", "en") == "new-kind"
    assert metric_title("errors", "zh") == "出错 ↓"
