"""Our log of what each job did: what ODIS is told comes from it, and only it is read back."""

from typing import Any

import pytest

from idexx_sync.database.migrations import migrations_in
from idexx_sync.jobs.model import Job
from idexx_sync.syncs.cases.sync import CaseSync
from tests.kit.cases_bench import CasesBench
from tests.kit.database import query
from tests.kit.job_results import counts, warnings
from tests.kit.records import chart, patient_visit, seen

UNDONE = "DROP TABLE idexx_sync.changes; DROP FUNCTION idexx_sync.tell_changes"
DEAD = "<p>Euthanasia performed.</p>"


def log(bench: CasesBench, job: Job) -> list[dict[str, Any]]:
    return query(
        bench.conn,
        "SELECT * FROM idexx_sync.changes WHERE job_id = %s ORDER BY external_id",
        (job.id,),
    )


def test_r21_audits_are_filled_from_our_log(bench: CasesBench) -> None:
    bench.add_case("pims-appt-idexx-neo-600102", metadata={"pimsAppointment": "text"})
    bench.shows(seen(), seen("600102", "2026-05-04 06:30:00", patient_id="40022"))
    bench.writes(chart(notes_html=DEAD))

    job = bench.cases()

    ours, told = log(bench, job), bench.audits(job)
    assert [(row["action"], row["outcome"], row["reasons"]) for row in ours] == [
        ("create", "written", ["new", "consultation", "life_status"]),
        ("update", "skipped", ["quarantined"]),
    ]
    assert [(row["sync_type"], row["status"], row["metadata"]["reason"]) for row in told] == [
        ("create", "success", "new"),
        ("update", "skipped", "quarantined"),
    ]
    assert [row["metadata"]["changes"] for row in told] == [row["fields"] for row in ours]
    assert [row["case_id"] for row in told] == [row["case_id"] for row in ours]
    assert all(0 <= row["duration_ms"] < 600_000 for row in told)


def test_r21_a_table_of_another_shape_is_told_nothing_and_stops_nothing(
    bench: CasesBench,
) -> None:
    bench.conn.execute("ALTER TABLE public.case_sync_audits RENAME COLUMN external_id TO other")
    try:
        bench.shows(patient_visit())
        job = bench.cases()
    finally:
        bench.conn.execute("ALTER TABLE public.case_sync_audits RENAME COLUMN other TO external_id")

    assert (job.status, counts(job)["created"]) == ("succeeded", 1)
    assert [row["action"] for row in log(bench, job)] == ["create"]
    assert bench.audits(job) == []


def test_r21_a_removal_is_one_in_our_log(bench: CasesBench) -> None:
    bench.shows(patient_visit(), patient_visit("600102", "2026-05-04 10:00:00"))
    bench.sync()
    bench.pims.delete("600101")
    bench.later()

    (row,) = log(bench, bench.sync())

    assert (row["kind"], row["action"], row["external_id"]) == ("appointment", "remove", "600101")


@pytest.fixture
def half_done(bench: CasesBench) -> Job:
    """A job that went back to the queue after the first of its two records; Neo broke down."""
    bench.retried = True
    bench.shows(
        seen(status="Not arrived", type="Euthanasia"),
        seen("600102", "2026-05-04 06:30:00", patient_id="40022", status="In Progress"),
    )
    bench.writes(chart(notes_html=DEAD))
    bench.writes(chart("600102", patient_id="40022"))
    bench.pims.breaks_at = "9600102"
    job = bench.cases(CaseSync(unit=1))
    bench.pims.breaks_at = None
    assert (job.status, job.error_kind) == ("queued", "pims_unavailable")
    assert job.progress is not None
    assert job.progress["read"] == ["600101"]
    return job


def test_r21_a_retry_goes_on_with_the_first_record_that_is_not_done(
    bench: CasesBench, half_done: Job
) -> None:
    bench.pims.charts_read.clear()

    job = bench.again(half_done)

    assert bench.pims.charts_read == ["9600102"]
    assert (job.status, job.attempt) == ("succeeded_with_warnings", 2)
    assert counts(job)["consultations_read"] == 2


def test_r21_a_retrys_counts_come_from_our_log_and_from_nothing_that_is_odis(
    bench: CasesBench, half_done: Job
) -> None:
    bench.conn.execute("DELETE FROM public.case_sync_audits WHERE job_id = %s", (half_done.id,))

    job = bench.again(half_done)

    assert (counts(job)["created"], counts(job)["marked"]) == (2, 1)
    assert "updated" not in counts(job)


def test_r19_who_is_to_be_looked_at_outlives_a_retry(bench: CasesBench, half_done: Job) -> None:
    job = bench.again(half_done)

    assert warnings(job)["life_status_in_doubt"] == 1
    assert job.result is not None
    assert job.result["for_review"] == ["pims-appt-idexx-neo-600101"]


def test_what_was_told_before_is_where_our_log_begins(bench: CasesBench) -> None:
    bench.shows(patient_visit())
    made = [bench.sync(), bench.cases()]
    (migration,) = [one for one in migrations_in() if one.name == "012_changes"]
    before = [log(bench, job) for job in made]

    with bench.conn.transaction(force_rollback=True):
        bench.conn.execute(UNDONE)
        bench.conn.execute(migration.sql)
        after = [log(bench, job) for job in made]

    assert after == before
