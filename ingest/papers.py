"""The papers behind the study notes: `papers.toml` read, PDFs downloaded to be taken in.

The PDFs are their publishers' and stay out of the repository. What was half downloaded is gone on
with, and a file only gets its name when it is a whole PDF.
"""

import re
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from assistant.errors import ConfigError, IngestError

ARXIV_PAUSE_S = 3.0
"""Between two requests, as arXiv asks of programs: https://info.arxiv.org/help/api/tou.html."""

MAX_BYTES = 100_000_000
_TIMEOUT_S = 30.0

Report = Callable[[int, int], None]
"""Called with bytes done and bytes in total (0: not known)."""


class NotFetched(IngestError):
    """A paper can't be downloaded."""


class NoNetwork(NotFetched):
    """The publisher can't be reached at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper of `papers.toml`; `pdf` is "" where no free copy is known, `link` its own page."""

    paper_id: str
    title: str
    link: str
    pdf: str

    @property
    def file_name(self) -> str:
        """The name of its PDF: the title, as far as file systems take it."""
        return re.sub(r'[\\/:*?"<>|\s]+', " ", self.title).strip()[:150] + ".pdf"


def load_papers(path: Path, *, arxiv_url: str) -> list[Paper]:
    """Return the papers listed in the TOML file at `path`.

    Args:
        path: one `[[paper]]` table each, with id, title, link, and pdf or arxiv if there is one.
        arxiv_url: where papers with an arXiv id come from.

    Raises:
        ConfigError: the file is not TOML, or a paper lacks a field.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("paper", [])
        return [
            Paper(
                paper_id=table["id"],
                title=table["title"],
                link=table["link"],
                pdf=table.get("pdf")
                or (f"{arxiv_url.rstrip('/')}/pdf/{table['arxiv']}" if table.get("arxiv") else ""),
            )
            for table in tables
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"The list of papers {path} can't be read: {error}.",
            hint="Each [[paper]] needs id, title, link, and pdf or arxiv where there is a copy.",
        ) from error


def fetch_paper(
    client: httpx.Client, paper: Paper, folder: Path, *, report: Report | None = None
) -> Path:
    """Return the PDF of `paper` in `folder`, downloaded unless it is there.

    Raises:
        NoNetwork: nothing answers at its address.
        NotFetched: it has no free copy, or what came is not a whole PDF.
    """
    path = folder / paper.file_name
    if path.is_file():
        return path
    if not paper.pdf:
        raise NotFetched("no free copy is known", hint=f"Read it at {paper.link}")
    partial = path.with_suffix(".part")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _download(client, paper.pdf, partial, report or _silent)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise NoNetwork(
            f"{urlsplit(paper.pdf).hostname} can't be reached",
            hint="Check the network or the proxy, then run the command again.",
        ) from error
    except httpx.HTTPError as error:
        raise NotFetched(
            f"the download broke off ({type(error).__name__})",
            hint="Run the command again: it goes on where it was.",
        ) from error
    with partial.open("rb") as file:
        start = file.read(1024)
        file.seek(max(0, partial.stat().st_size - 2048))
        end = file.read()
    if b"%PDF-" not in start or b"%%EOF" not in end:
        partial.unlink()
        raise NotFetched("what came is not a whole PDF", hint=f"Look at {paper.pdf}")
    return partial.replace(path)


def pause_before(url: str, last_url: str, pause_s: float | None = None) -> None:
    """Wait between two requests to the same publisher."""
    if urlsplit(url).hostname == urlsplit(last_url).hostname:
        time.sleep(ARXIV_PAUSE_S if pause_s is None else pause_s)


def new_client() -> httpx.Client:
    """Return a client that follows redirects and gives up on silence."""
    return httpx.Client(follow_redirects=True, timeout=_TIMEOUT_S)


def _download(client: httpx.Client, url: str, partial: Path, report: Report) -> None:
    """Add to `partial` what it lacks of the file at `url`."""
    done = partial.stat().st_size if partial.is_file() else 0
    headers = {"Range": f"bytes={done}-"} if done else {}
    with client.stream("GET", url, headers=headers) as reply:
        if reply.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # all of it is there
        if not reply.is_success:
            raise NotFetched(f"{url} answers {reply.status_code}", hint="Look at it in a browser.")
        if reply.status_code != httpx.codes.PARTIAL_CONTENT:
            done = 0
        length = reply.headers.get("Content-Length")
        total = done + int(length) if length else 0
        with partial.open("ab" if done else "wb") as file:
            for chunk in reply.iter_bytes():
                done += file.write(chunk)
                if done > MAX_BYTES:
                    raise NotFetched(f"it is over {MAX_BYTES // 1_000_000} MB")
                report(done, total)


def _silent(done: int, total: int) -> None:
    """Report to nobody."""
