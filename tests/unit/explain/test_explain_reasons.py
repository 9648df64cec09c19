"""Which rules are named for what is stored and what Neo says, without any database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from idexx_sync.clinics.pauses import Pause
from idexx_sync.core.phrases import local_moment
from idexx_sync.explain.kept import case_kept_by, kept_by
from idexx_sync.explain.model import (
    CaseBeside,
    Memory,
    NamedHold,
    NeoSays,
    StoredAppointment,
    StoredRow,
    StoredSlot,
    Touch,
)
from idexx_sync.explain.preview import Clinical
from idexx_sync.explain.reasons import explained
from idexx_sync.explain.runs import Runs
from idexx_sync.explain.texts import Reason
from idexx_sync.pims.protocol import (
    Consultation,
    Found,
    Gone,
    Lookup,
    Snapshot,
    SourceRecord,
    Unknown,
    Unreadable,
    Window,
)
from idexx_sync.syncs.cases.deaths import Death
from idexx_sync.syncs.cases.fields import TIMES
from idexx_sync.syncs.cases.record_memory import ConsultationMemory
from idexx_sync.syncs.cases.stored import StoredCase, StoredVisit
from idexx_sync.syncs.memory import (
    AppointmentMemory,
    Record,
    VisitMemory,
    VisitRecord,
)
from tests.kit.settings import fingerprints_of

NOW = datetime(2026, 5, 4, 14, 0, tzinfo=UTC)
ZONE = ZoneInfo("America/Los_Angeles")
ONE, TWO = UUID(int=1), UUID(int=2)
CLINIC = Clinical(
    ONE, ZONE, NOW, fingerprints_of(ONE), live_from=date(2026, 1, 1), acting_user_id=ONE
)
START = "2026-05-04 06:00:00"
NOBODYS = CLINIC.fingerprints.of([None] * 6)
"""Of the personal values of a visit that has none."""
NO_NEO = NeoSays(not_asked="offline")


def shown(status: str | None = "Finalized", start: str = START, **fields: Any) -> NeoSays:
    """The calendar shows the visit, and the look-up finds it."""
    given = {"patient_id": "4", "consultation_id": "9", "room_id": "3", **fields}
    record = SourceRecord("7", "visit", start, None, status=status, **given)
    return calendar(record, lookup=found(status, start))


def calendar(
    *records: SourceRecord,
    lookup: Lookup | None = None,
    unreadable: Sequence[Unreadable] = (),
    day: str = START,
) -> NeoSays:
    """What a day's calendar shows under the id."""
    read = date.fromisoformat((records[0].start if records else day)[:10])
    return NeoSays(lookup, Snapshot(Window(read, read), NOW, records, unreadable))


def found(status: str | None = "Finalized", start: str = START, **fields: Any) -> Found:
    given = {"deleted": False, "cancelled": False, "patient_id": "4", **fields}
    return Found("7", "visit", start, None, "3", status, **given)


def row(status: str = "finalized", key: str = "7", **fields: Any) -> StoredRow:
    blank = StoredRow(
        ONE, key, date(2026, 5, 4), time(6), time(6, 30), "3", status, "Exam",
        None, NOW, None, None, None, None, None,
    )  # fmt: skip
    return replace(blank, **fields)


def case(status: str = "completed", **fields: Any) -> StoredCase:
    blank = StoredCase(
        ONE, "1", "pims-appt-idexx-neo-7", ONE, ONE, status, "checkup", NOW, {}, {}, None, NOW
    )
    return replace(blank, **fields)


def stored(
    *cases: StoredCase, read: ConsultationMemory | None = None, **source: Any
) -> StoredAppointment:
    """A visit with its cases, of which the first is ours, as `shown()` shows it."""
    said: dict[str, Any] = {
        "start": START,
        "status": "Finalized",
        "patient": "4",
        "consultation": "9",
        "last_consultation": "9",
        "private": NOBODYS,
        **source,
    }
    visit = StoredVisit(
        cases=cases,
        key=ONE if cases else None,
        record=VisitRecord("7", source=VisitMemory(**said)),
        consultation=read or ConsultationMemory(),
    )
    return StoredAppointment(visit=visit, memories=[Memory("visit", visit.record, NOW)])


