import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from assistant.chat_model import Message, Usage
from assistant.errors import ModelRejected, ModelUnreachable
from assistant.model_server import STATE_FILE, RunningServer, _write_state
from assistant.served_model import ServedChatModel
from tests.assistant.openai_server import Exchange, OpenAIServer, Script, serving

MESSAGES = [Message("user", "Hello?")]


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serving() as server:
        yield server


def model(home: Path, *, url: str | None = None, api_key: str | None = None) -> ServedChatModel:
    return ServedChatModel(
        home=home,
        url=url,
        name="named-in-settings",
        api_key=api_key,
        timeout_s=5,
        retries=0,
        max_new_tokens=16,
        temperature=0.0,
        seed=7,
    )


def announce(home: Path, server: OpenAIServer, name: str = "served") -> None:
    """Write what a model server of `home` tells others; this process stands for it."""
    _write_state(
        home / STATE_FILE,
        RunningServer(
            url=server.url,
            model=name,
            engine="llamacpp",
            pid=os.getpid(),
            created_s=psutil.Process().create_time(),
            log=home / "log",
        ),
    )


def say(text: str) -> Script:
    def script(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.send_text(text)
        exchange.finish()

    return script


def reply(of: ServedChatModel) -> str:
    return "".join(piece.text for piece in of.stream(MESSAGES))


def test_without_a_server_it_is_not_ready_and_says_what_to_start(tmp_path: Path) -> None:
    served = model(tmp_path)

    assert not served.is_ready()
    assert served.running() is None
    with pytest.raises(ModelUnreachable, match="No model server is running") as caught:
        reply(served)
    assert "study model serve" in caught.value.hint
    with pytest.raises(ModelUnreachable):
        served.probability(MESSAGES)


def test_server_that_comes_up_later_is_found_without_being_told(
    tmp_path: Path, server: OpenAIServer
) -> None:
    served = model(tmp_path)
    assert not served.is_ready()

    announce(tmp_path, server)
    server.scripts.append(say("Hi."))

    assert served.is_ready()
    assert reply(served) == "Hi."
    assert served.name == "served"
    assert server.bodies[0]["model"] == "served"
    running = served.running()
    assert running is not None
    assert running.engine == "llamacpp"


def test_cost_of_a_probability_is_handed_on(tmp_path: Path, server: OpenAIServer) -> None:
    def script(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.send_text("Yes", top={"Yes": -0.1})
        exchange.finish("length", usage={"prompt_tokens": 90, "completion_tokens": 1})

    server.scripts.append(script)
    counted: list[Usage | None] = []

    model(tmp_path, url=server.url).probability(MESSAGES, count=counted.append)

    assert counted == [Usage(prompt_tokens=90, new_tokens=1)]


def test_server_that_moved_is_found_at_its_new_address(
    tmp_path: Path, server: OpenAIServer
) -> None:
    served = model(tmp_path)
    announce(tmp_path, server, "first")
    server.scripts.append(say("one"))
    assert reply(served) == "one"

    with serving() as other:
        announce(tmp_path, other, "second")
        other.scripts.append(say("two"))

        assert reply(served) == "two"
        assert served.name == "second"
        assert len(server.bodies) == 1


def test_server_that_is_gone_makes_it_unready(tmp_path: Path, server: OpenAIServer) -> None:
    served = model(tmp_path)
    announce(tmp_path, server)
    assert served.is_ready()

    (tmp_path / STATE_FILE).unlink()

    assert not served.is_ready()


def test_sick_server_is_not_ready(tmp_path: Path, server: OpenAIServer) -> None:
    announce(tmp_path, server)
    server.health = 503

    assert not model(tmp_path).is_ready()


def test_fixed_address_is_used_with_its_name_and_key(tmp_path: Path, server: OpenAIServer) -> None:
    server.scripts.append(say("Hi."))
    served = model(tmp_path, url=server.url, api_key="s3cret")

    assert served.is_ready()
    assert reply(served) == "Hi."
    assert served.name == "named-in-settings"
    assert server.bodies[0]["model"] == "named-in-settings"
    assert server.headers[0]["authorization"] == "Bearer s3cret"
    assert served.running() is None


@pytest.mark.parametrize(
    ("models", "engine"),
    [
        ({"data": [{"id": "m", "owned_by": "vllm"}]}, "vllm"),
        ({"data": [{"id": "m", "owned_by": "llamacpp"}]}, "llamacpp"),
        ({"data": [{"id": "m", "owned_by": "a-vendor"}]}, "external"),
        ({"data": [{"id": "m", "owned_by": ["vllm"]}]}, "external"),
        ({"data": []}, "external"),
        (["vllm"], "external"),
        (None, "external"),  # status 404
    ],
)
def test_fixed_address_is_asked_what_serves_there(
    tmp_path: Path, server: OpenAIServer, models: object, engine: str
) -> None:
    server.models = models
    assert model(tmp_path, url=server.url).engine() == engine


def test_engine_of_this_home_is_known(tmp_path: Path, server: OpenAIServer) -> None:
    assert model(tmp_path).engine() is None
    announce(tmp_path, server)
    assert model(tmp_path).engine() == "llamacpp"


def test_fixed_address_where_nobody_answers_is_not_ready(tmp_path: Path) -> None:
    assert not model(tmp_path, url="http://127.0.0.1:9").is_ready()


def test_errors_of_the_server_come_through(tmp_path: Path, server: OpenAIServer) -> None:
    announce(tmp_path, server)
    server.scripts.append(lambda exchange: exchange.send_status(400, "too long"))

    with pytest.raises(ModelRejected, match="too long"):
        reply(model(tmp_path))


def test_closing_the_stream_ends_the_request(tmp_path: Path, server: OpenAIServer) -> None:
    announce(tmp_path, server)

    def talk(exchange: Exchange) -> None:
        exchange.begin_stream()
        server.wait_until_client_leaves(exchange)

    server.scripts.append(talk)
    stream = model(tmp_path).stream(MESSAGES)
    next(stream)

    stream.close()

    assert server.client_left.wait(10)
