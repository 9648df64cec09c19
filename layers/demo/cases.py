"""What happens to a demo clinic's clinical records, and what the case syncs must make of it."""

from dataclasses import dataclass
from datetime import date, time
from typing import Any, Final

from demo.changes import Day, Happening
from demo.clinics import Member

KEY: Final = "pims-appt-idexx-neo-{}"
"""A visit's key among the cases."""
HALF: Final = "<p>Appointment reason: checkup</p><p>S: eats well.</p>"
WHOLE: Final = f"{HALF}<p>P: recheck in <strong>one year</strong> &amp; keep the diet.</p>"
LATE: Final = "<p>S: shakes head.</p><ul><li>drops 2x daily</li><li>recheck</li></ul>"
LAST: Final = "<p>Owner elected humane euthanasia. PTS with owner present.</p>"


@dataclass(frozen=True)
class Visited:
    """Visits of this morning, at the first case sync."""

    in_progress: str
    """Its record is half written."""
    paid: str
    """Nobody has written its record yet."""
    last: str
    """Of a patient that will not leave; it has another visit to come."""


def begin_visits(member: Member) -> Visited:
    """Three owners come in."""
    neo, day = member.neo, Day(member)
    in_progress, paid, last = visits = _of_three_patients(member, day)
    consultations = {visit: neo.start_consultation(visit) for visit in visits}
    neo.edit_notes(consultations[in_progress], HALF)
    neo.add_line(consultations[paid], "EAR CYTOLOGY; BOTH EARS", total=48)
    neo.add_line(consultations[paid], "DENTAL CLEANING", total=310, declined=True)
    neo.finalise(paid)
    neo.edit_notes(consultations[last], HALF)
    patient = neo.visit(last)["patient_id"]
    neo.book(day.moment(5, time(16)), patient_id=patient, reason="RECHECK")
    return Visited(in_progress, paid, last)


def _of_three_patients(member: Member, day: Day) -> list[str]:
    patients: dict[str, str] = {}
    while len(patients) < 3:
        visit = day.today()
        patients.setdefault(member.neo.visit(visit)["patient_id"], visit)
    return list(patients.values())


def is_visit_of(member: Member, visit: dict[str, Any]) -> bool:
    """Whether a case sync of the demo's days sees the visit, in whatever room."""
    day = date.fromisoformat(visit["start"][:10])
    return member.first_day <= day <= member.last_day and not visit["deleted"]


def end_visits(member: Member, visited: Visited) -> list[Happening]:
    """Let the morning end: two visits are finished, and one record is written late."""
    neo = member.neo
    visits = neo.state()["visits"]
    record = {visit["id"]: visit["consultation_id"] for visit in visits}
    patient = {visit["id"]: visit["patient_id"] for visit in visits}
    neo.edit_notes(record[visited.in_progress], WHOLE)
    neo.finalise(visited.in_progress)
    neo.edit_notes(record[visited.paid], LATE)
    neo.edit_notes(record[visited.last], LAST)
    neo.finalise(visited.last)
    all_of_it = frozenset(
        KEY.format(visit["id"])
        for visit in visits
        if visit["patient_id"] == patient[visited.last] and is_visit_of(member, visit)
    )
    return [
        Happening("a visit finished", "updated", frozenset([KEY.format(visited.in_progress)])),
        Happening("a record written late", "updated", frozenset([KEY.format(visited.paid)])),
        Happening("a patient euthanised; all of its visits", "updated", all_of_it),
    ]
