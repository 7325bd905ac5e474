import base64
import re
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from evals.records import Row
from evals.report_html import report_html
from evals.run_folder import Run
from evals.scores import Figure, score_run
from tests.evals.run_samples import HOSTILE, JUDGE, made_up_run


class Page(HTMLParser):
    """What a browser would make of the page: its elements, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def run() -> Run:
    return made_up_run()


@pytest.fixture(scope="module")
def source(run: Run) -> str:
    return report_html(run)


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    return Page(source)


def test_nothing_hostile_becomes_an_element_or_an_address(page: Page) -> None:
    assert len(page.all("script")) == 1
    assert page.all("img") == []
    assert not any(name.startswith("on") for _, attrs in page.elements for name in attrs)
    assert not any("style" in attrs for _, attrs in page.elements)
    addresses = [attrs.get(key) for _, attrs in page.elements for key in ("href", "src", "action")]
    assert {str(each)[:1] for each in addresses if each} <= {"#", "d"}
    assert [each for each in addresses if each and each.startswith("d")] == ["data:,"]


def test_hostile_text_can_still_be_read(page: Page) -> None:
    assert " ".join(HOSTILE.split()) in page.text
    assert "{{ 7*7 }}" in page.text


def test_policy_allows_just_this_style_and_script(source: str, page: Page) -> None:
    [policy] = [
        str(meta["content"])
        for meta in page.all("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none';")
    for tag in ("style", "script"):
        [text] = re.findall(rf"<{tag}>(.*?)</{tag}>", source, re.DOTALL)
        digest = base64.b64encode(sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_figures_stand_beside_the_judges_own_quality(page: Page) -> None:
    assert "Recall@5 0.778" in page.text
    assert "Against people's labels (evals/sets/judge_labels.jsonl, record split)" in page.text
    assert "Balanced accuracy 0.860 0.800 to 0.910 120" in page.text


def test_judges_stand_beside_each_other_and_modes_apart(page: Page) -> None:
    assert "By judge All other figures are by rules." in page.text
    assert "rules0.6670.6670.6670.444 nli:other0.8890.8890.8890.111" in page.text
    assert "Extracts are quotations from the materials" in page.text
    assert "written by the model8 1.000 0.750 0.750 0.750 0.375" in page.text


def test_less_is_better_of_calibration_error() -> None:
    run = made_up_run()
    error = Figure(
        metric="calibration_error", value=0.1, low=0.0, high=0.2, n=9, higher_is_better=False
    )
    made = run.provenance.model_copy(update={"judge_quality": (error,)})
    text = Page(report_html(run.model_copy(update={"provenance": made}))).text
    assert "Calibration error ↓ 0.100" in text


def test_number_of_statements_stands_beside_each_point_of_the_calibration(source: str) -> None:
    plot = source[source.index('aria-label="Calibration of the judge') :]
    plot = plot[: plot.index("</svg>")]
    assert plot.count(">24</text>") == 5


def test_case_shows_notice_and_what_was_searched(run: Run) -> None:
    first = run.rows[0]
    row = first.model_copy(
        update={"notice": "These are <extracts>.", "standalone_question": "What is <it>?"}
    )
    page = Page(report_html(run.model_copy(update={"rows": (row,)})))
    assert "Searched asWhat is <it>?" in page.text
    assert "These are <extracts>." in page.text
    same = row.model_copy(update={"standalone_question": first.case.question})
    assert "Searched as" not in Page(report_html(run.model_copy(update={"rows": (same,)}))).text


def test_case_without_faults_is_not_called_right(page: Page) -> None:
    assert "自注意力是什么？ factzhno fault found" in page.text
    assert "Who won the cup? unanswerableennot answerablerightly refused" in page.text


def test_unmeasured_judge_is_warned_of() -> None:
    page = Page(report_html(made_up_run(with_quality=False)))
    assert "was not measured against people's labels" in page.text
    assert not any("Calibration" in str(svg["aria-label"]) for svg in page.all("svg"))


def test_every_plot_has_a_text_alternative(page: Page) -> None:
    names = [str(svg["aria-label"]) for svg in page.all("svg")]
    assert len(names) == 13
    assert all(svg["role"] == "img" for svg in page.all("svg"))
    assert any("all (9): 0.556 at 1, 0.778 at 5" in name for name in names)
    assert any("0.10 given, 0.05 supported of 24" in name for name in names)
    assert any("whole answer: half within 2.90 s" in name for name in names)


def test_every_case_can_be_browsed(run: Run, page: Page) -> None:
    cases = [each for each in page.all("details") if "data-kind" in each]
    assert len(cases) == len(run.rows)
    assert [each["data-language"] for each in cases].count("zh") == 6
    assert [each["data-faults"] for each in cases].count("") == 6
    for words in (
        "它由谷歌在 1999 年提出。",
        "the number 1999 is not in the passage",
        "place 2",
        "first token 1.55 s",
        "ModelTimeout: no word for 120 s.",
        "Markers dropped: 9",
    ):
        assert words in page.text


def test_ids_are_unique_and_links_lead_somewhere(page: Page) -> None:
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {str(link["href"]) for link in page.all("a")}
    assert targets
    assert {target.removeprefix("#") for target in targets} <= set(ids)


def test_run_in_which_nothing_came_of_anything_is_still_a_report(run: Run) -> None:
    rows = [Row(case=row.case, error="No model.") for row in run.rows]
    broken = Run(
        provenance=run.provenance, rows=tuple(rows), scores=score_run(rows, [], judge=JUDGE)
    )
    page = Page(report_html(broken))
    assert "12 of 12 cases have at least one." in page.text
    assert not re.search(r"\bnan\b", page.text, re.IGNORECASE)
    empty = Run(provenance=run.provenance, rows=(), scores=score_run([], [], judge=JUDGE))
    assert "0 of 0 cases" in Page(report_html(empty)).text
