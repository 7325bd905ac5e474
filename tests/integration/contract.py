"""What any engine must do for the assistant, whichever serves; run by each engine's own test file.

The passages hold invented facts, so that a right answer can only come from them.
"""

import math
import re
import threading
import time
from contextlib import closing

import httpx
import pytest

from assistant.chat_model import Message, OpenAIChatModel, Piece
from assistant.errors import ModelRejected
from assistant.prompts import NOT_IN_MATERIALS, Excerpt, answer_messages
from assistant.records import Hit, Language, Passage

LIBRARY_EN = "The course library of Altenmoor opens at 7:45 and is looked after by Ms Quell."
LIBRARY_ZH = "阿尔滕课程图书馆每天早上七点四十五分开门，由奎尔女士管理。"
LONG_STORY = [Message("user", "Tell a very long story about the sea. Do not stop early.")]


def ask(text: str, question: str, language: Language) -> list[Message]:
    passage = Passage(
        passage_id="p1",
        source="library.md",
        title="Library",
        heading=("Library",),
        text=text,
        language=language,
    )
    excerpt = Excerpt(number=1, hit=Hit(passage=passage, score=1.0), text=text)
    return answer_messages(question, [excerpt], language)


def reply(
    model: OpenAIChatModel, messages: list[Message], max_tokens: int = 60
) -> tuple[str, Piece]:
    """Return the text of the reply and its last piece."""
    pieces = list(model.stream(messages, max_tokens=max_tokens))
    return "".join(piece.text for piece in pieces), pieces[-1]


def refusal_probability(model: OpenAIChatModel, messages: list[Message]) -> float:
    """Return how probable a first token is with which NOT_IN_MATERIALS begins."""
    with closing(model.stream(messages, max_tokens=1)) as pieces:
        top = next(pieces).top_logprobs or {}
    return sum(math.exp(p) for t, p in top.items() if t and NOT_IN_MATERIALS.startswith(t))


def n_running(model: OpenAIChatModel) -> int:
    """Return how many requests the server works on now, by its own metrics."""
    page = httpx.get(model.url.removesuffix("/v1") + "/metrics", trust_env=False).text
    counts = re.findall(
        r"^(?:llamacpp:requests_processing|vllm:num_requests_running)(?:\{.*\})? ([\d.]+)$",
        page,
        re.MULTILINE,
    )
    return int(sum(float(count) for count in counts)) if counts else -1


def wait_for_running(model: OpenAIChatModel, wanted: int, timeout_s: float = 20) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if n_running(model) == wanted:
            return True
        time.sleep(0.05)
    return False


