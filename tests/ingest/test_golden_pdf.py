"""Documents as LaTeX and browsers make them, against what a reader expects of them.

See `tests/ingest/golden/renew.py` for how both are made anew.
"""

import pytest

from tests.ingest.golden.renew import DOCUMENTS, FOLDER, read


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_reads_as_people_read_it(name: str) -> None:
    assert read(name) == (FOLDER / f"{name}.golden.md").read_text(encoding="utf-8")


def test_there_are_papers_a_report_and_slides_in_both_languages() -> None:
    assert DOCUMENTS == ["deck-en", "paper-en", "paper-zh", "report-zh"]
