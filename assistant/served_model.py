"""The chat model of this home: whichever server runs now, found anew whenever it is needed.

So the page answers with extracts while the server starts, and with the model as soon as it is up,
without anybody telling it.
"""

from collections.abc import Generator, Sequence
from functools import partial
from pathlib import Path

from assistant.chat_model import Count, Message, OpenAIChatModel, Piece, base_url
from assistant.errors import ModelUnreachable
from assistant.model_server import RunningServer, find_running


class ServedChatModel:
    """A `ChatModel` (see `assistant/chat_model.py`) behind the server of one home, or a fixed URL.

    Args:
        home: where the running server's address is kept.
        url: a server that somebody else runs; None: that of `home`.
        name: the model's name.
        api_key: for `url`, if it wants one.
        timeout_s: longest silence, seconds.
    """

    def __init__(
        self,
        *,
        home: Path,
        url: str | None,
        name: str,
        api_key: str | None,
        timeout_s: float,
        retries: int,
        max_new_tokens: int,
        temperature: float,
        seed: int,
    ) -> None:
        self.name = name
        self._home = home
        self._url = url
        self._new_client = partial(
            OpenAIChatModel,
            api_key=api_key,
            timeout_s=timeout_s,
            retries=retries,
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            seed=seed,
        )
        self._client: OpenAIChatModel | None = None

    def running(self) -> RunningServer | None:
        """Return the server of this home; None if none runs or a fixed URL is used."""
        return None if self._url else find_running(self._home)

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None
    ) -> Generator[Piece, None, None]:
        """Yield the reply to `messages` as it is written."""
        yield from self._connected().stream(messages, max_tokens=max_tokens)

    def probability(
        self,
        messages: Sequence[Message],
        *,
        yes: str = "Yes",
        no: str = "No",
        count: Count | None = None,
    ) -> float:
        """Return how probable `yes` is against `no` as the reply's first token."""
        return self._connected().probability(messages, yes=yes, no=no, count=count)

    def is_ready(self) -> bool:
        """Return whether a server answers now; takes a second at most."""
        try:
            return self._connected().is_ready()
        except ModelUnreachable:
            return False

    def engine(self) -> str | None:
        """Return what serves the model, "external" at a fixed URL that doesn't say; None: nothing.

        Takes a second at most.
        """
        if self._url:
            return self._connected().engine
        running = self.running()
        return running.engine if running else None

    def _connected(self) -> OpenAIChatModel:
        """Return the client of the server that runs now; kept while its address stays."""
        if self._url:
            url, model = self._url, self.name
        else:
            server = find_running(self._home)
            if server is None:
                raise ModelUnreachable(
                    "No model server is running.", hint="Start one with `study model serve`."
                )
            url, model = server.url, server.model
        client = self._client
        if client is None or (client.url, client.model) != (base_url(url), model):
            client = self._client = self._new_client(url=url, model=model)
            self.name = model
        return client
