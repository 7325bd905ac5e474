"""The client of a model server: LangChain's ChatOpenAI against vLLM, llama.cpp or any other server
with OpenAI's HTTP interface.

Here are time-outs, retries and cancelling. Not here: what its errors mean
(`assistant/model_errors.py`), starting a server (`assistant/model_server.py`) and what is said to
the model (`assistant/prompts.py`).
"""

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast
from urllib.parse import urlsplit

from assistant.errors import ModelError, ModelReplyInvalid
from assistant.model_errors import may_pass, translation
from assistant.server_probe import engine_of, is_healthy

if TYPE_CHECKING:
    from langchain_core.messages import AIMessageChunk, BaseMessage
    from langchain_openai import ChatOpenAI

CONNECT_TIMEOUT_S = 2.0
READY_TIMEOUT_S = 1.0
N_TOP_TOKENS = 10
"""Likeliest first tokens asked for in a stream: the sign of a refusal is among them."""
N_TOP_FOR_PROBABILITY = 20
"""OpenAI's largest; a judge's Yes and No are seldom further down."""
FIRST_BACK_OFF_S = 0.5
"""Wait before the first retry; it doubles with each."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a reply cost; times are None where the server doesn't tell them (vLLM)."""

    prompt_tokens: int
    new_tokens: int
    cached_tokens: int = 0
    prompt_ms: float | None = None
    generation_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some more text of a reply.

    `top_logprobs` is set on the first piece: natural logarithms of the probabilities of the
    likeliest first tokens; None where the server doesn't tell. `finish` is set on the last piece,
    whose text is empty: "stop", or "length" if the limit of tokens cut the reply; `usage` too.
    """

    text: str
    top_logprobs: Mapping[str, float] | None = None
    finish: str | None = None
    usage: Usage | None = None


Count = Callable[[Usage | None], None]
"""Is told what a reply cost; None where the server doesn't say."""


class ChatModel(Protocol):
    """A model that continues a chat."""

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None
    ) -> Generator[Piece, None, None]:
        """Yield the reply to `messages` as it is written; closing the iterator cancels it.

        Raises:
            ModelError: one of its four kinds; after the first piece, too.
        """
        ...

    def probability(
        self,
        messages: Sequence[Message],
        *,
        yes: str = "Yes",
        no: str = "No",
        count: Count | None = None,
    ) -> float:
        """Return how probable `yes` is against `no` as the reply's first token, in [0, 1].

        0.5 if neither is among the likeliest tokens. `count` is told what it cost.
        """
        ...

    def is_ready(self) -> bool:
        """Return whether a server answers now; takes a second at most."""
        ...


