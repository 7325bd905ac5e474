"""`study papers fetch` against a publisher on loopback: fetched, taken in, found by page."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from tests.ingest.test_papers import Publisher
from tests.ui.commands.conftest import Study, json_lines


@pytest.fixture
def publisher(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    """A publisher of two papers, the second behind a page for people, and a list with a third."""
    monkeypatch.setattr("ingest.papers.ARXIV_PAUSE_S", 0)
    monkeypatch.setenv("STUDY_OFFLINE", "false")
    monkeypatch.setenv("STUDY_CORPUS", f'["{home / "corpus"}"]')
    with Publisher() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("STUDY_ARXIV_URL", server.url)
        tables = [
            f'[[paper]]\nid = "{name}"\ntitle = "{name} papers"\nlink = "https://example.org"\n{more}'
            for name, more in [
                ("cats", f'pdf = "{server.url}/whole"'),
                ("dogs", f'pdf = "{server.url}/page"'),
                ("fish", ""),
            ]
        ]
        path = home / "corpus/papers/papers.toml"
        path.parent.mkdir(parents=True)
        path.write_text("\n".join(tables), encoding="utf-8")
        yield server
        server.shutdown()


def test_what_can_be_had_is_taken_in_with_its_pages(
    study: Study, home: Path, publisher: Publisher
) -> None:
    result = study("papers", "fetch")

    assert result.exit_code == 1
    assert (home / "papers/cats papers.pdf").is_file()
    assert "not fetched: dogs: what came is not a whole PDF" in result.stdout
    assert "not fetched: fish: no free copy is known" in result.stdout
    assert "1 file: 1 added" in result.stdout
    searched = study("search", "Why does a cat purr?", "--json").stdout
    hit = json.loads(searched)["hits"][0]
    assert (hit["source"], hit["page"]) == ("cats papers.pdf", 1)


def test_one_paper_by_its_id(study: Study, publisher: Publisher) -> None:
    result = study("papers", "fetch", "cats", "--no-ingest", "--json")

    assert result.exit_code == 0
    (values,) = json_lines(result.stdout)
    assert list(values["fetched"]) == ["cats"]  # type: ignore[call-overload]
    assert values["ingest"] is None


def test_unknown_id_names_those_there_are(study: Study, publisher: Publisher) -> None:
    result = study("papers", "fetch", "birds")

    assert result.exit_code == 1
    assert "There is no paper birds" in result.stderr
    assert "cats, dogs, fish" in result.stderr
    assert publisher.ranges == []


def test_corpus_without_a_list_says_so(
    study: Study, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY_CORPUS", f'["{home}"]')

    result = study("papers", "fetch")

    assert result.exit_code == 1
    assert "There is no papers/papers.toml" in result.stderr


@pytest.mark.parametrize("offline", ["true", "false"])
def test_without_a_network_nothing_waits_in_vain(
    study: Study, publisher: Publisher, monkeypatch: pytest.MonkeyPatch, offline: str
) -> None:
    publisher.shutdown()
    publisher.server_close()
    monkeypatch.setenv("STUDY_OFFLINE", offline)

    result = study("papers", "fetch")

    assert result.exit_code == 1
    reason = "fetching is switched off" if offline == "true" else "127.0.0.1 can't be reached"
    assert result.stdout.count(reason) == 2