READ = ConsultationMemory(id="9", read_at=NOW, final=True, has_notes=True, screened="nothing")


RUNS = Runs(ONE, ZONE, NOW, "live")


def why(
    neo: NeoSays, kept: StoredAppointment, clinic: Clinical = CLINIC, runs: Runs = RUNS
) -> Sequence[Reason]:
    return explained("7", neo, kept, clinic, runs).why


def said(neo: NeoSays, kept: StoredAppointment, clinic: Clinical = CLINIC) -> list[str]:
    return [f"{reason.rule} {reason.text}" for reason in why(neo, kept, clinic)]


def says(text: str, neo: NeoSays, kept: StoredAppointment, clinic: Clinical = CLINIC) -> bool:
    return any(one.startswith(text) for one in said(neo, kept, clinic))


WORDS = [
    ("Checked In", "R5 Neo's word 'Checked In' is read as in progress"),
    ("Teleported", "R5 unknown word 'Teleported': the stored status stays"),
    (None, "R5 no status word: the stored status stays"),
]


@pytest.mark.parametrize(("word", "text"), WORDS)
def test_r05_neos_word_is_read_by_the_one_list(word: str | None, text: str) -> None:
    assert said(shown(word), StoredAppointment())[0] == text
    by_id = NeoSays(found(word))
    assert said(by_id, StoredAppointment())[0] == text


def test_r05_without_neo_the_remembered_word_counts() -> None:
    assert said(NO_NEO, stored(case()))[0] == (
        "R5 Neo's word 'Finalized' (at the last reading) is read as finalized"
    )
    assert said(NO_NEO, StoredAppointment(rows=[row()]))[0] == (
        "R5 no status word is known: the stored status stays"
    )


def test_r05_an_unknown_word_leaves_the_case() -> None:
    assert "R5 no status to go by: the case stays ongoing" in said(
        shown("?"), stored(case("ongoing"))
    )


def test_r06_absence_needs_proof() -> None:
    gone = calendar(lookup=Gone())
    assert says(
        "R6 Neo does not find it now; once proves nothing", gone, StoredAppointment(rows=[row()])
    )
    assert not says("R6", gone, StoredAppointment(rows=[row(deleted_at=NOW)]))
    unknown = NeoSays(Unknown("status_500"))
    assert says("R6 the look-up gave no usable answer (status 500)", unknown, StoredAppointment())
    for lookup, what in (
        (found(deleted=True), "deleted in Neo"),
        (found(cancelled=True), "cancelled in Neo"),
    ):
        neo = calendar(lookup=lookup)
        assert says(f"R6 {what}: the next run", neo, StoredAppointment(rows=[row("scheduled")]))
        assert not says(f"R6 {what}", neo, StoredAppointment(rows=[row("cancelled")]))
    hidden = calendar(lookup=found())
    assert says("R6 alive, and the calendar leaves it out", hidden, StoredAppointment(rows=[row()]))


def test_r06_a_strike_of_the_clinical_record_is_none_of_the_appointment() -> None:
    record = Record("7", strikes=1, struck_at=NOW, quarantine_code="vanished")
    kept = StoredAppointment(rows=[row()], memories=[Memory("consultation", record, NOW)])

    assert not says("R6 not found once", shown(), kept)


@pytest.mark.parametrize(("strikes", "told"), [(0, False), (1, True), (2, False)])
def test_r06_one_strike_waits_for_a_second_look(strikes: int, told: bool) -> None:
    record = Record("7", source=AppointmentMemory(START), strikes=strikes, struck_at=NOW)
    kept = StoredAppointment(rows=[row()], memories=[Memory("appointment", record, NOW)])

    text = "R6 not found once: a second complete read that misses it, after 2026-05-04 07:10 PDT"
    assert says(text, NO_NEO, kept) is told


