from ui.library.word_changes import CONTEXT_CHARS, Piece, shortened


def test_long_stretches_that_stayed_are_cut_to_their_edges() -> None:
    start, middle, new, end = shortened(
        [
            Piece("same", "w " * 200),
            Piece("removed", "a"),
            Piece("added", "b"),
            Piece("same", " x" * 200),
        ]
    )
    assert start.text.startswith(" … ")
    assert len(start.text) == CONTEXT_CHARS + 3
    assert (middle, new) == (Piece("removed", "a"), Piece("added", "b"))
    assert end.text.endswith(" … ")


def test_short_and_changed_stretches_stay_whole() -> None:
    pieces = [Piece("same", "短"), Piece("added", "新" * 500)]
    assert list(shortened(pieces)) == pieces
