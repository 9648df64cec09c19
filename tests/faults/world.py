"""Carries the operations of a history out, on the clinic's Neo and in ODIS."""

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from neo_simulator.client import SimulatorRefused
from tests.faults.clinic import FaultClinic
from tests.faults.operations import DAMAGE, HOURS, Operation
from tests.faults.statements import Counter, inject
from tests.support import query

TYPES = ("Default", "Exam", "Recheck", "Vaccination", "Surgery", "Dental", "Euthanasia")
PROVIDERS = (None, 2, 1000, 1001, 1002)
ABOUT_VISITS = (
    "cancel",
    "uncancel",
    "delete",
    "undelete",
    "no_show",
    "undo_no_show",
    "confirm",
    "confirm_arrival",
    "start_consultation",
    "ready_to_pay",
    "finalise",
)
"""Operations that need nothing but a visit."""
HARMLESS: Mapping[str, Any] = {
    "envelope": "events",
    "calendar_subset": "all",
    "malformed_records": None,
    "duplicate_records": None,
    "unknown_status": None,
    "status_missing": None,
    "refuse_connections": False,
    "faults": [],
}


class World:
    """One clinic and all that happens to it, except for runs."""

    def __init__(self, clinic: FaultClinic) -> None:
        self.clinic = clinic
        self.neo = clinic.neo
        self.visits: list[str] = []
        self.blocks: list[str] = []
        self.refused = 0
        """Operations that were not possible at their time."""
        self._other: Any = None
        self._fault_at: tuple[int, str] | None = None

    def carry_out(self, operation: Operation) -> None:
        name, facts = operation
        try:
            if name in ABOUT_VISITS:
                getattr(self.neo, name)(self._visit(facts))
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
        inject(self.clinic.tools.database.connection(), counter)
        self._fault_at = None
        return counter

    def close(self) -> None:
        if self._other is not None:
            self._other.remove()

    # -- the calendar -----------------------------------------------------------------------

    def book(
        self, day: int, quarter: int, minutes: int, room: int | None, patient: int, spelling: int
    ) -> None:
        visit = self.neo.book(
            self._moment(day, quarter),
            minutes,
            room,
            f"PET {patient}",
            owner_last=f"Sample {patient % 10}",
            phone=f"555-555-01{patient % 10:02}",
            spelling=spelling,
        )
        self.visits.append(visit)

    def book_block(
        self,
        day: int,
        quarter: int,
        quarters: int,
        room: int | None,
        repeats: int,
        whole_day: bool,
    ) -> None:
        start = self._moment(day, 0 if whole_day else quarter)
        end = start if whole_day else self._end(start, quarters)
        days = [(start + timedelta(days=n + 1)).date() for n in range(repeats)]
        self.blocks.append(self.neo.book_block(start, end, room=room, repeat_days=days))

    def move(self, subject: int, day: int, quarter: int, room: int | None) -> None:
        self.neo.move(self._of(self.visits, subject), self._moment(day, quarter), room)

    def resize(self, subject: int, minutes: int) -> None:
        self.neo.move(self._of(self.visits, subject), minutes=minutes)

    def move_block(self, subject: int, day: int, quarter: int, room: int | None) -> None:
        start = self._moment(day, quarter)
        self.neo.move_block(self._of(self.blocks, subject), start, self._end(start, 4), room)

    def delete_block(self, subject: int, whole: bool) -> None:
        block = self._of(self.blocks, subject)
        days = next(
            [one["start"][:10] for one in b["occurrences"]]
            for b in self.neo.state()["blocks"]
            if b["id"] == block
        )
        self.neo.delete_block(block, None if whole or not days else days[subject % len(days)])

    def undelete_block(self, subject: int) -> None:
        self.neo.undelete_block(self._of(self.blocks, subject))

    def delete_many(self, share: float) -> None:
        """As somebody does who clears a day, or a script."""
        alive = [one for one in self.neo.state()["visits"] if not one["deleted"]]
        for visit in alive[: round(share * len(alive))]:
            self.neo.delete(visit["id"])

    def shift_all(self, minutes: int) -> None:
        for visit in self.neo.state()["visits"]:
            if not visit["deleted"] and visit["start"] > self.neo.now():
                start = datetime.fromisoformat(visit["start"]) + timedelta(minutes=minutes)
                self.neo.move(visit["id"], start)

    # -- what is said of a visit ------------------------------------------------------------

    def edit_reason(self, subject: int) -> None:
        self.neo.edit_reason(self._of(self.visits, subject), f"REASON {subject}")

    def delete_consultation(self, subject: int) -> None:
        drafts = self.neo.state()["consultations"]
        self.neo.delete_consultation(self._of([one["id"] for one in drafts], subject))

    def change_type(self, subject: int, kind: int) -> None:
        self.neo.change_type(self._of(self.visits, subject), TYPES[kind])

    def change_provider(self, subject: int, provider: int) -> None:
        self.neo.change_provider(self._of(self.visits, subject), PROVIDERS[provider])

    def change_phone(self, subject: int, number: int) -> None:
        self.neo.change_phone(self._any("clients", subject), f"555-555-02{number:02}")

    def rename_patient(self, subject: int, number: int) -> None:
        self.neo.rename_patient(self._any("patients", subject), f"RENAMED {number}")

    def change_owner(self, subject: int, number: int) -> None:
        self.neo.change_owner(self._any("clients", subject), last_name=f"Example {number}")

    def merge_patients(self, subject: int, into: int) -> None:
        self.neo.merge_patients(self._any("patients", subject), self._any("patients", into))

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
            "deleted_at = now()",
            "status = 'cancelled'",
        )[how]
        self.clinic.conn.execute(
            f"UPDATE public.schedule_appointments SET {change} WHERE id = %s",
            (self._of([row["id"] for row in rows], subject),),
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
        start = self._moment(day, quarter)
        linked = self._of(self.visits, subject) if how == 2 else None
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
                self._end(start, 2).time(),
                "pending" if how == 1 else "confirmed",
                clinic.now + timedelta(minutes=30) if how == 1 else None,
                linked,
            ),
        )

    # -- faults, time -----------------------------------------------------------------------

    def begin(self, start: str, style: dict[str, Any]) -> None:
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
        self.neo.set_knob(knob, value)

    def calm(self) -> None:
        for knob, value in HARMLESS.items():
            self.neo.set_knob(knob, value)
        self._fault_at = None

    def expire_sessions(self) -> None:
        self.neo.expire_sessions()

    def pause(self, minutes: int) -> None:
        self.clinic.later(minutes)

    # -- helpers ----------------------------------------------------------------------------

    def _visit(self, facts: Mapping[str, Any]) -> str:
        return str(self._of(self.visits, facts["subject"]))

    def _of(self, items: list[Any], subject: int) -> Any:
        if not items:
            raise Nobody
        return items[subject % len(items)]

    def _any(self, kind: str, subject: int) -> str:
        return str(self._of([one["id"] for one in self.neo.state()[kind]], subject))

    def _moment(self, day: int, quarter: int) -> datetime:
        today = datetime.fromisoformat(self.neo.now()).date() + timedelta(days=day)
        return datetime.combine(today, time(quarter // 4, quarter % 4 * 15))

    @staticmethod
    def _end(start: datetime, quarters: int) -> datetime:
        """So much later, and not after the day's end."""
        latest = datetime.combine(start.date(), time(23, 59))
        return min(start + timedelta(minutes=15 * quarters), latest)

    def _another_company(self) -> str:
        if self._other is None:
            self._other = self.clinic.rig.simulator.create_company(
                generate=False, now=self.neo.now(), id_base=900_000
            )
            self._other.book_many(
                [{"start": self._moment(n % 4, 36 + n), "patient": f"OTHER {n}"} for n in range(12)]
            )
        return str(self._other.company_id)


class Nobody(Exception):
    """There is nothing yet that the operation could be about."""
