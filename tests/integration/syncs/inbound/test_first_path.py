"""The thinnest path: a calendar becomes rows and slots, and a second run changes nothing."""

from tests.kit.bench import Bench
from tests.kit.job_results import counts
from tests.kit.records import block, visit, visits


def test_first_run_creates_second_run_finds_nothing(bench: Bench) -> None:
    bench.pims.records = [*visits(10), block()]

    first = bench.sync()
    bench.later()
    second = bench.sync()

    assert first.status == "succeeded", first.error_message
    assert counts(first)["created"] == 11
    assert second.status == "succeeded"
    assert second.result is not None
    assert second.result["summary"] == "nothing changed (checked 11)"
    assert len(bench.rows()) == 11
    assert bench.slots()["08:00"] == 1


def test_a_changed_visit_is_updated(bench: Bench) -> None:
    bench.pims.records = [visit()]
    bench.sync()
    bench.pims.replace("600101", start="2026-05-05 10:00:00", end="2026-05-05 10:30:00")
    bench.later()

    job = bench.sync()

    assert counts(job)["updated"] == 1
    assert str(bench.row("600101")["start_time"]) == "10:00:00"
