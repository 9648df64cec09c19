"""All that a command shows to a person: lines, tables of facts, lists whose ids stay in one piece.

Whatever stands in a text, it can't act on a terminal or pretend to be a line of ours: each text is
escaped here, and no other module of the command line makes anything that is printed. What holds
a command to paste is never wrapped.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from idexx_sync.core.invisible import escaped

type Shown = RenderableType
"""A part of what a person reads."""
ENTRY_INDENT: Final = 4
_COMMAND: Final = re.compile(r"idexx-sync [a-z]")
_BETWEEN: Final = 3
"""Columns between those of a listing."""
_LEAST_COLUMNS: Final = 12
"""For a value beside its name, however narrow the terminal is."""


def line(text: str, style: str = "", *, whole: bool = False) -> Text:
    """One line; one that is `whole`, or holds a command, is never wrapped or cut."""
    if whole or _COMMAND.search(text):
        return Text(escaped(text), style, no_wrap=True, overflow="ignore")
    return Text(escaped(text), style)


def drawn(text: str) -> list[Text]:
    """A drawing of characters, line by line, each in one piece."""
    return [line(one.rstrip(), whole=True) for one in text.splitlines()]


def is_whole(part: Shown) -> bool:
    """Whether lines of it are never wrapped or cut: what prints it has to be told."""
    return isinstance(part, _Facts) or (isinstance(part, Text) and bool(part.no_wrap))


def two_toned(first: str, style: str, rest: str) -> Text:
    """One line of which only the beginning has a style."""
    both = line(first + rest)
    both.stylize(style, 0, len(escaped(first)))
    return both


def heading(text: str) -> Text:
    """A line in bold below an empty one."""
    return Text("\n").append(escaped(text), "bold")


def indented(text: str, columns: int) -> Shown:
    """A line that is set in, however often it is wrapped."""
    if _COMMAND.search(text):
        return line(" " * columns + text)
    return Padding(line(text), (0, 0, 0, columns), expand=False)


def fact_table(rows: Iterable[tuple[str, str | None]], title: str | None = None) -> Shown:
    """Names on the left, values on the right; a row whose value is None is left out."""
    return _Facts([(line(name), line(value)) for name, value in rows if value is not None], title)


class _Facts:
    """A table of two columns, of which rich's own would cut a line that may not be wrapped."""

    def __init__(self, rows: Sequence[tuple[Text, Text]], title: str | None) -> None:
        self._rows = rows
        self._title = title

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        names = max((name.cell_len for name, _ in self._rows), default=0)
        columns = max(_LEAST_COLUMNS, options.max_width - names - 4)
        if self._title is not None:
            yield Text(self._title, "table.title")
        for name, value in self._rows:
            head = Text(f" {name.plain}{' ' * (names - name.cell_len)}  ", "dim")
            parts = [value] if value.no_wrap else value.wrap(console, columns, overflow="fold")
            for number, part in enumerate(parts):
                yield (head if number == 0 else Text(" " * (names + 3))).append_text(part)


def listing(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, whole: Sequence[str] = ("Job",)
) -> Table:
    """One line per thing; the columns named in `whole` are never wrapped or cut."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        table.add_column(name, no_wrap=name in whole, overflow="fold")
    for row in rows:
        table.add_row(*(Text(escaped(text)) for text in row))
    return table


def figures(columns: Sequence[str], rows: Iterable[Sequence[str]], width: int) -> list[Shown]:
    """One line of numbers per thing; where the terminal is too narrow for it, two as `entry` has,
    without what is empty. The first column says what it is."""
    told = [columns, *rows]
    needed = sum(max(map(len, column)) + _BETWEEN for column in zip(*told, strict=True))
    if needed - _BETWEEN <= width:
        return [listing(columns, told[1:], whole=columns)]
    named = (zip(columns[1:], row[1:], strict=True) for row in told[1:])
    bodies = ("  ".join(f"{name} {value}" for name, value in row if value) for row in named)
    heads = ((row[0],) for row in told[1:])
    return entries(zip(heads, bodies, strict=True))


def entries(items: Iterable[tuple[Sequence[str], str]]) -> list[Shown]:
    """Two lines per thing, for any width: what it is, id first, and below it what is to say."""
    return [part for head, body in items for part in entry(head, body)]


def entry(
    head: Sequence[str], body: str, style: str = "", needed: str | None = None
) -> list[Shown]:
    """The two lines of one thing, and a third with what is needed, whose command stays whole."""
    parts: list[Shown] = [line("  ".join(head), style, whole=True), indented(body, ENTRY_INDENT)]
    if needed is not None:
        parts.append(line(f"{' ' * ENTRY_INDENT}{needed}", whole=True))
    return parts
