"""A small change to a source: what is replaced where, and how it is told."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters of a source, from `start` up to `end`, and what stands there instead."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One small change to one file."""

    path: str
    """From the project's folder on."""
    function: str
    """The qualified name of the function around it; empty in the module's own lines."""
    line: int
    change: str
    """What was changed, without line numbers, so that it is the same after other changes."""
    edits: tuple[Edit, ...]
    is_sql: bool = False
    is_clinic: bool = False
    """Whether it makes a statement forget whose row it is about."""

    @property
    def name(self) -> tuple[str, str, str]:
        """What it is called by in the list of those that are judged."""
        return self.path, self.function, self.change


def changed(source: str, edits: Sequence[Edit]) -> str:
    """The source with the edits made; every line keeps its number."""
    for edit in sorted(edits, key=lambda e: e.start, reverse=True):
        lost = source.count("\n", edit.start, edit.end) - edit.text.count("\n")
        source = source[: edit.start] + edit.text + "\n" * lost + source[edit.end :]
    return source


def shortened(text: str, length: int = 70) -> str:
    """The text in one line, its middle left out where it is too long."""
    words = " ".join(text.split())
    if len(words) <= length:
        return words
    return f"{words[: length * 2 // 3]} … {words[-length // 3 :]}"
