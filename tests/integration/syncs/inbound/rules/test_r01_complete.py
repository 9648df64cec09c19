"""Rule R1: only a complete read may conclude that something is gone."""

from idexx_sync.core.errors import PimsUnavailable, ShapeChanged
from idexx_sync.pims.protocol import Unreadable
from tests.kit.bench import Bench
from tests.kit.job_results import counts, warnings
from tests.kit.records import visit, visits

NO_ID = Unreadable("id_missing", None)


def test_r01_a_record_without_an_id_makes_the_read_incomplete(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.delete("600101")
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
        "missing": 1,
        "unreadable": 1,
        "slots_recounted": 1,
    }
    assert warnings(job)["read_incomplete"] == 1
    assert bench.pims.looked_up == []
    assert bench.row("600101")["deleted_at"] is None


def test_r01_the_next_complete_read_removes_what_the_incomplete_one_could_not(
    bench: Bench,
) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.delete("600101")
    bench.pims.unreadable = [NO_ID]
    bench.later()
    bench.sync()
    bench.pims.unreadable = []
    bench.later()

    job = bench.sync()

    assert counts(job)["removed"] == 1
    assert job.status == "succeeded"


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
        "removed": 0,
    }
    assert bench.row("600101")["deleted_at"] is None


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
