import dataclasses
import re
import string

import pytest

from assistant import errors
from ui.labels import EN, LABELS, ZH, Labels

TEXTS = [field.name for field in dataclasses.fields(Labels) if field.name != "failures"]


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("field", TEXTS)
def test_both_languages_say_it_with_the_same_names(field: str) -> None:
    zh, en = getattr(ZH, field), getattr(EN, field)
    assert names(zh) == names(en)
    assert re.search("[\u4e00-\u9fff]", zh) or not re.search("[A-Za-z]", re.sub(r"{\w+}", "", en))
    assert not re.search("[\u4e00-\u9fff]", en)


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_every_known_error_has_its_sentence(labels: Labels) -> None:
    kinds = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type)
        and issubclass(kind, errors.StudyError)
        and not kind.__subclasses__()
        and kind is not errors.IngestError
    }
    assert kinds <= set(labels.failures)
    assert set(ZH.failures) == set(EN.failures)
    for kind, sentence in labels.failures.items():
        assert names(sentence) == ({"incident"} if kind == "Unexpected" else set())
