"""The lines of a note while they are written. Pure."""

import re
from dataclasses import dataclass, field
from typing import Final

from idexx_sync.core.invisible import INVISIBLE, REFUSED
from idexx_sync.core.personal import Discreet, Personal
from idexx_sync.syncs.cases.html_marks import in_plain_signs

_DEEPEST_INDENT: Final = 10
_UNSEEN: Final = re.compile(f"[{REFUSED}{INVISIBLE}]")
_ROMAN: Final = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l")),
    *((40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)


def tidy(text: str) -> str:
    """A line without what is invisible, each run of blanks as one."""
    return " ".join(in_plain_signs(_UNSEEN.sub("", text)).split())


@dataclass(slots=True)
class Numbering:
    """How the items of a list are numbered."""

    next: int
    step: int
    kind: str
    """As of HTML: `1`, `a`, `A`, `i` or `I`."""

    def label(self, value: int | None) -> str:
        """The number of the next item, which may give itself one."""
        number = self.next if value is None else value
        self.next = number + self.step
        return _numeral(number, self.kind)


def _numeral(number: int, kind: str) -> str:
    text = ""
    if kind in ("a", "A"):
        while number > 0:
            number, letter = divmod(number - 1, 26)
            text = chr(ord("a") + letter) + text
    elif kind in ("i", "I") and 0 < number < 4000:
        for value, letters in _ROMAN:
            count, number = divmod(number, value)
            text += letters * count
    return (text.upper() if kind.isupper() else text) or str(number)


@dataclass(slots=True, repr=False)
class Sheet(Discreet):
    """The lines of a note, or of one cell of it, as they are written."""

    lines: Personal[list[str]] = field(default_factory=list)
    words: Personal[list[str]] = field(default_factory=list)
    lists: list[Numbering | None] = field(default_factory=list)
    """The open lists; None for one with bullets."""
    bullet: str = ""
    rows: Personal[list[list[list[str]]]] = field(default_factory=list)
    """The cells of the open rows, each with its lines."""
    as_typed: int = 0
    """How many `pre` are open."""
    marks: dict[tuple[str, str], int] = field(default_factory=dict)
    """How often each mark is open; it goes on over the ends of lines."""

    def cell(self) -> "Sheet":
        """A sheet for a cell of this one."""
        marks = {mark: times for mark, times in self.marks.items() if times}
        return Sheet(words=[begin for begin, _ in marks], marks=marks)

    def say(self, text: str) -> None:
        first, *others = text.split("\n") if self.as_typed else [text]
        self.words.append(first)
        for line in others:
            self.end_line(wanted=True)
            self.words.append(line)

    def mark(self, mark: tuple[str, str]) -> None:
        self.marks[mark] = self.marks.get(mark, 0) + 1
        if self.marks[mark] == 1:
            self.words.append(mark[0])

    def unmark(self, mark: tuple[str, str]) -> None:
        self.marks[mark] -= 1
        if not self.marks[mark]:
            self.words.append(mark[1])

    def end_line(self, *, wanted: bool = False) -> None:
        """`wanted`: even if there is nothing on it. A lone hard blank is a wanted empty line."""
        is_open = [mark for mark, times in self.marks.items() if times]
        said = "".join((*self.words, *(end for _, end in is_open)))
        self.words = [begin for begin, _ in is_open]
        text = tidy(said)
        if text:
            indent = "  " * min(len(self.lists) - bool(self.bullet), _DEEPEST_INDENT)
            self.lines.append(indent + self.bullet + text)
            self.bullet = ""
        elif (wanted or "\xa0" in said) and not self.bullet:
            self.lines.append("")

    def begin_item(self, value: int | None) -> None:
        self.end_line()
        numbers = self.lists[-1] if self.lists else None
        self.bullet = f"{numbers.label(value)}. " if numbers else "- "

    def end_item(self) -> None:
        self.end_line()
        self.bullet = ""

    def finished(self) -> list[str]:
        self.end_line()
        return self.lines


def row(cells: list[list[str]]) -> list[str]:
    """A row as one line; a cell that has the row to itself keeps its own lines.

    Of three and more cells empty ones keep their place: it says under which heading a mark stands.
    """
    if len(cells) == 1:
        return cells[0]
    texts = ["; ".join(line.strip() for line in cell if line) for cell in cells]
    filled = [text for text in texts if text]
    if not filled:
        return []
    if texts[0] and (len(texts) == 2 or len(filled) == 1):
        return [f"{texts[0].removesuffix(':').rstrip()}: {''.join(texts[1:])}".rstrip()]
    return filled if len(filled) == 1 else [" ".join(" | ".join(texts).split())]
