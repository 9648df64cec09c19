"""What becomes of holds after a run (rule R9)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from idexx_sync.pims.protocol import Window
from idexx_sync.syncs.holds import REVIVED, HoldDecisions, HoldInForce, HoldStatus, decide_holds

NOW = datetime(2026, 5, 4, 14, tzinfo=UTC)
WEEK = Window(date(2026, 5, 4), date(2026, 5, 10))
FINDING = {"start": "2026-05-04 09:00:00", "kind": "visit", "missing": True}
OTHER = {"start": "2026-05-05 09:00:00", "kind": "visit", "missing": True}


def in_force(
    status: HoldStatus = "open", findings: dict[str, Any] | None = None, **changes: Any
) -> HoldInForce:
    found = {"1": FINDING} if findings is None else findings
    values: dict[str, Any] = {
        "opened_at": NOW - timedelta(hours=1),
        "permit_until": NOW + timedelta(hours=23) if status == "approved" else None,
        **changes,
    }
    return HoldInForce(UUID(int=1), "losses", status, found, **values)


def decided(
    hold: HoldInForce, findings: dict[str, Any], window: Window = WEEK, *, complete: bool = True
) -> HoldDecisions:
    return decide_holds([hold], {"losses": findings}, window, NOW, complete=complete)


def test_r09_a_new_finding_opens_a_hold() -> None:
    decisions = decide_holds([], {"losses": {"1": FINDING}}, WEEK, NOW, complete=True)

    assert (decisions.opened, decisions.waiting) == ({"losses": {"1": FINDING}}, 1)
    assert decisions.versions["losses"].appeared == ("1",)


def test_r09_no_finding_opens_nothing() -> None:
    assert decide_holds([], {"losses": {}}, WEEK, NOW, complete=True) == HoldDecisions()


@pytest.mark.parametrize("status", ["open", "rejected", "approved"])
@pytest.mark.parametrize("complete", [True, False])
def test_r09_without_the_finding_a_complete_read_closes(status: HoldStatus, complete: bool) -> None:
    decisions = decided(in_force(status), {}, complete=complete)

    assert decisions.closed == ([UUID(int=1)] if complete else [])
    assert decisions.changes_anything is complete


@pytest.mark.parametrize("status", ["open", "rejected", "approved"])
@pytest.mark.parametrize(
    ("window", "complete"),
    [(WEEK, False), (Window(date(2026, 5, 6), date(2026, 5, 7)), True)],
    ids=["incomplete", "other days"],
)
def test_r09_what_became_of_a_record_by_its_own_id_ends_its_finding(
    status: HoldStatus, window: Window, complete: bool
) -> None:
    hold = in_force(status, {"1": FINDING, "2": OTHER})

    def decisions(*settled: str) -> HoldDecisions:
        return decide_holds([hold], {}, window, NOW, complete=complete, settled=settled)

    assert decisions("1").updated == {hold.id: {"2": OTHER}}
    assert decisions("1", "2").closed == [hold.id]
    assert not decisions("3").changes_anything


def test_r09_what_is_found_anew_of_a_settled_record_waits() -> None:
    found = {"losses": {"1": FINDING}}

    decisions = decide_holds([in_force()], found, WEEK, NOW, complete=False, settled={"1"})

    assert (decisions.changes_anything, decisions.waiting) == (False, 1)


@pytest.mark.parametrize(("status", "waiting", "silenced"), [("open", 1, 0), ("rejected", 0, 1)])
def test_r09_the_same_finding_writes_nothing(
    status: HoldStatus, waiting: int, silenced: int
) -> None:
    decisions = decided(in_force(status), {"1": FINDING})

    assert decisions == HoldDecisions(waiting=waiting, silenced=silenced)


def test_r09_what_a_person_revived_is_counted_by_record_and_not_as_rejected() -> None:
    kept = replace(in_force("rejected"), cause=REVIVED, findings={"1": FINDING, "2": OTHER})

    found = {REVIVED: dict(kept.findings)}
    assert decide_holds([kept], found, WEEK, NOW, complete=True) == HoldDecisions(revived=2)
    asks = replace(kept, status="open")
    assert decide_holds([asks], found, WEEK, NOW, complete=True) == HoldDecisions(waiting=1)


@pytest.mark.parametrize("status", ["rejected", "approved"])
def test_r09_a_changed_finding_asks_again(status: HoldStatus) -> None:
    changed = {**FINDING, "start": "2026-05-04 10:00:00"}

    decisions = decided(in_force(status), {"1": changed})

    assert (decisions.reopened, decisions.waiting) == ({UUID(int=1): {"1": changed}}, 1)
    assert decisions.versions[UUID(int=1)].altered == ("1",)


def test_r09_findings_of_days_that_were_not_read_are_kept() -> None:
    tuesday = Window(date(2026, 5, 5), date(2026, 5, 5))

    decisions = decided(in_force(), {"2": OTHER}, tuesday)

    assert decisions.updated == {UUID(int=1): {"1": FINDING, "2": OTHER}}


@pytest.mark.parametrize(
    ("age", "expired"), [(timedelta(days=7), False), (timedelta(days=8), True)]
)
def test_r09_a_hold_that_no_read_covers_expires(age: timedelta, expired: bool) -> None:
    later = Window(date(2026, 6, 1), date(2026, 6, 7))

    decisions = decided(in_force(opened_at=NOW - age), {}, later)

    assert decisions.expired == ([UUID(int=1)] if expired else [])
    assert decisions.waiting == (0 if expired else 1)


@pytest.mark.parametrize(
    ("first", "status", "ran_out", "expired"),
    [
        (date(2026, 5, 5), "approved", True, True),
        (date(2026, 5, 4), "approved", True, False),
        (date(2026, 5, 5), "approved", False, False),
        (date(2026, 5, 5), "open", False, False),
        (date(2026, 5, 5), "rejected", False, False),
    ],
    ids=["behind", "not behind", "may be used yet", "waits", "kept out"],
)
def test_r09_a_permit_that_ran_out_is_not_asked_about_again_once_its_days_are_behind(
    first: date, status: HoldStatus, ran_out: bool, expired: bool
) -> None:
    hold = in_force(status, permit_until=NOW if ran_out else in_force(status).permit_until)
    window = Window(first, first + timedelta(days=6))

    decisions = decided(hold, {}, window, complete=first > date(2026, 5, 4))

    assert decisions.expired == ([hold.id] if expired else [])
    assert bool(decisions.reopened) is (ran_out and not expired)


def test_r09_a_permit_that_ran_out_asks_again_with_what_is_found_beside_what_is_behind() -> None:
    hold = in_force("approved", {"1": FINDING, "2": OTHER}, permit_until=NOW)

    decisions = decided(hold, {"2": OTHER}, Window(date(2026, 5, 5), date(2026, 5, 11)))

    assert decisions.reopened == {hold.id: {"1": FINDING, "2": OTHER}}
