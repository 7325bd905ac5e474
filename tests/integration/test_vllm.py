"""vLLM for real, also without a GPU: the CPU build in an environment of its own.

`make test-vllm` builds the environment and names its Python in TEST_VLLM_PYTHON. The first run
turns the default model's GGUF into safetensors (3.6 GB in the cache). On two cores the server
takes minutes to start.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import weights
from assistant.catalogue import DEFAULT_MODEL
from assistant.chat_model import OpenAIChatModel
from assistant.model_server import ModelServer, find_running
from assistant.server_commands import ServerOptions
from assistant.settings import Settings
from assistant.vllm_weights import as_safetensors
from tests.integration.contract import AnsweringContract

VLLM_PYTHON = os.environ.get("TEST_VLLM_PYTHON")

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not VLLM_PYTHON, reason="TEST_VLLM_PYTHON is not set: see make test-vllm"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    # Not resolved: a link in a virtual environment is what makes it that environment.
    python = Path(VLLM_PYTHON or "").absolute()
    cache = Settings().cache
    gguf = weights.resolve(DEFAULT_MODEL, cache=cache)
    options = ServerOptions(
        engine="vllm",
        model_path=as_safetensors(gguf, cache=cache, vllm_python=python),
        model_name=DEFAULT_MODEL,
        context_tokens=2048,
        dtype="bfloat16",
        vllm_python=python,
        start_timeout_s=1500,
    )
    with ModelServer(options, home=tmp_path_factory.mktemp("home")) as running:
        yield running


class TestVllm(AnsweringContract):
    block_tokens = 128  # on a CPU; 16 on a GPU

    @pytest.fixture
    def model(self, server: ModelServer) -> OpenAIChatModel:
        return OpenAIChatModel(url=server.url, model=server.options.model_name, timeout_s=300)

    def test_server_is_announced_as_vllm(self, server: ModelServer) -> None:
        running = find_running(server.log.parents[1])

        assert running is not None
        assert running.engine == "vllm"
