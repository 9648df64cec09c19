"""Differences, what is done about them and what became of them, as a person reads them."""

from datetime import date, timedelta
from functools import partial
from uuid import uuid4

from idexx_sync.cli.phrases import DIFFERENCES, OUTCOMES, TREATMENTS
from idexx_sync.cli.png import drawn_png
from idexx_sync.cli.trend import Night, Trend
from idexx_sync.cli.trend_png import draw_trend
from idexx_sync.cli.trend_view import NUMBERS, plot, scale
from idexx_sync.syncs.reconciliation.causes import CAUSES
from idexx_sync.syncs.reconciliation.causes import OUTCOMES as ALL_OUTCOMES
from idexx_sync.syncs.reconciliation.causes import TREATMENTS as ALL_TREATMENTS

DAY = date(2026, 5, 4)


def trend(*nights: dict[str, int] | None) -> Trend:
    """One night after the other; None: no run."""
    found = [
        Night(DAY + timedelta(days=n), uuid4(), causes)
        for n, causes in enumerate(nights)
        if causes is not None
    ]
    return Trend(uuid4(), "America/Los_Angeles", found)


def test_every_cause_treatment_and_outcome_has_words() -> None:
    assert tuple(DIFFERENCES) == CAUSES
    assert tuple(OUTCOMES) == ALL_OUTCOMES
    assert tuple(TREATMENTS) == ALL_TREATMENTS
    for words in (DIFFERENCES, OUTCOMES, TREATMENTS):
        assert not [said for said in words.values() if "_" in said or said[0].isupper()]


def test_the_numbers_below_a_plot_are_whole_and_reach_the_most() -> None:
    assert [scale(most) for most in (0, 1, 6, 7)] == [
        [0, 1],
        [0, 1],
        [0, 1, 2, 3, 4, 5, 6],
        [0, 2, 4, 6, 8],
    ]
    for most in range(1, 500):
        numbers = scale(most)
        assert len(numbers) <= NUMBERS + 2
        assert numbers[-1] >= most


def test_a_plot_has_a_row_for_each_night_and_letters_as_long_as_their_numbers() -> None:
    lines = plot(trend({"moved": 2, "deleted_in_neo": 4}, None, {"moved": 0}), 80).splitlines()

    rows = [line for line in lines if line[:10] in ("2026-05-04", "2026-05-05", "2026-05-06")]
    assert [row[:10] for row in rows] == ["2026-05-04", "2026-05-05", "2026-05-06"]
    assert abs(rows[0].count("a") - 2 * rows[0].count("b")) <= 1  # deleted, then moved
    assert not {"a", "b"} & set(rows[1] + rows[2])
    assert "\x1b" not in "".join(lines)
    assert len(lines) == 3 + 3


def test_one_night_with_one_difference_is_drawn_too() -> None:
    (row,) = (line for line in plot(trend({"moved": 1}), 40).splitlines() if "2026" in line)

    assert set(row[11:-1]) == {"a"}


def test_a_cause_of_a_newer_release_is_drawn_by_its_own_word() -> None:
    found = trend({"unheard_of": 1, "moved": 1})

    assert found.causes == ["moved", "unheard_of"]
    assert "b" in plot(found, 60)
    assert drawn_png(partial(draw_trend, found)).startswith(b"\x89PNG")


def test_a_trend_without_a_night_has_no_days() -> None:
    assert trend().days == []
    assert trend({}, None, {}).days == [DAY + timedelta(days=n) for n in range(3)]
