"""The quality page as Streamlit draws it, over made-up run folders."""

import json
from pathlib import Path

import pytest
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from tests.fakes import FakeAssistant
from tests.ui.conftest import TIMEOUT_S, Draw
from tests.ui.quality_samples import keep_run
from ui.labels import EN, LABELS, ZH, Labels
from ui.render import label


def draw_quality() -> None:
    from ui.page_views import quality

    quality.draw()


@pytest.fixture
def page(draw: Draw) -> AppTest:
    draw(FakeAssistant())
    return AppTest.from_function(draw_quality, default_timeout=TIMEOUT_S)


def captions(page: AppTest) -> str:
    return "\n".join(str(each.value) for each in page.caption)


@pytest.mark.parametrize(("lang", "say"), LABELS.items(), ids=LABELS)
def test_without_runs_the_page_says_how_to_make_one(page: AppTest, lang: str, say: Labels) -> None:
    page.query_params["lang"] = lang
    page.run()
    assert not page.exception
    assert page.info[0].value == label(say.no_runs)
    assert page.code[0].value == "study eval run"
    assert len(page.dataframe) == 0


def test_runs_are_listed_newest_first_with_key_figures(page: AppTest, home: Path) -> None:
    keep_run(home, "first")
    keep_run(home, "second", days=1, model="a-larger-model", shift=0.1)
    page.query_params["lang"] = "zh"
    page.run()
    assert not page.exception
    runs = page.dataframe[0].value
    assert list(runs[ZH.run]) == ["second", "first"]
    assert list(runs[ZH.run_date]) == ["2026-11-23 09:30", "2026-11-22 09:30"]
    assert runs[ZH.run_model][0] == "a-larger-model"
    assert list(runs["召回率@5"]) == ["0.878 (0.444–1.000)", "0.778 (0.444–1.000)"]


def test_chosen_run_is_shown_with_its_groups_and_judge(page: AppTest, home: Path) -> None:
    keep_run(home, "first", with_quality=False)
    keep_run(home, "second", days=1, shift=0.1)
    page.run()
    assert label("balanced accuracy against people's labels is 0.860 (0.800–0.910)") in captions(
        page
    )
    page.selectbox(key="run").set_value("first").run()
    assert page.warning[0].value == label(EN.judge_unmeasured.format(judge="rules"))
    _, figures, by_mode, by_language, by_kind = (each.value for each in page.dataframe)
    assert list(figures.columns) == [EN.run_figure, EN.all_cases, "n"]
    assert figures[EN.all_cases][1] == "0.778 (0.444–1.000)"
    assert set(by_language.columns) == {EN.run_figure, "Chinese (6)", "English (6)"}
    assert "unanswerable (3)" in by_kind.columns
    assert label(EN.by_mode_note) in captions(page)
    by_metric = by_mode.set_index(EN.run_figure)
    assert by_metric["written by the model (8)"]["Unsupported answers ↓"].startswith("0.375")
    assert by_metric["refusal (3)"]["Unsupported answers ↓"] == "—"
    assert "Wrongly refused ↓" not in by_metric.index


def test_correctness_is_among_the_key_figures(page: AppTest, home: Path) -> None:
    keep_run(home, "first")
    keep_run(home, "second", days=1)
    page.run()
    runs = page.dataframe[0].value
    assert runs["Token F1"][0].startswith("0.611")
    assert list(runs["Result given"]) == ["—", "—"]  # no calculation case
    page.selectbox(key="metric-over-time").set_value("token_f1").run()
    assert not page.exception


@pytest.mark.parametrize(("lang", "say"), LABELS.items(), ids=LABELS)
def test_what_a_run_was_made_without_is_said_or_left_out(
    page: AppTest, home: Path, lang: str, say: Labels
) -> None:
    keep_run(home, "extracts", model="")
    keep_run(home, "given", days=1, model="", generation="")
    page.query_params["lang"] = lang
    page.run()
    assert list(page.dataframe[0].value[say.run_model]) == [say.run_no_model] * 2
    commit = f"0123456789ab ({say.run_dirty})"
    assert label(f"2026-11-23 09:30 UTC · {say.run_no_model} · {commit}") in captions(page)


def test_chart_has_a_line_for_each_choice_of_cases(page: AppTest, home: Path) -> None:
    keep_run(home, "first")
    keep_run(home, "second", days=1)
    keep_run(home, "other", days=2, selection="record")
    page.run()
    [chart] = page.get("vega_lite_chart")
    points = convert_arrow_bytes_to_pandas_df(chart.proto.data.data)
    line = dict(zip(points["run"], points["line"], strict=True))
    assert line["first"] == line["second"] != line["other"]


def test_chart_follows_the_figure_that_is_chosen(page: AppTest, home: Path) -> None:
    keep_run(home, "first")
    page.run()
    assert "metric-over-time" not in {each.key for each in page.selectbox}
    keep_run(home, "second", days=1)
    page.run()
    page.selectbox(key="metric-over-time").set_value("wrongly_refused").run()
    assert not page.exception
    [chart] = page.get("vega_lite_chart")
    assert chart.proto.alt == "second 0.222 (0.000–0.556); first 0.222 (0.000–0.556)"
    assert "Wrongly refused ↓" in str(json.loads(chart.proto.spec))


def test_report_is_handed_out_unless_it_is_not_for_everyone(page: AppTest, home: Path) -> None:
    keep_run(home, "open")
    page.run()
    assert len(page.get("download_button")) == 1
    keep_run(home, "restricted", days=1, audiences=("all", "managers"))
    page.run()
    page.selectbox(key="run").set_value("restricted").run()
    assert len(page.get("download_button")) == 0
    assert label(EN.report_restricted) in captions(page)
    keep_run(home, "bare", days=2, with_report=False)
    page.run()
    page.selectbox(key="run").set_value("bare").run()
    assert label(EN.report_missing) in captions(page)


def test_owner_gets_a_report_that_is_not_for_everyone(
    page: AppTest, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY_WEB__OWNERS", "everyone")
    keep_run(home, "restricted", audiences=("all", "managers"))
    page.run()
    assert len(page.get("download_button")) == 1


def test_unreadable_runs_are_named_and_hostile_names_stay_text(page: AppTest, home: Path) -> None:
    (keep_run(home, "cut :red[x] <b>") / "scores.json").unlink()
    keep_run(home, "*bold* [a](http:)", model="<img src=x>")
    page.run()
    assert not page.exception
    assert label("cut :red[x] <b>") in captions(page)
    assert label("<img src=x>") in captions(page)
    assert not any(element.allow_html for element in page.markdown)
