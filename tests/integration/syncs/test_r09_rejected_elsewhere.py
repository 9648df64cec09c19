"""Rule R9: what a person has rejected in one sync binds the others, through a real database."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from idexx_sync.jobs.model import Job
from idexx_sync.syncs.gate import FOREIGN, SHIFTED, UNPROVEN
from tests.kit.cases_bench import CasesBench
from tests.kit.clinic import add_clinic, add_user
from tests.kit.database import as_role
from tests.kit.job_results import held, warnings
from tests.kit.lending import Lending
from tests.kit.records import patient_visit

LOSSES = UNPROVEN["visit"]
TUESDAY = date(2026, 5, 5)
IDS = [str(600101 + n) for n in range(10)]
KEPT_OUT = {"kept_out_by_a_person": 1}


@pytest.fixture
def bench(
    conn: Connection[tuple[Any, ...]], database: str, lending: Lending
) -> Iterator[CasesBench]:
    """A clinic of ten visits on two days, of which both syncs have read and written all."""
    clinic_id = add_clinic(
        conn, acting_user_id=add_user(conn), live_from=date(2026, 1, 1), sync_horizon_days=7
    )
    with lending.database(as_role(database, "worker")) as lent:
        bench = CasesBench(conn, database, clinic_id, lent=lent)
        bench.shows(
            *(
                patient_visit(
                    record, f"2026-05-0{5 + n % 2} {9 + n // 2:02}:00:00", patient_id=record
                )
                for n, record in enumerate(IDS)
            )
        )
        assert [run.status for run in (bench.sync(), bench.cases())] == ["succeeded"] * 2
        bench.later()
        yield bench


def all_become(bench: CasesBench, **fields: Any) -> None:
    for record in IDS:
        bench.pims.replace(record, **fields)


def all_move(bench: CasesBench, minutes: int) -> None:
    bench.pims.records = [
        replace(
            visit,
            start=str(datetime.fromisoformat(visit.start) + timedelta(minutes=minutes)),
            end=None,
        )
        for visit in bench.pims.records
    ]


def rejected(bench: CasesBench, job: Job, cause: str) -> None:
    """The run holds for that cause alone, and a person says that it stays as it is."""
    assert (job.status, list(held(job))) == ("held", [cause])
    bench.decide(cause, "rejected")
    bench.later()


def is_silent(bench: CasesBench, job: Job, cause: str) -> bool:
    """Whether the run has kept all of it out, told so, and asked nobody."""
    told = {name: n for name, n in warnings(job).items() if name in KEPT_OUT}
    return (job.status, held(job), told, len(bench.holds())) == (
        "succeeded_with_warnings",
        {cause: len(IDS)},
        KEPT_OUT,
        1,
    )


def case_statuses(bench: CasesBench) -> set[str]:
    return {case["status"] for case in bench.all_cases()}


def row_statuses(bench: CasesBench) -> set[str]:
    return {row["status"] for row in bench.rows()}


def test_r09_cancellations_rejected_in_the_calendar_leave_the_cases_alone(
    bench: CasesBench,
) -> None:
    all_become(bench, status="Cancelled")
    rejected(bench, bench.sync(), LOSSES)

    assert is_silent(bench, bench.cases(), LOSSES)
    assert case_statuses(bench) == {"draft"}

    all_become(bench, status="Not arrived")
    bench.pims.replace("600101", status="Cancelled")  # one alone would pass by itself
    bench.later()
    assert held(bench.cases()) == {LOSSES: 1}
    bench.pims.replace("600101", status="No Show")
    bench.later()
    bench.cases()
    assert bench.case("600101")["status"] == "reviewed", "it has become something else"


def test_r09_cancellations_rejected_in_the_cases_leave_the_calendar_alone(
    bench: CasesBench,
) -> None:
    all_become(bench, status="Cancelled")
    rejected(bench, bench.cases(), LOSSES)

    assert is_silent(bench, bench.sync(), LOSSES)
    assert row_statuses(bench) == {"scheduled"}
    assert sum(bench.slots(TUESDAY).values()) == 5


def test_r09_what_the_other_sync_read_before_is_no_matter(bench: CasesBench) -> None:
    """The calendar knows them as confirmed, the cases as not arrived; both say cancelled now."""
    all_become(bench, status="Confirmed")
    bench.sync()
    all_become(bench, status="Cancelled")
    rejected(bench, bench.sync(), LOSSES)

    assert is_silent(bench, bench.cases(), LOSSES)


def test_r09_a_shift_rejected_in_the_calendar_leaves_the_times_of_cases_only(
    bench: CasesBench,
) -> None:
    before = bench.case()["scheduled_at"]
    all_move(bench, 60)
    rejected(bench, bench.sync(), SHIFTED)
    bench.pims.replace("600101", status="Arrived")

    job = bench.cases()

    assert is_silent(bench, job, SHIFTED)
    assert bench.case()["scheduled_at"] == before
    assert bench.case()["metadata"]["pimsAppointment"]["status"] == "Arrived"
    all_move(bench, 15)
    bench.later()
    assert bench.cases().status == "held", "other times are another matter"


def test_r09_a_shift_rejected_in_the_cases_takes_both_times_of_the_calendar(
    bench: CasesBench,
) -> None:
    before, taken = bench.rows(), bench.slots(TUESDAY)
    all_move(bench, 30)
    rejected(bench, bench.cases(), SHIFTED)

    assert is_silent(bench, bench.sync(), SHIFTED)
    assert bench.rows() == before
    assert taken["09:00"] == bench.slots(TUESDAY)["09:00"] == bench.slots(TUESDAY)["09:30"] == 1
    assert taken["09:30"] == 0


@pytest.mark.parametrize("is_first", [True, False], ids=["calendar", "cases"])
def test_r09_a_calendar_rejected_in_one_sync_changes_nothing_in_the_other(
    bench: CasesBench, is_first: bool
) -> None:
    bench.shows(*(replace(one, id=f"7{one.id}") for one in bench.pims.records))
    rejected(bench, bench.sync() if is_first else bench.cases(), FOREIGN)
    before = bench.rows(), bench.all_cases()

    job = bench.cases() if is_first else bench.sync()

    assert is_silent(bench, job, FOREIGN)
    assert job.result is not None
    assert job.result["unfresh"] == FOREIGN
    assert (bench.rows(), bench.all_cases()) == before


def test_r09_what_is_asked_again_in_its_own_sync_binds_no_other(bench: CasesBench) -> None:
    all_become(bench, status="Cancelled")
    rejected(bench, bench.sync(), LOSSES)
    bench.cases()
    bench.conn.execute("UPDATE idexx_sync.holds SET status = 'open'")

    assert bench.cases().status == "held"


def test_r09_a_clinics_rejections_are_no_other_ones(bench: CasesBench) -> None:
    other = CasesBench(
        bench.conn, bench.url, add_clinic(bench.conn, sync_horizon_days=7), lent=bench.database
    )
    other.pims = bench.pims
    other.sync()
    all_become(bench, status="Cancelled")
    rejected(bench, bench.cases(), LOSSES)

    assert other.sync().status == "held"
