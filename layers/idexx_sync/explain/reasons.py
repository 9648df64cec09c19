"""Which rule makes ODIS show what it shows of an appointment, in words for a person. Pure.

The rules are those of the documentation, R1 to R25. Nothing here decides anything: the plan does,
and this says why, by the same functions where there are any.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from idexx_sync.core.catalog import CATALOG
from idexx_sync.core.clinic_time import day_of, local_day
from idexx_sync.core.vocabulary import FREES_TIME, Stage, appointment_status
from idexx_sync.explain.model import Holdings, NeoSays
from idexx_sync.pims.protocol import Consultation, Found, Gone, Unknown
from idexx_sync.syncs.cases.due import LATE_EDITS, VANISHED, WRONG_PATIENT
from idexx_sync.syncs.cases.model import StoredCase
from idexx_sync.syncs.cases.plan import ENDS_BEFORE_START, NOT_AN_OBJECT
from idexx_sync.syncs.cases.status import is_removed
from idexx_sync.syncs.cases.store import EXTENSION_PREFIX
from idexx_sync.syncs.cases.vocabulary import CASE_STATUS
from idexx_sync.syncs.proof import STRIKE_INTERVAL, STRIKES_THAT_PROVE

REMOVALS: Final = {
    "deleted_at_source": "Neo said that it is deleted",
    "cancelled_at_source": "Neo said that it is cancelled",
    "not_found_twice": "two complete reads, far enough apart, did not find it",
    "room_not_synced": "its room is not synced",
}


@dataclass(frozen=True, slots=True)
class Reason:
    rule: str
    """`R18`."""
    text: str


@dataclass(frozen=True, slots=True)
class Clinical:
    """What of a clinic decides how its appointments are shown."""

    zone: ZoneInfo
    now: datetime
    stage: Stage = "live"
    paused_reason: str | None = None
    room_ids: tuple[str, ...] | None = None
    live_from: date | None = None
    has_acting_user: bool = True
    horizon_days: int = 14

    @property
    def today(self) -> date:
        return local_day(self.now, self.zone)


def reasons(neo: NeoSays, held: Holdings, clinic: Clinical) -> list[Reason]:
    """All that applies, the calendar's part first."""
    found = [*_service(clinic), *_calendar(neo, held, clinic), *_holds(held)]
    if _is_visit(neo, held):
        found += _case(neo, held, clinic)
    return found


def _service(clinic: Clinical) -> Iterator[Reason]:
    if clinic.paused_reason is not None:
        yield Reason("R13", f"the clinic is paused ({clinic.paused_reason}): nothing is renewed")
    if clinic.stage == "off":
        yield Reason("R13", "the clinic is switched off here: nothing is renewed")
    if clinic.stage == "shadow":
        yield Reason("R13", "the clinic is in shadow: what a run finds is not written")


# -- the calendar --------------------------------------------------------------------------------


def _calendar(neo: NeoSays, held: Holdings, clinic: Clinical) -> Iterator[Reason]:
    yield from _word(neo, held)
    yield from _presence(neo, held, clinic)
    yield from _news(neo, held)
    for memory in held.memories:
        record = memory.record
        if memory.kind == "appointment" and record.quarantine_code is not None:
            code = record.quarantine_code
            yield Reason("R3", f"it could not be read ({code}): its time stays occupied")
        if 0 < record.strikes < STRIKES_THAT_PROVE and record.struck_at is not None:
            after = (record.struck_at + STRIKE_INTERVAL).astimezone(clinic.zone)
            yield Reason(
                "R6",
                "not found once: a second complete read that misses it, after "
                f"{after:%Y-%m-%d %H:%M %Z}, proves it gone",
            )
    live = held.live
    if live is None and held.rows:
        yield from _removed(held)
    if live is not None and live.status in FREES_TIME:
        yield Reason("R12", f"{live.status}: it occupies no slot any more")
    elif live is not None and not held.slots:
        yield Reason("R11", "it occupies its time, in which no slots are offered")
    elif live is not None:
        booked = sum(slot.booked_count > 0 for slot in held.slots)
        yield Reason("R12", f"it occupies its time: {booked} of {len(held.slots)} slots count it")


def _word(neo: NeoSays, held: Holdings) -> Iterator[Reason]:
    if not _is_visit(neo, held):
        yield Reason("R10", "a block: it takes time and never becomes a case")
        return
    word, when = _said(neo, held)
    status = appointment_status(word)
    if status is not None:
        yield Reason("R5", f"Neo's word '{word}'{when} is read as {status}")
    elif word:
        yield Reason("R5", f"unknown word '{word}'{when}: the stored status stays")
    else:
        yield Reason("R5", f"no status word{when}: the stored status stays")


def _said(neo: NeoSays, held: Holdings) -> tuple[str | None, str]:
    """Neo's own word for the status, and whether it is an old one."""
    if neo.record is not None:
        return neo.record.status, ""
    if isinstance(neo.lookup, Found):
        return neo.lookup.status, ""
    for memory in held.memories:
        if memory.kind != "consultation" and memory.record.source is not None:
            return memory.record.source.status, " (at the last reading)"
    return None, " is known"


