"""The model server of a command: the one that runs already, or one for as long as the command.

Puts `assistant/weights.py`, `assistant/vllm_weights.py` and `assistant/model_server.py` together
with the settings and shows what takes time.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from assistant.errors import BusyError, ModelTimeout, ModelUnreachable, StudyError
from ui import terminal

if TYPE_CHECKING:
    from assistant.model_server import ModelServer, RunningServer
    from assistant.server_commands import ServedBy, ServerOptions
    from assistant.settings import Engine, Settings

_LOOK_EVERY_S = 0.5


def server_options(
    settings: "Settings",
    *,
    report: terminal.Report | None = None,
    engine: "Engine | None" = None,
    announce: Callable[[str], None] = terminal.note,
) -> "ServerOptions":
    """Return what to serve, its weights fetched and in the form that the engine reads.

    Args:
        settings: those in force.
        report: told of the bytes of a download.
        engine: instead of the settings'.
        announce: told of what takes long, in a sentence.

    Raises:
        WeightsError: the weights can't be had or converted.
    """
    from assistant import vllm_weights, weights
    from assistant.server_commands import ServerOptions, choose_engine

    options = settings.model
    served_by: ServedBy = choose_engine(engine or options.engine, options.vllm_python)
    path = weights.resolve(
        options.name, cache=settings.cache, offline=settings.offline, progress=report
    )
    if served_by == "vllm" and path.is_file():
        announce(f"  {path.name} in the form that vLLM reads (the first time takes minutes)")
        path = vllm_weights.as_safetensors(
            path, cache=settings.cache, vllm_python=options.vllm_python
        )
    return ServerOptions(
        engine=served_by,
        model_path=path,
        model_name=options.name,
        host=options.host,
        port=options.port,
        context_tokens=options.context_tokens,
        parallel=options.parallel,
        threads=options.threads,
        gpu_layers=options.gpu_layers,
        tensor_parallel=options.tensor_parallel,
        gpu_memory_share=options.gpu_memory_share,
        dtype=options.dtype,
        vllm_python=options.vllm_python,
        start_timeout_s=options.start_timeout_s,
    )


def new_server(settings: "Settings", options: "ServerOptions", *, warms_up: bool) -> "ModelServer":
    """Return a server for `options`, not yet started.

    Args:
        settings: those in force.
        options: see `server_options`.
        warms_up: whether it computes the beginning of all prompts before the first question; not
            worth it for a single one, which does so itself.
    """
    from assistant.model_server import ModelServer
    from assistant.prompts import FIXED

    messages = [{"role": message.role, "content": message.content} for message in FIXED]
    return ModelServer(options, home=settings.home, warm_up_messages=messages if warms_up else ())


@contextmanager
def model_for_questions(
    settings: "Settings", *, without: str = "The answers are extracts."
) -> Iterator[None]:
    """Have a model server while the block runs; warn if there is none, and what is so `without`."""
    from assistant.model_server import find_running

    if settings.model.url is not None:
        try:
            require_healthy(settings)
        except ModelUnreachable as error:
            terminal.warn(f"{error} {error.hint}", without)
        yield
        return
    server: ModelServer | None = None
    if find_running(settings.home) is None:
        try:
            server = _start(settings)
        except StudyError as error:
            terminal.warn(f"{error} {error.hint}".rstrip(), without)
    try:
        yield
    finally:
        if server is not None:
            server.stop()


def require_healthy(settings: "Settings") -> None:
    """Do nothing if the server at the settings' URL answers.

    Raises:
        ModelUnreachable: it doesn't.
    """
    from assistant.chat_model import READY_TIMEOUT_S, base_url
    from assistant.server_probe import is_healthy

    url, key = settings.model.url or "", settings.model.api_key
    if not is_healthy(
        base_url(url),
        api_key=key.get_secret_value() if key else None,
        timeout_s=READY_TIMEOUT_S,
    ):
        raise ModelUnreachable(
            f"No model server answers at {url}.",
            hint="Start it, or unset STUDY_MODEL__URL to have one started here.",
        )


def _start(settings: "Settings") -> "ModelServer | None":
    """Return a server that is ready; None where another process started one meanwhile."""
    with terminal.progress() as bars:
        options = server_options(settings, report=bars.add("Model", "bytes"))
    terminal.note(f"Starting the model server ({options.engine}) …")
    server = new_server(settings, options, warms_up=False)
    if wait_or_start(server, settings) is not None:
        return None
    try:
        server.wait_ready()
    except BaseException:
        server.stop()
        raise
    return server


def wait_or_start(server: "ModelServer", settings: "Settings") -> "RunningServer | None":
    """Start `server` and return None; return the other one where another process runs one.

    Raises:
        ModelTimeout: another process starts one, but it doesn't get ready.
    """
    from assistant.model_server import find_running

    deadline_s = time.monotonic() + settings.model.start_timeout_s
    has_said_so = False
    while time.monotonic() < deadline_s:
        try:
            server.start()
        except BusyError:
            if running := find_running(settings.home):
                return running
            if not has_said_so:
                terminal.note("Another process is starting the model server; waiting for it.")
                has_said_so = True
            time.sleep(_LOOK_EVERY_S)
        else:
            return None
    raise ModelTimeout(
        f"Another process holds the model server of {settings.home}, and it doesn't get ready.",
        hint="Stop that process, or look into logs/model-server.log there.",
    )


def watch(server: "ModelServer") -> None:
    """Return never, as long as `server` lives; it restarts by itself after a crash.

    Raises:
        ModelUnreachable: it crashed too often; the message says why.
    """
    while server.state not in ("failed", "stopped"):
        time.sleep(_LOOK_EVERY_S)
    server.wait_ready(0)
