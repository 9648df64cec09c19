"""What the one judge of all syncs holds, whatever slice asks it (rules R7 to R9)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import get_args
from uuid import UUID

import pytest

from idexx_sync.cli.phrases import CAUSES
from idexx_sync.pims.protocol import Window
from idexx_sync.syncs.gate import (
    EMPTY,
    FINALISED,
    FOREIGN,
    QUARANTINE,
    SHIFTED,
    UNPROVEN,
    Cause,
    Comparison,
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
