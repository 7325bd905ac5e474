import math
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from assistant.chat_model import (
    Message,
    OpenAIChatModel,
    Piece,
    Usage,
    base_url,
)
from assistant.errors import (
    ModelError,
    ModelRejected,
    ModelReplyInvalid,
    ModelTimeout,
    ModelUnreachable,
)
from tests.assistant.openai_server import Exchange, OpenAIServer, serving

QUESTION = [Message("system", "Answer."), Message("user", "什么是注意力? What is attention?")]


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serving() as running:
        yield running


class Clock:
    """Notes the waits instead of waiting."""

    def __init__(self) -> None:
        self.waits_s: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits_s.append(seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def client(
    url: str, clock: Clock, *, timeout_s: float = 5, retries: int = 2, api_key: str | None = None
) -> OpenAIChatModel:
    return OpenAIChatModel(
        url=url,
        model="tiny",
        api_key=api_key,
        timeout_s=timeout_s,
        retries=retries,
        sleep=clock.sleep,
    )


def say_hello(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_text("你好", top={"你好": -0.1, "Hi": -2.5})
    exchange.send_text(", world", top={",": -0.2})
    exchange.finish()


def text_of(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


class TestStreaming:
    def test_pieces_come_in_order_and_end_with_the_reason(
        self, server: OpenAIServer, clock: Clock
    ) -> None:
        server.scripts = [say_hello]

        pieces = list(client(server.url, clock).stream(QUESTION))

        assert text_of(pieces) == "你好, world"
        assert [piece.finish for piece in pieces] == [None, None, "stop"]

    def test_first_piece_alone_has_the_likeliest_first_tokens(
        self, server: OpenAIServer, clock: Clock
    ) -> None:
        server.scripts = [say_hello]

        pieces = list(client(server.url, clock).stream(QUESTION))

        assert pieces[0].top_logprobs == {"你好": -0.1, "Hi": -2.5}
        assert [piece.top_logprobs for piece in pieces[1:]] == [None, None]

    def test_server_without_probabilities_gives_none(
        self, server: OpenAIServer, clock: Clock
    ) -> None:
        def say(exchange: Exchange) -> None:
            exchange.begin_stream()
            exchange.send_text("Hi")
            exchange.finish()

        server.scripts = [say]

        assert next(iter(client(server.url, clock).stream(QUESTION))).top_logprobs is None

    def test_request_says_what_was_set(self, server: OpenAIServer, clock: Clock) -> None:
        server.scripts = [say_hello]

        list(client(server.url, clock, api_key="secret").stream(QUESTION, max_tokens=11))

        body = server.bodies[0]
        assert body["model"] == "tiny"
        assert body["messages"] == [
            {"role": "system", "content": "Answer."},
            {"role": "user", "content": "什么是注意力? What is attention?"},
        ]
        assert (body["temperature"], body["seed"], body["stream"]) == (0.0, 7, True)
        assert 11 in (body.get("max_tokens"), body.get("max_completion_tokens"))
        assert server.headers[0]["authorization"] == "Bearer secret"

    def test_usage_and_timings_are_told_with_the_last_piece(
        self, server: OpenAIServer, clock: Clock
    ) -> None:
        def say(exchange: Exchange) -> None:
            exchange.begin_stream()
            exchange.send_text("Hi")
            exchange.finish(
                usage={
                    "prompt_tokens": 100,
                    "completion_tokens": 2,
                    "total_tokens": 102,
                    "prompt_tokens_details": {"cached_tokens": 90},
                },
                timings={"prompt_ms": 12.5, "predicted_ms": 80.0},
            )

        server.scripts = [say]

        usage = list(client(server.url, clock).stream(QUESTION))[-1].usage

        assert usage is not None
        assert (usage.prompt_tokens, usage.cached_tokens, usage.new_tokens) == (100, 90, 2)
        assert (usage.prompt_ms, usage.generation_ms) == (12.5, 80.0)

    def test_reply_cut_by_the_limit_says_so(self, server: OpenAIServer, clock: Clock) -> None:
        def say(exchange: Exchange) -> None:
            exchange.begin_stream()
            exchange.send_text("Once upon")
            exchange.finish("length")

        server.scripts = [say]

        assert list(client(server.url, clock).stream(QUESTION))[-1].finish == "length"

    def test_text_arrives_while_the_server_is_still_writing(
        self, server: OpenAIServer, clock: Clock
    ) -> None:
        def say(exchange: Exchange) -> None:
            exchange.begin_stream()
            exchange.send_text("Hi")
            server.wait_until_client_leaves(exchange)

        server.scripts = [say]
        pieces = client(server.url, clock).stream(QUESTION)

        assert next(pieces).text == "Hi"
        assert not server.client_left.is_set()
        pieces.close()

    def test_closing_the_iterator_closes_the_connection(
        self, server: OpenAIServer, clock: Clock
    ) -> None:
        def say(exchange: Exchange) -> None:
            exchange.begin_stream()
            exchange.send_text("Hi")
            server.wait_until_client_leaves(exchange)

        server.scripts = [say]
        pieces = client(server.url, clock).stream(QUESTION)
        next(pieces)

        pieces.close()

        assert server.client_left.wait(5)

    def test_chat_without_messages_is_refused(self, clock: Clock) -> None:
        with pytest.raises(ValueError, match="at least one message"):
            list(client("http://127.0.0.1:9", clock).stream([]))


class TestFailures:
    def test_nobody_at_the_address(self, clock: Clock) -> None:
        with pytest.raises(ModelUnreachable, match=r"No model server answers") as caught:
            list(client("http://127.0.0.1:9", clock).stream(QUESTION))

        assert "study model serve" in caught.value.hint
        assert clock.waits_s == [0.5, 1.0]

    def test_silence_before_the_first_token(self, server: OpenAIServer, clock: Clock) -> None:
        server.scripts = [lambda exchange: time.sleep(1)]

        with pytest.raises(ModelTimeout, match=r"silent for 0\.2 s"):
            list(client(server.url, clock, timeout_s=0.2).stream(QUESTION))
        assert clock.waits_s == []

    def test_silence_in_the_middle_comes_after_what_was_said(
        self, server: OpenAIServer, clock: Clock
    ) -> None:
        def say(exchange: Exchange) -> None:
            exchange.begin_stream()
            exchange.send_text("Hi")
            time.sleep(1)

        server.scripts = [say]
        pieces = client(server.url, clock, timeout_s=0.2).stream(QUESTION)

        assert next(pieces).text == "Hi"
        with pytest.raises(ModelTimeout):
            next(pieces)

    def test_slow_reply_that_keeps_coming_is_no_silence(
        self, server: OpenAIServer, clock: Clock
    ) -> None:
        def say(exchange: Exchange) -> None:
            exchange.begin_stream()
            for _ in range(6):
                time.sleep(0.15)
                exchange.send_text("x")
            exchange.finish()

        server.scripts = [say]

        assert text_of(list(client(server.url, clock, timeout_s=0.5).stream(QUESTION))) == "xxxxxx"

    @pytest.mark.parametrize("status", [429, 500, 502, 503])
    def test_passing_trouble_is_tried_again(
        self, server: OpenAIServer, clock: Clock, status: int
    ) -> None:
        server.scripts = [lambda exchange: exchange.send_status(status), say_hello]

        assert text_of(list(client(server.url, clock).stream(QUESTION))) == "你好, world"
        assert clock.waits_s == [0.5]

    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, ModelRejected),
            (401, ModelRejected),
            (404, ModelRejected),
            (422, ModelRejected),
            (429, ModelRejected),
            (500, ModelReplyInvalid),
            (503, ModelUnreachable),
        ],
    )
    def test_status_that_stays_gives_its_kind_of_error(
        self, server: OpenAIServer, clock: Clock, status: int, kind: type[ModelError]
    ) -> None:
        server.scripts = [lambda exchange: exchange.send_status(status, "too long")] * 3

        with pytest.raises(kind) as caught:
            list(client(server.url, clock).stream(QUESTION))
        assert caught.value.hint
        assert caught.value.__cause__ is not None

    def test_refusal_is_not_tried_again_and_tells_the_reason(
        self, server: OpenAIServer, clock: Clock
    ) -> None:
        server.scripts = [lambda exchange: exchange.send_status(400, "prompt is too long")]

        with pytest.raises(ModelRejected, match="prompt is too long") as caught:
            list(client(server.url, clock).stream(QUESTION))
        assert "CONTEXT_TOKENS" in caught.value.hint
        assert len(server.bodies) == 1

    def test_after_the_first_token_nothing_is_tried_again(
        self, server: OpenAIServer, clock: Clock
    ) -> None:
        def break_off(exchange: Exchange) -> None:
            exchange.begin_stream()
            exchange.send_text("Half an ans")

        server.scripts = [break_off, say_hello]
        pieces = client(server.url, clock).stream(QUESTION)

        assert next(pieces).text == "Half an ans"
        with pytest.raises(ModelReplyInvalid, match="broke off"):
            list(pieces)
        assert len(server.bodies) == 1

    def test_error_in_the_middle_of_a_stream(self, server: OpenAIServer, clock: Clock) -> None:
        def say(exchange: Exchange) -> None:
            exchange.begin_stream()
            exchange.send_text("Hi")
            exchange.send_event('{"error": {"message": "out of memory", "code": 500}}')

        server.scripts = [say]

        with pytest.raises(ModelReplyInvalid, match="out of memory"):
            list(client(server.url, clock).stream(QUESTION))

    @pytest.mark.parametrize(
        "data",
        [
            b"<html>Sign in</html>",
            b'{"hello": "world"}',
            b"data: {not json}\n\n",
            b"data: [1, 2]\n\n",
            b'data: {"choices": [{"index": 0}]}\n\n',
            b"data: \xff\xfe\n\n",
            b"",
        ],
        ids=repr,
    )
    def test_what_is_no_completion_is_refused(
        self, server: OpenAIServer, clock: Clock, data: bytes
    ) -> None:
        server.scripts = [lambda exchange: exchange.send_raw(data)] * 3

        with pytest.raises(ModelReplyInvalid):
            list(client(server.url, clock).stream(QUESTION))

    def test_message_is_one_short_line(self, server: OpenAIServer, clock: Clock) -> None:
        server.scripts = [lambda exchange: exchange.send_status(400, "word\n" * 1000)]

        with pytest.raises(ModelRejected) as caught:
            list(client(server.url, clock).stream(QUESTION))
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 300

    def test_proxy_of_the_environment_is_not_asked_for_this_machine(
        self, server: OpenAIServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "OPENAI_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        server.scripts = [say_hello]
        model = client(server.url, clock)

        assert model.is_ready()
        assert text_of(list(model.stream(QUESTION))) == "你好, world"


class TestProbability:
    @pytest.mark.parametrize(
        ("top", "expected"),
        [
            # e^-0.1 / (e^-0.1 + e^-2.5) = 0.9048 / (0.9048 + 0.0821)
            ({"Yes": -0.1, "No": -2.5}, 0.9168),
            # " yes" and "YES" say the same: (0.3 + 0.3) / (0.3 + 0.3 + 0.4)
            ({" yes": math.log(0.3), "YES": math.log(0.3), "No": math.log(0.4)}, 0.6),
            ({"Yes": -0.1, "Maybe": -0.2}, 1.0),
            ({"No": -0.1}, 0.0),
            ({"The": -0.1, "": -0.5}, 0.5),
        ],
        ids=["both", "spellings", "yes-only", "no-only", "neither"],
    )
    def test_mass_of_yes_is_divided_by_that_of_both(
        self, server: OpenAIServer, clock: Clock, top: dict[str, float], expected: float
    ) -> None:
        def say(exchange: Exchange) -> None:
            exchange.begin_stream()
            exchange.send_text("Yes", top=top)
            exchange.finish("length")

        server.scripts = [say]

        share = client(server.url, clock).probability(QUESTION)

        assert share == pytest.approx(expected, abs=1e-4)

    def test_words_can_be_chinese_and_longer_than_a_token(
        self, server: OpenAIServer, clock: Clock
    ) -> None:
        def say(exchange: Exchange) -> None:
            exchange.begin_stream()
            top = {"支": math.log(0.6), "不": math.log(0.2)}
            exchange.send_text("支", top=top)
            exchange.finish("length")

        server.scripts = [say]

        share = client(server.url, clock).probability(QUESTION, yes="支持", no="不支持")

        assert share == pytest.approx(0.75)

    def test_one_token_is_asked_for(self, server: OpenAIServer, clock: Clock) -> None:
        server.scripts = [say_hello]

        client(server.url, clock).probability(QUESTION)

        body = server.bodies[0]
        assert 1 in (body.get("max_tokens"), body.get("max_completion_tokens"))
        assert (body["logprobs"], body["top_logprobs"]) == (True, 20)

    def test_what_it_cost_is_counted(self, server: OpenAIServer, clock: Clock) -> None:
        def say(exchange: Exchange) -> None:
            exchange.begin_stream()
            exchange.send_text("Yes", top={"Yes": -0.1})
            exchange.finish("length", usage={"prompt_tokens": 90, "completion_tokens": 1})

        server.scripts = [say]
        counted: list[Usage | None] = []

        client(server.url, clock).probability(QUESTION, count=counted.append)

        assert counted == [Usage(prompt_tokens=90, new_tokens=1)]

    def test_server_without_probabilities_is_refused(
        self, server: OpenAIServer, clock: Clock
    ) -> None:
        def say(exchange: Exchange) -> None:
            exchange.begin_stream()
            exchange.send_text("Yes")
            exchange.finish()

        server.scripts = [say]

        with pytest.raises(ModelReplyInvalid, match="no probabilities"):
            client(server.url, clock).probability(QUESTION)


class TestIsReady:
    @pytest.mark.parametrize(
        ("health", "is_ready"),
        [(200, True), (503, False), (404, True)],
        ids=["healthy", "loading", "another-kind-of-server"],
    )
    def test_follows_the_server(
        self, server: OpenAIServer, clock: Clock, health: int, is_ready: bool
    ) -> None:
        server.health = health

        assert client(server.url, clock).is_ready() is is_ready

    def test_nobody_there_is_known_at_once(self, clock: Clock) -> None:
        started_s = time.monotonic()

        assert not client("http://127.0.0.1:9", clock).is_ready()
        assert time.monotonic() - started_s < 1

    def test_server_that_accepts_and_says_nothing_costs_a_second(self, clock: Clock) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            started_s = time.monotonic()

            assert not client(f"http://127.0.0.1:{silent.getsockname()[1]}", clock).is_ready()
            assert time.monotonic() - started_s < 2


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1"),
        ("https://llm.example/api/v2/", "https://llm.example/api/v2"),
    ],
)
def test_base_url_gets_a_path(url: str, expected: str) -> None:
    assert base_url(url) == expected


def test_module_is_imported_without_heavy_libraries() -> None:
    """`study --help` imports this module, and must be quick."""
    code = (
        "import sys, assistant.chat_model; "
        "print([m for m in ('openai', 'langchain_openai', 'httpx', 'psutil') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
