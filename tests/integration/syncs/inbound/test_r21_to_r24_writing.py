"""Rules R21-R24: audits, the before that must still hold, the lease, and honest outcomes."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from idexx_sync.core.errors import LeaseLost, PimsUnavailable
from idexx_sync.core.vocabulary import Manner
from idexx_sync.database.connection import writing
from idexx_sync.jobs import leases
from idexx_sync.jobs.contract import Report, Run
from idexx_sync.jobs.leases import Lease
from idexx_sync.jobs.model import new_order
from idexx_sync.jobs.runner import run_job
from idexx_sync.pims.protocol import Unreadable
from idexx_sync.syncs.inbound.sync import InboundSync
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.database import query
from tests.kit.interference import WritesBeforeApply
from tests.kit.job_results import counts, warnings
from tests.kit.records import visit, visits

CANARIES = ("TANGO", "Robin Sample", "555-555-0100", "DR. A. EXAMPLE")


def test_r21_one_success_row_per_changed_record(bench: Bench) -> None:
    bench.pims.records = visits(4)
    first = bench.sync()
    bench.pims.replace("600101", status="Arrived")
    bench.pims.delete("600102")
    bench.later()

    second = bench.sync()

    assert [(a["external_id"], a["sync_type"], a["status"]) for a in bench.audits(first)] == [
        (str(600101 + n), "create", "success") for n in range(4)
    ]
    changed, removed = bench.audits(second)
    assert changed["metadata"]["changes"] == {
        "status": {"before": "scheduled", "after": "in_progress"}
    }
    assert changed["metadata"]["reason"] == "source"
    assert removed["metadata"]["reason"] == "deleted_at_source"
    assert removed["metadata"]["changes"] == {"removed": {"before": False, "after": True}}


def test_r21_personal_fields_are_hashes_never_values(bench: Bench) -> None:
    bench.pims.records = visits(2)
    bench.sync()
    bench.pims.replace("600101", client_phone="555-555-0199", patient_name="BRUNO")
    bench.later()

    job = bench.sync()

    (audit,) = bench.audits(job)
    changes = audit["metadata"]["changes"]
    assert set(changes) == {"client_phone", "patient_name"}
    assert all(change["changed"] is True and change["hash"] for change in changes.values())
    everything = str(query(bench.conn, "SELECT * FROM public.case_sync_audits")) + str(
        query(bench.conn, "SELECT * FROM idexx_sync.records")
    )
    assert not [word for word in (*CANARIES, "BRUNO", "555-555-0199") if word in everything]


def test_r21_equal_texts_of_two_fields_and_clinics_hash_alike_only_within_a_clinic(
    bench: Bench,
) -> None:
    bench.pims.records = [visit()]
    job = bench.sync()
    ours = bench.audits(job)[0]["metadata"]["changes"]["patient_name"]["hash"]

    other = Bench(bench.conn, bench.url, add_clinic(bench.conn), lent=bench.database)
    other.pims.records = [visit()]
    theirs = other.audits(other.sync())[0]["metadata"]["changes"]["patient_name"]["hash"]

    assert ours != theirs


def test_r22_a_row_written_by_somebody_else_is_planned_again_once(bench: Bench) -> None:
    bench.pims.records = visits(3)
    bench.sync()
    bench.pims.replace("600101", status="Arrived")
    bench.later()
    once = iter([True])

    def somebody_writes() -> None:
        """Between the plan and the write, which the first planning cannot see."""
        if next(once, False):
            bench.conn.execute(
                "UPDATE public.schedule_appointments SET provider_name = 'Somebody' "
                "WHERE neo_appointment_id = '600101'"
            )

    job = bench.run(WritesBeforeApply(somebody_writes))

    assert job.status == "succeeded"
    assert counts(job)["updated"] == 1
    assert bench.row("600101")["status"] == "in_progress"
    assert bench.row("600101")["provider_name"] == "DR. A. EXAMPLE"


def test_r22_a_row_that_keeps_changing_is_left_for_the_next_run(bench: Bench) -> None:
    bench.pims.records = visits(3)
    bench.sync()
    bench.pims.replace("600101", status="Arrived")
    bench.pims.replace("600102", status="Arrived")
    bench.later()

    def somebody_writes() -> None:
        bench.conn.execute(
            "UPDATE public.schedule_appointments SET updated_at = idexx_sync.clock() "
            "WHERE neo_appointment_id = '600101'"
        )

    job = bench.run(WritesBeforeApply(somebody_writes))

    assert job.status == "succeeded_with_warnings"
    assert job.result is not None
    assert job.result["warnings"] == {"conflicts_left_for_next_run": 1}
    assert [audit["external_id"] for audit in bench.audits(job)] == ["600102"]
    assert bench.row("600101")["status"] == "scheduled"
    bench.later()
    after = bench.sync()
    assert (counts(after)["updated"], warnings(after)) == (1, {})
    assert [audit["metadata"]["reason"] for audit in bench.audits(after)] == ["source"]
    assert bench.row("600101")["status"] == "in_progress"


def test_r22_a_row_inserted_by_somebody_else_is_not_doubled(bench: Bench) -> None:
    bench.pims.records = [visit()]
    once = iter([True])

    def somebody_inserts() -> None:
        if next(once, False):
            bench.conn.execute(
                "INSERT INTO public.schedule_appointments (clinic_id, neo_appointment_id, date, "
                "start_time, end_time, status) VALUES (%s, '600101', '2026-05-04', '07:00', "
                "'07:30', 'scheduled')",
                (bench.clinic_id,),
            )

    job = bench.run(WritesBeforeApply(somebody_inserts))

    assert job.status == "succeeded"
    assert bench.keys() == ["600101"]
    assert str(bench.row("600101")["start_time"]) == "09:00:00"


EXPIRES = "UPDATE idexx_sync.leases SET expires_at = clock_timestamp() + %s::interval"


def live_lease(bench: Bench, job_id: UUID) -> Lease:
    """The lease of a run that has ended, as if it had not."""
    bench.conn.execute(EXPIRES, ("1 hour",))
    return Lease(bench.clinic_id, job_id, 1)


def test_r23_a_run_that_lost_the_clinic_writes_nothing(bench: Bench) -> None:
    bench.pims.records = visits(3)
    other_job = uuid4()

    def another_run_takes_over() -> None:
        bench.conn.execute(
            "UPDATE idexx_sync.leases SET job_id = %s, fence = fence + 1, "
            "expires_at = clock_timestamp() + interval '45 s'",
            (other_job,),
        )

    job = bench.run(WritesBeforeApply(another_run_takes_over))

    assert bench.rows() == []
    assert (job.status, job.error_kind) == ("failed", "lease_lost")
    assert query(bench.conn, "SELECT job_id FROM idexx_sync.leases") == [{"job_id": other_job}]
    assert query(bench.conn, "SELECT * FROM public.schedule_syncs") == []


@pytest.mark.parametrize("manner", ["preview", "observe"])
def test_r23_a_run_without_rows_that_lost_the_clinic_is_not_told_as_done(
    bench: Bench, manner: Manner
) -> None:
    bench.pims.records = visits(3)

    def another_run_takes_over() -> None:
        bench.conn.execute(
            "UPDATE idexx_sync.leases SET job_id = %s, fence = fence + 1", (uuid4(),)
        )

    order = new_order(bench.clinic_id, "inbound", "cli", manner=manner)
    job = run_job(order, WritesBeforeApply(another_run_takes_over), bench.dependencies())

    assert (job.status, job.error_kind) == ("failed", "lease_lost")


def test_r23_a_run_that_lost_the_clinic_leaves_its_successor_alone(bench: Bench) -> None:
    """The successor is a retry of the same job: only the fence tells the two apart."""
    bench.pims.records = visits(3)

    def a_retry_takes_over() -> None:
        bench.conn.execute(
            "UPDATE idexx_sync.leases SET fence = fence + 1, "
            "expires_at = clock_timestamp() + interval '45 s'"
        )
        bench.conn.execute("UPDATE idexx_sync.jobs SET fence = fence + 1, attempt = attempt + 1")

    job = bench.run(WritesBeforeApply(a_retry_takes_over))

    assert (job.status, job.attempt, job.error_kind) == ("running", 2, None)
    assert query(
        bench.conn, "SELECT fence, expires_at > clock_timestamp() AS lives FROM idexx_sync.leases"
    ) == [{"fence": 2, "lives": True}]


def test_r23_nobody_takes_the_clinic_over_while_a_run_writes(bench: Bench, database: str) -> None:
    """The lease expires once the run has passed its fence: the next one waits for the end."""
    mine = live_lease(bench, bench.sync().id)
    next_job = uuid4()
    bench.conn.execute(
        "INSERT INTO idexx_sync.jobs (id, clinic_id, sync, trigger) VALUES (%s, %s, %s, %s)",
        (next_job, bench.clinic_id, "inbound", "cli"),
    )
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("SET lock_timeout = '100ms'")

        with writing(bench.conn) as settle:
            leases.require(bench.conn, mine, settle)
            bench.conn.execute(EXPIRES, ("-1 second",))
            settle()
            with pytest.raises(psycopg.errors.LockNotAvailable):
                leases.take_for_job(other, next_job, uuid4(), 45)

        leases.take_for_job(other, next_job, uuid4(), 45)
    assert query(bench.conn, "SELECT fence FROM idexx_sync.leases") == [{"fence": 2}]


def test_r23_the_fence_counts_on_and_the_lease_stays(bench: Bench) -> None:
    for expected in (1, 2, 3):
        bench.sync()
        assert query(bench.conn, "SELECT fence FROM idexx_sync.leases") == [{"fence": expected}]


@pytest.mark.parametrize("wrong", ["job_id", "fence", "clinic_id"])
def test_r23_job_and_fence_must_both_fit(bench: Bench, wrong: str) -> None:
    job = bench.sync()
    mine = live_lease(bench, job.id)
    stale = replace(mine, **{wrong: 2 if wrong == "fence" else uuid4()})  # type: ignore[arg-type]

    with writing(bench.conn) as settle:
        leases.require(bench.conn, mine, settle)
    with pytest.raises(LeaseLost), writing(bench.conn) as settle:
        leases.require(bench.conn, stale, settle)


def test_r23_a_writing_transaction_bounds_its_waits_and_only_its_own(bench: Bench) -> None:
    with writing(bench.conn):
        inside = _timeouts(bench.conn)
    outside = _timeouts(bench.conn)

    assert inside == ("10s", "1min", "20s")
    assert outside == ("0", "0", "0")


def test_r23_after_a_lost_commit_acknowledgement_the_job_tells_the_outcome(bench: Bench) -> None:
    bench.pims.records = visits(3)

    job = bench.run(_LosesAcknowledgement())

    assert job.status == "succeeded"
    assert len(bench.rows()) == 3
    assert query(bench.conn, "SELECT count(*) AS n FROM public.schedule_syncs") == [{"n": 1}]


def test_r24_a_failed_read_is_a_failure_and_changes_no_row(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    before = bench.rows()
    bench.pims.error = PimsUnavailable("Neo answered 502", code="status_502")
    bench.later()

    job = bench.sync()

    assert (job.status, job.error_kind) == ("failed", "pims_unavailable")
    assert bench.rows() == before


def test_r24_a_retried_worker_gives_the_job_back(bench: Bench) -> None:
    bench.retried = True
    bench.pims.error = PimsUnavailable("Neo answered 502", code="status_502")

    job = bench.sync()

    assert (job.status, job.attempt, job.error_kind) == ("queued", 1, "pims_unavailable")
    bench.pims.error = None
    order = replace(new_order(bench.clinic_id, "inbound", "cli"), job_id=job.id)
    again = run_job(order, InboundSync(), bench.dependencies())
    assert (again.id, again.status, again.attempt) == (job.id, "succeeded", 2)


def test_r24_some_unreadable_records_are_a_warning(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.pims.unreadable = [Unreadable("end_unreadable", "600999", start="2026-05-04 15:00:00")]

    job = bench.sync()

    assert job.status == "succeeded_with_warnings"
    assert job.result is not None
    assert job.result["warnings"] == {"unreadable_records": 1}
    assert job.result["in_doubt"] == {"600999": "end_unreadable"}
    assert counts(job)["created"] == 6


def test_r24_nothing_to_do_is_said_in_words(bench: Bench) -> None:
    empty = bench.sync()
    bench.pims.records = visits(2)
    bench.sync()
    same = bench.sync()

    assert empty.result is not None
    assert same.result is not None
    assert (empty.status, empty.result["summary"]) == ("succeeded", "read nothing")
    assert same.result["summary"] == "nothing changed (checked 2)"


class _LosesAcknowledgement(InboundSync):
    """An inbound sync whose commit reaches Postgres while the connection dies."""

    def __call__(self, run: Run, pims: Any) -> Report:
        super().__call__(run, pims)
        run.conn.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")


def _timeouts(conn: Any) -> tuple[Any, ...]:
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    (found,) = query(conn, "SELECT " + ", ".join(f"current_setting('{n}') AS {n}" for n in names))
    return tuple(found[name] for name in names)


def test_r23_a_writer_frozen_between_two_statements_is_idle_for_the_server(
    bench: Bench, database: str
) -> None:
    """Only then does the transaction's time limit end it and let the next run in."""
    job = bench.sync()
    with psycopg.connect(database, autocommit=True) as writer, writing(writer) as settle:
        leases.require(writer, live_lease(bench, job.id), settle)
        seen = query(
            bench.conn,
            "SELECT state FROM pg_stat_activity WHERE pid = %s",
            (writer.info.backend_pid,),
        )
    assert seen == [{"state": "idle in transaction"}]
