"""`sync_schedules` as ODIS stores it, in both forms and in worse ones."""

from typing import Any

import pytest

from idexx_sync.schedules.entries import MOST_ENTRIES, Entries, Entry, read_entries

NOTHING: list[Any] = [None, {}, [], {"inbound": None, "cases": ""}]


@pytest.mark.parametrize("stored", NOTHING)
def test_null_and_empty_mean_not_scheduled(stored: Any) -> None:
    assert read_entries(stored) == Entries()


def test_an_object_has_one_entry_per_sync() -> None:
    stored = {"inbound": " */15 * * * * ", "reconciliation": "0 2 * * *"}

    assert read_entries(stored) == Entries(
        (
            Entry("sync_schedules.inbound", "inbound", "*/15 * * * *"),
            Entry("sync_schedules.reconciliation", "reconciliation", "0 2 * * *"),
        )
    )


def test_an_array_may_hold_several_entries_of_a_sync() -> None:
    stored = [
        {"type": "inbound", "cron": "0 7 * * *", "enabled": True},
        {"type": "inbound", "cron": "0 19 * * *"},
        {"type": "cases", "cron": "5 23 * * *", "enabled": False, "options": {"x": 1}},
        {"type": "reconciliation", "cron": "30 23 * * *", "enabled": None},
    ]

    assert read_entries(stored) == Entries(
        (
            Entry("sync_schedules[0]", "inbound", "0 7 * * *"),
            Entry("sync_schedules[1]", "inbound", "0 19 * * *", number=1),
            Entry("sync_schedules[2]", "cases", "5 23 * * *", enabled=False),
            Entry("sync_schedules[3]", "reconciliation", "30 23 * * *"),
        )
    )


def test_enrich_means_cases() -> None:
    (entry,) = read_entries([{"type": "enrich", "cron": "0 * * * *"}]).readable

    assert (entry.sync, entry.type) == ("cases", "enrich")
    assert [entry.sync for entry in read_entries({"enrich": "0 * * * *"}).readable] == ["cases"]


UNREADABLE = [
    ("*/15 * * * *", "sync_schedules: an object or an array is expected"),
    (7, "sync_schedules: an object or an array is expected"),
    (["inbound"], "sync_schedules[0]: an object with type, cron and enabled is expected"),
    ([{"cron": "0 * * * *"}], "sync_schedules[0].type: one of inbound, cases, reconciliation,"),
    ([{"type": ["inbound"], "cron": "0 * * * *"}], "sync_schedules[0].type: one of inbound,"),
    ([{"type": "slots", "cron": "0 * * * *"}], "enrich is expected, found slots"),
    ([{"type": "cases"}], "sync_schedules[0].cron: a cron expression is expected, found None"),
    ([{"type": "cases", "cron": " "}], "sync_schedules[0].cron: a cron expression is expected"),
    ([{"type": "cases", "cron": 5}], "sync_schedules[0].cron: a cron expression is expected"),
    (
        [{"type": "cases", "cron": "0 * * * *", "enabled": "yes"}],
        "sync_schedules[0].enabled: true or false is expected, found yes",
    ),
    ({"inbound": {"cron": "0 * * * *"}}, "sync_schedules.inbound.cron: a cron expression"),
    ({"slots": "0 * * * *"}, "sync_schedules.slots.type: one of inbound"),
    ({"x" * 80: "0 * * * *"}, f"sync_schedules.{'x' * 37}....type"),
]


@pytest.mark.parametrize(("stored", "said"), UNREADABLE)
def test_what_cannot_be_read_is_a_problem_by_name(stored: Any, said: str) -> None:
    entries = read_entries(stored)

    assert entries.readable == ()
    (problem,) = entries.problems
    assert said in problem


def test_an_unreadable_entry_hides_no_other() -> None:
    entries = read_entries([None, {"type": "cases", "cron": "0 * * * *"}, {"type": "?"}])

    assert entries.readable == (Entry("sync_schedules[1]", "cases", "0 * * * *"),)
    assert [problem.partition(":")[0] for problem in entries.problems] == [
        "sync_schedules[0]",
        "sync_schedules[2].type",
    ]


def test_entries_keep_their_numbers_where_one_before_them_cannot_be_read() -> None:
    stored = [
        {"type": "cases", "cron": 5},
        {"type": "inbound", "cron": "0 7 * * *"},
        {"type": "cases", "cron": "0 8 * * *", "enabled": "yes"},
        {"type": "fax", "cron": "0 8 * * *"},
        {"type": "enrich", "cron": "0 9 * * *"},
    ]

    found = [(entry.sync, entry.number) for entry in read_entries(stored).readable]

    assert found == [("inbound", 0), ("cases", 2)]


def test_more_entries_than_anybody_means_are_not_read() -> None:
    one = {"type": "inbound", "cron": "0 7 * * *"}

    assert len(read_entries([one] * MOST_ENTRIES).readable) == MOST_ENTRIES
    entries = read_entries([one] * (MOST_ENTRIES + 1))
    assert entries.readable == ()
    assert entries.problems == ("sync_schedules: at most 100 entries are expected, found 101",)
