import inspect

import httpx
import openai
import pytest

from assistant.errors import ModelError, ModelReplyInvalid, ModelTimeout, ModelUnreachable
from assistant.model_errors import counterpart, counterparts


def openai_errors() -> list[type[openai.OpenAIError]]:
    classes = [getattr(openai, name) for name in openai.__all__]
    return [c for c in classes if inspect.isclass(c) and issubclass(c, openai.OpenAIError)]


def test_every_error_of_openai_has_a_counterpart() -> None:
    missing = [error.__name__ for error in openai_errors() if error not in counterparts()]

    assert len(openai_errors()) > 15
    assert missing == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ReadTimeout, ModelTimeout),
        (httpx.ConnectTimeout, ModelUnreachable),
        (httpx.ConnectError, ModelUnreachable),
        (httpx.RemoteProtocolError, ModelUnreachable),
        (KeyError, ModelReplyInvalid),
    ],
)
def test_error_without_its_own_counterpart_has_that_of_its_nearest_base(
    error: type[Exception], kind: type[ModelError]
) -> None:
    assert counterpart(error) is kind