def _presence(neo: NeoSays, held: Holdings, clinic: Clinical) -> Iterator[Reason]:
    """What its presence in Neo, or its absence, leads to."""
    lookup, live = neo.lookup, held.live
    if isinstance(lookup, Unknown):
        yield Reason("R6", f"the look-up gave no usable answer ({lookup.code}): it proves nothing")
    elif isinstance(lookup, Gone) and live is not None:
        yield Reason("R6", "Neo does not find it now; once proves nothing, twice does")
    elif isinstance(lookup, Found) and (lookup.deleted or lookup.cancelled):
        if live is not None and live.status not in FREES_TIME:
            what = "deleted" if lookup.deleted else "cancelled"
            yield Reason("R6", f"{what} in Neo: the next run over its day takes it out")
    elif isinstance(lookup, Found) and neo.day is not None and not (neo.shown or neo.unreadable):
        yield Reason("R6", "alive, and the calendar leaves it out: such a read removes nothing")
    room = neo.record.room_id if neo.record else None
    if clinic.room_ids is not None and room is not None and room not in clinic.room_ids:
        yield Reason("R10", f"its room {room} is not among those that are synced: it has no row")
    for item in neo.unreadable:
        yield Reason("R3", f"the calendar's record can't be read ({item.code})")
    if live is None and neo.record is not None and not held.rows:
        day = day_of(neo.record.start)
        last = clinic.today + timedelta(days=clinic.horizon_days - 1)
        if not clinic.today <= day <= last:
            yield Reason("R2", f"its day lies outside of those that runs read, to {last}")


def _news(neo: NeoSays, held: Holdings) -> Iterator[Reason]:
    """What Neo says otherwise than when it was read last (rule R4)."""
    record = neo.record
    if record is None or len(neo.shown) > 1:
        return
    for kind, names in (("appointment", _ROW), ("visit", _VISIT)):
        memory = next((m for m in held.memories if m.kind == kind), None)
        if memory is None or memory.record.source is None:
            continue
        said = memory.record.source
        changed = [name for name, of in names.items() if getattr(said, name) != getattr(record, of)]
        if changed:
            run = "inbound" if kind == "appointment" else "case"
            yield Reason(
                "R4",
                f"changed in Neo since: {', '.join(changed)}; the next {run} run takes it over",
            )


_ROW: Final = {
    "start": "start",
    "end": "end",
    "room": "room_id",
    "status": "status",
    "type": "type",
}
_VISIT: Final = {
    "start": "start",
    "end": "end",
    "status": "status",
    "type": "type",
    "patient": "patient_id",
    "client": "client_id",
    "consultation": "consultation_id",
}


def _removed(held: Holdings) -> Iterator[Reason]:
    why = next((REMOVALS[t.reason] for t in held.touches if t.reason in REMOVALS), None)
    yield Reason("R7", f"removed: {why}" if why else "removed; no job of ours says why")


def _holds(held: Holdings) -> Iterator[Reason]:
    for hold in held.holds:
        if hold.status == "open":
            yield Reason("R8", f"held ({hold.sync}): {hold.cause}; it waits for a person")
        elif hold.status == "rejected":
            yield Reason("R9", f"{hold.cause} ({hold.sync}) was rejected: it stays as it is")
        else:
            yield Reason("R9", f"{hold.cause} ({hold.sync}) was approved: the next run lets it in")


# -- the case ------------------------------------------------------------------------------------


def _is_visit(neo: NeoSays, held: Holdings) -> bool:
    if neo.record is not None:
        return neo.record.kind == "visit"
    if isinstance(neo.lookup, Found):
        return neo.lookup.kind == "visit"
    return not any("@" in row.key or row.type == "block" for row in held.rows)


def _case(neo: NeoSays, held: Holdings, clinic: Clinical) -> Iterator[Reason]:
    case = held.case
    if held.visit.was_deleted:
        yield Reason("R14", "somebody deleted its case in ODIS: it is not made again")
        return
    yield from _quarantined(held)
    if case is None:
        yield from _no_case(neo, held, clinic)
        return
    yield from _identity(held, case)
    yield from _status(neo, held, clinic, case)
    yield from _consultation(neo, held, clinic)
    edited = sorted(held.visit.edited)
    if edited:
        yield Reason("R15", f"a person's edits that stay: {', '.join(edited)}")
    if _is_marked(held, case):
        yield Reason("R19", "marked as died: nobody is called about this patient")
    if case.user_id is None:
        advice = "" if clinic.has_acting_user else "; the clinic has no acting user"
        yield Reason("R18", f"the case belongs to nobody: nobody is called about it{advice}")


def _quarantined(held: Holdings) -> Iterator[Reason]:
    code = held.visit.record.quarantine_code
    if code == NOT_AN_OBJECT:
        yield Reason(
            "R16", "a document of its case has no object where ours goes: it is left alone"
        )
    elif code == ENDS_BEFORE_START:
        yield Reason("R3", "the visit ends before it starts: its case is left alone")
    elif code is not None:
        yield Reason("R16", f"its case is left alone: {code}")


