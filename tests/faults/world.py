"""Carries the operations of a history out, on the clinic's Neo and in ODIS."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from neo_simulator.client import SimulatorRefused
from tests.faults.canaries import make_company
from tests.faults.clinic import FaultClinic
from tests.faults.neo_staff import ABOUT_VISITS, NeoStaff, Nobody
from tests.faults.operations import DAMAGE, HOURS, Operation
from tests.faults.statements import Counter, inject
from tests.kit.database import query

HARMLESS: Mapping[str, Any] = {
    "envelope": "events",
    "calendar_subset": "all",
    "malformed_records": None,
    "malformed_look_ups": {},
    "duplicate_records": None,
    "unknown_status": None,
    "status_missing": None,
    "block_flag_missing": None,
    "consultation_key_missing": None,
    "malformed_consultations": {},
    "picture_kb": None,
    "second_server": None,
    "refuse_connections": False,
    "missing_keys": [],
    "notes_place": "consultation_notes",
    "consultation_patient": {},
    "consultation_hidden": None,
    "consultation_gone": None,
    "consultation_garbled": None,
    "faults": [],
}


class World(NeoStaff):
    """One clinic and all that happens to it, except for runs."""

    def __init__(self, clinic: FaultClinic) -> None:
        super().__init__(clinic.neo)
        self.clinic = clinic
        self.refused = 0
        """Operations that were not possible at their time."""
        self.nights = False
        """Whether somebody reconciles the clinic, which is not the world's own to do."""
        self._other: Any = None
        self._fault_at: tuple[int, str] | None = None

    def carry_out(self, operation: Operation) -> None:
        name, facts = operation
        try:
            if name in ABOUT_VISITS:
                getattr(self.neo, name)(self.visit(facts))
            else:
                method: Callable[..., None] = getattr(self, name)
                method(**facts)
        except (SimulatorRefused, Nobody):
            self.refused += 1

    def before_run(self) -> Counter | None:
        """Lets the statement fail that was chosen for the next run."""
        if self._fault_at is None:
            return None
        counter = Counter(*self._fault_at)
        inject(self.clinic.dependencies.database.connection(), counter)
        self._fault_at = None
        return counter

    def close(self) -> None:
        if self._other is not None:
            self._other.remove()

    # -- ODIS -------------------------------------------------------------------------------

    def set_rooms(self, rooms: list[str] | None) -> None:
        self.clinic.conn.execute(
            "UPDATE idexx_sync.clinic_settings SET room_ids = %s WHERE clinic_id = %s",
            (rooms, self.clinic.clinic_id),
        )

    def set_hours(self, number: int) -> None:
        hours = HOURS[number]
        self.clinic.configure(**{"daily_hours": None, **hours})

    def set_zone(self, zone: str) -> None:
        self.clinic.conn.execute(
            "UPDATE public.clinics SET timezone = %s WHERE id = %s", (zone, self.clinic.clinic_id)
        )

    def set_slots(self, minutes: int) -> None:
        self.clinic.configure(slot_duration_minutes=minutes)

    def set_capacity(self, capacity: int) -> None:
        self.clinic.configure(default_capacity=capacity)

    def tamper(self, subject: int, how: int) -> None:
        """Somebody else writes into a row."""
        rows = query(
            self.clinic.conn,
            "SELECT id FROM public.schedule_appointments WHERE clinic_id = %s ORDER BY created_at",
            (self.clinic.clinic_id,),
        )
        change = (
            "patient_name = 'SOMEBODY ELSE'",
            "start_time = '06:15', end_time = '06:45'",
            "deleted_at = idexx_sync.clock()",
            "status = 'cancelled'",
        )[how]
        self.clinic.conn.execute(
            f"UPDATE public.schedule_appointments SET {change} WHERE id = %s",
            (self.one_of([row["id"] for row in rows], subject),),
        )

    def agent_books(self, day: int, quarter: int, subject: int, how: int) -> None:
        """The voice agent holds or books a time, or gives its last one up again."""
        conn, clinic = self.clinic.conn, self.clinic
        if how == 3:
            conn.execute(
                "UPDATE public.vapi_bookings SET status = 'cancelled' WHERE clinic_id = %s",
                (clinic.clinic_id,),
            )
            return
        start = self.moment(day, quarter)
        linked = self.one_of(self.visits, subject) if how == 2 else None
        conn.execute(
            """
            INSERT INTO public.vapi_bookings (clinic_id, date, start_time, end_time, status,
                                              hold_expires_at, idexx_appointment_id)
            VALUES (%s, %s, %s, %s, %s, %s, %s)
            """,
            (
                clinic.clinic_id,
                start.date(),
                start.time(),
                self.end(start, 2).time(),
                "pending" if how == 1 else "confirmed",
                clinic.now + timedelta(minutes=30) if how == 1 else None,
                linked,
            ),
        )

    def edit_by_hand(self, subject: int, number: int) -> None:
        """Somebody corrects what a case or its patient says."""
        people = self.clinic.people
        case = self.one_of(people.cases(), subject)
        people.write(case["id"], number, f"BY HAND {subject}")

    def review(self, subject: int) -> None:
        people = self.clinic.people
        people.review(self.one_of(people.cases(), subject))

    def refuse_mark(self, subject: int) -> None:
        people = self.clinic.people
        people.refuse_mark(self.one_of(people.cases(), subject))

    def leave_no_verdict(self, subject: int, number: int) -> None:
        people = self.clinic.people
        people.leave_no_verdict(self.one_of(people.cases(), subject), number)

    def delete_case(self, subject: int) -> None:
        people = self.clinic.people
        people.delete(self.one_of(people.cases(), subject))

    # -- secrets ----------------------------------------------------------------------------

    def new_sealing_key(self) -> None:
        self.clinic.replace_local_key()

    def new_fingerprint_key(self, *, keep_old: bool) -> None:
        self.clinic.replace_fingerprint_key(keep_old=keep_old)

    def new_pepper(self) -> None:
        self.clinic.caller.replace_pepper(self.clinic.now)

    # -- faults, time -----------------------------------------------------------------------

    def begin(self, start: str, style: dict[str, Any], *, nights: bool = False) -> None:
        self.nights = nights
        self.neo.set_clock(start)
        for knob, value in style.items():
            self.neo.set_knob(knob, value)

    def fault_rule(self, **rule: Any) -> None:
        self.neo.set_knob("faults", [rule])

    def fault_statement(self, n: int, how: str) -> None:
        self._fault_at = (n, how)

    def damage(self, number: int) -> None:
        knob, value = DAMAGE[number]
        if value == "another company's":
            value = {"company": self._another_company()}
        if knob == "malformed_look_ups":  # whoever is asked for, the kinds in turn
            value = _in_turn(self.visits + self.blocks, value)
        if knob == "malformed_consultations":
            value = _in_turn([one["id"] for one in self.neo.state()["consultations"]], value)
        self.neo.set_knob(knob, value)

    def calm(self) -> None:
        for knob, value in HARMLESS.items():
            self.neo.set_knob(knob, value)
        self._fault_at = None

    def expire_sessions(self) -> None:
        self.neo.expire_sessions()

    def pause(self, minutes: int) -> None:
        self.clinic.later(minutes)

    def _another_company(self) -> str:
        if self._other is None:
            self._other = make_company(
                self.clinic.rig.simulator, now=self.neo.now(), id_base=900_000
            )
            self._other.book_many(
                [{"start": self.moment(n % 4, 36 + n), "patient": f"OTHER {n}"} for n in range(12)]
            )
        return str(self._other.company_id)


def _in_turn(records: list[str], kinds: list[str]) -> dict[str, str]:
    return {record: kinds[n % len(kinds)] for n, record in enumerate(records)}
