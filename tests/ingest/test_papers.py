"""Papers fetched over real HTTP from a server on loopback that can also misbehave."""

import re
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from assistant.errors import ConfigError
from ingest.papers import (
    NoNetwork,
    NotFetched,
    Paper,
    fetch_paper,
    load_papers,
    new_client,
    pause_before,
)
from tests.ingest.documents import Text, pdf

WHOLE = pdf(
    [[Text(x=50, y=60, text="Cats", size=20), Text(x=50, y=100, text="A cat purrs when happy.")]]
)


class Publisher(ThreadingHTTPServer):
    """Serves `WHOLE` and, by the path, less than that; keeps the Range of each request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ranges: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Publisher

    def do_GET(self) -> None:
        self.server.ranges.append(self.headers["Range"])
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/whole")
            self.end_headers()
            return
        if self.path == "/missing":
            self.send_error(404)
            return
        content = b"<html>Are you a robot?</html>" if self.path == "/page" else WHOLE
        start = 0
        if match := re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or ""):
            start = int(match[1])
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        rest = content[start:]
        self.wfile.write(rest[: len(rest) // 2] if self.path == "/broken" else rest)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with Publisher() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with new_client() as made:
        yield made


def paper(pdf_url: str, title: str = "All: about cats?") -> Paper:
    return Paper(paper_id="cats", title=title, link="https://example.org/cats", pdf=pdf_url)


def test_pdf_is_named_by_its_title(
    publisher: Publisher, client: httpx.Client, tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []

    path = fetch_paper(
        client,
        paper(f"{publisher.url}/moved"),
        tmp_path,
        report=lambda done, total: seen.append((done, total)),
    )

    assert path == tmp_path / "All about cats.pdf"
    assert path.read_bytes() == WHOLE
    assert seen[-1] == (len(WHOLE), len(WHOLE))
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_there_is_not_fetched_again(
    publisher: Publisher, client: httpx.Client, tmp_path: Path
) -> None:
    for _ in range(2):
        fetch_paper(client, paper(f"{publisher.url}/whole"), tmp_path)

    assert publisher.ranges == [None]


def test_broken_download_is_gone_on_with(
    publisher: Publisher, client: httpx.Client, tmp_path: Path
) -> None:
    with pytest.raises(NotFetched, match="broke off"):
        fetch_paper(client, paper(f"{publisher.url}/broken"), tmp_path)
    assert not list(tmp_path.glob("*.pdf"))

    path = fetch_paper(client, paper(f"{publisher.url}/whole"), tmp_path)

    assert path.read_bytes() == WHOLE
    assert publisher.ranges == [None, f"bytes={len(WHOLE) // 2}-"]


def test_complete_part_is_not_asked_for_again(
    publisher: Publisher, client: httpx.Client, tmp_path: Path
) -> None:
    (tmp_path / "All about cats.part").write_bytes(WHOLE)

    path = fetch_paper(client, paper(f"{publisher.url}/whole"), tmp_path)

    assert path.read_bytes() == WHOLE


@pytest.mark.parametrize(
    ("path", "sentence"),
    [("/page", "what came is not a whole PDF"), ("/missing", "answers 404")],
)
def test_what_is_no_pdf_is_refused_and_leaves_nothing(
    publisher: Publisher, client: httpx.Client, tmp_path: Path, path: str, sentence: str
) -> None:
    with pytest.raises(NotFetched, match=sentence) as caught:
        fetch_paper(client, paper(publisher.url + path), tmp_path)

    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_without_a_network_it_says_so(client: httpx.Client, tmp_path: Path) -> None:
    with pytest.raises(NoNetwork, match=r"127\.0\.0\.1 can't be reached"):
        fetch_paper(client, paper("http://127.0.0.1:9/cats.pdf"), tmp_path)


def test_paper_without_a_free_copy_names_its_page(client: httpx.Client, tmp_path: Path) -> None:
    with pytest.raises(NotFetched) as caught:
        fetch_paper(client, paper(""), tmp_path)

    assert "https://example.org/cats" in caught.value.hint


def test_requests_to_one_publisher_are_spaced() -> None:
    started = time.monotonic()
    pause_before("https://a.org/2", "https://b.org/1", pause_s=9)
    pause_before("https://a.org/2", "", pause_s=9)
    assert time.monotonic() - started < 1
    pause_before("https://a.org/2", "https://a.org/1", pause_s=0.2)
    assert time.monotonic() - started >= 0.2


def test_list_gives_an_address_by_pdf_or_arxiv_id(tmp_path: Path) -> None:
    (tmp_path / "papers.toml").write_text(
        """
        [[paper]]
        id = "a"
        title = "A"
        link = "https://example.org/a"
        arxiv = "1706.03762"
        [[paper]]
        id = "b"
        title = "B"
        link = "https://example.org/b"
        arxiv = ""
        pdf = "https://example.org/b.pdf"
        [[paper]]
        id = "c"
        title = "C"
        link = "https://example.org/c"
        """,
        encoding="utf-8",
    )

    papers = load_papers(tmp_path / "papers.toml", arxiv_url="https://mirror.example.org/")

    assert [each.pdf for each in papers] == [
        "https://mirror.example.org/pdf/1706.03762",
        "https://example.org/b.pdf",
        "",
    ]


@pytest.mark.parametrize("text", ["[[paper]]\nid = 'a'", "paper = 3", "not toml"])
def test_unreadable_list_says_what_it_needs(tmp_path: Path, text: str) -> None:
    (tmp_path / "papers.toml").write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match="can't be read") as caught:
        load_papers(tmp_path / "papers.toml", arxiv_url="https://arxiv.org")

    assert "link" in caught.value.hint


def test_list_of_the_curriculum_can_be_fetched() -> None:
    path = Path(__file__).parents[2] / "corpus/papers/papers.toml"

    papers = load_papers(path, arxiv_url="https://arxiv.org")

    assert len({each.file_name for each in papers}) == len(papers)
    assert [each.paper_id for each in papers if not each.pdf] == ["lstm"]
