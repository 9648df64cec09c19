"""How results look: tables of facts, and lists whose ids stay in one piece."""

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text


def fact_table(rows: Iterable[tuple[str, str | None]], title: str | None = None) -> Table:
    """Names on the left, values on the right; a row whose value is None is left out."""
    table = Table(box=None, show_header=False, title=title, title_justify="left", padding=(0, 1))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, value in rows:
        if value is not None:
            table.add_row(name, value)
    return table


def listing(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, whole: Sequence[str] = ("Job",)
) -> Table:
    """One line per thing; the columns named in `whole` are never wrapped or cut."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        table.add_column(name, no_wrap=name in whole, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def entries(items: Iterable[tuple[Sequence[str], str]]) -> list[RenderableType]:
    """Two lines per thing, for any width: what it is, id first, and below it what is to say."""
    parts: list[RenderableType] = []
    for head, body in items:
        parts.append(Text("  ".join(head), no_wrap=True, overflow="ignore"))
        parts.append(Padding(Text(body), (0, 0, 0, 4), expand=False))
    return parts