def test_r04_what_has_changed_in_neo_since_is_named() -> None:
    nobodys = CLINIC.fingerprints.of([None] * 4)
    known = AppointmentMemory(START, room="5", status="Arrived", private=nobodys)
    kept = StoredAppointment(
        rows=[row()], memories=[Memory("appointment", Record("7", source=known), NOW)]
    )

    assert says("R4 changed in Neo since: room, status; the next inbound", shown(), kept)
    assert not says("R4", NO_NEO, kept)
    later = shown(start="2026-05-04 07:00:00", patient_id="5", client_name="Somebody")
    assert says(
        "R4 changed in Neo since: start, patient, personal values; the next case run",
        later,
        stored(case()),
    )


def test_r07_a_removed_row_names_its_proof() -> None:
    touch = Touch(ONE, "inbound", "7", "remove", "written", None, NOW, "not_found_twice", {})
    gone = [row(deleted_at=NOW)]

    assert says(
        "R7 removed: two complete reads", NO_NEO, StoredAppointment(rows=gone, touches=[touch])
    )
    assert says("R7 removed; no job of ours", NO_NEO, StoredAppointment(rows=gone))


SHIFTED = "nearly all visits moved by the same amount of time"
HOLDS: list[tuple[Any, str]] = [
    ("open", f"R8 held (cases): {SHIFTED}; it waits for a person"),
    ("rejected", f"R9 held (cases): {SHIFTED}; rejected: it stays as it is"),
    ("approved", f"R9 held (cases): {SHIFTED}; approved: the next run lets it in"),
]


@pytest.mark.parametrize(("status", "text"), HOLDS)
def test_r08_r09_a_hold_is_named_by_its_cause(status: Any, text: str) -> None:
    hold = NamedHold(ONE, "cases", "times_shifted", status, NOW, {"7": {"start": START}})

    assert text in said(shown(), StoredAppointment(holds=[hold]))


def test_r10_blocks_rooms_and_visits_of_nobody() -> None:
    block = calendar(SourceRecord("7", "block", START, None))
    assert said(block, StoredAppointment(rows=[row(key=f"7@{START}")]))[0].startswith("R10 a block")
    assert said(NO_NEO, StoredAppointment(rows=[row(key=f"7@{START}")]))[0].startswith(
        "R10 a block"
    )
    assert not says("R14", block, StoredAppointment())
    other_room = replace(CLINIC, room_ids=("1", "2"))
    assert says("R10 its room 3 is not among those", shown(), StoredAppointment(), other_room)
    assert not says("R10", shown(), StoredAppointment(), replace(CLINIC, room_ids=("3",)))
    nobody = shown(patient_id=None)
    assert says("R10 it names no patient", nobody, StoredAppointment())


def test_r12_what_frees_time_and_what_takes_it() -> None:
    slots = [
        StoredSlot(UUID(int=n), date(2026, 5, 4), time(6), time(6, 30), 1, n, NOW) for n in (0, 1)
    ]
    assert says(
        "R12 no show: it occupies no slot", NO_NEO, StoredAppointment(rows=[row("no_show")])
    )
    busy = StoredAppointment(rows=[row("scheduled")], slots=slots)
    assert says("R12 it occupies its time: 1 of 2 slots", NO_NEO, busy)
    assert says(
        "R11 it occupies its time, in which no", NO_NEO, StoredAppointment(rows=[row("scheduled")])
    )


def test_r02_days_that_no_run_reads() -> None:
    far = shown("Confirmed", "2026-06-20 09:00:00")
    assert says(
        "R2 its day lies outside of those that inbound runs read by themselves, "
        "2026-05-04 to 2026-05-17 (America/Los_Angeles)",
        far,
        StoredAppointment(),
    )
    assert says("R2 no case: case runs read 2026-04-27 to 2026-05-06", far, StoredAppointment())
    assert says("R14 no case yet: the next case run makes it", shown(), StoredAppointment())
    assert says("R14 no case yet", shown(start="2026-05-06 09:00:00"), StoredAppointment())


