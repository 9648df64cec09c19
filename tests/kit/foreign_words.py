"""Errors that quote an owner, in every way in which Python and libraries can make them."""

import traceback
from collections.abc import Callable
from typing import Any, Final

import httpx
import psycopg
from botocore.exceptions import ClientError
from pydantic import BaseModel, ValidationError

CANARY: Final = "Rosalind Featherstonehaugh"
"""An owner, invented; whatever leaves a process must not name her."""
PIECES: Final = ("Rosalind", "Featherstonehaugh")


def names_her(*texts: object) -> bool:
    """Whether any of it quotes her."""
    whole = " ".join(str(text) for text in texts).lower()
    return any(piece.lower() in whole for piece in PIECES)


def all_of(error: BaseException) -> str:
    """All that any runtime or log could show of an error: chain, notes, attributes, representation;
    the lines of source text of its frames apart."""
    shown = [repr(error), str(error), str(vars(error)), str(getattr(error, "__notes__", ""))]
    led_to = [one for one in (error.__cause__, error.__context__) if one is not None]
    shown += [all_of(one) for one in led_to]
    shown += traceback.format_exception(error)
    return "\n".join(shown)


def with_locals(error: BaseException) -> str:
    """The traceback of an error, of its causes and contexts, with all that its frames hold; but for
    the tests' own, who have the words from the beginning."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    led_to = [one for one in (error.__cause__, error.__context__) if one is not None]
    told.stack[:] = [frame for frame in told.stack if "/tests/" not in frame.filename]
    return "".join([*told.format(), *map(with_locals, led_to)])


def _caused() -> Exception:
    try:
        raise ValueError(CANARY)
    except ValueError as cause:
        error = RuntimeError("something else")
        error.__cause__ = cause
        return error


def _in_context() -> Exception:
    try:
        try:
            raise KeyError(CANARY)
        finally:
            raise RuntimeError("something else")
    except RuntimeError as error:
        return error


def _unspeakable() -> Exception:
    class UnspeakableError(Exception):
        def __str__(self) -> str:
            raise RuntimeError(CANARY)

        __repr__ = __str__

    return UnspeakableError(CANARY)


def _noted() -> Exception:
    error = RuntimeError("something else")
    error.add_note(CANARY)
    return error


def _refused_by_pydantic() -> Exception:
    class Patient(BaseModel):
        weight: int

    try:
        Patient.model_validate({"weight": CANARY, CANARY: 1})
    except ValidationError as error:
        return error
    raise AssertionError


def _refused_by_aws() -> Exception:
    error: Exception = ClientError({"Error": {"Code": CANARY, "Message": CANARY}}, "GetSecretValue")
    return error


def _of_a_class_made_while_running() -> Exception:
    kind: type[Exception] = type("_".join(PIECES), (ValueError,), {})
    return kind(CANARY)


def _generated() -> Exception:
    """Raised by code that was made while running, in a file and function of her name."""
    name = "_".join(PIECES)
    spaces: dict[str, Any] = {}
    exec(compile(f"def {name}(): return 1 // 0", f"/{CANARY}.html", "exec"), spaces)  # noqa: S102
    try:
        spaces[name]()
    except ZeroDivisionError as error:
        return error
    raise AssertionError


def _loop() -> Exception:
    one, other = RuntimeError(CANARY), ValueError(CANARY)
    one.__cause__, other.__cause__ = other, one
    return one


ERRORS: Final[dict[str, Callable[[], BaseException]]] = {
    "a message": lambda: ValueError(f"can't read {CANARY}"),
    "a key": lambda: KeyError(CANARY),
    "a cause": _caused,
    "a context": _in_context,
    "a note": _noted,
    "a loop of causes": _loop,
    "a group": lambda: ExceptionGroup(CANARY, [ValueError(CANARY), _caused()]),
    "a class of her name": _of_a_class_made_while_running,
    "an error that can't be printed": _unspeakable,
    "generated code": _generated,
    "a row, by psycopg": lambda: psycopg.errors.UniqueViolation(f"Key (owner)=({CANARY}) exists"),
    "a bad value, by psycopg": lambda: psycopg.DataError(f"can't adapt {CANARY}"),
    "an input, by pydantic": _refused_by_pydantic,
    "a request, by httpx": lambda: httpx.InvalidURL(CANARY),
    "an answer, by botocore": _refused_by_aws,
    "the end of the process": lambda: SystemExit(CANARY),
    "running out": lambda: MemoryError(CANARY),
    "undecodable": lambda: UnicodeDecodeError("utf-8", CANARY.encode(), 0, 1, CANARY),
}


def raise_it(error: BaseException) -> None:
    raise error
