"""What must hold for every plan, whatever the calendar shows (rules R4, R6, R8, R10)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import time, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idexx_sync.pims.protocol import Found, Gone, Lookup, Snapshot, Unreadable
from idexx_sync.syncs.decision import Decision, Decisions
from idexx_sync.syncs.gate import UNREADABLE, Judgement, judge
from idexx_sync.syncs.inbound.context import (
    CalendarContext,
    doubtful_absent,
    id_of,
    look_ups_wanted,
    missing_rows,
)
from idexx_sync.syncs.inbound.gate import Allowed, allowed, comparison
from idexx_sync.syncs.inbound.model import (
    Apart,
    Appointment,
    Missing,
    Plan,
    Quarantined,
    Row,
    RowChange,
    Stored,
)
from idexx_sync.syncs.inbound.plan import plan_inbound, plan_records
from idexx_sync.syncs.inbound.planning import removal
from idexx_sync.syncs.memory import Record
from idexx_sync.syncs.proof import READS_THAT_SET_APART, changed_shape
from tests.kit.records import visit
from tests.unit.syncs.inbound.strategies import (
    CONTEXT,
    FIRST,
    LOCAL_NOW,
    READ_AT,
    WINDOW,
    applied,
    by_key,
    contexts,
    proofs,
    snapshots,
    stored_rows,
)


class Judged(NamedTuple):
    judgement: Judgement
    through: Allowed


def judged(plan: Plan, stored: Stored, context: CalendarContext) -> Judged:
    compared = comparison(plan, stored, context, {"3", "5"}, LOCAL_NOW)
    judgement = judge(compared, [], READ_AT)
    return Judged(judgement, allowed(plan, stored, judgement))


@given(snapshots, stored_rows(), proofs, contexts)
def test_r10_a_plan_holds_each_key_once(
    snapshot: Snapshot, stored: Stored, found: Mapping[str, Lookup], context: CalendarContext
) -> None:
    plan = plan_inbound(snapshot, stored, found, context)

    changed = [change.key for change in plan.changes]
    remembered = [
        *(record.key for record in plan.records),
        *(change.record.key for change in plan.changes),
        *(item.record.key for item in plan.missing),
    ]
    assert len(changed) == len(set(changed))
    assert len(remembered) == len(set(remembered))


def removal_of(key: str) -> RowChange:
    return removal(row_of(key), "approved", Record(key))


def row_of(key: str) -> Row:
    taken = Appointment(
        *(FIRST, time(9), time(10), "3", "scheduled", "Exam"), None, None, None, None
    )
    return Row(UUID(int=int(key)), "1", key, deleted=False, appointment=taken)


def everything_of(*keys: str) -> Plan:
    """A plan that holds something of each kind of each record."""
    plan = Plan()
    for key in keys:
        plan.changes.append(removal_of(key))
        plan.records.append(Record(key))
        plan.missing.append(Missing(row_of(key), "not_looked_up", Record(key)))
        plan.quarantined.append(Quarantined(key, "x", is_new=True))
        plan.doubts[key] = "x"
        plan.apart[key] = Apart(UNREADABLE, {}, None, Record(key), Record(key))
        plan.unstruck[key] = Record(key)
        plan.of_no_day.add(key)
    return plan


def test_r26_of_a_record_whose_planning_broke_nothing_else_is_left_and_of_others_all() -> None:
    plan = everything_of("1", "2")

    plan.forget("1")

    assert plan == everything_of("2")


@pytest.mark.parametrize(
    ("item", "may_be_any"),
    [(Unreadable("x", "1"), True), (Unreadable("x", None, start=f"{FIRST} 09:00:00"), False)],
)
def test_r03_a_record_that_names_no_day_may_be_on_any(item: Unreadable, may_be_any: bool) -> None:
    plan = plan_inbound(Snapshot(WINDOW, READ_AT, [], [item]), Stored({}, {}), {}, CONTEXT)

    assert bool(plan.of_no_day) == may_be_any


def test_r10_a_row_that_is_found_in_another_room_is_removed_with_its_room_named() -> None:
    context = replace(CONTEXT, room_ids=frozenset({"3"}))
    found = Found("1", "visit", f"{FIRST} 09:00:00", None, "9", "Arrived", False, False)
    decisions = Decisions()

    plan = plan_records(
        Snapshot(WINDOW, READ_AT, []),
        Stored({"1": row_of("1")}, {}),
        {"1": found},
        context,
        decisions,
    )

    assert [change.reason for change in plan.changes] == ["room_not_synced"]
    assert Decision("R10", "room_not_synced", {"room": "9"}) in decisions.of("1")


def test_r10_an_id_shown_on_another_day_too_is_planned_once() -> None:
    elsewhere = [visit("1", "2026-05-04 09:00:00", status=word) for word in ("Late", "Arrived")]
    answer = Snapshot(WINDOW, READ_AT, elsewhere, [Unreadable("start_missing", "1")])

    plan = plan_inbound(answer, Stored({}, {}), {}, CONTEXT)

    assert [record.key for record in plan.records] == ["? 1 start_missing   1"]


@given(snapshots, stored_rows(), proofs, contexts)
def test_planning_again_after_writing_finds_nothing(
    snapshot: Snapshot, stored: Stored, found: Mapping[str, Lookup], context: CalendarContext
) -> None:
    for _ in range(READS_THAT_SET_APART):
        stored = applied(stored, plan_inbound(snapshot, stored, found, context))

    again = plan_inbound(snapshot, stored, found, context)

    assert again.changes == []
    assert again.records == []
    assert again.unknown_words == set()


@given(snapshots, stored_rows(), proofs, contexts, st.randoms(use_true_random=False))
def test_a_plan_does_not_depend_on_the_order_of_the_answer(
    snapshot: Snapshot,
    stored: Stored,
    found: Mapping[str, Lookup],
    context: CalendarContext,
    random: Random,
) -> None:
    shuffled = replace(
        snapshot,
        records=random_order(snapshot.records, random),
        unreadable=random_order(snapshot.unreadable, random),
    )

    assert by_key(plan_inbound(shuffled, stored, found, context)) == by_key(
        plan_inbound(snapshot, stored, found, context)
    )


@pytest.mark.parametrize(
    "answer",
    [
        Snapshot(
            WINDOW, READ_AT, [visit("1", f"{FIRST} 09:00:00"), visit("1", f"{FIRST} 10:00:00")]
        ),
        Snapshot(
            WINDOW,
            READ_AT,
            [],
            [Unreadable("end_unreadable", "1", start=f"{FIRST} {hour}:00:00") for hour in (10, 11)],
        ),
        Snapshot(WINDOW, READ_AT, [], [Unreadable("one", "1"), Unreadable("other", "1")]),
    ],
    ids=["undecided_duplicates", "unreadable_starts", "unreadable_codes"],
)
def test_which_of_two_versions_comes_first_does_not_matter(answer: Snapshot) -> None:
    turned = replace(
        answer,
        records=list(reversed(answer.records)),
        unreadable=list(reversed(answer.unreadable)),
    )
    nothing = Stored({}, {})

    assert by_key(plan_inbound(answer, nothing, {}, CONTEXT)) == by_key(
        plan_inbound(turned, nothing, {}, CONTEXT)
    )


def random_order[T](items: Sequence[T], random: Random) -> list[T]:
    return random.sample(list(items), len(items))


@given(snapshots, stored_rows(), proofs, contexts)
def test_r06_nothing_is_removed_that_a_look_up_finds_alive(
    snapshot: Snapshot, stored: Stored, found: Mapping[str, Lookup], context: CalendarContext
) -> None:
    plan = plan_inbound(snapshot, stored, found, context)
    through = judged(plan, stored, context).through

    alive = {item.row.key for item in plan.missing if item.verdict == "alive"}
    removed = {c.key: c.reason for c in through.changes if c.action == "remove"}
    assert not alive & removed.keys()
    assert not (alive and "not_found_twice" in removed.values())


@given(snapshots, stored_rows(), proofs, contexts)
def test_r06_only_proof_removes_what_the_answer_lacks(
    snapshot: Snapshot, stored: Stored, found: Mapping[str, Lookup], context: CalendarContext
) -> None:
    plan = plan_inbound(snapshot, stored, found, context)

    missing = {row.key for row in missing_rows(snapshot, stored, context)}
    for change in plan.changes:
        if change.action == "remove" and change.key in missing:
            lookup = found[id_of(change.key)]
            struck_before = stored.record(change.key).strikes == 1
            assert change.proven
            assert struck_before or not isinstance(lookup, Gone)


@given(snapshots, stored_rows(), proofs, contexts)
def test_r01_an_incomplete_read_removes_and_strikes_nobody(
    snapshot: Snapshot, stored: Stored, found: Mapping[str, Lookup], context: CalendarContext
) -> None:
    incomplete = replace(
        snapshot, unreadable=[*snapshot.unreadable, Unreadable("id_missing", None)]
    )

    plan = plan_inbound(incomplete, stored, found, context)

    assert not plan.complete
    for change in plan.changes:
        if change.action == "remove" and change.key in keys_missing(incomplete, stored, context):
            assert isinstance(found[id_of(change.key)], Found)  # proven by its own id
    assert all(item.record.strikes <= stored.record(item.row.key).strikes for item in plan.missing)


def keys_missing(snapshot: Snapshot, stored: Stored, context: CalendarContext) -> set[str]:
    return {row.key for row in missing_rows(snapshot, stored, context)}


@given(snapshots, stored_rows(), proofs, contexts)
def test_r08_a_judgement_lets_through_or_names(
    snapshot: Snapshot, stored: Stored, found: Mapping[str, Lookup], context: CalendarContext
) -> None:
    """Every planned change is written or is in a finding, and none is both."""
    plan = plan_inbound(snapshot, stored, found, context)
    judgement, allowed_changes = judged(plan, stored, context)

    named = {key for findings in judgement.findings.values() for key in findings}
    through = {change.key for change in allowed_changes.changes}
    assert not named & through
    if judgement.foreign:
        assert allowed_changes == Allowed([], [])
    else:
        assert {change.key for change in plan.changes} <= named | through


@given(snapshots, stored_rows(), contexts)
def test_r06_at_most_fifty_look_ups_each_id_once(
    snapshot: Snapshot, stored: Stored, context: CalendarContext
) -> None:
    wanted = look_ups_wanted(snapshot, stored, context)

    assert len(wanted) == len(set(wanted)) <= 50
    if changed_shape(snapshot) is None:
        missing = keys_missing(snapshot, stored, context)
        doubtful = doubtful_absent(snapshot, stored, context)
        claimed = {id_of(record.key) for record in doubtful if record.claims}
        assert set(wanted) == {id_of(key) for key in missing} | claimed
    else:
        assert wanted == []


@given(snapshots, contexts)
def test_r06_two_reads_that_lack_a_row_ten_minutes_apart_remove_it(
    snapshot: Snapshot, context: CalendarContext
) -> None:
    stored = applied(Stored({}, {}), plan_inbound(snapshot, Stored({}, {}), {}, context))
    empty = replace(snapshot, records=[], unreadable=[])
    expected = {row.key for row in missing_rows(empty, stored, context)}
    nothing = {id_of(key): Gone() for key in expected}
    for minutes in (0, 10):
        later = replace(empty, read_at=READ_AT + timedelta(minutes=minutes))
        plan = plan_inbound(later, stored, nothing, context)
        stored = applied(stored, plan)

    assert {change.key for change in plan.changes} == expected
