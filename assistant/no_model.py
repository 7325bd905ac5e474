"""A chat model that is never there: the assistant then answers with extracts, and says so."""

from collections.abc import Generator, Sequence

from assistant.chat_model import Count, Message, Piece
from assistant.errors import ModelUnreachable


class NoModel:
    """A `ChatModel` (see `assistant/chat_model.py`) for those who want no model."""

    name = ""

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None
    ) -> Generator[Piece, None, None]:
        """Raise ModelUnreachable."""
        raise _absent()
        yield Piece(text="")  # makes this a generator, as `ChatModel` wants

    def probability(
        self,
        messages: Sequence[Message],
        *,
        yes: str = "Yes",
        no: str = "No",
        count: Count | None = None,
    ) -> float:
        """Raise ModelUnreachable."""
        raise _absent()

    def is_ready(self) -> bool:
        """Return False."""
        return False


def _absent() -> ModelUnreachable:
    return ModelUnreachable("The model is switched off.", hint="Leave out --no-model.")
