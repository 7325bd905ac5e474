"""Runs over a real index with a fake model: rows, errors as rows, stopping and going on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.answer_events import Event
from assistant.answering import Assistant
from assistant.errors import IndexMissing
from assistant.glossary import Glossary
from assistant.index import LiveIndex
from assistant.limits import Limits
from assistant.records import EVERYONE
from assistant.retrieval import Retriever, SearchResult
from evals.records import Case, EarlierTurn, Row
from evals.runner import ROWS, answer_case, read_rows, run_cases
from tests.assistant.samples import EN_CAT, EN_DOG, ZH_CAT, build, embedder, passage
from tests.fakes import FakeChatModel

CASES = [
    Case(id="en", language="en", question="Why does a cat purr?", reference="It is happy."),
    Case(id="zh", language="zh", question="猫为什么打呼噜？", reference="因为高兴。"),
]
REPLIES = ("When it is happy it purrs [1].", "猫高兴的时候会打呼噜[1]。")


class Study:
    """What a run needs of the assistant, over an index of pets."""

    def __init__(self, home: Path, model: FakeChatModel) -> None:
        self.model = model
        self.retriever = Retriever(
            live_index=LiveIndex(home, fingerprint="fake"),
            embedder=embedder(),
            glossary=Glossary(),
        )
        self.fails_at = ""

    def stream(self, question: str, **options: object) -> Iterator[Event]:
        if self.fails_at and self.fails_at in question:
            raise RuntimeError("a fault of the program")
        assistant = Assistant(retriever=self.retriever, chat_model=self.model, limits=Limits())
        return assistant.stream(question, **options)  # type: ignore[arg-type]

    def search(
        self, question: str, *, top_k: int | None = None, audiences: frozenset[str] = EVERYONE
    ) -> SearchResult:
        return self.retriever.search(question, top_k=top_k or 6, audiences=audiences)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    build(home, [passage(text) for text in (ZH_CAT, EN_CAT, EN_DOG)])
    return home


def test_row_holds_answer_ranking_and_what_was_read(home: Path, tmp_path: Path) -> None:
    rows = run_cases(CASES, Study(home, FakeChatModel(*REPLIES)), tmp_path / "run")

    assert [row.case.id for row in rows] == ["en", "zh"]
    first = rows[0]
    assert (first.answer, first.mode, first.language) == (REPLIES[0], "model", "en")
    assert first.error == ""
    assert first.found[0].text == EN_CAT
    assert first.read[0].text == EN_CAT
    assert first.cited[0].quote == "When it is happy it purrs."
    assert [statement.citations for statement in first.statements] == [(1,)]
    assert first.standalone_question == first.case.question
    assert first.notice == ""
    assert 0 < (first.first_token_s or 0) <= first.total_s
    assert read_rows(tmp_path / "run") == rows


def test_notice_and_standalone_question_are_kept(home: Path) -> None:
    follow_up = Case(
        id="follow-up",
        language="en",
        question="Why does it purr?",
        history=(EarlierTurn(question="What is a cat?", answer="An animal."),),
    )

    row = answer_case(follow_up, Study(home, FakeChatModel("Why does a cat purr?", "", "")))

    assert "cat" in row.standalone_question
    assert row.mode == "extracts"
    assert row.notice


def test_rows_of_earlier_runs_have_neither() -> None:
    row = Row.model_validate_json('{"case": {"id": "a", "language": "en", "question": "Why?"}}')
    assert (row.notice, row.standalone_question) == ("", "")


def test_history_and_passages_reach_the_assistant(home: Path, tmp_path: Path) -> None:
    model = FakeChatModel("Why does a cat purr?", REPLIES[0])
    case = Case(
        id="given",
        language="en",
        question="Why does it purr?",
        history=(EarlierTurn(question="What is a cat?", answer="An animal."),),
        passages=(EN_DOG, EN_CAT),
    )

    row = answer_case(case, Study(home, model))

    assert row.found == ()
    assert [each.text for each in row.read] == [EN_DOG, EN_CAT]
    assert "What is a cat?" in str(model.calls[0])


@pytest.mark.parametrize("error", [IndexMissing("No index.", hint="Build it."), RuntimeError("x")])
def test_error_is_a_row(home: Path, error: Exception) -> None:
    class Broken(Study):
        def stream(self, question: str, **options: object) -> Iterator[Event]:
            raise error

    row = answer_case(CASES[0], Broken(home, FakeChatModel()))

    assert str(error) in row.error
    assert not row.answer


def test_stopped_run_goes_on_and_failed_rows_are_tried_again(home: Path, tmp_path: Path) -> None:
    study = Study(home, FakeChatModel(*REPLIES))
    study.fails_at = "猫"
    run_cases(CASES, study, tmp_path)
    with (tmp_path / ROWS).open("a", encoding="utf-8") as file:
        file.write('{"case": {"id": "cut o')
    study.fails_at = ""
    seen: list[tuple[int, int]] = []

    rows = run_cases(CASES, study, tmp_path, report=lambda done, total: seen.append((done, total)))

    assert [row.error for row in rows] == ["", ""]
    assert len(study.model.calls) == 2  # the first answer was kept
    assert seen == [(1, 2), (2, 2)]
    assert len(read_rows(tmp_path)) == 2


@pytest.mark.parametrize(
    "model",
    [FakeChatModel(is_up=False), FakeChatModel([REPLIES[0], " And"], fails_after=1)],
    ids=["gone", "breaks off"],
)
def test_answer_that_the_model_failed_to_give_is_an_error(home: Path, model: FakeChatModel) -> None:
    row = answer_case(CASES[0], Study(home, model))

    assert row.error in {"No model answered.", "The server is gone."}
    assert not row.answer


def test_without_a_model_extracts_are_the_answer(home: Path) -> None:
    row = answer_case(CASES[0], Study(home, FakeChatModel(is_up=False)), needs_model=False)

    assert (row.error, row.mode) == ("", "extracts")


def test_rows_of_other_cases_are_never_lost(home: Path, tmp_path: Path) -> None:
    run_cases(CASES[:1], Study(home, FakeChatModel(REPLIES[0])), tmp_path)

    (row,) = run_cases(CASES[1:], Study(home, FakeChatModel(REPLIES[1])), tmp_path)

    assert row.case.id == "zh"
    assert [each.case.id for each in read_rows(tmp_path)] == ["en", "zh"]


def test_interruption_keeps_what_is_done(home: Path, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_cases(CASES, Study(home, FakeChatModel(*REPLIES)), tmp_path, report=stop)

    assert [row.case.id for row in read_rows(tmp_path)] == ["en"]


def test_several_at_a_time_give_the_same_rows_in_order(home: Path, tmp_path: Path) -> None:
    cases = [CASES[0].model_copy(update={"id": f"c{number}"}) for number in range(6)]
    study = Study(home, FakeChatModel(*[REPLIES[0]] * 6))

    rows = run_cases(cases, study, tmp_path, workers=3)

    assert [row.case.id for row in rows] == [case.id for case in cases]
    assert {row.answer for row in rows} == {REPLIES[0]}
