import re

from assistant import errors
from assistant.errors import StudyError


def drawn_tree() -> dict[str, str]:
    """Return the base of each class as the module's docstring draws it; "" for the root."""
    assert errors.__doc__ is not None
    bases: dict[str, str] = {}
    path: list[str] = []
    for indent, name in re.findall(r"^( *)- (\w+)", errors.__doc__, re.MULTILINE):
        depth = len(indent) // 4
        bases[name] = path[depth - 1] if depth else ""
        path = [*path[:depth], name]
    return bases


def real_tree() -> dict[str, str]:
    classes = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, Exception)
    ]
    return {each.__name__: each.__base__.__name__ for each in classes if each.__base__}


def test_the_tree_is_as_it_is_drawn() -> None:
    assert drawn_tree() == {**real_tree(), "StudyError": ""}
    assert real_tree()["StudyError"] == "Exception"


def test_every_error_is_documented() -> None:
    for name in real_tree():
        assert getattr(errors, name).__doc__


def test_error_says_what_happened_and_what_to_do() -> None:
    error = StudyError("It broke.", hint="Mend it.")

    assert (str(error), error.hint) == ("It broke.", "Mend it.")
    assert StudyError("It broke.").hint == ""
