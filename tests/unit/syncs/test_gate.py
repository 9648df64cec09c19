"""What the one judge of all syncs holds, whatever slice asks it (rules R7 to R9)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import get_args
from uuid import UUID

import pytest

from idexx_sync.cli.phrases import CAUSES
from idexx_sync.pims.protocol import Window
from idexx_sync.syncs.consequence import Effect, Effects
from idexx_sync.syncs.gate import (
    EMPTY,
    FINALISED,
    FOREIGN,
    QUARANTINE,
    SHIFTED,
    UNPROVEN,
    Cause,
    Comparison,
    Doubt,
    Loss,
    judge,
)
from idexx_sync.syncs.holds import Finding, HoldInForce, HoldStatus

NOW = datetime(2026, 5, 4, 14, tzinfo=UTC)
WEEK = Window(date(2026, 5, 4), date(2026, 5, 10))
FINDING: Finding = {"start": "2026-05-04 09:00:00", "kind": "visit", "missing": True}
OTHER: Finding = {"start": "2026-05-05 09:00:00", "kind": "visit", "missing": True}
QUIET = Comparison(
    WEEK,
    complete=True,
    stored={str(n): FINDING for n in range(30)},
    present=[str(n) for n in range(30)],
    occupying={"visit": 30},
    read=30,
)
"""Thirty visits, all of them still there."""


def hold(cause: str, status: HoldStatus = "open", **findings: Finding) -> HoldInForce:
    until = NOW + timedelta(hours=1) if status == "approved" else None
    return HoldInForce(UUID(int=1), cause, status, findings, NOW - timedelta(hours=1), until)


def gone(*numbers: int) -> Comparison:
    """The answer lacks these visits, and nothing has proven them gone."""
    keys = [str(n) for n in numbers]
    losses = [Loss(key, "visit", FINDING, missing=True) for key in keys]
    return replace(QUIET, present=set(QUIET.present) - set(keys), losses=losses)


def test_every_cause_has_its_sentence_for_people() -> None:
    assert tuple(sorted(get_args(Cause))) == tuple(sorted(CAUSES))


def test_r09_each_finding_that_is_held_names_the_start_that_is_stored() -> None:
    judged = [judge(gone(*range(7)), [], NOW), judge(replace(gone(1), present=()), [], NOW)]

    held = [
        finding for one in judged for found in one.findings.values() for finding in found.values()
    ]
    assert held
    assert all("start" in finding for finding in held)


def test_r08_what_is_as_it_was_is_held_for_nothing() -> None:
    judgement = judge(QUIET, [], NOW)

    assert judgement.findings == {}
    assert not judgement.foreign
    assert not judgement.holds.changes_anything


@pytest.mark.parametrize(("lost", "held"), [(6, False), (7, True)])
def test_r08_more_unproven_losses_than_a_fifth_are_held(lost: int, held: bool) -> None:
    judgement = judge(gone(*range(lost)), [], NOW)

    assert (set(judgement.findings) == {UNPROVEN["visit"]}) is held
    assert judgement.losses_held is held


def test_r08_five_losses_of_few_rows_are_plausible() -> None:
    few = replace(gone(*range(5)), occupying={"visit": 6})

    assert judge(few, [], NOW).findings == {}
    six = replace(gone(*range(6)), occupying={"visit": 6})
    assert set(judge(six, [], NOW).findings) == {UNPROVEN["visit"]}


def test_r08_an_empty_answer_removes_nothing_however_few_are_lost() -> None:
    empty = replace(gone(1), present=())

    assert set(judge(empty, [], NOW).findings) == {EMPTY}


@pytest.mark.parametrize(("unreadable", "held"), [(3, False), (4, True)])
def test_r08_too_many_unreadable_records_hold_every_loss(unreadable: int, held: bool) -> None:
    comparison = replace(gone(1), unreadable=unreadable)

    assert (set(judge(comparison, [], NOW).findings) == {QUARANTINE}) is held


@pytest.mark.parametrize(("moved", "held"), [(7, False), (8, True)])
def test_r08_times_that_nearly_all_moved_alike_are_held(moved: int, held: bool) -> None:
    finding: Finding = {"start": ["2026-05-04 09:00:00"] * 2, "shift_minutes": 60}
    comparison = replace(QUIET, moved={str(n): finding for n in range(moved)}, starts_compared=10)

    assert (set(judge(comparison, [], NOW).findings) == {SHIFTED}) is held


@pytest.mark.parametrize(("shared", "foreign"), [(6, False), (5, True)])
def test_r08_an_answer_that_shares_hardly_any_record_may_be_anothers(
    shared: int, foreign: bool
) -> None:
    present = [*(str(n) for n in range(shared)), *(f"x{n}" for n in range(20))]

    judgement = judge(replace(QUIET, present=present), [], NOW)

    assert judgement.foreign is foreign
    assert (set(judgement.findings) == {FOREIGN}) is foreign


def test_r08_an_answer_of_none_of_the_known_rooms_may_be_anothers() -> None:
    assert judge(replace(QUIET, known_rooms=["3"], rooms=["8"]), [], NOW).foreign
    assert not judge(replace(QUIET, known_rooms=["3"], rooms=["3", "8"]), [], NOW).foreign


def test_r09_what_a_person_rejected_stays_out_though_it_looks_harmless_now() -> None:
    rejected = hold(UNPROVEN["visit"], "rejected", **{"1": FINDING})

    judgement = judge(gone(1), [rejected], NOW)

    assert judgement.findings == {UNPROVEN["visit"]: {"1": FINDING}}
    assert judgement.holds.silenced == 1


def test_r09_an_approved_removal_goes_through_and_one_seen_alive_does_not() -> None:
    permit = hold(UNPROVEN["visit"], "approved", **{str(n): FINDING for n in range(8)})
    comparison = gone(*range(8))
    losses = [replace(loss, may_be_approved=loss.key != "3") for loss in comparison.losses]

    judgement = judge(replace(comparison, losses=losses), [permit], NOW)

    assert judgement.approved == {str(n) for n in range(8)} - {"3"}
    assert judgement.findings == {UNPROVEN["visit"]: {"3": FINDING}}


def test_r07_an_approved_removal_of_a_finalised_visit_waits_for_a_permit_of_its_own() -> None:
    removal: Finding = {"removal": "approved", "start": FINDING["start"], "kind": "visit"}
    permit = hold(UNPROVEN["visit"], "approved", **{str(n): FINDING for n in range(8)})
    comparison = gone(*range(8))
    losses = [
        replace(loss, removes_finalised=removal if loss.key == "3" else None)
        for loss in comparison.losses
    ]

    judgement = judge(replace(comparison, losses=losses), [permit], NOW)

    assert judgement.findings == {FINALISED: {"3": removal}}
    assert "3" not in judgement.approved


@pytest.mark.parametrize(
    ("status", "until", "finding", "key", "cause", "permitted"),
    [
        ("approved", timedelta(seconds=1), FINDING, "1", FINALISED, True),
        ("approved", timedelta(0), FINDING, "1", FINALISED, False),
        ("approved", timedelta(seconds=1), OTHER, "1", FINALISED, False),
        ("approved", timedelta(seconds=1), FINDING, "2", FINALISED, False),
        ("approved", timedelta(seconds=1), FINDING, "1", EMPTY, False),
        ("open", timedelta(seconds=1), FINDING, "1", FINALISED, False),
        ("rejected", timedelta(seconds=1), FINDING, "1", FINALISED, False),
    ],
)
def test_r09_a_permit_is_for_one_cause_these_ids_this_finding_and_a_day(
    status: HoldStatus,
    until: timedelta,
    finding: Finding,
    key: str,
    cause: str,
    permitted: bool,
) -> None:
    in_force = HoldInForce(UUID(int=1), cause, status, {"1": FINDING}, NOW, NOW + until)

    judgement = judge(replace(QUIET, finalised_removals={key: finding}), [in_force], NOW)

    assert (FINALISED not in judgement.findings) is permitted


@pytest.mark.parametrize("complete", [True, False])
def test_r09_what_was_proven_by_its_id_leaves_the_holds_but_of_a_foreign_calendar(
    *, complete: bool
) -> None:
    of_another_day = {**FINDING, "start": "2026-04-01"}
    waits = replace(hold(UNPROVEN["visit"]), findings={"1": FINDING, "40": of_another_day})
    read = replace(QUIET, complete=complete, settled={"40"}, present=set(QUIET.present) - {"40"})
    foreign = replace(read, present=[str(900 + n) for n in range(30)])

    left = judge(read, [waits], NOW).holds
    of_foreign = judge(foreign, [waits], NOW).holds

    assert left.closed == ([waits.id] if complete else [])
    assert left.updated == ({} if complete else {waits.id: {"1": FINDING}})
    assert (of_foreign.closed, of_foreign.updated) == ([], {})


# What approving lets through (rule R9) -----------------------------------------------------------

AT_NINE, AT_TEN = "2026-05-04 09:00:00 to 09:30:00", "2026-05-04 10:00:00 to 10:30:00"
NEW = [str(900 + n) for n in range(30)]
MADE: Effects = {key: Effect("create", None, AT_NINE) for key in NEW}


def other_calendar(effects: Effects) -> Comparison:
    """An answer without any visit that we know, all of which it would make."""
    return replace(QUIET, present=list(effects), effects=effects, planned=list(effects))


def permit(effects: Effects, stored: dict[str, Finding] | None = None) -> HoldInForce:
    findings = dict(QUIET.stored) if stored is None else stored
    return replace(hold(FOREIGN, "approved", **findings), effects=effects)


def test_r09_what_approving_another_calendar_does_is_all_that_it_blocks() -> None:
    judgement = judge(other_calendar(MADE), [], NOW)

    assert judgement.effects == {FOREIGN: MADE}
    assert judgement.holds.effects[FOREIGN] == MADE
    assert judgement.holds.versions[FOREIGN].records == 60


def test_r09_what_another_measure_would_hold_is_not_said_to_be_let_through() -> None:
    removal: Finding = {"removal": "approved", "start": FINDING["start"], "kind": "visit"}
    effects = {**MADE, "1": Effect("remove", AT_NINE, None)}
    comparison = replace(other_calendar(effects), present=NEW, finalised_removals={"1": removal})

    assert judge(comparison, [], NOW).effects == {FOREIGN: MADE}


def test_r09_a_permit_for_another_calendar_lets_exactly_through_what_was_seen() -> None:
    later = {**MADE, "990": Effect("create", None, AT_TEN)}

    judgement = judge(other_calendar(later), [permit(MADE)], NOW)

    assert not judgement.foreign
    assert judgement.unseen == {"990"}
    assert judgement.came_later


@pytest.mark.parametrize(
    "changed",
    [
        {"900": Effect("create", None, AT_TEN)},
        {"900": Effect("create", None, None)},
        {"900": Effect("remove", AT_NINE, None)},
        {"900": None},
    ],
    ids=["moved", "called off", "removed", "gone"],
)
def test_r09_where_a_record_would_go_otherwise_than_seen_nothing_is_let_through(
    changed: dict[str, Effect | None],
) -> None:
    now = {key: one for key, one in {**MADE, **changed}.items() if one is not None}

    judgement = judge(other_calendar(now), [permit(MADE)], NOW)

    assert judgement.foreign
    (asked,) = judgement.holds.reopened
    assert judgement.holds.effects[asked] == now
    assert "900" in {
        *judgement.holds.versions[asked].altered,
        *judgement.holds.versions[asked].gone,
    }


def test_r09_what_changes_in_details_only_waits_and_stops_nothing() -> None:
    details = {"1": Effect("update", AT_NINE, AT_NINE)}

    judgement = judge(other_calendar(MADE), [permit({**MADE, **details})], NOW)

    assert not judgement.foreign
    assert judgement.unseen == set()


def test_r09_a_read_that_is_incomplete_uses_no_permit_up() -> None:
    fewer = {key: MADE[key] for key in NEW[:20]}

    judgement = judge(replace(other_calendar(fewer), complete=False), [permit(MADE)], NOW)

    assert judgement.foreign
    assert not judgement.holds.reopened
    assert not judgement.holds.changes_anything


def test_r09_a_permit_over_fewer_days_lets_those_days_through() -> None:
    tomorrow = Effect("create", None, "2026-05-05 09:00:00 to 09:30:00")
    monday = Window(date(2026, 5, 4), date(2026, 5, 4))

    comparison = replace(other_calendar(MADE), window=monday)

    assert not judge(comparison, [permit({**MADE, "990": tomorrow})], NOW).foreign


def test_r09_the_same_finding_that_would_do_something_else_asks_again() -> None:
    seen, now = Effect("update", AT_NINE, None), Effect("update", AT_NINE, AT_TEN)
    finding: Finding = {"start": [FINDING["start"]] * 2}
    approved = replace(hold("older_version", "approved", **{"1": finding}), effects={"1": seen})
    doubt = Doubt("older_version", finding)

    fits = judge(replace(QUIET, apart={"1": doubt}, effects={"1": seen}), [approved], NOW)
    other = judge(replace(QUIET, apart={"1": doubt}, effects={"1": now}), [approved], NOW)

    assert (fits.let_through, other.let_through) == ({"1"}, set())
    assert list(other.holds.reopened) == [approved.id]


def test_r09_a_permit_of_which_nobody_saw_what_it_does_lets_nothing_through() -> None:
    """It was given before holds told that."""
    comparison = replace(gone(*range(8)), effects={"1": Effect("remove", AT_NINE, None)})
    approved = hold(UNPROVEN["visit"], "approved", **{str(n): FINDING for n in range(8)})

    assert "1" not in judge(comparison, [approved], NOW).approved


def test_r09_what_was_removed_by_a_permit_is_told_to_be_revived() -> None:
    effects = {str(n): Effect("remove", AT_NINE, None) for n in range(8)}
    approved = hold(UNPROVEN["visit"], "approved", **{str(n): FINDING for n in range(8)})
    approved = replace(approved, effects=effects)

    judgement = judge(replace(gone(*range(8)), effects=effects), [approved], NOW)

    assert judgement.holds.let_through == {approved.id: {str(n): FINDING for n in range(8)}}
