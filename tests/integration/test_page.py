"""The page in a real browser over a fake assistant: what a reader sees, and what does not leak.

With `PAGE_SHOTS` naming a folder, pictures are left there to be looked at.
"""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.integration.browser import CHROMIUM, ROOT, Reader, serve
from tests.ui.samples import (
    ABSTAINED_ZH,
    EXTRACTS_EN,
    HOSTILE_EN,
    LONG_ZH,
    QUOTE_ZH,
    SHORT_EN,
    SHORT_ZH,
)

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"needs {CHROMIUM}"),
]
APP = ROOT / "tests" / "ui" / "fake_app.py"


class Server:
    """The served page: its address, its home, and the scenario that the fake plays."""

    def __init__(self, url: str, home: Path, scenario: Path) -> None:
        self.url = url
        self.home = home
        self._scenario = scenario

    def play(self, scenario: str) -> None:
        self._scenario.write_text(scenario, encoding="utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A page without an index: the first test brings it."""
    folder = tmp_path_factory.mktemp("page")
    home, scenario = folder / "home", folder / "scenario"
    scenario.write_text("no-index", encoding="utf-8")
    environment = {
        "STUDY_HOME": str(home),
        "FAKE_SCENARIO": str(scenario),
        "FAKE_PAUSE_S": "0.1",
    }
    with serve(APP, environment, folder / "log", ROOT / "ui") as url:
        yield Server(url, home, scenario)


def new_reader(
    browser: Browser, server: Server, *, locale: str = "zh-CN", width: int = 1200
) -> Reader:
    reader = Reader(browser, server.url, locale=locale, width=width)
    reader.open()
    return reader


@pytest.fixture
def reader(browser: Browser, server: Server) -> Iterator[Reader]:
    """A reader with a Chinese browser; the page may reach nothing outside and raise nothing."""
    server.play("ready")
    made = new_reader(browser, server)
    yield made
    made.close()
    assert made.strangers == []
    assert made.faults == []


def test_page_becomes_usable_when_the_index_comes(
    browser: Browser, server: Server, shots: Path
) -> None:
    server.play("no-index")
    reader = new_reader(browser, server)
    expect(reader.page.get_by_text("还没有索引")).to_be_visible()
    expect(reader.page.get_by_text("study ingest")).to_be_visible()
    expect(reader.page.get_by_test_id("stChatInputTextArea")).to_be_disabled()
    reader.screenshot(shots / "zh-no-index.png")
    server.play("empty")
    expect(reader.page.get_by_role("main").get_by_text("索引是空的")).to_be_visible(timeout=15_000)
    reader.screenshot(shots / "zh-empty-index.png")
    server.play("no-model")
    expect(reader.page.get_by_text("想学点什么")).to_be_visible(timeout=15_000)
    expect(reader.page.get_by_test_id("stChatInputTextArea")).to_be_enabled()
    expect(reader.page.get_by_text("先以原文摘录作答")).to_be_visible()
    reader.screenshot(shots / "zh-no-model.png")
    server.play("ready")
    expect(reader.page.get_by_text("fake-model（fake）")).to_be_visible(timeout=15_000)
    reader.close()
    assert reader.strangers == []


def test_sources_come_at_once_the_answer_grows_and_a_citation_opens_its_words(
    reader: Reader, shots: Path
) -> None:
    reader.screenshot(shots / "zh-welcome.png")
    reader.ask(SHORT_ZH.question)
    answer = reader.messages().last
    expect(answer.get_by_role("button", name="[1] Transformer 架构 › 自注意力")).to_be_visible()
    expect(reader.page.get_by_text("正在写回答")).to_be_visible()
    early = answer.inner_text()
    reader.screenshot(shots / "zh-being-written.png")
    answer = reader.wait_for_answer()
    assert len(answer.inner_text()) > len(early)
    expect(answer.locator("[style*=background-color]").first).to_have_text(
        "它由谷歌在 1999 年提出。"
    )
    expect(answer.get_by_text("材料未证实", exact=True)).to_be_visible()
    expect(answer.locator(".katex").first).to_be_visible()
    reader.screenshot(shots / "zh-answer.png")

    answer.get_by_role("link", name="[1]").click()
    expect(reader.drawer().locator("[style*=background-color]")).to_have_text(QUOTE_ZH)
    expect(reader.drawer().get_by_text("Transformer 架构 › 自注意力")).to_be_visible()
    expect(reader.drawer().get_by_text("zh/03-transformer.md")).to_be_visible()
    reader.screenshot(shots / "zh-passage.png")

    with reader.context.expect_page() as opened:
        reader.drawer().get_by_role("link", name="在原文中查看").click()
    document = opened.value
    cited = document.locator(".st-key-cited-passage")
    expect(cited).to_be_in_viewport(timeout=30_000)
    expect(cited.locator("[style*=background-color]")).to_have_text(QUOTE_ZH)
    expect(document.get_by_text("前馈层")).to_be_attached()
    document.screenshot(path=str(shots / "zh-document.png"))
    document.close()

    reader.page.keyboard.press("Escape")
    expect(reader.drawer()).to_have_count(0)
    next_question = reader.page.get_by_role("button", name="那计算代价呢?")
    expect(next_question).to_be_visible()


def test_reload_loses_nothing_of_an_answer_being_written(reader: Reader) -> None:
    reader.ask(LONG_ZH.question)
    expect(reader.page.get_by_text("正在写回答")).to_be_visible()
    reader.reload()
    expect(reader.page.get_by_text("正在写回答")).to_be_visible()
    answer = reader.wait_for_answer()
    expect(answer.get_by_text("缩放点积注意力")).to_be_visible()
    expect(answer.get_by_text("fake-model")).to_be_visible()
    reader.reload()
    expect(reader.messages().last.get_by_text("缩放点积注意力")).to_be_visible()


def test_stop_keeps_what_was_written(reader: Reader, shots: Path) -> None:
    reader.ask(LONG_ZH.question)
    expect(reader.messages().last.get_by_text("注意力的计算")).to_be_visible()
    reader.page.get_by_role("button", name="停止").click()
    expect(reader.page.get_by_text("已停止：以下文字没有写完")).to_be_visible()
    stopped = reader.wait_for_answer()
    # How far it came depends on the machine, but never to the end.
    filler = "为了看清长回答的版面"
    assert stopped.inner_text().count(filler) < LONG_ZH.text.count(filler)
    stopped.get_by_role("button", name="[1] ").click()
    expect(reader.drawer()).to_be_visible()
    reader.page.keyboard.press("Escape")
    reader.screenshot(shots / "zh-stopped.png")
    reader.page.get_by_role("button", name="重新回答").click()
    expect(reader.page.get_by_text("正在写回答")).to_be_visible()
    expect(reader.wait_for_answer().get_by_text("fake-model")).to_be_visible()


def test_passage_opened_while_writing_stays_open_when_the_answer_is_done(reader: Reader) -> None:
    reader.ask(SHORT_ZH.question)
    reader.messages().last.get_by_role("button", name="[2] ").click()
    expect(reader.drawer().get_by_text("计算量随序列长度")).to_be_visible()
    reader.wait_for_answer()
    expect(reader.drawer().get_by_text("计算量随序列长度")).to_be_visible()


def test_long_answer_with_formula_code_and_table(reader: Reader, shots: Path) -> None:
    reader.ask(LONG_ZH.question)
    answer = reader.wait_for_answer()
    expect(answer.locator(".katex-display")).to_be_visible()
    expect(answer.get_by_role("table")).to_be_visible()
    expect(answer.get_by_text("x[1] is not a citation")).to_be_visible()
    expect(answer.get_by_text("一块显卡要 $5 and $6 起。")).to_be_visible()
    expect(answer.locator("strong").first).to_have_text("缩放点积注意力：")
    height = reader.page.get_by_role("main").evaluate("main => main.scrollHeight")
    reader.page.set_viewport_size({"width": 1200, "height": min(int(height) + 200, 3000)})
    reader.screenshot(shots / "zh-long.png")


def test_abstention_and_extracts(reader: Reader, shots: Path) -> None:
    reader.ask(ABSTAINED_ZH.question)
    answer = reader.wait_for_answer()
    expect(answer.get_by_text("材料中没有答案")).to_be_visible()
    expect(answer.get_by_role("button", name="LoRA: Low-Rank Adaptation")).to_be_visible()
    reader.screenshot(shots / "zh-abstained.png")
    reader.ask(EXTRACTS_EN.question)
    expect(reader.wait_for_answer().get_by_text(EXTRACTS_EN.notice)).to_be_visible()
    reader.screenshot(shots / "zh-extracts.png")


def test_english_browser_gets_english_and_a_switch_outlives_a_reload(
    browser: Browser, server: Server, shots: Path
) -> None:
    server.play("ready")
    reader = new_reader(browser, server, locale="en-GB")
    expect(reader.page.get_by_text("What would you like to learn?")).to_be_visible()
    reader.screenshot(shots / "en-welcome.png")
    reader.ask(SHORT_EN.question)
    answer = reader.wait_for_answer()
    expect(answer.get_by_text("unsupported", exact=True)).to_be_visible()
    expect(answer.get_by_text("Training costs $5 and $6 an hour.")).to_be_visible()
    reader.screenshot(shots / "en-answer.png")
    reader.page.get_by_text("中文", exact=True).click()
    expect(reader.page.get_by_text("新对话")).to_be_visible()
    reader.reload()
    expect(reader.page.get_by_text("新对话")).to_be_visible()
    expect(reader.messages().last.get_by_text("材料未证实", exact=True)).to_be_visible()
    reader.close()
    assert reader.strangers == []


def test_nothing_hostile_is_alive(reader: Reader, shots: Path) -> None:
    reader.ask(HOSTILE_EN.question)
    answer = reader.wait_for_answer()
    expect(answer.get_by_text("<script>alert(2)</script>")).to_be_visible()
    reader.screenshot(shots / "zh-hostile.png")
    links = answer.get_by_role("link").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert links
    assert all(str(link).startswith("#cite-") for link in links)
    assert answer.locator("img, iframe, svg[id*=mermaid], script").count() == 0
    answer.get_by_role("link", name="[1]").first.click()
    expect(reader.drawer()).to_contain_text("See the code (https://example.com/lora) [logo]")
    assert reader.drawer().locator("img").count() == 0


def test_conversations_are_renamed_exported_and_deleted(reader: Reader) -> None:
    reader.ask(SHORT_ZH.question)
    reader.wait_for_answer()
    manage = reader.page.locator(".st-key-manage button").first
    manage.click()
    reader.page.get_by_label("标题").fill("笔记 <b>1</b>")
    reader.page.get_by_role("button", name="重命名").click()
    sidebar = reader.page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_text("笔记 <b>1</b>")).to_be_visible()
    if not reader.page.get_by_role("button", name="导出").is_visible():
        manage.click()
    with reader.page.expect_download() as download:
        reader.page.get_by_role("button", name="导出").click()
    assert download.value.suggested_filename == "笔记-b-1-b.md"
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert text.startswith("# 笔记 \\<b\\>1\\</b\\>\n")
    assert f"  > {QUOTE_ZH}" in text
    reader.page.get_by_text("删除对话", exact=True).first.click()
    reader.page.get_by_role("button", name="删除对话").click()
    expect(reader.messages()).to_have_count(0)
    expect(sidebar.get_by_text("笔记")).to_have_count(0)


