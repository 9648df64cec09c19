"""The oddities of real clinics: a table of what is planted, each as one small function.

It is the list of the Neo protocol's simulator checklist, and some more that were met since.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from neo_simulator.generator import notes
from neo_simulator.generator.scribe import Scribe, at
from neo_simulator.model import Room, Roster, Status
from neo_simulator.world import FRONT_DESK

DOCTOR, TECHNICIAN, SURGERY = 50, 51, 52
UGLY_ROOMS = [
    Room(DOCTOR, "DR. EXAMPLE", 50),
    Room(TECHNICIAN, "TECHNICIAN", 51),
    Room(SURGERY, "SURGERY/DROP-OFF", 52),
]


@dataclass(frozen=True, slots=True)
class Days:
    """Where to plant."""

    past: date
    today: date
    future: date
    all: list[date]
    zone: ZoneInfo


Plant = Callable[[Scribe, Days], None]

ITEMS: dict[str, Plant] = {}
"""Item of the checklist -> how it is planted. "Several hundred events in one answer" is a matter of
the number of visits, "two companies with the same ids" of making two."""


def item(name: str) -> Callable[[Plant], Plant]:
    def enter(plant: Plant) -> Plant:
        ITEMS[name] = plant
        return plant

    return enter


def plant_everything(scribe: Scribe, open_days: list[date], zone: str) -> None:
    today = scribe.now.date()
    earlier = [day for day in open_days if day < today]
    later = [day for day in open_days if day > today]
    days = Days(
        past=earlier[-1] if earlier else today - timedelta(days=1),
        today=today,
        future=later[0] if later else today + timedelta(days=1),
        all=open_days,
        zone=ZoneInfo(zone),
    )
    for plant in ITEMS.values():
        plant(scribe, days)


# -- people and animals ----------------------------------------------------------------------


@item("two pets of one owner at the same time")
def _siblings(scribe: Scribe, days: Days) -> None:
    for pet in scribe.family(pets=2, last_name="Twosome"):
        scribe.book(at(days.future, "09:00"), pet, reason="BOTH FOR VACCINES")


@item("owner without first name")
def _no_first_name(scribe: Scribe, days: Days) -> None:
    (pet,) = scribe.family(first_name=None, last_name="HOPE RESCUE INC.")
    scribe.book(at(days.future, "09:30"), pet)
    (pet,) = scribe.family(first_name="", last_name="Mononym")
    scribe.book(at(days.future, "09:30"), pet, room=4 if 4 in scribe.world.rooms else 3)


@item('owner with "&"')
def _couple(scribe: Scribe, days: Days) -> None:
    (pet,) = scribe.family(first_name="Mira & Jonas", last_name="Sample")
    scribe.book(at(days.future, "10:00"), pet)


@item("upper and mixed case names, accents, apostrophe")
def _spelled_names(scribe: Scribe, days: Days) -> None:
    for first, last in (("ROBIN", "SAMPLE"), ("deShawn", "McExample"), ("Zoë", "Nuñez O'Sample")):
        (pet,) = scribe.family(first_name=first, last_name=last)
        scribe.book(at(days.future, "10:30"), pet, room=SURGERY)
    owner = scribe.world.patients[pet].client_id
    for name in ("D'Artagnan", "ÇÂLİN", "Mr. Fluffy III ", "猫", "Bits 🐾 <b>"):
        scribe.book(at(days.future, "11:00"), scribe.pet(owner, name), room=SURGERY)


@item("placeholder pet name")
def _new_puppy(scribe: Scribe, days: Days) -> None:
    pet = scribe.pet(_owner_of(scribe, *scribe.family()), "new puppy")
    scribe.book(at(days.future, "11:30"), pet, reason="first visit")


@item("missing phone")
def _no_phone(scribe: Scribe, days: Days) -> None:
    for phone in (None, ""):
        (pet,) = scribe.family(mobile_phone=phone)
        scribe.book(at(days.future, "13:00"), pet)


@item("missing e-mail")
def _no_email(scribe: Scribe, days: Days) -> None:
    for email in (None, ""):
        (pet,) = scribe.family(email=email)
        scribe.book(at(days.future, "13:30"), pet)


@item("three phone spellings")
def _phones(scribe: Scribe, days: Days) -> None:
    spellings = ("555-555-0142", "5555550142", "(555) 555-0142", "+1 555 555 0142 x4", "call work")
    for number, phone in enumerate(spellings):
        (pet,) = scribe.family(mobile_phone=None if number == 1 else phone)
        if number == 1:
            scribe.staff.change_phone(_owner_of(scribe, pet), phone, "home")
        scribe.book(at(days.future, "14:00"), pet, room=SURGERY)


# -- rooms, providers, blocks, rosters -------------------------------------------------------


@item("visit with null provider")
def _no_provider(scribe: Scribe, days: Days) -> None:
    scribe.book(at(days.future, "14:30"), provider=None)


@item("room named like a doctor")
def _doctors_room(scribe: Scribe, days: Days) -> None:
    scribe.book(at(days.future, "15:00"), room=DOCTOR, provider=1001)


@item("technician column")
def _technician(scribe: Scribe, days: Days) -> None:
    scribe.book(at(days.future, "15:00"), room=TECHNICIAN, provider=1002, minutes=15)


@item("block with and without a room")
def _blocks(scribe: Scribe, days: Days) -> None:
    scribe.moment = at(days.past, "08:00") - timedelta(days=9)
    start, end = at(days.future, "16:00"), at(days.future, "17:00")
    scribe.staff.book_block(start, end, "DOCTOR OUT", 3)
    scribe.staff.book_block(
        start - timedelta(hours=8), end - timedelta(hours=8, minutes=30), "MEET"
    )


@item("all-day closure block")
def _closure(scribe: Scribe, days: Days) -> None:
    start = at(days.all[-1] + timedelta(days=1), "00:00")
    scribe.staff.book_block(start, start, "CLOSED - HOLIDAY")


@item("recurring block")
def _recurring(scribe: Scribe, days: Days) -> None:
    first, *others = days.all[:: max(1, len(days.all) // 5)]
    others = others or [first + timedelta(days=7)]
    scribe.staff.book_block(at(first, "17:30"), at(first, "18:00"), "INVENTORY", 3, others)


@item("roster event")
def _roster(scribe: Scribe, days: Days) -> None:
    for day in (days.today, days.future):
        number = scribe.world.numbers.take("roster")
        scribe.world.rosters[number] = Roster(
            number, "T. Technician 08:00-16:00", 1002, at(day, "08:00"), at(day, "16:00")
        )


# -- times -----------------------------------------------------------------------------------


@item("zero-length event")
def _zero_length(scribe: Scribe, days: Days) -> None:
    scribe.book(at(days.future, "15:30"), minutes=0)


@item("visit late in the evening")
def _late_evening(scribe: Scribe, days: Days) -> None:
    scribe.book(at(days.future, "20:30"), reason="EMERGENCY")
    scribe.book(at(days.future, "23:30"), minutes=45, reason="EMERGENCY OVER MIDNIGHT")


@item("days around both DST changes")
def _dst(scribe: Scribe, days: Days) -> None:
    """A zone without changes has none; the hour that is skipped or repeated has visits too."""
    for day, odd_moment in dst_changes(days.zone, days.past.year):
        for near in (day - timedelta(days=1), day, day + timedelta(days=1)):
            scribe.book(at(near, "09:00"), reason="NEAR A DST CHANGE")
            scribe.book(at(near, "22:30"), reason="LATE NEAR A DST CHANGE")
        scribe.book(odd_moment, reason="IN THE HOUR OF A DST CHANGE")


def dst_changes(zone: ZoneInfo, year: int) -> Iterator[tuple[date, datetime]]:
    """Days of the year on which the zone's offset changes, with a wall-clock time of that day that
    is skipped or happens twice."""
    hour = timedelta(hours=1)
    moment = datetime(year, 1, 1, tzinfo=UTC)
    while moment.year == year:
        before, after = moment.astimezone(zone), (moment + hour).astimezone(zone)
        passed = after.replace(tzinfo=None) - before.replace(tzinfo=None)
        if passed > hour:
            yield after.date(), before.replace(tzinfo=None) + 1.5 * hour
        elif passed < hour:
            yield after.date(), after.replace(tzinfo=None) + 0.5 * hour
        moment += hour


# -- life cycle ------------------------------------------------------------------------------


@item("each status in two spellings")
def _statuses(scribe: Scribe, days: Days) -> None:
    for spelling in (0, 1):
        scribe.book(at(days.future, "08:30"), spelling=spelling, room=SURGERY)
        late = at(days.today, "00:15")
        scribe.book(late, spelling=spelling, room=SURGERY, reason="LATE")
        for status in (Status.ARRIVED, Status.IN_PROGRESS, Status.READY_TO_PAY, Status.FINALIZED):
            visit = scribe.book(at(days.past, "10:00"), spelling=spelling, room=SURGERY)
            scribe.arrived(visit)
            if status is not Status.ARRIVED:
                consultation = scribe.staff.start_consultation(visit)
                scribe.staff.add_line(consultation)
            if status is Status.READY_TO_PAY:
                scribe.staff.ready_to_pay(visit)
            if status is Status.FINALIZED:
                scribe.staff.finalise(visit)
        visit = scribe.book(at(days.past, "11:00"), spelling=spelling, room=SURGERY)
        scribe.staff.no_show(visit)
        visit = scribe.book(at(days.past, "11:30"), spelling=spelling, reason="CALLED - NO SHOW")
        scribe.seen(visit)


@item("visit moved to another day")
def _moved(scribe: Scribe, days: Days) -> None:
    visit = scribe.book(at(days.future, "08:00"), reason="MOVED BY OWNER")
    scribe.moment = scribe.now - timedelta(hours=1)
    scribe.staff.move(visit, start=at(days.future + timedelta(days=1), "08:30"))


@item("visit cancelled")
def _cancelled(scribe: Scribe, days: Days) -> None:
    for spelling, day in enumerate((days.past, days.future)):
        visit = scribe.book(at(day, "16:00"), spelling=spelling, room=SURGERY)
        scribe.moment = scribe.now - timedelta(hours=30)
        scribe.staff.cancel(visit, "OWNER CALLED", by=FRONT_DESK)


@item("visit deleted")
def _deleted(scribe: Scribe, days: Days) -> None:
    for day in (days.past, days.future):
        scribe.staff.delete(scribe.book(at(day, "16:30"), reason="BOOKED TWICE"))


@item("future visit without a consultation")
def _future(scribe: Scribe, days: Days) -> None:
    scribe.staff.confirm(scribe.book(at(days.future + timedelta(days=1), "09:00")))


@item("four visits at one time, two in one room")
def _parallel(scribe: Scribe, days: Days) -> None:
    for room in (3, 3, DOCTOR, SURGERY):
        scribe.book(at(days.future, "17:00"), room=room)


# -- consultations ---------------------------------------------------------------------------


@item("draft consultation without notes")
def _draft(scribe: Scribe, days: Days) -> None:
    visit = scribe.book(at(days.past, "13:00"))
    scribe.arrived(visit)
    scribe.staff.edit_notes(scribe.staff.start_consultation(visit), "")


@item("SOAP-table notes")
def _soap(scribe: Scribe, days: Days) -> None:
    scribe.seen(scribe.book(at(days.past, "13:30"), reason="ear check"), notes.SOAP_TABLE)


@item("notes with entities, nested lists and a pasted script tag")
def _pasted(scribe: Scribe, days: Days) -> None:
    scribe.seen(scribe.book(at(days.past, "14:00")), notes.PASTED)


@item('accepted and declined lines, fractional quantity, product name with ";"')
def _lines(scribe: Scribe, days: Days) -> None:
    consultation = scribe.seen(scribe.book(at(days.past, "14:30")))
    scribe.staff.add_line(consultation, "CARPROFEN 75MG; CHEWABLE, 30CT", 0.5, 41.25)
    scribe.staff.add_line(consultation, "RADIOGRAPHS, 2 VIEWS", 1, 180, declined=True)
    scribe.staff.add_line(consultation, "DIET FOOD", 2, 51.98, label="give twice a day")


@item("euthanasia visit")
def _euthanasia(scribe: Scribe, days: Days) -> None:
    (pet,) = scribe.family()
    visit = scribe.book(
        at(days.past, "15:00"), pet, 60, DOCTOR, "Euthanasia", reason="QOL / euthansia"
    )
    consultation = scribe.seen(visit, notes.EUTHANASIA)
    scribe.staff.add_line(consultation, "EUTHANASIA - CANINE", 1, 210)
    scribe.staff.mark_deceased(pet)


@item("walk-in whose consultation number is another visit's appointment number")
def _walk_in(scribe: Scribe, days: Days) -> None:
    """Whoever takes an appointment id for a consultation id gets a stranger's record."""
    numbers = scribe.world.numbers
    visit = scribe.book(at(days.future, "15:00"), reason="HAS NO CONSULTATION YET")
    following, numbers.consultation = numbers.consultation, visit
    scribe.moment = scribe.now - timedelta(days=400)
    consultation = scribe.staff.walk_in(scribe.family()[0], "OLD WALK-IN")
    scribe.staff.edit_notes(consultation, "<p>Somebody else's notes.</p>")
    numbers.consultation = following


def _owner_of(scribe: Scribe, patient_id: int) -> int:
    return scribe.world.patients[patient_id].client_id
