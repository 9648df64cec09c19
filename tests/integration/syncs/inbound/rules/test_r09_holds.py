"""Rule R9: what is held waits for a person, by name, once."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from idexx_sync.pims.protocol import Unknown, Unreadable
from idexx_sync.syncs.gate import (
    EMPTY,
    FINALISED,
    FOREIGN,
    NEVER_SHOWN,
    QUARANTINE,
    SHIFTED,
    UNPROVEN,
)
from idexx_sync.syncs.hold_store import decide, hold_by_id
from tests.kit.bench import Bench
from tests.kit.database import query
from tests.kit.job_results import counts, held, warnings
from tests.kit.records import MONDAY, block, visit, visits

LOSSES = UNPROVEN["visit"]
TUESDAY = MONDAY + timedelta(days=1)
NEXT_MONDAY = MONDAY + timedelta(days=7)


def ids(count: int, first: int = 600101) -> list[str]:
    return [str(first + n) for n in range(count)]


def cancel(bench: Bench, *record_ids: str) -> None:
    for record_id in record_ids:
        bench.pims.replace(record_id, status="Cancelled")


def restore(bench: Bench, *record_ids: str) -> None:
    for record_id in record_ids:
        bench.pims.replace(record_id, status="Not arrived")


def cancelled(bench: Bench) -> list[str]:
    return sorted(row["neo_appointment_id"] for row in bench.rows() if row["status"] == "cancelled")


@pytest.fixture
def losing(bench: Bench) -> Bench:
    """Ten visits over two days, six of which are cancelled: a hold is open."""
    bench.pims.records = visits(10)
    bench.sync()
    cancel(bench, *ids(6))
    bench.later()
    assert held(bench.sync()) == {LOSSES: 6}
    bench.later()
    return bench


# Opening and updating ---------------------------------------------------------------------------


def test_r09_a_hold_names_what_it_is_about(losing: Bench) -> None:
    hold = losing.hold(LOSSES)

    assert (hold["status"], hold["sync"]) == ("open", "inbound")
    assert hold["findings"].keys() == set(ids(6))
    assert hold["findings"]["600101"] == {
        "start": "2026-05-04 08:00:00",
        "kind": "visit",
        "status": ["scheduled", "cancelled"],
    }


def test_r09_later_runs_find_the_same_open_hold(losing: Bench) -> None:
    before = losing.hold(LOSSES)

    jobs = [losing.sync() for _ in range(3)]

    assert [job.status for job in jobs] == ["held"] * 3
    assert losing.hold(LOSSES) == before


def test_r09_other_findings_update_the_hold_in_place(losing: Bench) -> None:
    before = losing.hold(LOSSES)
    cancel(losing, "600107")

    job = losing.sync()

    after = losing.hold(LOSSES)
    assert (after["id"], after["opened_at"]) == (before["id"], before["opened_at"])
    assert after["findings"].keys() == set(ids(7))
    assert (after["updated_at"], after["job_id"]) == (losing.now, job.id)


def test_r09_each_cause_has_its_own_hold(losing: Bench) -> None:
    losing.pims.records += [
        block(str(n), f"2026-05-0{n} 12:00:00", f"2026-05-0{n} 13:00:00") for n in range(4, 10)
    ]
    losing.sync()
    losing.pims.forget(*"456789")
    losing.later()

    job = losing.sync()

    assert held(job) == {LOSSES: 6, UNPROVEN["block"]: 6}
    assert [hold["cause"] for hold in losing.holds()] == [LOSSES, UNPROVEN["block"]]


def test_r09_holds_of_two_clinics_are_apart(losing: Bench) -> None:
    """The module's other clinics have open holds of this very cause."""
    open_holds = query(
        losing.conn,
        "SELECT count(*) AS n FROM idexx_sync.holds WHERE cause = %s AND status = 'open' "
        "GROUP BY clinic_id, sync",
        (LOSSES,),
    )
    assert {row["n"] for row in open_holds} == {1}