def test_thumbs_and_comment_are_kept_in_the_home(reader: Reader, server: Server) -> None:
    reader.ask(SHORT_ZH.question)
    answer = reader.wait_for_answer()
    answer.get_by_role("radio", name="Thumbs down").click()
    answer.get_by_role("button", name="评论").click()
    reader.page.get_by_placeholder("哪里好").fill("第二句编的")
    reader.page.get_by_role("button", name="提交").click()
    expect(reader.page.get_by_text("谢谢")).to_be_visible()
    connection = sqlite3.connect(server.home / "conversations.sqlite")
    [row] = connection.execute("SELECT value, comment FROM opinions").fetchall()
    connection.close()
    assert row == ("down", "第二句编的")
    reader.reload()
    expect(reader.page.get_by_role("radio", name="Thumbs down")).to_be_checked()


def test_two_browsers_do_not_see_each_other(
    browser: Browser, server: Server, reader: Reader
) -> None:
    reader.ask(SHORT_ZH.question)
    reader.wait_for_answer()
    [conversation] = parse_qs(urlsplit(reader.page.url).query)["c"]
    other = Reader(browser, server.url)
    other.open(f"/?c={conversation}")
    expect(other.page.get_by_text("想学点什么")).to_be_visible()
    expect(other.messages()).to_have_count(0)
    other.close()