def _no_case(neo: NeoSays, held: Holdings, clinic: Clinical) -> Iterator[Reason]:
    record = neo.record
    if record is not None and record.patient_id is None and record.patient_name is None:
        yield Reason("R10", "it names no patient: such an appointment never becomes a case")
        return
    start = record.start if record is not None else held.start
    if start is None:
        return
    default = CATALOG["cases"].default_window
    first, last = default.around(clinic.today, clinic.horizon_days)
    if first <= day_of(start) <= last:
        yield Reason("R14", "no case yet: the next case run makes it")
    else:
        yield Reason("R2", f"no case: case runs read {first} to {last}, and its day is another")


def _identity(held: Holdings, case: StoredCase) -> Iterator[Reason]:
    if held.visit.key is None:
        yield Reason("R14", "its case is somebody else's as yet: the next case run takes it over")
    elif (case.external_id or "").startswith(EXTENSION_PREFIX):
        yield Reason("R14", "its case was made by the browser extension and taken over")
    if held.visit.others:
        yield Reason(
            "R14",
            f"{len(held.visit.cases)} cases of one visit: {case.id} gets everything; cancelled, "
            "no-show and life status go to all of them",
        )


def _status(neo: NeoSays, held: Holdings, clinic: Clinical, case: StoredCase) -> Iterator[Reason]:
    if is_removed(case):
        yield Reason("R7", "removed by the reconciliation: reviewed, until it comes back")
        return
    word, _ = _said(neo, held)
    status = appointment_status(word)
    if status is None:
        yield Reason("R5", f"no status to go by: the case stays {case.status}")
        return
    wanted, why, rule = _wanted(neo, held, clinic, status)
    yield Reason(rule, f"{why}: {wanted}")
    if case.status == wanted:
        return
    if "case.status" in held.visit.edited:
        yield Reason("R15", f"a person made it {case.status}: that stays")
    elif case.status == "completed" and status == "finalized":
        yield Reason("R18", "completed already: it stays so")
    else:
        yield Reason("R4", f"ODIS still shows {case.status}: the next case run decides")


def _wanted(neo: NeoSays, held: Holdings, clinic: Clinical, status: str) -> tuple[str, str, str]:
    """The case's status, why, and the rule."""
    if status != "finalized":
        found = CASE_STATUS[status]  # type: ignore[index]
        return found, status, "R20" if status in FREES_TIME else "R14"
    start = neo.record.start if neo.record is not None else held.start
    if clinic.live_from is None:
        return "reviewed", "finalised, and the clinic has no first day yet (live_from)", "R18"
    if start is not None and day_of(start) < clinic.live_from:
        return "reviewed", f"finalised before the clinic's live_from {clinic.live_from}", "R18"
    consultation_id = _consultation_id(neo, held)
    if consultation_id is None:
        return "completed", "finalised, and there is no record to read", "R18"
    memory = held.visit.consultation
    if memory.id == consultation_id and memory.code is None and memory.read_at is not None:
        return "completed", "finalised, and its record is read", "R18"
    return "ongoing", "finalised, and its record is not read yet", "R18"


def _consultation_id(neo: NeoSays, held: Holdings) -> str | None:
    if neo.record is not None:
        return neo.record.consultation_id
    return held.visit.memory.consultation


def _consultation(neo: NeoSays, held: Holdings, clinic: Clinical) -> Iterator[Reason]:
    memory = held.visit.consultation
    if isinstance(neo.consultation, Consultation) and not same_patient(neo):
        yield Reason("R17", "the record in Neo is another patient's than the visit: not taken over")
    if memory.read_at is None:
        if _consultation_id(neo, held) is not None:
            yield Reason("R17", "its record was never read: it comes first in the next case run")
    elif memory.code == WRONG_PATIENT:
        yield Reason("R17", "the record read was another patient's: left, asked again daily")
    elif memory.code == VANISHED:
        yield Reason("R17", "Neo no longer has the record: what was read stays, asked again daily")
    elif memory.code is not None:
        yield Reason("R17", f"the last reading failed ({memory.code}): it comes first next time")
    elif not memory.final:
        yield Reason("R17", "its record was read before the visit was finalised: read each time")
    elif not memory.has_notes:
        yield Reason("R17", "its record has no notes yet: read each time")
    else:
        start = neo.record.start if neo.record is not None else held.start
        until = day_of(start) + LATE_EDITS if start is not None else None
        over = until is not None and clinic.today > until
        said = f"not read again since {until}" if over else f"read daily until {until}"
        yield Reason("R17", f"its record was read when final, with notes: {said}")


def same_patient(neo: NeoSays) -> bool:
    """Whether the record is of the patient that the calendar names, or the look-up (a merge)."""
    record = neo.consultation
    if not isinstance(record, Consultation) or record.patient_id is None:
        return False
    shown = neo.lookup.patient_id if isinstance(neo.lookup, Found) else None
    return record.patient_id in (neo.record.patient_id if neo.record else None, shown)


def _is_marked(held: Holdings, case: StoredCase) -> bool:
    beside = held.beside.get(case.id)
    check = None if beside is None else beside.extreme_case_check
    return isinstance(check, dict) and check.get("isExtremeCase") is True
