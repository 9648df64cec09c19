"""A list as a command has read it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Listed[T]:
    """The first of what a list holds, and whether there is more."""

    items: Sequence[T]
    more: bool