def test_r03_what_cannot_be_read_stays_occupied() -> None:
    record = Record("7", quarantine_code="end_unreadable")
    kept = StoredAppointment(rows=[row()], memories=[Memory("appointment", record, NOW)])
    assert says("R3 it could not be read (end unreadable)", NO_NEO, kept)
    neo = calendar(lookup=found(), unreadable=[Unreadable("end_unreadable", "7")])
    assert says("R3 the calendar's record can't be read (end unreadable)", neo, kept)


STANDSTILLS: list[tuple[dict[str, Any], str]] = [
    ({"stage": "shadow"}, "R13 the clinic is in shadow"),
    ({"stage": "off"}, "R13 the clinic is switched off"),
    (
        {"pauses": (Pause(UUID(int=1), None, NOW, "Kim", "moving"),)},
        f"R13 the clinic is paused with all clinics since {local_moment(NOW, CLINIC.zone)} by Kim: "
        "moving",
    ),
]


@pytest.mark.parametrize(("fields", "text"), STANDSTILLS)
def test_r13_a_clinic_that_stands_still_says_so(fields: dict[str, Any], text: str) -> None:
    assert said(shown(), StoredAppointment(), replace(CLINIC, **fields))[0].startswith(text)
    assert not says("R13", shown(), StoredAppointment())


BARE = "2026-05-04T12:00:00Z"
"""Two hours before NOW."""
NEVER_ANY = stored(case("draft"), consultation=None, last_consultation=None, bare_since=BARE)
JUST_NOW = stored(case("draft"), consultation=None, last_consultation=None)
LATE = NOW + timedelta(days=4)
OLDER_RECORD = {"pimsConsultation": {"id": "8"}}
STATUSES: list[tuple[NeoSays, StoredAppointment, Clinical, str]] = [
    (shown(), stored(case(), read=READ), CLINIC, "its record is read: completed"),
    (
        shown(),
        stored(case("draft"), read=READ),
        CLINIC,
        "only the next reading of its record completes it: ongoing",
    ),
    (shown(), stored(case("draft")), CLINIC, "its record is not read yet: ongoing"),
    (
        shown(),
        stored(case("draft"), read=replace(READ, id="8")),
        CLINIC,
        "its record is not read yet: ongoing",
    ),
    (
        shown(),
        stored(case("draft"), read=replace(READ, code="vanished")),
        CLINIC,
        "Neo no longer has its record: ongoing",
    ),
    (
        shown(),
        stored(case("draft"), read=replace(READ, code="wrong_patient")),
        CLINIC,
        "the record read was another patient's: ongoing",
    ),
    (
        shown(),
        stored(case("draft"), read=replace(READ, code="read_failed")),
        CLINIC,
        "its record could not be read: ongoing",
    ),
    (shown(consultation_id=None), NEVER_ANY, CLINIC, "there is no record to read: completed"),
    (
        shown(consultation_id=None),
        stored(case("draft"), read=READ, bare_since=BARE),
        CLINIC,
        "its record was read before it was taken away: completed",
    ),
    (
        shown(consultation_id=None),
        stored(case("draft"), read=replace(READ, code="vanished"), bare_since=BARE),
        CLINIC,
        "Neo has no record of it any more: completed",
    ),
    (
        shown(consultation_id=None),
        JUST_NOW,
        CLINIC,
        "shown without a record for less than 2 hours; a run that still sees it so then "
        "completes it: ongoing",
    ),
    (
        shown(),
        stored(case("draft", created_at=LATE), read=READ),
        CLINIC,
        "its case was made more than 3 days after the visit, so that only a person completes it: "
        "reviewed",
    ),
    (
        shown(),
        stored(case(metadata=OLDER_RECORD), read=replace(READ, id="8"), consultation="8"),
        CLINIC,
        "the record that it has now is not read yet: ongoing",
    ),
    (
        shown(),
        stored(case("draft"), read=READ),
        replace(CLINIC, live_from=None),
        "the clinic has no first day yet: reviewed",
    ),
]