def test_r09_a_run_over_other_days_adds_to_the_hold(losing: Bench) -> None:
    """It learned nothing about the first days, so what was found there still waits."""
    losing.pims.records += visits(10, 600201, NEXT_MONDAY)
    losing.sync(NEXT_MONDAY)
    cancel(losing, *ids(6, 600201))
    losing.later()

    losing.sync(NEXT_MONDAY)

    assert losing.hold(LOSSES)["findings"].keys() == {*ids(6), *ids(6, 600201)}


CANARIES: dict[str, Any] = {
    "patient_name": "CANARY-PATIENT",
    "client_name": "Canary Client",
    "client_phone": "555-555-0177",
    "client_email": "canary@example.com",
    "provider_name": "DR. CANARY",
    "reason": "canary reason",
    "patient_id": "990001",
    "client_id": "990002",
}


def test_r09_a_hold_stores_no_personal_value(bench: Bench) -> None:
    bench.pims.records = [
        *visits(12, **CANARIES),
        *(
            block(
                str(n), f"2026-05-0{n} 18:00:00", f"2026-05-0{n} 19:00:00", reason="canary reason"
            )
            for n in range(4, 10)
        ),
    ]
    bench.sync()
    before = list(bench.pims.records)
    shift_by_an_hour(bench, *ids(12))
    bench.later()
    assert held(bench.sync()) == {SHIFTED: 12}
    bench.pims.records = before
    bench.pims.hide_as("600112", status="Finalized", deleted=True)
    bench.later()
    assert held(bench.sync()) == {FINALISED: 1}
    lose_everything_at_once(bench)
    bench.later()
    job = bench.sync()
    assert held(job).keys() >= {LOSSES, UNPROVEN["block"]}
    bench.pims.records = [
        visit(record.id, f"2026-05-05 {n + 7:02}:00:00", **CANARIES)
        for n, record in enumerate(visits(12))
    ]
    bench.later()
    bench.sync()
    bench.pims.records = visits(6, 900101, **CANARIES)
    bench.later()
    assert FOREIGN in held(bench.sync())

    written = [
        query(
            bench.conn, f"SELECT * FROM idexx_sync.{table} WHERE clinic_id = %s", (bench.clinic_id,)
        )
        for table in ("holds", "jobs", "records", "unknown_words")
    ]
    text = repr(written).casefold()
    assert not [value for value in CANARIES.values() if value.casefold() in text]


def shift_by_an_hour(bench: Bench, *record_ids: str) -> None:
    for record in list(bench.pims.records):
        if record.id in record_ids:
            start = datetime.fromisoformat(record.start) + timedelta(hours=1)
            bench.pims.replace(record.id, start=str(start), end=str(start + timedelta(minutes=30)))


def lose_everything_at_once(bench: Bench) -> None:
    """Cancelled, missing and moved, so that several kinds of findings are written down."""
    cancel(bench, *ids(6))
    bench.pims.forget("600107", *"456789")


# Ending -----------------------------------------------------------------------------------------


def test_r09_a_complete_read_without_the_finding_closes_the_hold(losing: Bench) -> None:
    restore(losing, *ids(6))

    job = losing.sync()

    assert job.status == "succeeded"
    hold = losing.hold(LOSSES)
    assert (hold["status"], hold["ended_at"]) == ("closed", losing.now)


def test_r09_an_incomplete_read_closes_nothing(losing: Bench) -> None:
    restore(losing, *ids(6))
    losing.pims.unreadable = [Unreadable("id_missing", None)]

    job = losing.sync()

    assert job.status == "held"
    assert losing.hold(LOSSES)["status"] == "open"


def test_r09_a_foreign_calendar_closes_nothing(losing: Bench) -> None:
    losing.pims.records = visits(6, 900101)

    losing.sync()

    assert losing.hold(LOSSES)["status"] == "open"


