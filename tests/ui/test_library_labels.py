import dataclasses
import re
import string
from collections.abc import Mapping
from typing import get_args

import pytest

from ingest import errors
from ingest.findings import FindingKind, Unit
from ui.gaps_csv import GapHeadings
from ui.library.staging import Change
from ui.library.targets import NameProblem
from ui.library_labels import EN, LIBRARY_LABELS, ZH, LibraryLabels

FIELDS = [field.name for field in dataclasses.fields(LibraryLabels)]


def texts(labels: LibraryLabels, field: str) -> dict[str, str]:
    value = getattr(labels, field)
    if isinstance(value, GapHeadings):
        return dataclasses.asdict(value)
    return dict(value) if isinstance(value, Mapping) else {"": value}


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("field", FIELDS)
def test_both_languages_say_it_with_the_same_names(field: str) -> None:
    zh, en = texts(ZH, field), texts(EN, field)
    assert zh.keys() == en.keys()
    for key in zh:
        assert names(zh[key]) == names(en[key])
        assert not re.search("[\u4e00-\u9fff]", en[key])
        assert re.search("[\u4e00-\u9fff]", zh[key]) or not re.search(
            "[A-Za-z]", re.sub(r"{\w+}", "", en[key])
        )


@pytest.mark.parametrize("labels", LIBRARY_LABELS.values(), ids=LIBRARY_LABELS)
def test_every_kind_has_its_words(labels: LibraryLabels) -> None:
    assert set(labels.findings) == set(get_args(FindingKind))
    assert set(labels.units) == set(get_args(Unit))
    assert set(labels.changes) == set(get_args(Change))
    assert set(labels.names) == set(get_args(NameProblem))
    kinds = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    assert kinds - {"IngestError"} | {"UnknownKind", ""} == set(labels.refusals)