@pytest.mark.parametrize(("neo", "kept", "clinic", "text"), STATUSES)
def test_r18_the_status_of_a_finalised_visits_case_says_why(
    neo: NeoSays, kept: StoredAppointment, clinic: Clinical, text: str
) -> None:
    assert f"R18 finalised, and {text}" in said(neo, kept, clinic)


GONE = ConsultationMemory(id="9", read_at=NOW, code="vanished")
FAILED = [None, replace(READ, id="8"), replace(READ, code="read_failed")]


@pytest.mark.parametrize("read", FAILED)
def test_r18_a_record_that_went_before_anybody_read_it_completes_nothing(
    read: ConsultationMemory | None,
) -> None:
    kept = stored(case("ongoing"), read=read)

    for neo in (shown(consultation_id=None), NeoSays(not_asked="offline")):
        assert not [text for text in said(neo, kept) if text.endswith(": completed")]
    assert ("R18 finalised, and its record was taken away before anybody read it: ongoing") in said(
        shown(consultation_id=None), kept
    )


def test_r18_a_record_that_neo_does_not_have_is_not_told_as_unread() -> None:
    kept = stored(case("ongoing"), read=replace(GONE, strikes=2))

    texts = said(shown(), kept)

    assert "R18 finalised, and Neo no longer has its record: ongoing" in texts
    assert ("R17 Neo does not have the record, and nobody has read it: asked again daily") in texts
    assert not [text for text in texts if "not read yet" in text or "what was read" in text]


def test_r17_what_was_answered_once_is_asked_again_at_once() -> None:
    once, kept = replace(GONE, strikes=1), stored(case("ongoing"), read=GONE)

    assert says("R17 Neo does not have the record, and nobody", shown(), kept)
    for code in ("vanished", "wrong_patient"):
        texts = said(shown(), stored(case("ongoing"), read=replace(once, code=code)))
        assert any(text.endswith("asked again in the next case run") for text in texts)


def test_r18_a_record_that_can_be_read_now_completes_the_case() -> None:
    now = replace(shown(), consultation=Consultation("9", "4"))
    kept = stored(case("ongoing"), read=replace(READ, code="read_failed"))

    assert "R18 finalised, and its record could not be read: ongoing" in said(now, kept)
    assert "R18 finalised, and the next case run reads its record: completed" in said(now, kept)
    of_another = replace(now, consultation=Consultation("9", "5"))
    assert not says("R18 finalised, and the next case run reads", of_another, kept)
    assert not says("R18 finalised, and the next", now, stored(case("completed"), read=READ))


def test_r18_why_a_record_that_was_read_completes_nothing_is_told_and_nothing_else() -> None:
    hidden = replace(shown(), consultation=Consultation("9", "4", hidden=("reason",)))
    kept = stored(case("ongoing"), read=READ)

    assert says("R18 finalised, and not all that its record says", hidden, kept)
    assert not says("R18 finalised, and only the next reading", hidden, kept)


OTHERS = [
    ("Cancelled", "R20 cancelled: reviewed"),
    ("No show", "R20 no show: reviewed"),
    ("Arrived", "R14 in progress: ongoing"),
    ("Confirmed", "R14 scheduled: draft"),
]


@pytest.mark.parametrize(("word", "text"), OTHERS)
def test_r20_the_case_follows_the_visit(word: str, text: str) -> None:
    assert text in said(shown(word), stored(case("draft"), read=READ))


def test_r18_live_from_is_the_first_day_that_counts() -> None:
    today = replace(CLINIC, live_from=date(2026, 5, 4))
    assert says("R18 finalised, and its record is read", shown(), stored(case(), read=READ), today)
    assert says(
        "R18 finalised before", NO_NEO, stored(case()), replace(today, live_from=date(2026, 5, 5))
    )