def test_r09_once_all_is_readable_the_loss_that_waited_for_it_is_written(bench: Bench) -> None:
    """The cause was what could not be read; a complete, covering read shows that it is gone."""
    bench.pims.records = visits(10)
    bench.sync()
    cancel(bench, "600101")
    settled = bench.pims.records
    doubled = [visit(str(n), status=word) for n in range(4) for word in ("Arrived", "Late")]
    bench.pims.records = [*settled, *doubled]
    bench.later()
    assert held(bench.sync()) == {QUARANTINE: 1}
    bench.pims.records = settled
    bench.later()

    job = bench.sync()

    assert (job.status, cancelled(bench)) == ("succeeded", ["600101"])
    assert bench.hold(QUARANTINE)["status"] == "closed"


def test_r09_once_the_calendar_is_back_what_is_still_missing_is_judged_afresh(
    bench: Bench,
) -> None:
    bench.pims.records = visits(10)
    bench.sync()
    back = bench.pims.records[1:]
    bench.pims.records = []
    bench.later()
    assert held(bench.sync()) == {EMPTY: 10}
    bench.pims.records = back
    bench.later()

    job = bench.sync()

    assert (job.status, held(job)) == ("succeeded", {})
    assert bench.record("600101")["strikes"] == 1
    assert bench.hold(EMPTY)["status"] == "closed"


@pytest.mark.parametrize(
    ("first", "last", "status"),
    [
        (MONDAY, MONDAY, "open"),
        (MONDAY + timedelta(days=1), NEXT_MONDAY, "open"),
        (MONDAY, MONDAY + timedelta(days=1), "closed"),
    ],
)
def test_r09_only_a_read_that_covers_the_holds_days_closes_it(
    losing: Bench, first: date, last: date, status: str
) -> None:
    restore(losing, *ids(6))

    losing.sync(first, last)

    assert losing.hold(LOSSES)["status"] == status


@pytest.mark.parametrize(("days", "seconds", "status"), [(7, 0, "open"), (7, 1, "expired")])
def test_r09_a_hold_expires_after_seven_days(
    losing: Bench, days: int, seconds: int, status: str
) -> None:
    losing.now = losing.hold(LOSSES)["opened_at"] + timedelta(days=days, seconds=seconds)

    job = losing.sync(NEXT_MONDAY)

    assert losing.hold(LOSSES)["status"] == status
    assert job.status == ("held" if status == "open" else "succeeded")


def test_r09_a_dry_run_leaves_holds_as_they_are(losing: Bench) -> None:
    before = losing.hold(LOSSES)
    restore(losing, *ids(6))

    losing.sync(manner="preview")

    assert losing.hold(LOSSES) == before


def test_r09_after_it_ended_a_new_finding_opens_a_new_hold(losing: Bench) -> None:
    restore(losing, *ids(6))
    losing.sync()
    cancel(losing, *ids(6))
    losing.later()

    losing.sync()

    assert [hold["status"] for hold in losing.holds()] == ["closed", "open"]


# Approving --------------------------------------------------------------------------------------


def test_r09_an_approved_hold_lets_a_fresh_run_write(losing: Bench) -> None:
    losing.decide(LOSSES, "approved")

    job = losing.sync()

    assert (job.status, counts(job)["updated"]) == ("succeeded", 6)
    assert cancelled(losing) == ids(6)
    assert losing.hold(LOSSES)["status"] == "closed"


def test_r09_approving_alone_writes_nothing(losing: Bench) -> None:
    losing.decide(LOSSES, "approved")

    assert cancelled(losing) == []
    assert losing.hold(LOSSES)["permit_until"] == losing.now + timedelta(hours=24)
    assert losing.hold(LOSSES)["decided_by"] == "a tester"


@pytest.mark.parametrize(("seconds", "written"), [(-1, 6), (0, 0)])
def test_r09_a_permit_lasts_a_day(bench: Bench, seconds: int, written: int) -> None:
    bench.pims.records = visits(10, day=NEXT_MONDAY)
    bench.sync(NEXT_MONDAY)
    cancel(bench, *ids(6))
    bench.later()
    bench.sync(NEXT_MONDAY)
    bench.decide(LOSSES, "approved")
    bench.now += timedelta(days=1, seconds=seconds)

    job = bench.sync(NEXT_MONDAY)

    assert len(cancelled(bench)) == written
    assert (job.status == "held") is (written == 0)


