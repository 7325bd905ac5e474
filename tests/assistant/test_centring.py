from typing import cast

import numpy as np
import pytest

from assistant.centring import (
    LANGUAGES,
    MIN_TEXTS,
    ROLES,
    Centres,
    Role,
    corpus_centres,
    shipped_centres,
    unit,
)
from assistant.records import Language

ROWS = np.array([[3, 4], [0, 2]], dtype=np.float32)


def test_unit_scales_rows_and_single_vectors() -> None:
    assert unit(ROWS) == pytest.approx(np.array([[0.6, 0.8], [0, 1]]))
    assert unit(ROWS[0]) == pytest.approx([0.6, 0.8])


def test_zero_stays_zero() -> None:
    assert unit(np.zeros(2, np.float32)).tolist() == [0, 0]


def test_centre_of_role_and_language_is_subtracted() -> None:
    centres = Centres({("passage", "zh"): np.array([0, 1], np.float32)})

    # (3, 4) - (0, 1) = (3, 3); (0, 2) - (0, 1) = (0, 1).
    assert centres.centre(ROWS, "passage", "zh") == pytest.approx(
        np.array([[0.5**0.5, 0.5**0.5], [0, 1]])
    )
    assert centres.centre(ROWS[1], "passage", "zh") == pytest.approx([0, 1])


@pytest.mark.parametrize(("role", "language"), [("passage", "en"), ("question", "zh")])
def test_what_has_no_centre_is_only_scaled(role: Role, language: Language) -> None:
    centres = Centres({("passage", "zh"): np.array([0, 1], np.float32)})

    assert centres.centre(ROWS, role, language) == pytest.approx(unit(ROWS))


def test_json_keeps_six_digits() -> None:
    centres = Centres(
        {
            (role, language): np.array([1 / 3, -0.5], np.float32)
            for role in ROLES
            for language in LANGUAGES
        }
    )

    again = Centres.from_json(centres.to_json())

    assert again.means.keys() == centres.means.keys()
    assert again.means["question", "zh"] == pytest.approx([0.333333, -0.5], abs=1e-7)
    assert again.to_json() == centres.to_json()
    assert Centres.from_json("{}").means == {}


def test_corpus_centres_are_means_of_raw_vectors() -> None:
    passages = np.tile(ROWS, (MIN_TEXTS // 2, 1))
    sentences = np.repeat(ROWS, MIN_TEXTS, axis=0)

    zh, en = cast("list[Language]", ["zh"] * MIN_TEXTS), cast("list[Language]", ["en"] * MIN_TEXTS)

    centres = corpus_centres(
        [
            ("passage", zh[:50], passages[:50]),
            ("passage", zh[50:], passages[50:]),
            ("sentence", [*zh, *en], sentences),
        ]
    )

    assert centres.means["passage", "zh"] == pytest.approx([1.5, 3])
    # The first half of the sentences, all (3, 4), is Chinese; questions are taken for sentences.
    assert centres.means["sentence", "zh"] == pytest.approx([3, 4])
    assert centres.means["question", "zh"] == pytest.approx([3, 4])
    assert {language for _, language in centres.means} == {"zh"}


def test_language_with_few_passages_has_no_centre() -> None:
    n = MIN_TEXTS - 1
    passages = np.ones((n, 2), np.float32)

    languages: list[Language] = ["en"] * n

    centres = corpus_centres([("passage", languages, passages), ("sentence", languages, passages)])

    assert centres.means == {}


def test_default_embedder_has_centres_for_every_role_and_language() -> None:
    centres = shipped_centres("multilingual-e5-small 12345678 query='query: '")

    assert centres is not None
    assert centres.means.keys() == {(role, language) for role in ROLES for language in LANGUAGES}
    assert {mean.shape for mean in centres.means.values()} == {(384,)}


@pytest.mark.parametrize("fingerprint", ["fake", "acme/tiny 0", "folder:multilingual-e5-small 0"])
def test_other_embedders_have_none(fingerprint: str) -> None:
    assert shipped_centres(fingerprint) is None
