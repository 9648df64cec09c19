"""The days of an order, in pieces."""

from datetime import date, timedelta

import pytest

from idexx_sync.pims.protocol import Window
from idexx_sync.syncs.reconciliation.windows import name_of, pieces

TODAY = date(2026, 5, 20)


@pytest.mark.parametrize("lookback", range(1, 91))
def test_every_day_back_to_the_first_is_in_one_piece(lookback: int) -> None:
    found = pieces(TODAY, lookback)

    days = [day for piece in found for day in piece.days]
    assert sorted(days) == [TODAY - timedelta(days=n) for n in range(lookback, -1, -1)]
    assert all(len(piece.days) <= 7 for piece in found)
    assert [len(piece.days) for piece in found[:-1]] == [7] * (len(found) - 1)
    assert [piece.last_day for piece in found] == sorted(
        (piece.last_day for piece in found), reverse=True
    )


def test_what_was_left_comes_after_the_newest_and_before_the_others() -> None:
    left = Window(date(2026, 4, 20), date(2026, 4, 29))

    found = [name_of(piece) for piece in pieces(TODAY, 40, left)]

    assert found == [
        "2026-05-14/2026-05-20",
        "2026-04-23/2026-04-29",
        "2026-04-16/2026-04-22",
        "2026-05-07/2026-05-13",
        "2026-04-30/2026-05-06",
        "2026-04-10/2026-04-15",
    ]


def test_days_left_of_another_year_change_no_order() -> None:
    left = Window(date(2025, 1, 1), date(2025, 1, 7))

    assert pieces(TODAY, 30, left) == pieces(TODAY, 30)


def test_names_of_pieces_are_their_days() -> None:
    assert name_of(Window(date(2026, 5, 1), date(2026, 5, 7))) == "2026-05-01/2026-05-07"
