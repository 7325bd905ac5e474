from hypothesis import given
from hypothesis import strategies as st

from ui.library.word_changes import CONTEXT_CHARS, Piece, word_changes


def test_words_that_went_and_came_are_told_apart() -> None:
    assert word_changes("LoRA freezes the weights.", "LoRA freezes all weights.") == (
        Piece("same", "LoRA freezes "),
        Piece("gone", "the"),
        Piece("new", "all"),
        Piece("same", " weights."),
    )


def test_chinese_is_compared_by_character() -> None:
    assert word_changes("每个词元", "每对词元") == (
        Piece("same", "每"),
        Piece("gone", "个"),
        Piece("new", "对"),
        Piece("same", "词元"),
    )


def test_new_and_removed_passages_are_whole() -> None:
    assert word_changes(None, "new") == (Piece("new", "new"),)
    assert word_changes("old", None) == (Piece("gone", "old"),)
    assert word_changes(None, None) == ()


def test_long_stretches_that_stayed_are_cut_to_their_edges() -> None:
    start, middle, new, _ = word_changes(
        "w " * 200 + "a " + "x " * 200, "w " * 200 + "b " + "x " * 200
    )
    assert start.text.startswith(" … ")
    assert len(start.text) == CONTEXT_CHARS + 3
    assert (middle, new) == (Piece("gone", "a"), Piece("new", "b"))


def test_very_long_texts_are_not_compared_word_by_word() -> None:
    assert [piece.side for piece in word_changes("a " * 3000, "b " * 3000)] == ["gone", "new"]


@given(st.text(max_size=60), st.text(max_size=60))
def test_pieces_make_up_both_texts(before: str, after: str) -> None:
    pieces = word_changes(before, after)
    assert "".join(piece.text for piece in pieces if piece.side != "new") == before
    assert "".join(piece.text for piece in pieces if piece.side != "gone") == after
