"""What a clinic's staff do in Neo, as the operations of a history say."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from neo_simulator.client import Company

TYPES = ("Default", "Exam", "Recheck", "Vaccination", "Surgery", "Dental", "Euthanasia")
PRODUCTS = ("EXAM - OFFICE", "CARPROFEN 75MG; CHEWABLE, 30CT", "NAIL TRIM")
EUTHANASIA = "<p>CANARY: owner elected humane <b>euthanasia</b>.</p>"
DEATHS = (
    EUTHANASIA,
    "<p>CANARY: put to<br>sleep by the owner's wish.</p>",
    "<p>CANARY: passed</p><p>away at home.</p>",
    "<p>CANARY [x] Euthanasia [ ] Recheck</p>",
)
"""How a death stands in a record."""
OFFERED = "<p>CANARY [ ] Euthanasia [x] Recheck</p>"
"""A form that only offers it."""
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
    "check_out",
    "replace_consultation",
)
"""Operations that need nothing but a visit."""


class Nobody(Exception):
    """There is nothing yet that the operation could be about."""


class NeoStaff:
    """Visits and blocks of one company, by the order in which they were made."""

    def __init__(self, neo: Company) -> None:
        self.neo = neo
        self.visits: list[str] = []
        self.blocks: list[str] = []

    # -- the calendar -----------------------------------------------------------------------

    def book(
        self, day: int, quarter: int, minutes: int, room: int | None, patient: int, spelling: int
    ) -> None:
        visit = self.neo.book(
            self.moment(day, quarter),
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
        start = self.moment(day, 0 if whole_day else quarter)
        end = start if whole_day else self.end(start, quarters)
        days = [(start + timedelta(days=n + 1)).date() for n in range(repeats)]
        self.blocks.append(self.neo.book_block(start, end, room=room, repeat_days=days))

    def book_closure(self, day: int, quarter: int, days: int, room: int | None) -> None:
        """One block that lasts until the same time so many days later."""
        start = self.moment(day, quarter)
        self.blocks.append(self.neo.book_block(start, start + timedelta(days=days), room=room))

    def move(self, subject: int, day: int, quarter: int, room: int | None) -> None:
        self.neo.move(self.one_of(self.visits, subject), self.moment(day, quarter), room)

    def resize(self, subject: int, minutes: int) -> None:
        self.neo.move(self.one_of(self.visits, subject), minutes=minutes)

    def move_block(self, subject: int, day: int, quarter: int, room: int | None) -> None:
        start = self.moment(day, quarter)
        self.neo.move_block(self.one_of(self.blocks, subject), start, self.end(start, 4), room)

    def delete_block(self, subject: int, whole: bool) -> None:
        block = self.one_of(self.blocks, subject)
        days = next(
            [one["start"][:10] for one in b["occurrences"]]
            for b in self.neo.state()["blocks"]
            if b["id"] == block
        )
        self.neo.delete_block(block, None if whole or not days else days[subject % len(days)])

    def undelete_block(self, subject: int) -> None:
        self.neo.undelete_block(self.one_of(self.blocks, subject))

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

    # -- the clinical record ----------------------------------------------------------------

    def see(self, subject: int, number: int, *, dies: bool) -> None:
        """A visit from the waiting room to the payment."""
        visit = self.one_of(self.visits, subject)
        record = self.neo.start_consultation(visit)
        death = DEATHS[number % len(DEATHS)]
        self.neo.edit_notes(record, death if dies else f"<p>CANARY notes {number}.</p>")
        self.neo.add_line(record, PRODUCTS[number % len(PRODUCTS)], 1 + number % 2)
        self.neo.finalise(visit)

    def edit_notes(self, subject: int, number: int) -> None:
        """At any time, of a visit that is over as well."""
        text = f"<p>CANARY edit {number}: <b>walks</b> &amp; eats.</p>"
        self.neo.edit_notes(self._any("consultations", subject), text)

    def write_euthanasia(self, subject: int, number: int = 0) -> None:
        self.neo.edit_notes(self._any("consultations", subject), DEATHS[number % len(DEATHS)])

    def offer_euthanasia(self, subject: int) -> None:
        """A form is put into the record, and nobody ticks it."""
        self.neo.edit_notes(self._any("consultations", subject), OFFERED)

    def paste_picture(self, subject: int, number: int) -> None:
        """With so few bytes that they stay, or with many."""
        written = "iVBORw0KGgo/" * (number % 2 * 400 + 3)
        html = (
            f"<p>CANARY seen {number}: "
            f'<img alt="CANARY hip" src="data:image/png;base64,{written}"> better.</p>'
        )
        self.neo.edit_notes(self._any("consultations", subject), html)

    def add_line(self, subject: int, number: int, *, declined: bool) -> None:
        record, product = self._any("consultations", subject), PRODUCTS[number % len(PRODUCTS)]
        self.neo.add_line(record, product, 1 + number % 3, declined=declined)

    # -- what is said of a visit ------------------------------------------------------------

    def edit_reason(self, subject: int) -> None:
        self.neo.edit_reason(self.one_of(self.visits, subject), f"REASON {subject}")

    def delete_consultation(self, subject: int) -> None:
        drafts = self.neo.state()["consultations"]
        self.neo.delete_consultation(self.one_of([one["id"] for one in drafts], subject))

    def change_type(self, subject: int, kind: int) -> None:
        self.neo.change_type(self.one_of(self.visits, subject), TYPES[kind])

    def change_provider(self, subject: int, provider: int) -> None:
        self.neo.change_provider(self.one_of(self.visits, subject), PROVIDERS[provider])

    def change_phone(self, subject: int, number: int) -> None:
        self.neo.change_phone(self._any("clients", subject), f"555-555-02{number:02}")

    def rename_patient(self, subject: int, number: int) -> None:
        self.neo.rename_patient(self._any("patients", subject), f"RENAMED {number}")

    def name_dead(self, subject: int, number: int) -> None:
        name = (f"RENAMED {number} (DECEASED)", f"RENAMED {number} - RIP")[number % 2]
        self.neo.rename_patient(self._any("patients", subject), name)

    def mark_deceased(self, subject: int) -> None:
        self.neo.mark_deceased(self._any("patients", subject))

    def rebook_all(self) -> None:
        """As a change of the calendar's version does, or a script: all under new ids."""
        alive = [one["id"] for one in self.neo.state()["visits"] if not one["deleted"]]
        self.visits += [self.neo.rebook(visit) for visit in alive]

    def change_owner(self, subject: int, number: int) -> None:
        self.neo.change_owner(self._any("clients", subject), last_name=f"Example {number}")

    def change_patient(self, subject: int, number: int, *, goes_along: bool) -> None:
        """A visit was booked for the wrong patient, a known one or a new one being right."""
        visit = self.one_of(self.visits, subject)
        patient = self._newcomer(number) if number % 2 else self._any("patients", number)
        self.neo.change_patient(visit, patient, consultation=goes_along)

    def change_client(self, subject: int, number: int) -> None:
        """A patient is somebody else's, who has neither phone nor e-mail."""
        owner = self.neo.add_client(last_name=f"Example {number} new")
        self.neo.change_client(self._any("patients", subject), owner)

    def empty_notes(self, subject: int) -> None:
        """As staff do who typed into the wrong record."""
        texts = ("", "<p><br></p>", "<p>&nbsp;</p>")
        self.neo.edit_notes(self._any("consultations", subject), texts[subject % len(texts)])

    def remove_phone(self, subject: int) -> None:
        self.neo.change_phone(self._any("clients", subject), None)

    def _newcomer(self, number: int) -> str:
        owner = self.neo.add_client(
            last_name=f"Example {number} new", mobile_phone=f"555-555-03{number % 90:02}"
        )
        return self.neo.add_patient(owner, name=f"PET {100 + number}")

    def merge_patients(self, subject: int, into: int, *, consultations: bool = False) -> None:
        patient, other = self._any("patients", subject), self._any("patients", into)
        self.neo.merge_patients(patient, other, consultations=consultations)

    # -- helpers ----------------------------------------------------------------------------

    def visit(self, facts: Mapping[str, Any]) -> str:
        return str(self.one_of(self.visits, facts["subject"]))

    def one_of(self, items: list[Any], subject: int) -> Any:
        if not items:
            raise Nobody
        return items[subject % len(items)]

    def _any(self, kind: str, subject: int) -> str:
        return str(self.one_of([one["id"] for one in self.neo.state()[kind]], subject))

    def moment(self, day: int, quarter: int) -> datetime:
        today = datetime.fromisoformat(self.neo.now()).date() + timedelta(days=day)
        return datetime.combine(today, time(quarter // 4, quarter % 4 * 15))

    @staticmethod
    def end(start: datetime, quarters: int) -> datetime:
        """So much later, and not after the day's end."""
        latest = datetime.combine(start.date(), time(23, 59))
        return min(start + timedelta(minutes=15 * quarters), latest)