def test_r09_a_permit_that_nothing_used_is_not_asked_about_once_its_days_are_past(
    bench: Bench,
) -> None:
    """Neo shows nothing for some hours, a person approves, and Neo shows all again."""
    bench.pims.records = shown = visits(5)
    bench.sync()
    bench.pims.records = []
    bench.later()
    assert held(bench.sync()) == {EMPTY: 5}
    bench.decide(EMPTY, "approved")
    bench.pims.records = shown
    bench.now += timedelta(days=1)
    assert bench.sync(TUESDAY).status == "succeeded"
    assert bench.hold(EMPTY)["status"] == "expired"

    bench.later()
    assert bench.sync(TUESDAY).status == "succeeded"
    assert len(bench.holds()) == 1


def test_r09_a_permit_covers_only_the_ids_it_names(losing: Bench) -> None:
    losing.decide(LOSSES, "approved")
    cancel(losing, "600107")

    job = losing.sync()

    assert cancelled(losing) == ids(6)
    assert held(job) == {LOSSES: 1}
    hold = losing.hold(LOSSES)
    assert (hold["status"], hold["findings"].keys()) == ("open", {"600107"})


def test_r09_a_permit_covers_only_the_same_finding(losing: Bench) -> None:
    losing.decide(LOSSES, "approved")
    losing.pims.replace("600101", status="No Show")

    job = losing.sync()

    assert cancelled(losing) == ids(5, 600102)
    assert held(job) == {LOSSES: 1}
    assert losing.row("600101")["status"] == "scheduled"


def test_r09_a_permit_is_not_for_another_cause(losing: Bench) -> None:
    losing.decide(LOSSES, "approved")
    restore(losing, *ids(6))
    losing.pims.records = []

    assert held(losing.sync()) == {EMPTY: 10}


def test_r09_a_permit_covers_what_is_missing_for_the_same_reason(bench: Bench) -> None:
    bench.pims.records = visits(4)
    bench.sync()
    bench.pims.records = []
    bench.later()
    bench.sync()
    bench.decide(EMPTY, "approved")
    bench.later()

    job = bench.sync()

    assert (job.status, counts(job)["removed"]) == ("succeeded", 4)
    assert bench.audits(job)[0]["metadata"]["reason"] == "approved"


def test_r09_no_permit_removes_what_a_look_up_finds_alive(bench: Bench) -> None:
    bench.pims.records = visits(20)
    bench.sync()
    gone = ids(6)
    bench.pims.hidden = set(gone)
    bench.pims.answers = dict.fromkeys(gone, Unknown("status_502"))
    bench.later()
    assert held(bench.sync()) == {LOSSES: 6}
    bench.decide(LOSSES, "approved")
    del bench.pims.answers["600101"]
    bench.later()

    bench.sync()

    assert len(bench.rows()) == 20


def test_r09_a_permit_outlives_an_incomplete_read(bench: Bench) -> None:
    """The permit is for 24 hours: a read that could not use it does not use it up."""
    bench.pims.records = visits(4)
    bench.sync()
    bench.pims.records = []
    bench.later()
    bench.sync()
    bench.decide(EMPTY, "approved")
    bench.pims.unreadable = [Unreadable("id_missing", None)]
    bench.later()
    bench.sync()
    assert len(bench.rows()) == 4
    bench.pims.unreadable = []
    bench.later()

    job = bench.sync()

    assert counts(job).get("removed") == 4


def test_r09_an_approved_shift_of_times_is_written(bench: Bench) -> None:
    bench.pims.records = visits(5)
    bench.sync()
    for n, record_id in enumerate(ids(5)):
        bench.pims.replace(
            record_id,
            start=f"2026-05-04 {9 + 2 * n:02}:00:00",
            end=f"2026-05-04 {9 + 2 * n:02}:30:00",
        )
    bench.later()
    bench.sync()
    bench.decide(SHIFTED, "approved")
    bench.later()

    job = bench.sync()

    assert (job.status, counts(job)["updated"]) == ("succeeded", 5)


