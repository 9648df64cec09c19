"""What has to be done so that EventBridge Scheduler has what is wanted, and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from idexx_sync.schedules.mirror.plan import Fleet, Listed, Plan, Remembered, plan
from idexx_sync.schedules.mirror.wanted import wanted_of
from tests.kit.mirror import TARGETS, row

NOW = datetime(2026, 5, 4, 14, 0, tzinfo=UTC)
MANY = Fleet(clinics=1, schedules=0)


def planned(
    rows: list[Any],
    there: list[str],
    remembered: dict[str, Remembered] | None = None,
    fleet: Fleet = MANY,
    *,
    force: bool = False,
) -> Plan:
    listed = [Listed(name, NOW) for name in there]
    return plan(wanted_of(rows, TARGETS), listed, remembered or {}, fleet, force=force)


def names_of(*rows: Any) -> list[str]:
    return list(wanted_of(rows, TARGETS).schedules)


def memory_of(*rows: Any, written: datetime | None = NOW, modified: Any = NOW) -> Any:
    found = wanted_of(rows, TARGETS).schedules
    return {name: Remembered(one.digest, written, modified) for name, one in found.items()}


def verbs(found: Plan) -> tuple[int, int, int]:
    return len(found.creates), len(found.updates), len(found.deletes)


def test_r30_what_is_missing_is_made_and_what_nobody_wants_goes() -> None:
    found = planned([row()], names_of(row(2))[:2])

    assert [one.name for one in found.creates] == names_of(row())
    assert list(found.deletes) == names_of(row(2))[:2]
    assert found.updates == ()


def test_r30_what_is_remembered_as_wanted_is_left_alone() -> None:
    found = planned([row()], names_of(row()), memory_of(row()))

    assert found == Plan(unchanged=3)


@pytest.mark.parametrize(
    "remembered",
    [
        {},
        memory_of(row(timezone="America/Denver", schedules={**row().sync_schedules})),
        memory_of(row(), modified=NOW - timedelta(milliseconds=1)),
        memory_of(row(), modified=None, written=NOW - timedelta(seconds=3)),
        memory_of(row(), modified=None, written=NOW + timedelta(seconds=21)),
    ],
    ids=["unknown", "other", "changed by hand", "changed after", "changed before"],
)
def test_r30_what_is_there_and_not_as_we_wrote_it_is_written_anew(remembered: Any) -> None:
    found = planned([row(schedules={"cases": "0 3 * * *"})], names_of(row())[1:2], remembered)

    assert verbs(found) == (0, 1, 0)


def test_r30_the_first_list_after_a_write_says_when_aws_wrote_it() -> None:
    for written in (None, NOW, NOW + timedelta(seconds=5)):
        found = planned([row()], names_of(row()), memory_of(row(), modified=None, written=written))

        assert found == Plan(unchanged=3, learned=tuple(Listed(n, NOW) for n in names_of(row())))


def test_r30_what_is_neither_there_nor_wanted_is_forgotten() -> None:
    found = planned([], [], memory_of(row()))

    assert sorted(found.forgotten) == sorted(names_of(row()))
    assert verbs(found) == (0, 0, 0)


def test_r30_other_names_in_our_group_are_reported_and_left() -> None:
    found = planned([row()], [*names_of(row()), "by-hand"], memory_of(row()))

    assert found == Plan(unchanged=3, foreign=("by-hand",))


@pytest.mark.parametrize(
    ("gone", "all_clinics", "goes"),
    [(2, 1, True), (3, 1, False), (3, 5, True), (4, 5, False), (60, 100, True), (61, 100, False)],
)
def test_r30_a_pass_deletes_a_fifth_and_two_at_least(
    gone: int, all_clinics: int, goes: bool
) -> None:
    all_rows = [row(n) for n in range(1, all_clinics + 1)]
    there = names_of(*all_rows)
    wanted = [row(n, schedules={}) for n in range(1, gone // 3 + 1)]
    left = gone % 3
    if left:
        kept = dict(list(row().sync_schedules.items())[left:])
        wanted.append(row(gone // 3 + 1, schedules=kept))
    wanted += all_rows[len(wanted) :]

    found = planned(wanted, there)

    assert len(found.deletes) == (gone if goes else 0)
    assert len(found.withheld) == (0 if goes else gone)
    forced = planned(wanted, there, force=True)
    assert (len(forced.deletes), forced.withheld) == (gone, ())


def test_r30_of_one_clinic_a_fifth_is_of_all_schedules() -> None:
    there = names_of(row())

    assert planned([row(schedules={})], there, fleet=Fleet(5, 15)).withheld == ()
    assert len(planned([row(schedules={})], there, fleet=Fleet(5, 14)).withheld) == 3


def test_r30_nothing_goes_where_not_one_clinic_could_be_read() -> None:
    there = names_of(row())[:1]

    for force in (False, True):
        found = planned([], there, fleet=Fleet(clinics=0, schedules=100), force=force)
        assert (found.deletes, list(found.withheld)) == ((), there)


@pytest.mark.parametrize(
    ("broken", "kept"),
    [
        (row(timezone="Mars/Base"), 3),
        (row(has_settings=False), 3),
        (row(schedules="daily"), 3),
        (row(schedules={**row().sync_schedules, "inbound": "soon"}), 1),
        (row(schedules=[7]), 3),
    ],
)
def test_r30_what_can_not_be_read_leaves_its_schedules_as_they_are(broken: Any, kept: int) -> None:
    """Although any number might go: it is force that is asked for."""
    found = planned([broken], names_of(row()), memory_of(row()), force=True)

    assert (found.kept, found.deletes, found.creates) == (kept, (), ())
    assert found.unchanged == 3 - kept


def test_r30_a_clinic_without_a_row_loses_its_schedules() -> None:
    fleet = Fleet(clinics=9, schedules=30)

    assert len(planned([], names_of(row()), memory_of(row()), fleet).deletes) == 3