def test_r15_a_persons_edits_stay() -> None:
    edited = stored(case("reviewed"), read=READ, edited=["patient.name"])
    assert says("R15 a person made it reviewed: that stays", shown(), edited)
    assert "R15 a person's edits that stay: case.status" in said(shown(), edited)
    assert "R15 a person's edits that stay: patient.name" in said(NO_NEO, edited)
    reads = stored(case("ongoing"), read=replace(READ, edited=("patient.breed",)))
    assert "R15 a person's edits that stay: patient.breed" in said(shown(), reads)
    not_due = stored(case(), read=replace(READ, edited=("patient.breed",)))
    own = replace(shown(), consultation=Consultation("9", "4"))
    assert "R15 a person's edits that stay: patient.breed" in said(own, not_due)
    earlier = stored(case("reviewed"), read=READ, status="Cancelled")
    assert not says("R15", shown(), earlier)
    assert says("R4 ODIS still shows reviewed: the next case run", shown(), earlier)
    assert says("R18 completed already", shown(), stored(case("completed")))


def test_r14_whose_case_it_is() -> None:
    two = stored(case(), replace(case(), id=TWO))
    assert says(f"R14 2 cases of one visit: {ONE} gets everything", shown(), two)
    extensions = stored(case(external_id="idexx-appt-7"))
    assert says("R14 its case was made by the browser extension", shown(), extensions)
    others = StoredAppointment(visit=StoredVisit(cases=[case()]))
    assert says("R14 its case is somebody else's as yet", shown(), others)
    deleted = StoredAppointment(visit=StoredVisit(key=ONE))
    assert said(shown(), deleted)[-1] == (
        "R14 somebody deleted its case in ODIS: it is not made again"
    )


CODES = [
    ("document_not_an_object", "R16 a document of its case has no object"),
    ("ends_before_start", "R3 the visit ends before it starts"),
    ("another", "R16 its case is left alone: another"),
]


@pytest.mark.parametrize(("code", "text"), CODES)
def test_r16_a_case_that_is_left_alone_says_why(code: str, text: str) -> None:
    record = VisitRecord("7", source=VisitMemory(start=START), quarantine_code=code)
    kept = StoredAppointment(visit=StoredVisit(cases=[case()], key=ONE, record=record))

    assert says(text, NO_NEO, kept)
    assert not says(text, shown(), kept)


def test_r03_r16_what_stands_in_the_way_now_is_told() -> None:
    broken = stored(case(metadata=[]))
    assert says("R16 a document of its case has no object", shown(), broken)
    backwards = replace(shown().shown[0], end="2026-05-04 05:00:00")
    assert says("R3 the visit ends before it starts", calendar(backwards), stored(case()))
    assert not says("R18", calendar(backwards), stored(case()))


READINGS: list[tuple[ConsultationMemory | None, str]] = [
    (None, "R17 its record was never read: it comes first"),
    (replace(READ, code="wrong_patient"), "R17 the record read was another patient's"),
    (replace(READ, code="vanished"), "R17 Neo no longer has the record"),
    (replace(READ, code="read_failed"), "R17 the last reading of its record failed: "),
    (replace(READ, id="8"), "R17 its record is not the one that was read"),
    (replace(READ, final=False), "R17 its record was read before the visit was finalised"),
    (replace(READ, has_notes=False), "R17 its record has no notes yet"),
    (READ, "R17 its record was read when final, with notes: read daily until 2026-05-11"),
]


@pytest.mark.parametrize(("read", "text"), READINGS)
def test_r17_when_a_record_is_read_again(read: ConsultationMemory | None, text: str) -> None:
    assert says(text, shown(), stored(case(), read=read))


def test_r17_a_week_later_it_is_read_no_more() -> None:
    later = replace(CLINIC, now=NOW + timedelta(days=8))
    text = "R17 its record was read when final, with notes: not read again since 2026-05-11"
    assert says(text, shown(), stored(case(), read=READ), later)


