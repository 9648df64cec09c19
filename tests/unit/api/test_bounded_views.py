"""A clinic's status has an end, however much is needed."""

from uuid import UUID

from idexx_sync.clinics.needs import Need
from idexx_sync.clinics.status import ClinicStatus
from idexx_sync.operations.clinic_models import MOST_NEEDS, ClinicStatusView


def test_of_many_needs_the_first_are_told_each_by_its_beginning() -> None:
    needs = tuple(Need("odis", f"{n} {'long ' * 400}") for n in range(3 * MOST_NEEDS))
    status = ClinicStatus(UUID(int=7), "A clinic", None, True, "live", (), (), 0, 0, needs)

    view = ClinicStatusView.of(status)

    assert [need.what.split()[0] for need in view.needs] == [str(n) for n in range(MOST_NEEDS)]
    assert {len(need.what) for need in view.needs} == {1000}