class ServingContract:
    """What streaming, cancelling and probabilities need; any model can pass it."""

    block_tokens = 0
    """Prompts are kept in whole blocks of so many tokens; 0: to the last token."""

    def is_mostly_cached(self, last: Piece) -> bool:
        usage = last.usage
        assert usage is not None
        return usage.cached_tokens > 0.8 * (usage.prompt_tokens - self.block_tokens) > 0

    def test_server_is_ready(self, model: OpenAIChatModel) -> None:
        assert model.is_ready()

    def test_reply_streams_in_pieces_and_tells_its_cost(self, model: OpenAIChatModel) -> None:
        pieces = list(model.stream([Message("user", "Count from 1 to 9.")], max_tokens=16))

        assert len(pieces) > 3
        assert pieces[-1].finish in ("stop", "length")
        usage = pieces[-1].usage
        assert usage is not None
        assert usage.prompt_tokens > 5
        assert 1 < usage.new_tokens <= 16

    def test_first_piece_tells_the_likeliest_first_tokens(self, model: OpenAIChatModel) -> None:
        with closing(model.stream([Message("user", "Say yes.")], max_tokens=4)) as pieces:
            first = next(pieces)

        assert first.top_logprobs is not None
        assert len(first.top_logprobs) == 10
        assert all(logprob <= 0 for logprob in first.top_logprobs.values())
        assert max(first.top_logprobs, key=first.top_logprobs.__getitem__).strip()

    def test_limit_of_tokens_cuts_the_reply_and_says_so(self, model: OpenAIChatModel) -> None:
        _, last = reply(model, LONG_STORY, max_tokens=5)

        assert last.finish == "length"
        assert last.usage is not None
        assert last.usage.new_tokens == 5

    def test_closing_the_stream_stops_the_server(self, model: OpenAIChatModel) -> None:
        assert wait_for_running(model, 0)
        pieces = model.stream(LONG_STORY, max_tokens=1500)
        next(pieces)
        assert wait_for_running(model, 1)

        pieces.close()

        assert wait_for_running(model, 0, timeout_s=10)

    def test_two_requests_are_served_side_by_side(self, model: OpenAIChatModel) -> None:
        first = model.stream(LONG_STORY, max_tokens=1500)
        next(first)

        text, last = reply(model, [Message("user", "Say hello.")], max_tokens=8)

        assert text
        assert last.finish in ("stop", "length")
        assert next(first).text  # the long one has gone on meanwhile
        first.close()

    def test_requests_of_several_threads_all_get_their_reply(self, model: OpenAIChatModel) -> None:
        replies: dict[int, str] = {}

        def run(number: int) -> None:
            replies[number] = reply(model, [Message("user", f"Count to {number}.")], 6)[0]

        threads = [threading.Thread(target=run, args=(number,)) for number in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(100)

        assert sorted(replies) == [0, 1, 2, 3, 4]
        assert all(replies.values())

    def test_shared_beginning_of_a_prompt_is_computed_once(self, model: OpenAIChatModel) -> None:
        rules = Message("system", "You are a patient teacher of geography. " * 30)
        reply(model, [rules, Message("user", "What is a river?")], 2)

        _, last = reply(model, [rules, Message("user", "How high is a hill?")], 2)

        assert self.is_mostly_cached(last)

    def test_prompt_that_is_too_long_is_refused_with_a_hint(self, model: OpenAIChatModel) -> None:
        with pytest.raises(ModelRejected) as caught:
            list(model.stream([Message("user", "word " * 20_000)]))

        assert "CONTEXT_TOKENS" in caught.value.hint

    def test_same_question_gets_the_same_reply(self, model: OpenAIChatModel) -> None:
        question = [Message("user", "What is the capital of France?")]

        assert reply(model, question, 12)[0] == reply(model, question, 12)[0]


class AnsweringContract(ServingContract):
    """What the assistant's own prompts need; for a model that reads Chinese and English."""

    @pytest.mark.parametrize(
        ("text", "question", "language", "expected"),
        [
            (LIBRARY_EN, "When does the library of Altenmoor open?", "en", "7:45"),
            (LIBRARY_ZH, "阿尔滕课程图书馆由谁管理？", "zh", "奎尔"),
            (LIBRARY_EN, "阿尔滕莫尔（Altenmoor）的课程图书馆几点开门？", "zh", "7:45"),
        ],
        ids=["en", "zh", "zh-from-en"],
    )
    def test_answer_comes_from_the_passage_with_its_marker(
        self,
        model: OpenAIChatModel,
        text: str,
        question: str,
        language: Language,
        expected: str,
    ) -> None:
        answer, last = reply(model, ask(text, question, language))

        assert expected in answer
        assert "[1]" in answer
        assert last.finish == "stop"

    @pytest.mark.parametrize(
        ("text", "covered", "not_covered", "language"),
        [
            (LIBRARY_EN, "Who looks after it?", "How many parameters does GPT-3 have?", "en"),
            (LIBRARY_ZH, "图书馆由谁管理？", "GPT-3 有多少个参数？", "zh"),
        ],
        ids=["en", "zh"],
    )
    def test_refusal_is_likelier_for_a_question_that_the_passage_does_not_answer(
        self,
        model: OpenAIChatModel,
        text: str,
        covered: str,
        not_covered: str,
        language: Language,
    ) -> None:
        """The assistant weighs this; the model alone need not refuse."""
        usual = refusal_probability(model, ask(text, covered, language))

        assert refusal_probability(model, ask(text, not_covered, language)) > 3 * usual

    def test_fixed_beginning_of_the_prompts_is_computed_once(self, model: OpenAIChatModel) -> None:
        reply(model, ask(LIBRARY_EN, "Who looks after the library?", "en"), 1)

        _, last = reply(model, ask(LIBRARY_EN, "Where is Ms Quell's library?", "en"), 1)

        assert self.is_mostly_cached(last)

    @pytest.mark.parametrize(
        ("statement", "is_true"),
        [
            ("The library opens at 7:45.", True),
            ("Ms Quell looks after the library.", True),
            ("The library opens at noon.", False),
            ("The library is closed on Sundays.", False),
        ],
    )
    def test_probability_of_yes_tells_supported_statements_from_others(
        self, model: OpenAIChatModel, statement: str, is_true: bool
    ) -> None:
        question = (
            f"Passage: {LIBRARY_EN}\nStatement: {statement}\n"
            "Is every fact in the statement supported by the passage? Answer Yes or No."
        )

        probability = model.probability([Message("user", question)])

        assert (probability > 0.5) is is_true