def test_r09_an_approved_foreign_calendar_is_taken(bench: Bench) -> None:
    bench.pims.records = visits(5)
    bench.sync()
    bench.pims.records = visits(6, 900101)
    bench.later()
    bench.sync()
    bench.decide(FOREIGN, "approved")
    bench.later()

    job = bench.sync()

    assert counts(job)["created"] == 6
    assert bench.hold(FOREIGN)["status"] == "closed"


@pytest.fixture
def foreign(bench: Bench) -> Bench:
    """Five visits, and six of a calendar in which none of these is."""
    bench.pims.records = visits(5)
    bench.sync()
    bench.pims.records = visits(6, 900101)
    bench.later()
    assert held(bench.sync()) == {FOREIGN: 5}
    return bench


def test_r09_a_hold_says_all_that_approving_would_do(foreign: Bench) -> None:
    effects = foreign.hold(FOREIGN)["consequence"]

    assert effects.keys() == set(ids(6, 900101))
    assert effects["900101"] == {
        "action": "create",
        "from": None,
        "to": "2026-05-04 08:00:00 to 08:30:00, room 3",
    }


def test_r09_a_hold_of_losses_says_which_slots_it_frees(losing: Bench) -> None:
    effects = losing.hold(LOSSES)["consequence"]

    assert effects.keys() == set(ids(6))
    assert effects["600101"] == {
        "action": "update",
        "from": "2026-05-04 08:00:00 to 08:30:00, room 3",
        "to": None,
        "slots": ["2026-05-04 08:00"],
    }


def test_r09_what_came_to_an_approved_calendar_later_waits_for_the_next_run(
    foreign: Bench,
) -> None:
    foreign.decide(FOREIGN, "approved")
    foreign.pims.records.append(visit("900200", "2026-05-06 09:00:00"))
    foreign.later()

    job = foreign.sync()

    assert counts(job)["created"] == 6
    assert "900200" not in {row["neo_appointment_id"] for row in foreign.rows()}
    assert job.result is not None
    assert job.result["unfresh"] is not None
    foreign.later()
    assert counts(foreign.sync())["created"] == 1


def test_r09_an_approved_calendar_that_is_another_one_by_now_is_held_anew(foreign: Bench) -> None:
    foreign.decide(FOREIGN, "approved")
    foreign.pims.replace("900101", start="2026-05-06 09:00:00", end="2026-05-06 09:30:00")
    foreign.later()

    job = foreign.sync()

    assert held(job) == {FOREIGN: 5}
    assert foreign.keys() == ids(5)
    hold = foreign.hold(FOREIGN)
    assert (hold["status"], hold["decided_by"]) == ("open", None)
    assert hold["consequence"]["900101"]["to"].startswith("2026-05-06 09:00:00")
    foreign.decide(FOREIGN, "approved")
    foreign.later()
    assert counts(foreign.sync())["created"] == 6


def test_r09_an_approved_foreign_calendar_is_taken_for_its_own_days_only(bench: Bench) -> None:
    """Of the second day nobody has been asked."""
    bench.pims.records = visits(10)
    bench.sync()
    bench.pims.records = visits(10, 900101)
    bench.later()
    assert held(bench.sync(MONDAY, MONDAY)) == {FOREIGN: 5}
    bench.decide(FOREIGN, "approved")
    bench.later()

    job = bench.sync()

    assert held(job) == {FOREIGN: 10}
    assert bench.keys() == ids(10)


# Rejecting --------------------------------------------------------------------------------------


def test_r09_a_rejected_finding_stays_out_silently(losing: Bench) -> None:
    losing.decide(LOSSES, "rejected")

    jobs = [losing.sync() for _ in range(2)]

    assert [job.status for job in jobs] == ["succeeded_with_warnings"] * 2
    assert [warnings(job) for job in jobs] == [{"kept_out_by_a_person": 1}] * 2
    assert cancelled(losing) == []
    assert losing.hold(LOSSES)["status"] == "rejected"


