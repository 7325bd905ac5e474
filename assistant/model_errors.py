"""What openai, httpx and LangChain raise, in our own words: the four kinds of `ModelError`."""

from functools import cache

from assistant.errors import (
    ModelError,
    ModelRejected,
    ModelReplyInvalid,
    ModelTimeout,
    ModelUnreachable,
)

_RETRIED_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_UNREACHABLE_STATUS = frozenset({502, 503, 504})
"""What a proxy says without its server, and llama.cpp while it loads the model."""


def translation(exc: Exception, url: str, timeout_s: float) -> ModelError:
    """Return the error to raise for `exc`, by its nearest class that has a counterpart.

    Args:
        exc: what a request to the server raised.
        url: of the server.
        timeout_s: its longest silence, seconds.
    """
    kind = counterpart(type(exc))
    status = getattr(exc, "status_code", None)
    if status in _UNREACHABLE_STATUS or _was_never_connected(exc):
        kind = ModelUnreachable
    if kind is ModelUnreachable:
        return ModelUnreachable(
            f"No model server answers at {url}{f' (status {status})' if status else ''}.",
            hint="Start one with `study model serve`, or correct STUDY_MODEL__URL.",
        )
    if kind is ModelTimeout:
        return ModelTimeout(
            f"The model server was silent for {timeout_s:g} s.",
            hint="It may be overloaded; STUDY_MODEL__TIMEOUT_S sets how long to wait.",
        )
    detail = " ".join(str(getattr(exc, "message", exc)).split())[:200]
    if kind is ModelRejected:
        return ModelRejected(
            f"The model server refused the request: {detail}", hint=_rejection_hint(status)
        )
    return ModelReplyInvalid(
        f"The model server's reply can't be used: {detail}",
        hint="Its log may say more; `study model status` names the file.",
    )


@cache
def counterparts() -> dict[type[BaseException], type[ModelError]]:
    """Return the kind of `ModelError` for each class of openai's and httpx's errors."""
    import httpx
    import openai

    return {
        openai.OpenAIError: ModelReplyInvalid,
        openai.APIError: ModelReplyInvalid,  # an error in the middle of a stream
        openai.APIResponseValidationError: ModelReplyInvalid,
        openai.LengthFinishReasonError: ModelReplyInvalid,
        openai.ContentFilterFinishReasonError: ModelReplyInvalid,
        openai.InternalServerError: ModelReplyInvalid,
        openai.APIConnectionError: ModelUnreachable,
        openai.WebSocketConnectionClosedError: ModelUnreachable,
        openai.WebSocketQueueFullError: ModelUnreachable,
        openai.APITimeoutError: ModelTimeout,
        openai.APIStatusError: ModelRejected,
        openai.BadRequestError: ModelRejected,
        openai.AuthenticationError: ModelRejected,
        openai.OAuthError: ModelRejected,
        openai.PermissionDeniedError: ModelRejected,
        openai.NotFoundError: ModelRejected,
        openai.ConflictError: ModelRejected,
        openai.UnprocessableEntityError: ModelRejected,
        openai.RateLimitError: ModelRejected,
        httpx.HTTPError: ModelUnreachable,
        httpx.TimeoutException: ModelTimeout,
        httpx.ConnectTimeout: ModelUnreachable,
        httpx.DecodingError: ModelReplyInvalid,
    }


def counterpart(error: type[BaseException]) -> type[ModelError]:
    """Return the kind of `ModelError` for `error`, by the nearest of its base classes."""
    table = counterparts()
    return next((table[base] for base in error.__mro__ if base in table), ModelReplyInvalid)


def may_pass(error: ModelError) -> bool:
    """Return whether another try may succeed."""
    status = getattr(error.__cause__, "status_code", None)
    return isinstance(error, ModelUnreachable) or status in _RETRIED_STATUS


def _was_never_connected(exc: BaseException) -> bool:
    """Return whether a time-out passed before there was a connection."""
    import httpx

    cause: BaseException | None = exc
    while cause is not None and not isinstance(cause, httpx.ConnectTimeout):
        cause = cause.__cause__
    return cause is not None


def _rejection_hint(status: int | None) -> str:
    if status in (401, 403):
        return "Set STUDY_MODEL__API_KEY to a key that the server takes."
    if status == 404:
        return "Set STUDY_MODEL__NAME to a model that the server serves."
    if status == 429:
        return "The server is busy: try again in a moment."
    return "If the prompt is too long, raise STUDY_MODEL__CONTEXT_TOKENS and restart the server."
