"""The command line in this process, over an index of two small files made once by itself."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.assistant.openai_server import Exchange, OpenAIServer, serving
from ui.cli import app

Study = Callable[..., Result]

MOON_ZH = """\
# 阿尔滕天文台

## 望远镜

阿尔滕天文台的望远镜口径为 37 厘米，由奎尔女士在 1911 年捐赠。每逢周二晚上向公众开放。

## 圆顶

圆顶用铜板制成，重 4 吨，转动一圈需要 9 分钟。
"""
MOON_EN = """\
# The Altenmoor observatory

## Telescope

The telescope of the Altenmoor observatory has an aperture of 37 centimetres and was given by \
Ms Quell in 1911. It is open to the public every Tuesday evening.

## Dome

The dome is made of copper sheets, weighs 4 tons and turns once in 9 minutes.
"""


def write_corpus(folder: Path) -> Path:
    """Return `folder` with the two files in it."""
    for name, text in (("zh/observatory.md", MOON_ZH), ("en/observatory.md", MOON_EN)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def json_lines(text: str) -> list[dict[str, object]]:
    """Return the JSON values that stand a line each."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def study() -> Study:
    """Run `study ARGUMENTS…` in this process; `input` is its standard input."""

    def run(*arguments: str, input: str | bytes | None = None) -> Result:  # noqa: A002
        return CliRunner().invoke(app, list(arguments), input=input, prog_name="study")

    return run


@pytest.fixture(autouse=True)
def cache(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, and nothing to be fetched."""
    monkeypatch.setenv("STUDY_CACHE", str(home / "cache"))
    monkeypatch.setenv("STUDY_OFFLINE", "true")
    return home / "cache"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus, an index of it and the vectors it took; not to be changed."""
    folder = tmp_path_factory.mktemp("built")
    corpus = write_corpus(folder / "corpus")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDY_HOME", str(folder))
        patch.setenv("STUDY_CACHE", str(folder / "cache"))
        result = CliRunner().invoke(app, ["ingest", str(corpus)])
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def indexed(built: Path, home: Path) -> Path:
    """The test's home with an index in it, and the vectors; the corpus stays where it was."""
    shutil.copytree(built / "index", home / "index")
    shutil.copytree(built / "cache", home / "cache")
    return home


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    """A model server that says what the test tells it to say."""
    with serving() as started:
        monkeypatch.setenv("STUDY_MODEL__URL", started.url)
        yield started


def says(text: str) -> Callable[[Exchange], None]:
    """Return a script that writes `text` in two pieces."""

    def script(exchange: Exchange) -> None:
        exchange.begin_stream()
        middle = len(text) // 2
        exchange.send_text(text[:middle], top={"The": -0.1})
        exchange.send_text(text[middle:])
        exchange.finish()

    return script
