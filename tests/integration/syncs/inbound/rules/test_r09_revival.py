"""Rule R9: what an approval removed comes back with one command, and stays."""

from datetime import timedelta

import pytest

from idexx_sync.core.errors import Conflict, PimsUnavailable
from idexx_sync.jobs.model import Job, new_order
from idexx_sync.jobs.runner import run_job
from idexx_sync.operations.decisions import revive_hold
from idexx_sync.syncs.gate import EMPTY, FINALISED, UNPROVEN
from idexx_sync.syncs.hold_store import hold_by_id
from idexx_sync.syncs.holds import REVIVED
from idexx_sync.syncs.inbound.sync import InboundSync
from tests.kit.bench import Bench
from tests.kit.job_results import counts, held, warnings
from tests.kit.records import visits

LOSSES = UNPROVEN["visit"]


def want_back(bench: Bench, cause: str) -> None:
    """What `holds revive` decides of the clinic's hold of that cause."""
    hold = hold_by_id(bench.conn, bench.hold(cause)["id"])
    assert hold is not None
    revive_hold(bench.conn, hold, by="a tester", reason="it was not empty")


def revive(bench: Bench, cause: str) -> Job:
    """The same, with the run that it orders."""
    want_back(bench, cause)
    return run_job(
        new_order(bench.clinic_id, "inbound", "approval"), InboundSync(), bench.dependencies()
    )


@pytest.fixture
def emptied(bench: Bench) -> Bench:
    """Ten visits, all of which an approval has removed: the calendar came back empty."""
    bench.pims.records = visits(10)
    bench.sync()
    bench.pims.records = []
    bench.later()
    bench.sync()
    bench.decide(EMPTY, "approved")
    bench.later()
    assert counts(bench.sync())["removed"] == 10
    assert bench.slots()["08:00"] == 0
    bench.later()
    return bench


def test_r09_what_an_approval_removed_comes_back_as_it_was_and_stays(emptied: Bench) -> None:
    removed = emptied.rows(removed=True)

    job = revive(emptied, EMPTY)

    assert counts(job)["updated"] == 10
    back = emptied.rows()
    told = ("id", "date", "start_time", "end_time", "status", "room_id", "patient_name")
    assert [[row[name] for name in told] for row in back] == [
        [row[name] for name in told] for row in removed
    ]
    assert emptied.slots()["08:00"] == 1
    assert all(row["slot_id"] for row in back)
    for _ in range(3):  # strikes would prove it gone by now
        emptied.later()
        job = emptied.sync()
    assert (len(emptied.rows()), warnings(job)["revived_by_a_person"]) == (10, 10)
    assert "kept_out_by_a_person" not in warnings(job)
    assert emptied.slots()["08:00"] == 1
    hold = emptied.hold(REVIVED)
    assert (hold["status"], hold["decided_by"], hold["reason"]) == (
        "rejected",
        "a tester",
        "it was not empty",
    )
    assert len(hold["consequence"]) == 10


def test_r09_what_is_revived_comes_back_although_neo_does_not_answer(emptied: Bench) -> None:
    emptied.pims.error = PimsUnavailable("Neo is down")

    job = revive(emptied, EMPTY)

    assert (job.status, len(emptied.rows())) == ("failed", 10)


def test_r09_nothing_comes_back_twice_or_over_what_was_taken_since(emptied: Bench) -> None:
    emptied.book("2026-05-04 08:00", "2026-05-04 08:30")
    emptied.pims.records = [one for one in visits(10) if one.id == "600102"]
    emptied.sync()
    emptied.later()

    revive(emptied, EMPTY)
    revive(emptied, EMPTY)

    assert len(emptied.rows()) == 10
    assert len(emptied.rows(removed=True)) == 10
    assert emptied.slots()["08:00"] == 2


def test_r09_what_neo_shows_again_is_kept_by_nobody_any_more(emptied: Bench) -> None:
    revive(emptied, EMPTY)
    emptied.pims.records = visits(10)
    emptied.later()

    assert emptied.sync().status == "succeeded"
    assert emptied.hold(REVIVED)["status"] == "closed"


def test_r09_a_person_may_let_go_of_what_was_revived(emptied: Bench) -> None:
    revive(emptied, EMPTY)
    emptied.later()
    emptied.conn.execute("UPDATE idexx_sync.holds SET status = 'open' WHERE cause = 'revived'")
    assert held(emptied.sync()) == {REVIVED: 10}
    emptied.decide(REVIVED, "approved")
    emptied.later()

    emptied.sync()

    assert emptied.rows() == []


def test_r09_a_revived_visit_stays_although_its_removal_is_proven(bench: Bench) -> None:
    bench.pims.records = visits(10, status="Finalized")
    bench.sync()
    bench.pims.hide_as("600101", status="Finalized", deleted=True)
    bench.later()
    assert held(bench.sync()) == {FINALISED: 1}
    bench.decide(FINALISED, "approved")
    bench.later()
    assert counts(bench.sync())["removed"] == 1
    bench.later()

    revive(bench, FINALISED)
    bench.later()

    assert held(bench.sync()) == {REVIVED: 1}
    assert bench.row("600101")["deleted_at"] is None


def test_r09_after_seven_days_nothing_is_revived(emptied: Bench) -> None:
    emptied.now += timedelta(days=7)

    with pytest.raises(Conflict, match="within the last 7 days"):
        revive(emptied, EMPTY)

    assert emptied.rows() == []


def test_r09_what_was_wanted_back_in_time_comes_back_whenever_its_run_begins(
    emptied: Bench,
) -> None:
    removed_at = emptied.rows(removed=True)[0]["deleted_at"]
    emptied.now = removed_at + timedelta(days=7, seconds=-30)
    want_back(emptied, EMPTY)
    emptied.later(5)

    job = emptied.sync()

    assert (counts(job)["updated"], len(emptied.rows())) == (10, 10)


def test_r09_a_run_that_comes_first_does_not_forget_what_is_wanted_back(emptied: Bench) -> None:
    """It has begun before, and loads what is in force once its calendar is read."""
    emptied.pims.before_answer = lambda: want_back(emptied, EMPTY)

    job = emptied.sync()

    assert (counts(job)["updated"], len(emptied.rows())) == (10, 10)
    assert emptied.hold(REVIVED)["status"] == "rejected"
    assert held(job) == {REVIVED: 10}


def test_r09_a_hold_that_removed_nothing_revives_nothing(bench: Bench) -> None:
    bench.pims.records = visits(10)
    bench.sync()
    bench.pims.records = []
    bench.later()
    bench.sync()

    with pytest.raises(Conflict) as refused:
        revive(bench, EMPTY)

    assert refused.value.code == "nothing_to_revive"