def test_r17_whose_record_it_is() -> None:
    own = replace(shown(), consultation=Consultation("9", "4"))
    foreign = replace(shown(), consultation=Consultation("9", "5"))
    merged = replace(foreign, lookup=found(patient_id="5"))
    of_nobody = replace(shown(patient_id=None), consultation=Consultation("9", None))

    assert [neo.is_of_patient for neo in (own, foreign, merged, of_nobody)] == [
        True,
        False,
        True,
        False,
    ]
    assert says("R17 the record in Neo is another patient's", foreign, stored(case(), read=READ))
    assert not says("R17 the record in Neo", own, stored(case(), read=READ))


def test_r07_r19_marks_are_told() -> None:
    removed = stored(case("reviewed", metadata={"reconciliation": {"softDeleted": True}}))
    assert says("R7 removed by the reconciliation: reviewed, until", NO_NEO, removed)
    assert not says("R18", NO_NEO, removed)
    assert says("R7 removed by the reconciliation, and Neo shows it", shown(), removed)
    assert says("R18 finalised, and its record is not read yet: ongoing", shown(), removed)
    assert says("R19 marked as died", shown(), stored(case(is_extreme=True)))
    for other in (None, False):
        assert not says("R19", shown(), stored(case(is_extreme=other)))


def test_r19_a_check_that_says_nothing_and_a_mark_taken_back_are_told() -> None:
    nothing = CaseBeside("pims:idexx-neo", "pending", NOW, NOW)
    kept = replace(stored(case()), beside={ONE: nothing})
    assert says("R19 its check in ODIS says neither yes nor no", shown(), kept)

    death = Death("4", "7", "death", in_doubt=False, denied=False, taken_back=True)
    visit = replace(kept.visit, deaths=[death])
    assert says("R19 somebody has taken a mark", shown(), replace(kept, visit=visit))


@pytest.mark.parametrize("wording", ["death_denied", "not_screened_whole"])
def test_r19_why_a_finished_visit_waits_for_a_person_is_told(wording: str) -> None:
    death = Death("4", "8", "death", in_doubt=False, denied=True, taken_back=False)
    kept = stored(case("ongoing", is_extreme=False), read=replace(READ, partly=True))
    deaths = [death] if wording == "death_denied" else []
    kept = replace(kept, visit=replace(kept.visit, deaths=deaths))

    reason = {
        "death_denied": "R19 its words say that the patient has died, and its check in ODIS",
        "not_screened_whole": "R19 not all of its words could be looked through",
    }[wording]
    assert says(reason, shown(), kept)


def test_a_case_of_nobody_says_that_nobody_is_called() -> None:
    nobodys = stored(case(user_id=None))

    assert "R18 the case belongs to nobody: nobody is called about it" in said(shown(), nobodys)
    without = replace(CLINIC, acting_user_id=None)
    assert says("R18 the case belongs to nobody", shown(), nobodys, without)
    assert said(shown(), nobodys, without)[-1].endswith("the clinic has no acting user")


def test_reasons_are_values() -> None:
    assert why(NO_NEO, StoredAppointment(rows=[row("cancelled")]))[-2:-1] == [
        Reason("R12", "cancelled: it occupies no slot any more")
    ]


def _held(cause: str, status: Any, sync: Any = "inbound", key: str = "7") -> NamedHold:
    return NamedHold(TWO, sync, cause, status, NOW, {key: {"start": START}}, NOW, "a tester")


REJECTED = "a hold that was rejected by a tester on 2026-05-04 07:00 PDT keeps it as it is"
KEPT: list[tuple[str, Any, str]] = [
    ("finalised_visit_removed", "open", "a hold keeps it as it is until somebody decides"),
    ("finalised_visit_removed", "rejected", REJECTED),
    (
        "revived",
        "rejected",
        "revived by a tester on 2026-05-04 07:00 PDT, it stays until Neo shows it again",
    ),
]