def test_narrow_window_never_scrolls_sideways(
    browser: Browser, server: Server, shots: Path
) -> None:
    server.play("ready")
    reader = new_reader(browser, server, width=390)
    reader.screenshot(shots / "narrow-welcome.png")
    reader.ask(LONG_ZH.question)
    answer = reader.wait_for_answer()
    assert reader.page.evaluate("document.documentElement.scrollWidth") == 390
    assert reader.page.get_by_role("main").evaluate("main => main.scrollWidth") <= 390
    reader.screenshot(shots / "narrow-end.png")
    answer.get_by_role("table").scroll_into_view_if_needed()
    reader.screenshot(shots / "narrow-table.png")
    answer.get_by_role("link", name="[1]").first.click()
    expect(reader.drawer().get_by_text(QUOTE_ZH)).to_be_visible()
    reader.screenshot(shots / "narrow-passage.png")
    reader.close()


PIECES = (
    "[x](http://e.example)|![i](http://e.example/i.png)|<b>|`|``|```|\n|\n\n|    |- |1. |> |\\||"
    "|---|$|$$|\\|\\(|\\)|\\[|\\]|*|**|_|:|:red[|]|[|(|)|[1]|&#91;|&lt;|文|字。|a|b |#|# |~~~|=|"
    "---|http://e.example|www.e.example|m@e.example|:smile:|:material/home:|[^1]: |[1]: "
).split("|")


def test_what_the_real_parser_draws_of_random_markup_is_dead(
    browser: Browser, tmp_path: Path
) -> None:
    """The unit test's oracle is another parser; this one is the page's own."""
    chance = random.Random(7)
    texts = ["".join(chance.choices(PIECES, k=chance.randint(3, 25))) for _ in range(200)]
    script = tmp_path / "app.py"
    script.write_text(
        "import streamlit as st\n"
        "from tests.ui.test_safe_markdown import MARKING\n"
        "from ui.safe_markdown import rewrite\n"
        f"for text in {texts!r}:\n"
        "    st.markdown(rewrite(text, MARKING, marks=[(2, len(text) // 2)]), anchors=False)\n"
        "st.markdown('the end')\n",
        encoding="utf-8",
    )
    with serve(script, {}, tmp_path / "log", ROOT / "ui") as url:
        reader = Reader(browser, url)
        reader.open()
        main = reader.page.get_by_role("main")
        expect(main.get_by_text("the end")).to_be_visible(timeout=30_000)
        reader.page.wait_for_timeout(1000)
        alive = main.locator("a, img, iframe, input, [role=img]")
        assert alive.evaluate_all("all => all.map(each => each.outerHTML)") == []
        assert reader.strangers == []
        reader.close()
