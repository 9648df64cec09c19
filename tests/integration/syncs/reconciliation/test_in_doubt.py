"""What stays in doubt on days that are over: set apart by name after so many nights (rule R1)."""

from collections.abc import Callable

import pytest

from idexx_sync.syncs.proof import READS_THAT_SET_APART
from tests.kit.job_results import held, warnings
from tests.kit.reconciliation_bench import ReconciliationBench
from tests.kit.records import patient_visit, visits

VISIT = "600101"
OTHERS = visits(5, first=600201, patient_id="40031")
NEWER, OLDER = "2026-05-03 12:00:00", "2026-05-03 11:00:00"


def _is_shown_as_it_was(bench: ReconciliationBench) -> None:
    bench.pims.replace(
        VISIT, start="2026-05-04 09:00:00", end="2026-05-04 09:30:00", last_updated_at=OLDER
    )


def _is_alive_and_never_shown(bench: ReconciliationBench) -> None:
    bench.pims.hide_as(VISIT)


@pytest.mark.parametrize(
    ("cause", "becomes"),
    [("older_version", _is_shown_as_it_was), ("never_shown", _is_alive_and_never_shown)],
)
def test_r01_what_makes_every_night_incomplete_is_held_whatever_runs_by_day(
    bench: ReconciliationBench, cause: str, becomes: Callable[[ReconciliationBench], None]
) -> None:
    bench.shows(patient_visit(last_updated_at=NEWER), *OTHERS)
    bench.synced()
    becomes(bench)
    for night in range(1, READS_THAT_SET_APART + 1):
        bench.night(night)
        job = bench.reconcile()
        assert ("read_incomplete" in warnings(job)) == (night < READS_THAT_SET_APART)
        _run_by_day(bench)

    assert (job.status, held(job)) == ("held", {cause: 1})


def test_r10_an_older_version_of_a_past_day_is_written_once_a_person_has_let_it_through(
    bench: ReconciliationBench,
) -> None:
    bench.shows(patient_visit(last_updated_at=NEWER), *OTHERS)
    bench.synced()
    _is_shown_as_it_was(bench)
    bench.night()
    for _ in range(READS_THAT_SET_APART):
        bench.reconcile()
        _run_by_day(bench)
        bench.later()
    assert str(bench.row(VISIT)["start_time"]) == "06:00:00"
    bench.decide("older_version", "approved")

    bench.reconcile()

    assert str(bench.row(VISIT)["start_time"]) == "09:00:00"


def _run_by_day(bench: ReconciliationBench) -> None:
    """The calendar's own sync, of its days: it reads the past no more."""
    assert bench.sync(bench.now.date()).status == "succeeded"
