"""Every failure that a user may meet, with one sentence and a hint.

- StudyError
    - ConfigError
    - IndexUnusable
        - IndexMissing
        - IndexStale
        - IndexCorrupt
    - WeightsError
        - WeightsMissing
        - WeightsCorrupt
    - ModelError
        - ModelUnreachable
        - ModelTimeout
        - ModelRejected
        - ModelReplyInvalid
    - BusyError
    - StorageError
    - IngestError (its kinds are in `ingest/errors.py`)
"""


class StudyError(Exception):
    """A failure with a sentence for the user (`str(error)`) and a hint on what to do."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(StudyError):
    """A setting is unknown, out of bounds or contradicts another."""


class IndexUnusable(StudyError):
    """The index can't be searched as it is."""


class IndexMissing(IndexUnusable):
    """No generation has been built yet."""


class IndexStale(IndexUnusable):
    """The generation was built with other settings than those in force."""


class IndexCorrupt(IndexUnusable):
    """A file of the generation is damaged, missing or half-written."""


class WeightsError(StudyError):
    """A model's files can't be had."""


class WeightsMissing(WeightsError):
    """The files are neither here nor reachable."""


class WeightsCorrupt(WeightsError):
    """The files don't have the expected sha256, also after fetching them again."""


class ModelError(StudyError):
    """The model server failed to give an answer."""


class ModelUnreachable(ModelError):
    """No server answers at the address."""


class ModelTimeout(ModelError):
    """The server took longer than the time-out."""


class ModelRejected(ModelError):
    """The server refused the request (too long, unknown model, bad key)."""


class ModelReplyInvalid(ModelError):
    """The server answered something that is not a chat completion."""


class BusyError(StudyError):
    """Another process holds what this one needs."""


class StorageError(StudyError):
    """The disk is full, read-only, or not ours to write to."""


class IngestError(StudyError):
    """A document can't be taken in; `place` says where in it, "" where that isn't known."""

    def __init__(self, message: str, *, hint: str = "", place: str = "") -> None:
        super().__init__(message, hint=hint)
        self.place = place
