"""Our log of what each job did: what ODIS is told comes from it, and only it is read back."""

from collections.abc import Iterator
from typing import Any

import pytest

from idexx_sync.database.migrations import migrations_in
from idexx_sync.jobs.model import Job
from idexx_sync.syncs.cases.sync import CaseSync
from tests.kit.cases_bench import CasesBench
from tests.kit.database import query
from tests.kit.job_results import counts, warnings
from tests.kit.records import chart, patient_visit, seen

UNDONE = (
    "DROP TABLE idexx_sync.changes; DROP FUNCTION idexx_sync.tell_changes, idexx_sync.tells_odis"
)
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


@pytest.mark.parametrize(
    ("change", "back"),
    [
        (
            "ALTER TABLE public.case_sync_audits RENAME COLUMN external_id TO other",
            "ALTER TABLE public.case_sync_audits RENAME COLUMN other TO external_id",
        ),
        (
            "DROP INDEX public.case_sync_audits_once_per_job",
            "CREATE UNIQUE INDEX case_sync_audits_once_per_job "
            "ON public.case_sync_audits (job_id, external_id, sync_type)",
        ),
    ],
)
def test_r21_a_table_of_another_shape_is_told_nothing_and_stops_nothing(
    bench: CasesBench, change: str, back: str
) -> None:
    bench.conn.execute(change)
    try:
        bench.shows(patient_visit())
        job = bench.cases()
    finally:
        bench.conn.execute(back)

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


REFUSED = "BREED OF NOBODY"


@pytest.fixture
def with_troubles(bench: CasesBench) -> Iterator[Job]:
    """The same, and a record of the first attempt was refused, another one is another patient's."""
    bench.retried = True
    days = ("2026-05-04 06:00:00", "2026-05-04 06:30:00", "2026-05-04 07:00:00")
    ids = ("600101", "600102", "600103")
    bench.shows(*(seen(id_, day, patient_id=f"4{id_}") for id_, day in zip(ids, days, strict=True)))
    for id_, more in zip(ids, ({"breed": REFUSED}, {"patient_id": "49"}, {}), strict=True):
        bench.writes(chart(id_, **{"patient_id": f"4{id_}", **more}))
    bench.pims.breaks_at = "9600103"
    alter = "ALTER TABLE public.patients"
    bench.conn.execute(f"{alter} ADD CONSTRAINT of_odis CHECK (breed <> '{REFUSED}') NOT VALID")
    job = bench.cases(CaseSync(unit=1))
    bench.pims.breaks_at = None
    assert job.status == "queued"
    yield job
    bench.conn.execute(f"{alter} DROP CONSTRAINT of_odis")


def test_r24_what_an_earlier_attempt_could_not_do_outlives_a_retry(
    bench: CasesBench, with_troubles: Job
) -> None:
    job = bench.again(with_troubles)

    assert job.status == "succeeded_with_warnings"
    assert warnings(job) == {"rows_refused": 1, "consultations_once": 1}
    assert job.result is not None
    assert job.result["faults"] == [
        {
            "table": "patients",
            "column": "of_odis",
            "id": "pims-appt-idexx-neo-600101",
            "code": "refused",
        }
    ]


def test_r22_a_record_left_because_of_a_conflict_is_read_again_by_a_retry(
    bench: CasesBench,
) -> None:
    bench.retried = True
    bench.shows(seen(), seen("600102", "2026-05-04 06:30:00", patient_id="40022"))
    bench.sync()
    bench.cases()
    (case,) = (bench.case()["id"],)
    bench.writes(chart())
    bench.writes(chart("600102", patient_id="40022"))
    bench.later(60 * 25)
    bench.pims.breaks_at = "9600102"
    with bench.changing_between("public.cases", case):
        job = bench.cases(CaseSync(unit=1))
    bench.pims.breaks_at = None
    bench.pims.charts_read.clear()

    job = bench.again(job)

    assert sorted(bench.pims.charts_read) == ["9600101", "9600102"]
