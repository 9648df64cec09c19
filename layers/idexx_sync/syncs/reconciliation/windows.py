"""The days that a reconciliation compares, in pieces (rule R2). Pure."""

from datetime import date, timedelta
from typing import Final

from idexx_sync.pims.protocol import Window

PIECE_DAYS: Final = 7


def pieces(today: date, lookback_days: int, left: Window | None = None) -> list[Window]:
    """So many days back to today, in pieces of seven days.

    The newest comes first; then those that the last order has left, then the others, each the
    newest first.
    """
    last, first = today, today - timedelta(days=lookback_days)
    found = []
    while last >= first:
        begins = max(first, last - timedelta(days=PIECE_DAYS - 1))
        found.append(Window(begins, last))
        last = begins - timedelta(days=1)
    newest, others = found[0], found[1:]
    return [newest, *sorted(others, key=lambda piece: not _was_left(piece, left))]


def _was_left(piece: Window, left: Window | None) -> bool:
    return left is not None and (
        piece.first_day <= left.last_day and left.first_day <= piece.last_day
    )


def name_of(piece: Window) -> str:
    """Under which a job's progress remembers that it is done."""
    return f"{piece.first_day}/{piece.last_day}"
