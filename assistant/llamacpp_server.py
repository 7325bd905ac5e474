"""The process that serves a GGUF with llama.cpp; started and watched by `ModelServer`.

Run as a script (`python -P llamacpp_server.py --model FILE …`): it imports nothing of this
project. llama.cpp answers in threads of its own until a signal ends the process.
"""

import argparse
import sys
import threading
from collections.abc import Sequence

PROMPT_CACHE_MIB = 512
"""Memory for prompts that no slot holds any more: the fixed beginnings of answering, rewriting
and judging are taken up again from there. llama.cpp's own default is 8 GiB."""

WARNINGS = 2
"""llama.cpp's level of its log; the next one writes ten lines a request."""


def main(argv: Sequence[str]) -> int:
    """Serve until a signal comes; return 1 if the model can't be loaded."""
    options = _parser().parse_args(argv)
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = options.model
    params.model_alias = {options.name}
    params.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_MMAP
    params.n_gpu_layers = options.gpu_layers
    params.hostnames = [options.host]
    params.port = options.port

    # Each slot has a context of its own. A request goes to the slot that shares the longest
    # beginning with it, and only the rest of its prompt is computed.
    params.n_parallel = options.parallel
    params.n_ctx = options.context * options.parallel
    params.kv_unified = False
    params.cache_prompt = True
    params.cache_ram_mib = PROMPT_CACHE_MIB
    if options.prompt_folder:
        params.slot_save_path = f"{options.prompt_folder}/"
    params.ctx_shift = False  # a prompt that is too long is refused, not cut in the middle

    params.cpuparams.n_threads = options.threads
    params.cpuparams_batch.n_threads = options.threads
    params.verbosity = WARNINGS

    # Other users of this machine and web pages in a browser have no business here.
    params.ui = False
    params.endpoint_slots = False  # it shows prompts
    params.endpoint_metrics = True
    params.cors_origins = f"http://{options.host}"
    # A ping would make a hung server look alive to the client's time-out.
    params.sse_ping_interval = -1
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        print(f"llama.cpp can't serve {options.model}: {error}", file=sys.stderr, flush=True)
        return 1
    print(f"llama.cpp serves {options.name} at {server.listening_address}", flush=True)
    threading.Event().wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Serve a GGUF with llama.cpp.")
    parser.add_argument("--model", required=True, help="the GGUF file")
    parser.add_argument("--name", required=True, help="the name clients ask for")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--context", type=int, default=4096, help="tokens, for each request")
    parser.add_argument("--parallel", type=int, default=2, help="requests side by side")
    parser.add_argument("--threads", type=int, default=-1, help="-1: all cores")
    parser.add_argument("--gpu-layers", type=int, default=-1, help="-1: as many as fit")
    parser.add_argument("--prompt-folder", help="where slots may be saved and restored from")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
