"""An optional cross-encoder that reads question and passage together (extra `neural`)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from assistant.errors import ConfigError


class CrossEncoderReranker:
    """A `retrieval.Reranker` from sentence-transformers, by hub id or folder.

    Raises:
        ConfigError: the extra is not installed, or the model can't be had.
    """

    def __init__(self, model: str) -> None:
        try:
            from sentence_transformers import CrossEncoder
        except ImportError as error:
            raise ConfigError(
                "A reranker needs sentence-transformers, which is not installed.",
                hint="Install torch, then the extra: pip install -e '.[neural]'.",
            ) from error
        try:
            self._encoder = CrossEncoder(model)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"The reranker {model} can't be loaded.",
                hint="Set STUDY_RETRIEVAL__RERANKER to a folder or a reachable hub id.",
            ) from error

    def scores(self, question: str, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return a relevance for each text, the higher the better, shape (n,)."""
        pairs = [(question, text) for text in texts]
        return np.asarray(self._encoder.predict(pairs), dtype=np.float32)
