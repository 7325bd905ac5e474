"""The quality page and the report in a real browser: drawn, quiet, and loading nothing.

With `PAGE_SHOTS` naming a folder, pictures are left there to be looked at.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from evals.report_html import report_html
from tests.evals.run_samples import made_up_run
from tests.integration.browser import CHROMIUM, ROOT, Reader, serve
from tests.ui.quality_samples import keep_run
from ui.labels import EN, ZH

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"needs {CHROMIUM}"),
]
APP = ROOT / "tests" / "ui" / "fake_app.py"
SIZES = [("zh-CN", 1200), ("en-GB", 1200), ("zh-CN", 380)]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("quality")
    home = folder / "home"
    models = ["", None, None, "larger"]
    for days, (name, model) in enumerate(zip("abcd", models, strict=True)):
        keep_run(home, f"smoke-{name}", days=days, shift=days / 10 - 0.2, model=model)
    keep_run(home, "smoke-0", days=-1, selection="record")
    with serve(APP, {"STUDY_HOME": str(home)}, folder / "log", ROOT / "ui") as served:
        yield served


@pytest.mark.parametrize(("locale", "width"), SIZES, ids=[f"{a}-{b}" for a, b in SIZES])
def test_quality_page_is_drawn(
    browser: Browser, url: str, shots: Path, locale: str, width: int
) -> None:
    reader = Reader(browser, url, locale=locale, width=width, height=2300)
    say = ZH if locale.startswith("zh") else EN
    reader.open("/quality")
    main = reader.page.get_by_role("main")
    expect(main.get_by_test_id("stDataFrame")).to_have_count(5, timeout=30_000)
    expect(main.get_by_text(say.over_time)).to_be_visible()
    expect(main.get_by_test_id("stVegaLiteChart")).to_be_visible()
    reader.screenshot(shots / f"quality-{locale}-{width}.png")
    with reader.page.expect_download() as downloading:
        main.get_by_text(say.download_report).click()
    assert downloading.value.suggested_filename == "smoke-d.html"
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= width
    assert (reader.strangers, reader.faults) == ([], [])
    reader.close()


def test_page_is_reached_from_the_chat_and_keeps_the_language(browser: Browser, url: str) -> None:
    reader = Reader(browser, url, locale="en-GB")
    reader.open("/?lang=zh")
    reader.page.get_by_role("link", name=ZH.quality_page).click()
    expect(reader.page.get_by_role("heading", name=ZH.quality_page, exact=True)).to_be_visible()
    expect(reader.page.get_by_text(ZH.over_time)).to_be_visible()
    reader.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_report_runs_nothing_hostile_and_filters_its_cases(
    browser: Browser, tmp_path: Path, shots: Path, scheme: str
) -> None:
    path = tmp_path / "report.html"
    path.write_text(report_html(made_up_run()), encoding="utf-8")
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: said.append(request.url))
    page.goto(path.as_uri())
    cases = page.locator(".case:visible")
    expect(cases).to_have_count(12)
    page.locator("select[name=faulty]").select_option("any")
    expect(cases).to_have_count(6)
    page.locator("select[name=language]").select_option("zh")
    page.locator("select[name=kind]").select_option("unanswerable")
    expect(cases).to_have_count(1)
    expect(page.get_by_text("1 of 12 cases")).to_be_visible()
    cases.first.locator("summary").first.click()
    page.screenshot(path=str(shots / f"report-{scheme}.png"), full_page=True)
    assert {each.partition(":")[0] for each in said} <= {"file", "data"}
    context.close()
