"""What must hold for every plan, whatever the calendar shows (rules R4, R6, R8, R10)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idexx_sync.pims.protocol import Gone, Lookup, Snapshot, Unreadable
from idexx_sync.syncs.inbound.context import View, id_of, look_ups_wanted, missing_rows
from idexx_sync.syncs.inbound.gate import Judgement, judge
from idexx_sync.syncs.inbound.model import Held, Plan
from idexx_sync.syncs.inbound.plan import plan_inbound
from tests.kit.records import visit
from tests.unit.syncs.inbound.strategies import (
    FIRST,
    LOCAL_NOW,
    READ_AT,
    VIEW,
    WINDOW,
    applied,
    by_key,
    held_rows,
    proofs,
    snapshots,
    views,
)


def judged(plan: Plan, held: Held, view: View) -> Judgement:
    rooms = frozenset({"3", "5"})
    return judge(plan, held, view, [], rooms, local_now=LOCAL_NOW, now=READ_AT)


@given(snapshots, held_rows(), proofs, views)
def test_r10_a_plan_holds_each_key_once(
    snapshot: Snapshot, held: Held, found: Mapping[str, Lookup], view: View
) -> None:
    plan = plan_inbound(snapshot, held, found, view)

    changed = [change.key for change in plan.changes]
    remembered = [
        *(record.key for record in plan.records),
        *(change.record.key for change in plan.changes),
        *(item.record.key for item in plan.missing),
    ]
    assert len(changed) == len(set(changed))
    assert len(remembered) == len(set(remembered))


def test_r10_an_id_shown_on_another_day_too_is_planned_once() -> None:
    elsewhere = [visit("1", "2026-05-04 09:00:00", status=word) for word in ("Late", "Arrived")]
    answer = Snapshot(WINDOW, READ_AT, elsewhere, [Unreadable("start_missing", "1")])

    plan = plan_inbound(answer, Held({}, {}), {}, VIEW)

    assert [record.key for record in plan.records] in ([], ["1"])


@given(snapshots, held_rows(), proofs, views)
def test_planning_again_after_writing_finds_nothing(
    snapshot: Snapshot, held: Held, found: Mapping[str, Lookup], view: View
) -> None:
    first = plan_inbound(snapshot, held, found, view)

    again = plan_inbound(snapshot, applied(held, first), found, view)

    assert again.changes == []
    assert again.records == []
    assert again.unknown_words == set()


@given(snapshots, held_rows(), proofs, views, st.randoms(use_true_random=False))
def test_a_plan_does_not_depend_on_the_order_of_the_answer(
    snapshot: Snapshot, held: Held, found: Mapping[str, Lookup], view: View, random: Random
) -> None:
    shuffled = replace(
        snapshot,
        records=random_order(snapshot.records, random),
        unreadable=random_order(snapshot.unreadable, random),
    )

    assert by_key(plan_inbound(shuffled, held, found, view)) == by_key(
        plan_inbound(snapshot, held, found, view)
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
    nothing = Held({}, {})

    assert by_key(plan_inbound(answer, nothing, {}, VIEW)) == by_key(
        plan_inbound(turned, nothing, {}, VIEW)
    )


def random_order[T](items: Sequence[T], random: Random) -> list[T]:
    return random.sample(list(items), len(items))


@given(snapshots, held_rows(), proofs, views)
def test_r06_nothing_is_removed_that_a_look_up_finds_alive(
    snapshot: Snapshot, held: Held, found: Mapping[str, Lookup], view: View
) -> None:
    plan = plan_inbound(snapshot, held, found, view)
    judgement = judged(plan, held, view)

    alive = {item.row.key for item in plan.missing if item.verdict == "alive"}
    removed = {change.key for change in judgement.changes if change.action == "remove"}
    assert not alive & removed
    assert not (alive and removed)


@given(snapshots, held_rows(), proofs, views)
def test_r06_only_proof_removes_what_the_answer_lacks(
    snapshot: Snapshot, held: Held, found: Mapping[str, Lookup], view: View
) -> None:
    plan = plan_inbound(snapshot, held, found, view)

    missing = {row.key for row in missing_rows(snapshot, held, view)}
    for change in plan.changes:
        if change.action == "remove" and change.key in missing:
            lookup = found[id_of(change.key)]
            struck_before = held.record(change.key).strikes == 1
            assert change.proven
            assert struck_before or not isinstance(lookup, Gone)


@given(snapshots, held_rows(), proofs, views)
def test_r01_an_incomplete_read_removes_and_strikes_nobody(
    snapshot: Snapshot, held: Held, found: Mapping[str, Lookup], view: View
) -> None:
    incomplete = replace(
        snapshot, unreadable=[*snapshot.unreadable, Unreadable("id_missing", None)]
    )

    plan = plan_inbound(incomplete, held, found, view)

    assert not plan.complete
    assert not [change for change in plan.changes if change.action == "remove"]
    assert all(item.record.strikes <= held.record(item.row.key).strikes for item in plan.missing)
    assert look_ups_wanted(incomplete, held, view) == []


@given(snapshots, held_rows(), proofs, views)
def test_r08_a_judgement_lets_through_or_names(
    snapshot: Snapshot, held: Held, found: Mapping[str, Lookup], view: View
) -> None:
    """Every planned change is written or is in a finding, and none is both."""
    plan = plan_inbound(snapshot, held, found, view)
    judgement = judged(plan, held, view)

    named = {key for findings in judgement.findings.values() for key in findings}
    through = {change.key for change in judgement.changes}
    assert not named & through
    if judgement.foreign:
        assert (judgement.changes, judgement.records) == ([], [])
    else:
        assert {change.key for change in plan.changes} <= named | through


@given(snapshots, held_rows(), views)
def test_r06_at_most_fifty_look_ups_each_id_once(
    snapshot: Snapshot, held: Held, view: View
) -> None:
    wanted = look_ups_wanted(snapshot, held, view)

    assert len(wanted) == len(set(wanted)) <= 50
    assert set(wanted) == {id_of(row.key) for row in missing_rows(snapshot, held, view)}


@given(snapshots, views)
def test_r06_two_reads_that_lack_a_row_ten_minutes_apart_remove_it(
    snapshot: Snapshot, view: View
) -> None:
    held = applied(Held({}, {}), plan_inbound(snapshot, Held({}, {}), {}, view))
    empty = replace(snapshot, records=[], unreadable=[])
    expected = {row.key for row in missing_rows(empty, held, view)}
    nothing = {id_of(key): Gone() for key in expected}
    for minutes in (0, 10):
        later = replace(empty, read_at=READ_AT + timedelta(minutes=minutes))
        plan = plan_inbound(later, held, nothing, view)
        held = applied(held, plan)

    assert {change.key for change in plan.changes} == expected
