import pytest

from assistant.centring import Centres
from assistant.prompts import estimate_tokens
from evals.judges.sentences import SentenceReader
from tests.fakes import FakeEmbedder

CATS, DOGS = "Cats purr when they are happy.", "Dogs bark at strangers by night."
PASSAGE = f"{CATS} It rained on Monday and on Tuesday. {DOGS} The weather was fine on Friday."


@pytest.fixture
def reader() -> SentenceReader:
    return SentenceReader(FakeEmbedder("purr", "bark"), centres=Centres({}))


def test_nearest_sentences_come_in_reading_order(reader: SentenceReader) -> None:
    found = reader.nearest("Dogs bark and cats purr.", [PASSAGE], max_sentences=2, max_tokens=99)
    assert found == [CATS, DOGS]


def test_the_nearest_comes_even_where_it_is_too_long(reader: SentenceReader) -> None:
    found = reader.nearest(DOGS, [PASSAGE], max_sentences=4, max_tokens=1)
    assert found == [DOGS]


def test_what_does_not_fit_is_left_out(reader: SentenceReader) -> None:
    size = estimate_tokens(DOGS)
    found = reader.nearest(DOGS, [PASSAGE], max_sentences=4, max_tokens=size + 12)
    assert len(found) == 2


def test_doubles_and_empty_passages_count_once(reader: SentenceReader) -> None:
    found = reader.nearest("猫会叫。", ["", "猫会叫。", "猫会叫。"], max_sentences=4, max_tokens=99)
    assert found == ["猫会叫。"]
    assert reader.nearest("猫会叫。", [" "], max_sentences=4, max_tokens=99) == []
