"""The clinic whose run is swept: its next run of one sync has everything to do."""

from idexx_sync.core.catalog import SyncName
from tests.faults.clinic import FaultClinic
from tests.faults.eventful import eventful_clinic
from tests.faults.eventful_cases import eventful_case_clinic
from tests.faults.eventful_nights import eventful_night_clinic
from tests.faults.rig import Rig


def swept_clinic(rig: Rig, of: SyncName, *, traceless: bool = False, **more: bool) -> FaultClinic:
    """`of`: the sync whose run has everything to do; what else is said is as in `eventful`.

    Case runs remove nothing, so that nothing of theirs is `traceless`.
    """
    if of == "cases":
        return eventful_case_clinic(rig, **more)
    make = eventful_clinic if of == "inbound" else eventful_night_clinic
    return make(rig, traceless=traceless, **more)
