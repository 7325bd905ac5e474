"""An assistant for the bot's tests: answers everything, as fast or slow as it is told."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence

from assistant.answer_events import Event, Finished, Found, Wrote
from assistant.language import detect_language
from assistant.records import EVERYONE, Answer, Hit, Language, Passage, Sentence, Turn
from tests.fakes import FakeStatus
from tests.ui.samples import ATTENTION_ZH, LORA_EN, QUOTE_ZH, answered, cite


def made_answer(question: str) -> Answer:
    """Return an answer with a citation, in the language of the question."""
    if detect_language(question) == "zh":
        text = f"{QUOTE_ZH}。"
        citation = cite(1, ATTENTION_ZH, QUOTE_ZH)
    else:
        text = "LoRA freezes the pretrained weights."
        citation = cite(1, LORA_EN, "LoRA freezes the pretrained weights")
    marked = text[:-1] + ("[1]" if detect_language(question) == "zh" else " [1]") + text[-1]
    sentence = Sentence(text=text, citations=(1,), support=0.95, supported=True)
    language = detect_language(question)
    return answered(question, marked, language, sentences=[sentence], citations=[citation])


class MadeAssistant:
    """Takes `seconds` for an answer, in `n_pieces`; `fails` is called with each question first."""

    def __init__(
        self,
        *,
        seconds: float = 0.0,
        n_pieces: int = 4,
        answer: Callable[[str], Answer] = made_answer,
        fails: Callable[[str], None] = lambda question: None,
    ) -> None:
        self.seconds = seconds
        self.n_pieces = n_pieces
        self.answer = answer
        self.fails = fails
        self.asked: list[tuple[str, tuple[Turn, ...], frozenset[str]]] = []
        self.n_closed = 0
        self.n_at_once = 0
        self.most_at_once = 0
        self.hold = threading.Event()
        self.hold.set()
        self._lock = threading.Lock()

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        audiences: frozenset[str] = EVERYONE,
        language: Language | None = None,
        passages: Sequence[Passage] | None = None,
    ) -> Iterator[Event]:
        with self._lock:
            self.asked.append((question, tuple(history), audiences))
            self.n_at_once += 1
            self.most_at_once = max(self.most_at_once, self.n_at_once)
        try:
            self.fails(question)
            answer = self.answer(question)
            yield Found(tuple(Hit(passage=each.passage, score=1.0) for each in answer.citations))
            size = -(-len(answer.text) // self.n_pieces) or 1
            for start in range(0, len(answer.text), size):
                time.sleep(self.seconds / self.n_pieces)
                yield Wrote(answer.text[start : start + size])
            self.hold.wait(30)
            yield Finished(answer)
        except GeneratorExit:
            self.n_closed += 1
            raise
        finally:
            with self._lock:
                self.n_at_once -= 1

    def status(self) -> FakeStatus:
        return FakeStatus()

    def suggest(self, language: Language) -> tuple[str, ...]:
        if language == "zh":
            return ("什么是词元？", "什么是微调？", "什么是提示词？")
        return ("What is a token?", "What is fine-tuning?", "What is a prompt?")

    def related(self, answer: Answer) -> tuple[str, ...]:
        return ()

    def source_passages(
        self, source: str, audiences: frozenset[str] = EVERYONE
    ) -> tuple[Passage, ...]:
        return ()
