"""Drives the web page in headless Chromium: a server to look at, a browser, and what people do.

Used by the tests over a fake assistant and by those over the real one. Playwright's home.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("TEST_CHROMIUM") or "/usr/bin/chromium"
# Without these, Chromium looks up its maker's hosts at every start.
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_MS = 60_000


@contextmanager
def serve(
    script: Path, environment: Mapping[str, str], log: Path, folder: Path = ROOT
) -> Iterator[str]:
    """Yield the address of the page that `script` draws, served by Streamlit until the end.

    Args:
        script: what `streamlit run` gets.
        environment: added to this process's, without its `STUDY_` names.
        log: where the server's output goes.
        folder: where it runs; a script other than the page's own finds the page's
            `.streamlit/config.toml` in `ROOT / "ui"`.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("STUDY_")}
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**inherited, "PYTHONPATH": str(ROOT), **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_healthy(url, process, log)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_healthy(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{url}/_stcore/health", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise RuntimeError(f"The page's server did not start:\n{log.read_text()}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a headless browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(CHROMIUM_FLAGS), headless=True
        )
        try:
            yield browser
        finally:
            browser.close()


class Reader:
    """A person with a browser of their own: asks, looks, clicks.

    `strangers` are addresses outside the machine that the page tried to reach, `faults` the errors
    that its scripts raised: both should stay empty.
    """

    def __init__(
        self,
        browser: Browser,
        url: str,
        *,
        locale: str = "zh-CN",
        width: int = 1200,
        height: int = 900,
    ) -> None:
        self.url = url
        self.context = browser.new_context(
            locale=locale, viewport={"width": width, "height": height}, accept_downloads=True
        )
        self.strangers: list[str] = []
        self.faults: list[str] = []
        self.page = self._watched(self.context.new_page())

    def _watched(self, page: Page) -> Page:
        def note(address: str) -> None:
            parts = urlsplit(address)
            if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname != "127.0.0.1":
                self.strangers.append(address)

        page.on("request", lambda request: note(request.url))
        page.on("websocket", lambda socket: note(socket.url))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))
        return page

    def open(self, path: str = "/") -> None:
        """Open an address of the page and wait until it is drawn."""
        self.page.goto(self.url + path)
        self.wait_until_drawn()

    def reload(self) -> None:
        """Load the page anew."""
        self.page.reload()
        self.wait_until_drawn()

    def wait_until_drawn(self) -> None:
        """Wait for the app, for a run of its script and for something in the main part."""
        main = self.page.get_by_role("main")
        expect(main.get_by_test_id("stMarkdownContainer").first).to_be_visible(timeout=30_000)

    def ask(self, question: str) -> None:
        """Type a question and send it; return once it stands in the conversation."""
        n_messages = self.messages().count()
        box = self.page.get_by_test_id("stChatInputTextArea")
        expect(box).to_be_enabled(timeout=ANSWER_TIMEOUT_MS)
        box.fill(question)
        box.press("Enter")
        expect(self.messages()).to_have_count(n_messages + 2, timeout=30_000)

    def messages(self) -> Locator:
        """Return all messages, questions and answers in turn."""
        return self.page.get_by_test_id("stChatMessage")

    def wait_for_answer(self) -> Locator:
        """Return the last answer once it is finished: when the next question can be asked."""
        last = self.messages().last
        expect(last.get_by_test_id("stMarkdownContainer").first).to_be_visible()
        expect(last.locator(".stMarkdownShimmer")).to_have_count(0, timeout=ANSWER_TIMEOUT_MS)
        expect(self.page.get_by_test_id("stChatInputTextArea")).to_be_enabled(
            timeout=ANSWER_TIMEOUT_MS
        )
        return last

    def drawer(self) -> Locator:
        """Return the passage that is open beside the page."""
        return self.page.get_by_role("dialog")

    def screenshot(self, path: Path) -> None:
        """Keep a picture of the window."""
        self.page.wait_for_timeout(500)  # animations end
        self.page.screenshot(path=str(path))

    def close(self) -> None:
        """Close the browser window and forget its cookies."""
        self.context.close()
