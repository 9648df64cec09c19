"""A clinic whose next reconciliation has everything to do, in both pieces of its days."""

from datetime import datetime, timedelta

from idexx_sync.core.catalog import SyncName
from oracle.cases import KEY
from tests.faults.canaries import say_all_of_a_record, say_everything
from tests.faults.clinic import FaultClinic
from tests.faults.converge import A_DAY
from tests.faults.eventful import forget_session
from tests.faults.neo_staff import EUTHANASIA
from tests.faults.odis_users import EDITS
from tests.faults.rig import Rig
from tests.kit.database import insert

OLD = ("old", "old gone", "crossing", "back", "dying")
"""Visits of the older piece, which is the last day that is compared."""
NEW = ("stays", "gone", "off", "moving", "leaving", "twice", "edited", "done", "noted", "renamed")
"""Visits of yesterday, in the newest piece."""
OLD_SEEN, NEW_SEEN = ("dying",), ("done", "noted")
"""Those of them that were finalised, with a record."""
REQUESTS = 9
"""Of each piece the calendar, look-ups of what is absent, a record; four look-ups and one."""
EXTENSION_KEY = "idexx-appt-"
"""What ODIS's own extension calls a case, before its visit's id."""
AGO = 7
"""So many days before the night the older ones were."""
NAME = next(number for number, edit in enumerate(EDITS) if "name" in edit.names)


def eventful_night_clinic(
    rig: Rig,
    *,
    proxied: bool = False,
    traceless: bool = False,
    log_in: bool = False,
    plain_login: bool = False,
) -> FaultClinic:
    """A synced clinic of which days that are over have changed in Neo and in ODIS.

    An earlier reconciliation has closed a visit that is there again. A finalised visit was deleted,
    which waits for a person. Of one patient only the record says that it died. For the arguments
    see `eventful_clinic`.
    """
    clinic = FaultClinic(
        rig,
        proxied=proxied,
        plain_login=plain_login,
        syncs=("reconciliation", "inbound", "cases"),
    )
    neo, days = clinic.neo, _Days(clinic)
    visits = days.book(0, OLD)
    say_everything(neo, days.at(0, 8), days.at(0, 16))
    records = days.see(visits, OLD_SEEN)
    days.sync("inbound", "cases")
    neo.delete(visits["back"])
    clinic.later((AGO - 1) * A_DAY)
    visits |= days.book(AGO - 1, NEW)
    records |= days.see(visits, NEW_SEEN)
    lunch = neo.book_block(days.at(AGO - 1, 19), days.at(AGO - 1, 20), room=5)
    days.sync("inbound", "cases", "reconciliation")
    clinic.later(A_DAY)
    renamed = neo.visit(visits["renamed"])["patient_id"]
    neo.operate(
        ("delete", {"visit_id": visits["old gone"]}),
        ("move", {"visit_id": visits["crossing"], "start": days.at(AGO - 1, 18)}),
        ("undelete", {"visit_id": visits["back"]}),
        ("edit_notes", {"consultation_id": records["dying"], "html": EUTHANASIA}),
        ("delete", {"visit_id": visits["gone"]}),
        ("cancel", {"visit_id": visits["off"]}),
        ("move", {"visit_id": visits["moving"], "start": days.at(AGO - 1, 7)}),
        ("move", {"visit_id": visits["leaving"], "start": days.at(AGO + 2, 9)}),
        ("delete", {"visit_id": visits["done"]}),
        ("edit_notes", {"consultation_id": records["noted"], "html": "<p>CANARY: limps.</p>"}),
        ("rename_patient", {"patient_id": renamed, "name": "PET 99"}),
        ("delete_block", {"block_id": lunch}),
        ("book", {"start": days.at(AGO - 1, 20), "room": 4, "patient": "PET 98"}),
    )
    _change_in_odis(clinic, visits)
    if traceless:
        neo.set_knob("deleted_visits", "unknown")
    if log_in:
        forget_session(clinic)
    neo.clear_requests()
    return clinic


class _Days:
    """Days of a clinic, counted from its first one."""

    def __init__(self, clinic: FaultClinic) -> None:
        self._clinic = clinic
        self._first = datetime.fromisoformat(clinic.neo.now()).replace(minute=0, second=0)

    def at(self, day: int, hour: int) -> str:
        return (self._first.replace(hour=hour) + timedelta(days=day)).isoformat(sep=" ")

    def book(self, day: int, names: tuple[str, ...]) -> dict[str, str]:
        booked = self._clinic.neo.book_many(
            [
                {"start": self.at(day, 8 + n), "patient": f"PET {day}{n}", "room": 3}
                for n in range(len(names))
            ]
        )
        return dict(zip(names, booked, strict=True))

    def see(self, visits: dict[str, str], names: tuple[str, ...]) -> dict[str, str]:
        """The records of these visits, which are finalised now."""
        neo = self._clinic.neo
        records = {name: neo.start_consultation(visits[name]) for name in names}
        for name, record in records.items():
            neo.edit_notes(record, "<p>CANARY: well.</p>")
            say_all_of_a_record(neo, record)
            neo.finalise(visits[name])
        return records

    def sync(self, *syncs: SyncName) -> None:
        for sync in syncs:
            delivery = self._clinic.invoke(self._clinic.order(sync))
            if not delivery.succeeded:
                raise RuntimeError(f"the first {sync} run ended as {delivery.word}")


def _change_in_odis(clinic: FaultClinic, visits: dict[str, str]) -> None:
    """Somebody has corrected a name, and the extension has made a case of a visit that has one."""
    case = next(one for one in clinic.people.cases() if one["key"] == KEY + visits["edited"])
    clinic.people.write(case["id"], NAME, "BY HAND")
    insert(
        clinic.conn,
        "public.cases",
        {
            "clinic_id": clinic.clinic_id,
            "external_id": EXTENSION_KEY + visits["twice"],
            "source": "extension",
            "status": "draft",
        },
    )
