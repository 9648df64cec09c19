"""Rule R4: what changed is what the source says, not what we derive from it."""

from datetime import UTC, date, datetime
from typing import Any

from tests.kit.bench import Bench
from tests.kit.job_results import counts, held, warnings
from tests.kit.records import visit, visits

SPRING = date(2026, 3, 8)


def in_the_skipped_hour(count: int) -> list[Any]:
    return [visit(str(n), f"2026-03-08 02:{n:02}:00") for n in range(count)]


def test_r04_an_equal_read_writes_nothing(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    before = bench.rows(), bench.record("600101")
    bench.later()

    job = bench.sync()

    assert job.result is not None
    assert job.result["summary"] == "nothing changed (checked 6)"
    assert (bench.rows(), bench.record("600101")) == before
    assert bench.audits(job) == []


def test_r04_another_word_of_the_same_meaning_is_remembered_and_writes_no_row(
    bench: Bench,
) -> None:
    bench.pims.records = [visit("1", status="Scheduled")]
    bench.sync()
    before = bench.row("1")
    bench.pims.replace("1", status="Confirmed")
    bench.later()

    job = bench.sync()

    assert "updated" not in counts(job)
    assert bench.row("1") == before
    assert bench.record("1")["source"]["status"] == "Confirmed"


def test_r04_what_neo_said_is_kept_as_it_said_it(bench: Bench) -> None:
    bench.pims.records = [visit("1", "2026-03-08 02:30:00", status="Not arrived", type="Exam")]

    bench.sync(SPRING, SPRING)

    source = bench.record("1")["source"]
    assert source.pop("private")
    assert source == {
        "start": "2026-03-08 02:30:00",
        "end": "2026-03-08 03:00:00",
        "room": "3",
        "status": "Not arrived",
        "type": "Exam",
        "stamp": "2026-05-01 10:00:00",
    }


def test_r04_a_changed_zone_recomputes_all_warns_and_never_holds(bench: Bench) -> None:
    bench.now = datetime(2026, 3, 7, 15, tzinfo=UTC)
    bench.pims.records = in_the_skipped_hour(10)
    bench.sync(SPRING, SPRING)
    assert str(bench.row("0")["start_time"]) == "03:00:00"
    bench.configure("clinics", timezone="America/Phoenix")
    bench.later()

    job = bench.sync(SPRING, SPRING)

    assert job.status == "succeeded_with_warnings"
    assert warnings(job) == {"recomputed": 10}
    assert held(job) == {}
    assert [f"{row['start_time']:%H:%M}" for row in bench.rows()] == [
        f"02:{n:02}" for n in range(10)
    ]


def test_r04_a_changed_zone_is_no_shift_of_times(bench: Bench) -> None:
    """A source that moves one of ten while the zone moves all of them shifts nothing."""
    bench.now = datetime(2026, 3, 7, 15, tzinfo=UTC)
    bench.pims.records = in_the_skipped_hour(10)
    bench.sync(SPRING, SPRING)
    bench.configure("clinics", timezone="America/Phoenix")
    bench.pims.replace("0", start="2026-03-08 01:00:00", end="2026-03-08 01:30:00")
    bench.later()

    job = bench.sync(SPRING, SPRING)

    assert held(job) == {}
    assert counts(job)["updated"] == 10


def test_r04_a_row_that_somebody_wrote_into_is_healed_and_said_to_be(bench: Bench) -> None:
    """docs/decisions/rows-heal.md: no change of the source, so no gate is asked."""
    bench.pims.records = visits(10)
    bench.sync()
    bench.conn.execute(
        "UPDATE public.schedule_appointments SET status = 'cancelled' WHERE clinic_id = %s",
        (bench.clinic_id,),
    )
    bench.later()

    job = bench.sync()

    assert held(job) == {}
    assert warnings(job) == {"recomputed": 10}
    assert {row["status"] for row in bench.rows()} == {"scheduled"}
    assert {audit["metadata"]["reason"] for audit in bench.audits(job)} == {"rederived"}


def test_r04_a_row_of_unknown_origin_is_made_equal_to_the_source(bench: Bench) -> None:
    """Rows older than this service have no memory: there is nothing to compare words with."""
    bench.conn.execute(
        "INSERT INTO public.schedule_appointments "
        "(clinic_id, neo_appointment_id, date, start_time, end_time, status) "
        "VALUES (%s, '1', '2026-05-04', '08:00', '08:30', 'scheduled')",
        (bench.clinic_id,),
    )
    bench.pims.records = [visit("1", "2026-05-04 09:00:00")]

    job = bench.sync()

    assert counts(job)["updated"] == 1
    assert str(bench.row("1")["start_time"]) == "09:00:00"
    assert bench.row("1")["patient_name"] == "TANGO"


def test_r04_what_is_remembered_and_cannot_be_read_stops_no_run(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    before = bench.rows(), bench.record("600101")["source"]
    bench.conn.execute("UPDATE idexx_sync.records SET source = '{\"start\": 3}'")
    bench.later()

    first, second = bench.sync(), bench.sync()

    assert warnings(first) == {"memory_unknown": 6}
    assert warnings(second) == {}
    assert (bench.rows(), bench.record("600101")["source"]) == before