class OpenAIChatModel:
    """A `ChatModel` behind an OpenAI-compatible HTTP server.

    Args:
        url: the server's base URL; "/v1" is added where the URL has no path.
        model: the name under which the server serves it.
        timeout_s: longest silence, also before the first token, seconds.
        retries: tries after a failure before the first token; waits of 0.5, 1, 2, … s between.
        sleep: what waits, in seconds.
    """

    def __init__(
        self,
        *,
        url: str,
        model: str,
        api_key: str | None = None,
        timeout_s: float = 120,
        retries: int = 2,
        max_new_tokens: int = 320,
        temperature: float = 0.0,
        seed: int = 7,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = base_url(url)
        self.model = model
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._retries = retries
        self._max_new_tokens = max_new_tokens
        self._temperature = temperature
        self._seed = seed
        self._sleep = sleep

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None
    ) -> Generator[Piece, None, None]:
        """Yield the reply to `messages` as it is written; see `ChatModel.stream`."""
        yield from self._stream(messages, max_tokens or self._max_new_tokens, N_TOP_TOKENS)

    def probability(
        self,
        messages: Sequence[Message],
        *,
        yes: str = "Yes",
        no: str = "No",
        count: Count | None = None,
    ) -> float:
        """Return how probable `yes` is against `no`; see `ChatModel.probability`."""
        pieces = list(self._stream(messages, 1, N_TOP_FOR_PROBABILITY))
        if count is not None:
            count(pieces[-1].usage)
        if pieces[0].top_logprobs is None:
            raise ModelReplyInvalid(
                f"{self.url} gives no probabilities of tokens.",
                hint="Use vLLM or llama.cpp, or evaluate without the model as a judge.",
            )
        return _share(pieces[0].top_logprobs, yes, no)

    def is_ready(self) -> bool:
        """Return whether the server answers now; takes a second at most."""
        return is_healthy(self.url, api_key=self._api_key, timeout_s=READY_TIMEOUT_S)

    @cached_property
    def engine(self) -> str:
        """What serves there: "vllm", "llamacpp" or "external"; asked once."""
        return engine_of(self.url, api_key=self._api_key, timeout_s=READY_TIMEOUT_S)

    def _stream(
        self, messages: Sequence[Message], max_tokens: int, n_top: int
    ) -> Generator[Piece, None, None]:
        """Yield the pieces of a reply, one at least; try again until the first has come."""
        if not messages:
            raise ValueError("A chat needs at least one message.")
        for n_failed in range(self._retries + 1):
            has_begun = False
            try:
                with closing(self._stream_once(messages, max_tokens, n_top)) as pieces:
                    for piece in pieces:
                        has_begun = True
                        yield piece
            except ModelError as error:
                if has_begun or n_failed == self._retries or not may_pass(error):
                    raise
                self._sleep(FIRST_BACK_OFF_S * 2**n_failed)
            else:
                return

    def _stream_once(
        self, messages: Sequence[Message], max_tokens: int, n_top: int
    ) -> Generator[Piece, None, None]:
        first: Mapping[str, float] | None = None
        has_begun = False
        finish: str | None = None
        usage: Usage | None = None
        chat = self._chat
        with self._translated():
            chunks = chat.stream(
                [(message.role, message.content) for message in messages],
                max_tokens=max_tokens,
                logprobs=True,
                top_logprobs=n_top,
            )
            # Closing LangChain's generator closes the connection, and that stops the server.
            with closing(cast("Generator[AIMessageChunk, None, None]", chunks)):
                for chunk in chunks:
                    first = first or _top_logprobs(chunk)
                    finish = chunk.response_metadata.get("finish_reason") or finish
                    usage = _usage(chunk) or usage
                    if text := chunk.text:
                        yield Piece(text=text, top_logprobs=None if has_begun else first)
                        has_begun = True
            if finish is None:
                raise ModelReplyInvalid(
                    f"The reply of {self.url} broke off.",
                    hint="Is it an OpenAI-compatible server? Its log may say more.",
                )
        yield Piece(text="", top_logprobs=None if has_begun else first, finish=finish, usage=usage)

    @cached_property
    def _chat(self) -> "ChatOpenAI":
        import httpx

        timeout = httpx.Timeout(self._timeout_s, connect=CONNECT_TIMEOUT_S)
        return _chat_class()(
            base_url=self.url,
            model=self.model,
            api_key=lambda: self._api_key or "none",
            temperature=self._temperature,
            seed=self._seed,
            timeout=timeout,
            max_retries=0,
            stream_usage=True,
            use_responses_api=False,
            openai_proxy=None,
            http_client=httpx.Client(
                timeout=timeout,
                # A connection that was kept is dead after the server's restart.
                limits=httpx.Limits(max_keepalive_connections=0),
                # A company's proxy can't reach a server on this machine.
                trust_env=not _is_loopback(self.url),
            ),
            http_socket_options=(),
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what openai, httpx and LangChain raise into a `ModelError`."""
        import httpx
        import openai

        try:
            yield
        except (openai.OpenAIError, httpx.HTTPError) as exc:
            raise translation(exc, self.url, self._timeout_s) from exc
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as exc:
            # What parsing raises where the reply has another shape than a completion's.
            raise translation(exc, self.url, self._timeout_s) from exc


def base_url(url: str) -> str:
    """Return `url` as OpenAI's clients want it: with a path ("/v1" if it has none), no last "/"."""
    stripped = url.rstrip("/")
    return stripped if urlsplit(stripped).path else stripped + "/v1"


def import_client() -> None:
    """Import LangChain and openai now, which take seconds, and not with the first request."""
    _chat_class()


@cache
def _chat_class() -> type["ChatOpenAI"]:
    from langchain_core.outputs import ChatGenerationChunk
    from langchain_openai import ChatOpenAI

    class ChatWithTimings(ChatOpenAI):
        """ChatOpenAI that keeps llama.cpp's `timings`, which LangChain would drop."""

        def _convert_chunk_to_generation_chunk(
            self,
            chunk: dict[str, Any],
            default_chunk_class: type,
            base_generation_info: dict[str, Any] | None,
        ) -> ChatGenerationChunk | None:
            converted = super()._convert_chunk_to_generation_chunk(
                chunk, default_chunk_class, base_generation_info
            )
            if converted is not None and (timings := chunk.get("timings")):
                converted.message.response_metadata["timings"] = timings
            return converted

    return ChatWithTimings


def _top_logprobs(message: "BaseMessage") -> dict[str, float] | None:
    """Return the log-probabilities of the likeliest first tokens of `message`, None without any."""
    content = (message.response_metadata.get("logprobs") or {}).get("content") or []
    if not content:
        return None
    top: dict[str, float] = {}
    for entry in content[0].get("top_logprobs") or ():
        # Parts of different Chinese characters decode to the same replacement character.
        top[entry["token"]] = max(float(entry["logprob"]), top.get(entry["token"], -math.inf))
    return top or None


def _usage(chunk: "AIMessageChunk") -> Usage | None:
    told = chunk.usage_metadata
    if told is None:
        return None
    timings = chunk.response_metadata.get("timings") or {}
    return Usage(
        prompt_tokens=told["input_tokens"],
        new_tokens=told["output_tokens"],
        cached_tokens=told.get("input_token_details", {}).get("cache_read") or 0,
        prompt_ms=timings.get("prompt_ms"),
        generation_ms=timings.get("predicted_ms"),
    )


def _share(top: Mapping[str, float], yes: str, no: str) -> float:
    """Return the probability of `yes` divided by that of `yes` and `no`; 0.5 without either."""
    mass = {yes: 0.0, no: 0.0}
    for token, logprob in top.items():
        word = token.strip().casefold()
        matches = [answer for answer in mass if word and answer.casefold().startswith(word)]
        if len(matches) == 1:  # a token that begins both says nothing
            mass[matches[0]] += math.exp(logprob)
    total = sum(mass.values())
    return mass[yes] / total if total > 0 else 0.5


def _is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
