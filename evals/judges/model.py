"""The judge that asks the served model for one token, and reads the probability of "Yes".

That needs neither JSON nor a reply that can be parsed, and works on vLLM and on llama.cpp. The
model sees only the few sentences of the passages that are nearest to the statement: a small one
loses a swapped number in whole passages, and each token costs time.
"""

import re
from collections.abc import Sequence

from assistant.chat_model import ChatModel, Message
from evals.judges import NO_PASSAGE
from evals.judges.sentences import SentenceReader
from evals.records import Verdict

THRESHOLD = 0.5
MAX_SENTENCES, MAX_TOKENS = 4, 160
"""What the model is shown of the passages; the tokens by estimate."""

YES, NO = "Yes", "No"

SYSTEM = """\
You check homework about language models. Each answer must follow from the text alone. Look hard \
for mistakes: exchanged subjects, exchanged causes and effects, more instead of less, a wrong \
number, year, unit or name, a missing or added "not", a rule made too general, a detail that is \
not in the text."""

QUESTION = """\
Text: {text}
Answer of the student: {statement}
Is the answer right according to the text? Answer Yes or No."""

# What chat templates take for message ends.
_TAG = re.compile(r"<(?=[|｜]|\s*/|[A-Za-z])|\[(?=/?INST\])")


class ModelJudge:
    """Asks a chat model whether passages support a statement; Yes against No, in [0, 1]."""

    name = "model"

    def __init__(
        self, chat_model: ChatModel, reader: SentenceReader, *, threshold: float = THRESHOLD
    ) -> None:
        self.threshold = threshold
        self._chat_model = chat_model
        self._reader = reader

    def judge(self, statement: str, passages: Sequence[str], *, question: str = "") -> Verdict:
        """Return how probable "Yes" is; the question is not read. Raises `ModelError`."""
        shown = self._reader.nearest(
            statement, passages, max_sentences=MAX_SENTENCES, max_tokens=MAX_TOKENS
        )
        if not shown or not statement.strip():
            return NO_PASSAGE
        probability = self._chat_model.probability(
            judge_messages(statement, " ".join(shown)), yes=YES, no=NO
        )
        return Verdict(probability=min(1.0, max(0.0, probability)))


def judge_messages(statement: str, text: str) -> tuple[Message, ...]:
    """Return the messages that ask whether `text` supports `statement`."""
    content = QUESTION.format(text=_as_data(text), statement=_as_data(statement))
    return (Message("system", SYSTEM), Message("user", content))


def _as_data(text: str) -> str:
    return _TAG.sub(r"\g<0> ", text.strip())
