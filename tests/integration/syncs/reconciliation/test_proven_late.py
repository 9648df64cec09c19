"""What Neo could not be asked about for some nights is put right once it can."""

import pytest

from idexx_sync.pims.protocol import Unknown
from tests.kit.reconciliation_bench import ReconciliationBench
from tests.kit.records import patient_visit


@pytest.mark.parametrize("nights", [1, 2, 3])
def test_a_visit_whose_look_ups_failed_for_some_nights_is_closed_once_one_tells(
    bench: ReconciliationBench, nights: int
) -> None:
    bench.shows(patient_visit(), patient_visit("600102", "2026-05-04 09:00:00"))
    bench.synced()
    bench.pims.delete("600101")
    told = bench.pims.answers["600101"]
    bench.pims.answers["600101"] = Unknown("garbled")
    for night in range(1, nights + 1):
        bench.night(night)
        bench.reconcile()
        assert set(bench.found().values()) == {"left"}
    bench.pims.answers["600101"] = told
    bench.night(nights + 1)

    bench.reconcile()

    assert bench.keys() == ["600102"]
    assert bench.case()["metadata"]["reconciliation"]["softDeleted"] is True
    assert set(bench.found().values()) == {"fixed"}
