"""Judges by name: "rules", "model", "stack" (both), "nli:ID" (a cross-encoder by id or folder)."""

from assistant.chat_model import ChatModel
from assistant.errors import ConfigError
from assistant.retrieval import TextEmbedder
from evals.judges import Judge
from evals.judges.model import ModelJudge
from evals.judges.nli import NliJudge
from evals.judges.rules import RulesJudge
from evals.judges.sentences import SentenceReader
from evals.judges.stack import StackedJudge

NAMES = "rules, model, stack, or nli: and the id or folder of a cross-encoder"


def open_judge(name: str, *, embedder: TextEmbedder, chat_model: ChatModel) -> Judge:
    """Return the judge called `name`.

    Raises:
        ConfigError: there is none of that name, or what it needs is not installed.
    """
    reader = SentenceReader(embedder)
    if name == "rules":
        return RulesJudge(reader)
    if name == "model":
        return ModelJudge(chat_model, reader)
    if name == "stack":
        return StackedJudge([RulesJudge(reader), ModelJudge(chat_model, reader)])
    if name.startswith("nli:"):
        return NliJudge(name.removeprefix("nli:"))
    raise ConfigError(f"There is no judge {name}.", hint=f"Name one of: {NAMES}.")


def needs_model(name: str) -> bool:
    """Whether the judge asks the served model."""
    return name in {"model", "stack"}
