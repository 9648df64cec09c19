"""A clinic whose next case run has everything to do: cases made, changed, read, marked, refused."""

from datetime import datetime, timedelta

from tests.faults.canaries import say_all_of_a_record, say_everything
from tests.faults.clinic import FaultClinic
from tests.faults.eventful import forget_session
from tests.faults.neo_staff import EUTHANASIA
from tests.faults.rig import Rig

RECORDS = 4
"""Consultations that the run reads."""
REQUESTS = 1 + RECORDS + 1
"""Calendar, consultations, and a look-up for the one of another patient."""
NAME = 0
"""The first of the places that people write into."""


def eventful_case_clinic(
    rig: Rig, *, proxied: bool = False, log_in: bool = False, plain_login: bool = False
) -> FaultClinic:
    """A clinic with cases, after a busy hour.

    One visit was finalised, and one of a patient that died, of which another visit is to come; one
    is new, and one consultation belongs to another patient since two were merged. Somebody has
    corrected a name by hand. For the arguments see `eventful_clinic`.
    """
    clinic = FaultClinic(rig, proxied=proxied, plain_login=plain_login, syncs=("cases",))
    neo = clinic.neo
    first = datetime.fromisoformat(neo.now()).replace(minute=0, second=0)

    def at(day: int, hour: int) -> str:
        return (first.replace(hour=hour) + timedelta(days=day)).isoformat(sep=" ")

    names = ("done", "begun", "dying", "to come", "off", "away", "strange", "other", "new")
    booked = neo.book_many(
        [
            {"start": at(number // 6, 8 + number % 6), "patient": f"PET {number}", "room": 3}
            for number in range(len(names) - 1)
        ]
    )
    visits = dict(zip(names, booked, strict=False))
    patients = {name: neo.visit(visit)["patient_id"] for name, visit in visits.items()}
    visits["again"] = neo.book(at(1, 16), patient_id=patients["dying"])
    records = {
        name: neo.start_consultation(visits[name]) for name in ("done", "begun", "strange", "other")
    }
    neo.edit_notes(records["done"], "<p>CANARY: well.</p>")
    neo.edit_notes(records["other"], "<p>CANARY: fine.</p>")
    say_everything(neo, at(0, 8), at(0, 16))
    say_all_of_a_record(neo, records["done"])
    neo.finalise(visits["done"])
    neo.finalise(visits["other"])
    delivery = clinic.invoke(clinic.order())
    if delivery.word != "succeeded":
        raise RuntimeError(f"the first case run ended as {delivery.word}")
    clinic.later(60)
    neo.add_line(records["begun"], "EXAM - OFFICE")
    neo.finalise(visits["begun"])
    records["dying"] = neo.start_consultation(visits["dying"])
    neo.edit_notes(records["dying"], EUTHANASIA)
    neo.add_line(records["dying"], "CLAY PAW", declined=True)
    neo.finalise(visits["dying"])
    visits["new"] = neo.book(at(1, 15), patient="NEWCOMER")
    neo.edit_notes(neo.start_consultation(visits["new"]), "<p>CANARY: new.</p>")
    neo.cancel(visits["off"])
    neo.no_show(visits["away"])
    neo.merge_patients(patients["strange"], patients["to come"])
    neo.edit_notes(records["done"], "<p>CANARY: a late edit, read a day later.</p>")
    case = next(one for one in clinic.people.cases() if one["key"].endswith(f"-{visits['begun']}"))
    clinic.people.write(case["id"], NAME, "BY HAND")
    if log_in:
        forget_session(clinic)
    neo.clear_requests()
    return clinic
