"""What pydantic says of a value that is not of its form, in one line without its URL."""

from pydantic import ValidationError


def first_fault(error: ValidationError, whole: str = "the line") -> str:
    """Return the first field at fault and why: "language: Input should be 'zh' or 'en'".

    Args:
        error: what validation raised.
        whole: what the fault is of where no field is.
    """
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"]) or whole
    return f"{field}: {first['msg'].removeprefix('Value error, ')}"