def test_r09_a_changed_finding_asks_again(losing: Bench) -> None:
    losing.decide(LOSSES, "rejected")
    cancel(losing, "600107")

    job = losing.sync()

    assert job.status == "held"
    hold = losing.hold(LOSSES)
    assert (hold["status"], hold["decided_by"]) == ("open", None)
    assert hold["findings"].keys() == set(ids(7))


def test_r09_a_rejected_hold_is_closed_when_the_finding_is_gone(losing: Bench) -> None:
    losing.decide(LOSSES, "rejected")
    restore(losing, *ids(6))

    assert losing.sync().status == "succeeded"
    assert losing.hold(LOSSES)["status"] == "closed"


@pytest.mark.parametrize("decided", [True, False], ids=["rejected", "open"])
def test_r09_a_smaller_window_does_not_let_held_losses_through(
    losing: Bench, decided: bool
) -> None:
    """Of the six, five lie on Monday: too few for the gate, had nobody asked about them yet."""
    if decided:
        losing.decide(LOSSES, "rejected")

    losing.sync(MONDAY, MONDAY)

    assert cancelled(losing) == []


@pytest.mark.parametrize("decided", [True, False], ids=["rejected", "open"])
def test_r09_a_smaller_window_does_not_let_a_foreign_calendar_in(
    bench: Bench, decided: bool
) -> None:
    """Of the six, one lies on Tuesday: too few for the gate, had nobody asked about them yet."""
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.records = visits(6, 900101)
    bench.later()
    assert held(bench.sync()) == {FOREIGN: 6}
    if decided:
        bench.decide(FOREIGN, "rejected")
    bench.later()

    bench.sync(MONDAY + timedelta(days=1), MONDAY + timedelta(days=1))

    assert bench.keys() == ids(6)


@pytest.mark.parametrize("decided", [True, False], ids=["rejected", "open"])
def test_r09_a_smaller_window_does_not_let_shifted_times_through(
    bench: Bench, decided: bool
) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    before = bench.row("600106")
    shift_by_an_hour(bench, *ids(6))
    bench.later()
    assert held(bench.sync()) == {SHIFTED: 6}
    if decided:
        bench.decide(SHIFTED, "rejected")
    bench.later()

    bench.sync(MONDAY + timedelta(days=1), MONDAY + timedelta(days=1))

    assert bench.row("600106") == before


def test_r09_a_decision_is_made_once(losing: Bench) -> None:
    losing.decide(LOSSES, "rejected")
    hold = losing.hold(LOSSES)
    read = hold_by_id(losing.conn, hold["id"])
    assert read is not None

    assert decide(losing.conn, read, "approved", "somebody else") is None
    assert losing.hold(LOSSES) == hold


def test_r09_what_takes_more_by_now_than_was_seen_asks_again(bench: Bench) -> None:
    """Time in doubt is none of the row's: what was found is still the same."""
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.hide_as("600106", start="2026-05-05 08:00:00", end="2026-05-05 08:30:00")
    for _ in range(4):
        bench.later()
        bench.sync()
    seen = bench.version(bench.hold(NEVER_SHOWN)["id"])
    bench.decide(NEVER_SHOWN, "approved")
    bench.pims.hide_as("600106", start="2026-05-05 08:00:00", end="2026-05-05 09:30:00")
    bench.later()

    job = bench.sync()

    assert (held(job), bench.hold(NEVER_SHOWN)["status"]) == ({NEVER_SHOWN: 1}, "open")
    assert [bench.slots(date(2026, 5, 5))[at] for at in ("08:00", "09:00")] == [1, 1]
    assert bench.version(bench.hold(NEVER_SHOWN)["id"]) != seen
    bench.later()
    bench.sync()
    bench.decide(NEVER_SHOWN, "approved")
    assert counts(bench.sync())["removed"] == 1
