"""Edits of what ODIS stores: the array form comes of them, and nothing else is lost."""

from collections.abc import Callable
from typing import Any

import pytest

from idexx_sync.core.errors import InvalidInput
from idexx_sync.schedules.edits import MOST_OF_A_SYNC, added, numbered, switched, with_cron, without

INBOUND = {"type": "inbound", "cron": "*/15 * * * *", "enabled": True}
NIGHTLY = {"type": "reconciliation", "cron": "0 2 * * *", "enabled": False, "note": "kept"}
CASES = {"type": "enrich", "cron": "0 6 * * *"}
Edit = Callable[[], list[Any]]
STRANGE: list[Any] = [None, "word", {"type": "fax", "cron": "0 0 * * *"}, ["list"]]


def test_an_object_becomes_the_array_of_what_it_schedules() -> None:
    stored = {"inbound": "*/15 * * * *", "cases": "", "fax": "0 0 * * *", "reconciliation": None}

    assert with_cron(stored, "inbound", "H/10 * * * *", None) == [
        {"type": "inbound", "cron": "H/10 * * * *", "enabled": True},
        {"type": "fax", "cron": "0 0 * * *", "enabled": True},
    ]


def test_a_sync_without_a_schedule_gets_its_first_one_and_the_others_stay() -> None:
    assert with_cron(None, "cases", "0 6 * * *", None) == [
        {"type": "cases", "cron": "0 6 * * *", "enabled": True}
    ]
    assert with_cron([*STRANGE, INBOUND], "cases", "0 6 * * *", None)[:-1] == [*STRANGE, INBOUND]


def test_an_edit_keeps_everything_else_of_the_entry_and_what_cannot_be_read() -> None:
    stored = [STRANGE[0], NIGHTLY, *STRANGE[1:], CASES]

    changed = with_cron(stored, "reconciliation", "0 3 * * *", None)

    assert changed == [STRANGE[0], {**NIGHTLY, "cron": "0 3 * * *"}, *STRANGE[1:], CASES]
    assert with_cron(stored, "cases", "0 7 * * *", None)[-1] == {**CASES, "cron": "0 7 * * *"}


def test_of_several_one_is_named_by_its_number() -> None:
    late = {**INBOUND, "cron": "0 20 * * *"}
    stored = [INBOUND, NIGHTLY, late]

    assert with_cron(stored, "inbound", "1 1 * * *", 2) == [
        *(INBOUND, NIGHTLY),
        {**late, "cron": "1 1 * * *"},
    ]
    assert without(stored, "inbound", 1) == [NIGHTLY, late]
    assert switched(stored, "inbound", 2, on=False) == [
        *(INBOUND, NIGHTLY),
        {**late, "enabled": False},
    ]
    assert [one["enabled"] for one in switched(stored, "inbound", None, on=False)] == [False] * 3
    edits: list[Edit] = [
        lambda: with_cron(stored, "inbound", "1 1 * * *", None),
        lambda: without(stored, "inbound", None),
    ]
    for edit in edits:
        with pytest.raises(InvalidInput, match="entry: inbound has 2 schedules: say which, 1 to 2"):
            edit()


@pytest.mark.parametrize("number", [-1, 0, 2, 99])
def test_a_number_that_no_entry_has_changes_nothing(number: int) -> None:
    edits: list[Edit] = [
        lambda: with_cron([INBOUND], "inbound", "1 1 * * *", number),
        lambda: without([INBOUND], "inbound", number),
        lambda: switched([INBOUND], "inbound", number, on=True),
    ]
    for edit in edits:
        with pytest.raises(InvalidInput, match="1 schedule, and none is number"):
            edit()


def test_an_entry_that_cannot_be_read_has_its_number_and_can_be_put_right() -> None:
    unread = {"type": "cases", "cron": 7, "note": "kept"}
    late = {"type": "enrich", "cron": "0 20 * * *"}

    assert with_cron([unread, late], "cases", "1 1 * * *", 2)[1] == {**late, "cron": "1 1 * * *"}
    assert with_cron([unread], "cases", "1 1 * * *", None) == [{**unread, "cron": "1 1 * * *"}]
    assert without([unread, late], "cases", 1) == [late]


def test_what_is_not_scheduled_cannot_be_switched_or_removed() -> None:
    edits: list[Edit] = [
        lambda: switched([NIGHTLY], "inbound", None, on=True),
        lambda: without({}, "inbound", None),
        lambda: with_cron({}, "inbound", "1 1 * * *", 1),
    ]
    for edit in edits:
        with pytest.raises(InvalidInput, match="inbound has no schedule"):
            edit()


@pytest.mark.parametrize("stored", ["*/15 * * * *", 15, True])
def test_what_is_neither_object_nor_array_is_left_to_a_person(stored: Any) -> None:
    with pytest.raises(InvalidInput, match="neither an object nor an array"):
        with_cron(stored, "inbound", "1 1 * * *", None)


def test_a_sync_has_only_so_many_schedules() -> None:
    with pytest.raises(InvalidInput, match="has 10 schedules, which is the most"):
        added([INBOUND] * MOST_OF_A_SYNC, "inbound", "1 1 * * *")

    assert len(numbered(added([INBOUND], "inbound", "1 1 * * *"), "inbound")) == 2
