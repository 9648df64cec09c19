"""All that a command shows to a person: lines, tables of facts, lists whose ids stay in one piece.

Whatever stands in a text, it can't act on a terminal or pretend to be a line of ours: each text is
escaped here, and no other module of the command line makes anything that is printed.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from idexx_sync.core.invisible import escaped

type Shown = RenderableType
"""A part of what a person reads."""
ENTRY_INDENT: Final = 4


def line(text: str, style: str = "", *, whole: bool = False) -> Text:
    """One line; one that is `whole` is never wrapped or cut."""
    if whole:
        return Text(escaped(text), style, no_wrap=True, overflow="ignore")
    return Text(escaped(text), style)


def is_whole(part: Shown) -> bool:
    """Whether it is a line that is never wrapped or cut: what prints it has to be told."""
    return isinstance(part, Text) and bool(part.no_wrap)


def two_toned(first: str, style: str, rest: str) -> Text:
    """One line of which only the beginning has a style."""
    return line(first, style).append(escaped(rest), "default")


def heading(text: str) -> Text:
    """A line in bold below an empty one."""
    return Text("\n").append(escaped(text), "bold")


def indented(text: str, columns: int) -> Padding:
    """A line that is set in, however often it is wrapped."""
    return Padding(line(text), (0, 0, 0, columns), expand=False)


def fact_table(rows: Iterable[tuple[str, str | None]], title: str | None = None) -> Table:
    """Names on the left, values on the right; a row whose value is None is left out."""
    table = Table(box=None, show_header=False, title=title, title_justify="left", padding=(0, 1))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, value in rows:
        if value is not None:
            table.add_row(line(name), line(value))
    return table


def listing(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, whole: Sequence[str] = ("Job",)
) -> Table:
    """One line per thing; the columns named in `whole` are never wrapped or cut."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        table.add_column(name, no_wrap=name in whole, overflow="fold")
    for row in rows:
        table.add_row(*map(line, row))
    return table


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
