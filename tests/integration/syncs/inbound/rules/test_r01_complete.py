"""Rule R1: only a complete read may conclude that something is gone."""

from datetime import date

import pytest

from idexx_sync.core.errors import PimsUnavailable, ShapeChanged
from idexx_sync.pims.protocol import Unreadable
from idexx_sync.syncs.gate import UNREADABLE
from idexx_sync.syncs.proof import READS_THAT_SET_APART
from tests.kit.bench import Bench
from tests.kit.database import query
from tests.kit.job_results import counts, warnings
from tests.kit.records import visit, visits

NO_ID = Unreadable("id_missing", None)


def test_r01_a_record_without_an_id_makes_the_read_incomplete(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.forget("600101")
    bench.pims.replace("600102", status="Arrived")
    bench.pims.records.append(visit("600201", "2026-05-06 09:00:00"))
    bench.pims.unreadable = [NO_ID]
    bench.later()

    job = bench.sync()

    assert counts(job) == {
        "read": 6,
        "unchanged": 4,
        "created": 1,
        "updated": 1,
        "looked_up": 1,
        "missing": 1,
        "unreadable": 1,
        "slots_recounted": 1,
    }
    assert warnings(job)["read_incomplete"] == 1
    assert bench.record("600101")["strikes"] == 0
    assert bench.row("600101")["deleted_at"] is None


def test_r01_the_next_complete_read_removes_what_the_incomplete_one_could_not(
    bench: Bench,
) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.forget("600101")
    bench.later()
    bench.sync()
    bench.pims.unreadable = [NO_ID]
    bench.later()
    assert "removed" not in counts(bench.sync())
    bench.pims.unreadable = []
    bench.later()

    job = bench.sync()

    assert counts(job)["removed"] == 1


@pytest.mark.parametrize("incomplete_by", ["no_id", "no_day", "not_whole", "contradiction"])
def test_r01_a_removal_proven_by_its_own_id_needs_no_complete_read(
    bench: Bench, incomplete_by: str
) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.delete("600101")
    make_incomplete(bench, incomplete_by)
    bench.later()

    job = bench.sync()

    assert warnings(job)["read_incomplete"] == 1
    assert bench.row("600101")["deleted_at"] is not None


def make_incomplete(bench: Bench, by: str) -> None:
    match by:
        case "no_id":
            bench.pims.unreadable = [NO_ID]
        case "no_day":
            bench.pims.unreadable = [Unreadable("start_missing", "600301")]
        case "not_whole":
            bench.pims.is_whole = False
        case _:
            bench.pims.hidden = {"600102"}


@pytest.mark.parametrize("incomplete_by", ["no_id", "no_day", "contradiction"])
def test_r01_one_record_that_makes_three_reads_incomplete_is_set_apart(
    bench: Bench, incomplete_by: str
) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.forget("600101")
    make_incomplete(bench, incomplete_by)
    jobs = []
    for _ in range(READS_THAT_SET_APART):
        bench.later()
        jobs.append(bench.sync())

    assert ["read_incomplete" in warnings(job) for job in jobs] == [True, True, False]
    (hold,) = bench.holds()
    assert hold["cause"] == ("never_shown" if incomplete_by == "contradiction" else UNREADABLE)
    assert (jobs[-1].status, len(bench.schedule_syncs())) == ("held", 2)
    bench.later()
    bench.sync()
    assert bench.row("600101")["deleted_at"] is not None  # two strikes, once the rest counts


def test_r01_what_was_set_apart_and_is_shown_again_is_settled(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.hidden = {"600102"}
    for _ in range(READS_THAT_SET_APART):
        bench.later()
        bench.sync()
    assert bench.slots()["10:00"] == 1
    bench.pims.hidden = set()
    bench.later()

    job = bench.sync()

    assert (job.status, bench.record("600102")["quarantine_code"]) == ("succeeded", None)
    assert [hold["status"] for hold in bench.holds()] == ["closed"]


def test_r01_a_person_may_remove_what_the_calendar_never_shows(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.hidden = {"600102"}
    for _ in range(READS_THAT_SET_APART):
        bench.later()
        bench.sync()
    bench.decide("never_shown", "approved")
    bench.later()

    job = bench.sync()

    assert (job.status, counts(job)["removed"]) == ("succeeded", 1)
    assert bench.slots()["10:00"] == 0


def test_r01_what_a_person_let_through_without_an_id_is_let_through_for_a_day(
    bench: Bench,
) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.unreadable = [NO_ID]
    for _ in range(READS_THAT_SET_APART):
        bench.later()
        bench.sync()
    bench.decide(UNREADABLE, "approved")
    for _ in range(3):
        bench.later()
        job = bench.sync()

        assert job.status == "succeeded_with_warnings"
        assert [hold["status"] for hold in bench.holds()] == ["approved"]
    bench.later(24 * 60)

    assert bench.sync().status == "held"
    assert [hold["status"] for hold in bench.holds()] == ["open"]


@pytest.mark.parametrize("incomplete_by", ["no_id", "not_whole"])
def test_r01_an_incomplete_first_read_offers_nothing(bench: Bench, incomplete_by: str) -> None:
    make_incomplete(bench, incomplete_by)

    job = bench.sync()

    assert (job.status, warnings(job)["read_incomplete"]) == ("succeeded_with_warnings", 1)
    assert (bench.slots(), bench.schedule_syncs()) == ({}, [])


@pytest.mark.parametrize(("bad", "fails"), [(3, False), (4, True)])
def test_r01_where_too_much_is_unreadable_the_shape_has_changed(
    bench: Bench, bad: int, fails: bool
) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    before = bench.rows()
    bench.pims.replace("600101", start="2026-05-04 15:00:00", end="2026-05-04 15:30:00")
    bench.pims.unreadable = [
        Unreadable("end_unreadable", str(n), start=f"2026-05-05 {9 + n:02}:30:00")
        for n in range(bad)
    ]
    bench.later()

    job = bench.sync()

    assert job.error_kind == ("shape_changed" if fails else None)
    assert (job.status == "failed", bench.rows() == before) == (fails, fails)
    assert len(bench.schedule_syncs()) == (1 if fails else 2)
    assert bench.slots()["08:00"] == int(fails)  # nothing of it is written, so nothing is freed
    assert bench.slots()["15:00"] == 1  # and all that it names is taken
    assert bench.slots(date(2026, 5, 5))["17:30"] == bad


def test_r01_an_unreadable_record_with_an_id_leaves_the_read_complete(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.delete("600101")
    bench.pims.unreadable = [Unreadable("end_unreadable", "600301", start="2026-05-06 09:00:00")]
    bench.later()

    job = bench.sync()

    assert counts(job)["removed"] == 1
    assert "read_incomplete" not in warnings(job)


def test_r01_a_look_up_that_contradicts_the_read_makes_it_incomplete(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.delete("600101")
    bench.pims.hidden = {"600102"}
    bench.pims.records.append(visit("600201", "2026-05-06 09:00:00"))
    bench.pims.replace("600103", status="Arrived")
    bench.later()

    job = bench.sync()

    assert warnings(job)["read_incomplete"] == 1
    assert {name: counts(job).get(name, 0) for name in ("created", "updated", "removed")} == {
        "created": 1,
        "updated": 1,
        "removed": 1,
    }
    assert bench.row("600102")["deleted_at"] is None


def test_r01_a_failed_read_changes_no_row(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    before = bench.rows(removed=True), bench.slots()
    errors = PimsUnavailable("down", code="refused"), ShapeChanged("other", code="envelope")
    for error in errors:
        bench.pims.error = error
        bench.later()

        job = bench.sync()

        assert (job.status, job.error_kind) == ("failed", error.kind)
        assert (bench.rows(removed=True), bench.slots()) == before


def test_r01_a_lowered_capacity_counts_whatever_was_read(bench: Bench) -> None:
    """The clinic's settings were read, and they take time; nothing is fresher for that."""
    bench.configure("clinic_schedule_configs", default_capacity=2)
    bench.pims.records = visits(6)
    bench.sync()
    stamped = "SELECT max(last_synced_at) AS at FROM public.schedule_slots WHERE clinic_id = %s"
    before = query(bench.conn, stamped, (bench.clinic_id,))
    bench.pims.is_whole = False
    places = "SELECT DISTINCT capacity FROM public.schedule_slots WHERE clinic_id = %s"
    for capacity, stored in ((3, 2), (1, 1)):
        bench.configure("clinic_schedule_configs", default_capacity=capacity)
        bench.later()

        assert warnings(bench.sync())["read_incomplete"] == 1

        assert query(bench.conn, places, (bench.clinic_id,)) == [{"capacity": stored}]
    assert query(bench.conn, stamped, (bench.clinic_id,)) == before
