"""Marks of values that tell of people and animals: a model says which of its fields hold them.

A value is marked where it is declared, so that whoever adds a field decides it there. A model of
marked fields is discreet: neither its `repr` nor any text made of it shows them.
"""

from dataclasses import fields, is_dataclass
from functools import cache
from inspect import get_annotations
from typing import Annotated, Final, TypeVar

HIDDEN: Final = "<personal>"
_Value = TypeVar("_Value")


class _Mark:
    """Of a personal value."""


MARK: Final = _Mark()
Personal = Annotated[_Value, MARK]
"""A value that tells of somebody: a name, a phone, an address, what was written of a visit."""


class Discreet:
    """A model that keeps its personal values to itself; of a dataclass with `repr=False`."""

    __slots__ = ()

    def __repr__(self) -> str:
        model: type = type(self)
        hidden = personal_fields(model)
        shown = ", ".join(
            f"{name}={HIDDEN if name in hidden else repr(getattr(self, name, None))}"
            for name in _names(model)
        )
        return f"{model.__name__}({shown})"

    def __str__(self) -> str:
        return repr(self)


@cache
def personal_fields(model: type) -> frozenset[str]:
    """Names of the model's fields that are marked."""
    return frozenset(
        name
        for kind in model.__mro__
        for name, hint in get_annotations(kind).items()
        if MARK in getattr(hint, "__metadata__", ())
    )


@cache
def _names(model: type) -> tuple[str, ...]:
    if is_dataclass(model):
        return tuple(field.name for field in fields(model) if field.repr)
    return tuple(getattr(model, "model_fields", ()))