@pytest.mark.parametrize(("cause", "status", "text"), KEPT)
def test_r06_what_a_hold_keeps_is_not_taken_out_by_the_next_run(
    cause: str, status: Any, text: str
) -> None:
    kept = StoredAppointment(rows=[row("scheduled")], holds=[_held(cause, status)])

    told = explained("7", calendar(lookup=found(deleted=True)), kept, CLINIC, RUNS)

    reason = next(reason for reason in told.why if reason.rule == "R6")
    assert reason.text == f"deleted in Neo; {text}"
    assert f"idexx-sync holds show {TWO}" in (reason.step or "")
    assert not told.changes


@pytest.mark.parametrize(
    "hold",
    [
        _held("finalised_visit_removed", "approved"),
        _held("finalised_visit_removed", "open", key="8"),
        _held("finalised_visit_removed", "open", sync="cases"),
        _held("unproven_visit_losses", "rejected"),
        _held("times_shifted", "open"),
    ],
)
def test_r06_what_no_hold_keeps_is_taken_out(hold: NamedHold) -> None:
    gone = calendar(lookup=found(deleted=True))
    holds = [named] if (named := hold.about("7")) else []

    told = explained("7", gone, StoredAppointment(rows=[row()], holds=holds), CLINIC, RUNS)

    assert "deleted in Neo: the next run over its day takes it out" in [r.text for r in told.why]
    assert [change.action for change in told.changes] == ["remove"]


@pytest.mark.parametrize("cause", ["revived", "unproven_visit_losses"])
def test_r06_what_is_missed_under_a_hold_is_not_proven_gone(cause: str) -> None:
    hold = _held(cause, "rejected")
    struck = Record("7", source=AppointmentMemory(START), strikes=1, struck_at=NOW)
    memories = [Memory("appointment", struck, NOW - timedelta(hours=1))]
    seen = says("R6 Neo does not find it now; ", calendar(lookup=Gone()), _kept([], hold))

    assert seen
    assert says("R6 not found once; ", NO_NEO, _kept(memories, hold))
    assert not says("twice does", calendar(lookup=Gone()), _kept([], hold))


def _kept(memories: Sequence[Memory], hold: NamedHold) -> StoredAppointment:
    return StoredAppointment(rows=[row()], memories=memories, holds=[hold])


def test_r08_what_a_hold_of_cases_keeps_back_is_not_made_by_the_next_run() -> None:
    free, held, times = (
        explained("7", shown(), StoredAppointment(holds=holds), CLINIC, RUNS)
        for holds in (
            [],
            [_held("unproven_visit_losses", "open", "cases")],
            [_held("times_shifted", "open", "cases")],
        )
    )

    assert "no case yet: the next case run makes it" in [r.text for r in free.why]
    assert any(r.text.startswith("no case yet; a hold keeps it as it is") for r in held.why)
    assert len(held.changes) < len(free.changes)
    assert len(times.changes) == len(free.changes)
    fields = [{name for change in one.changes for name in change.fields} for one in (free, times)]
    assert fields[0] - fields[1] == {*fields[0]} & {*TIMES} != set()


@pytest.mark.parametrize(
    ("finding", "status", "is_kept"),
    [
        ({"status": ["scheduled", "cancelled"], "start": START}, "rejected", True),
        ({"shift_minutes": 60, "start": [START, START]}, "rejected", True),
        ({"status": ["scheduled", "cancelled"], "start": START}, "open", False),
        ({"missing": True, "start": START}, "rejected", False),
    ],
)
def test_r09_what_was_rejected_in_another_sync_keeps_what_neo_shows(
    finding: dict[str, Any], status: Any, is_kept: bool
) -> None:
    def hold(sync: Any) -> NamedHold:
        return NamedHold(TWO, sync, "unproven_visit_losses", status, NOW, {"7": finding})

    assert (kept_by([hold("cases")], "changed") is not None) is is_kept
    assert (case_kept_by([hold("inbound")], "changed") is not None) is is_kept
