"""Which rule makes ODIS show what it shows of an appointment, in words for a person. Pure.

The rules are those of docs/rules.md. Nothing here decides anything: the plans do, in a preview, and
this says it, beside what rows, memory, holds and audits say by themselves.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from idexx_sync.core.vocabulary import FREES_TIME
from idexx_sync.explain.model import NeoSays, StoredAppointment
from idexx_sync.explain.preview import Clinical, Preview, preview
from idexx_sync.explain.texts import (
    CALENDAR,
    CASE,
    STATUS,
    WORDS,
    Reason,
    reason_of,
    status_reasons,
)
from idexx_sync.pims.protocol import Found, Unknown
from idexx_sync.syncs.cases.status import is_removed
from idexx_sync.syncs.cases.store import EXTENSION_PREFIX
from idexx_sync.syncs.cases.stored import StoredCase
from idexx_sync.syncs.decision import Decision, Fact, word_read
from idexx_sync.syncs.memory import REFUSED
from idexx_sync.syncs.proof import STRIKE_INTERVAL, STRIKES_THAT_PROVE

REMOVALS: Final = {
    "deleted_at_source": "Neo said that it is deleted",
    "cancelled_at_source": "Neo said that it is cancelled",
    "not_found_twice": "two complete reads, far enough apart, did not find it",
    "room_not_synced": "its room is not synced",
}


def reasons(neo: NeoSays, stored: StoredAppointment, clinic: Clinical) -> list[Reason]:
    """All that applies, the calendar's part first."""
    seen = preview(neo, stored, clinic)
    found = [*_service(clinic), *_calendar(neo, stored, clinic, seen), *_holds(stored)]
    if _is_visit(neo, stored):
        found += _case(stored, clinic, seen)
    return list(dict.fromkeys(found))


def _service(clinic: Clinical) -> Iterator[Reason]:
    if clinic.paused_reason is not None:
        yield Reason("R13", f"the clinic is paused ({clinic.paused_reason}): nothing is renewed")
    if clinic.stage == "off":
        yield Reason("R13", "the clinic is switched off here: nothing is renewed")
    if clinic.stage == "shadow":
        yield Reason("R13", "the clinic is in shadow: what a run finds is not written")


# -- the calendar --------------------------------------------------------------------------------


def _calendar(
    neo: NeoSays, stored: StoredAppointment, clinic: Clinical, seen: Preview
) -> Iterator[Reason]:
    yield from _word(neo, stored)
    for decision in seen.calendar:
        if decision.code not in WORDS:
            yield reason_of(CALENDAR, decision)
    if isinstance(neo.lookup, Unknown):
        yield reason_of(CALENDAR, Decision("R6", "look_up_failed", {"code": neo.lookup.code}))
    yield from _remembered(stored, clinic)
    if stored.live is None and stored.rows:
        yield from _removed(stored)
    yield from _time(stored)


def _word(neo: NeoSays, stored: StoredAppointment) -> Iterator[Reason]:
    """What is made of Neo's own word, the newest that there is."""
    if not _is_visit(neo, stored):
        yield reason_of(WORDS, Decision("R10", "block"))
    elif neo.record is not None:
        yield reason_of(WORDS, word_read(neo.record.status))
    elif isinstance(neo.lookup, Found):
        yield reason_of(WORDS, word_read(neo.lookup.status))
    else:
        yield _remembered_word(stored)


def _remembered_word(stored: StoredAppointment) -> Reason:
    for memory in stored.memories:
        if memory.kind != "consultation" and memory.record.source is not None:
            return reason_of(
                WORDS, word_read(memory.record.source.status), " (at the last reading)"
            )
    return reason_of(WORDS, word_read(None), " is known")


CALENDAR_DOUBTS: Final = {
    "never_shown": ("R1", "found by its id, and the calendar does not show it: its row stays"),
    "older_version": ("R10", "an older version was shown: the time of both is taken"),
}


def _remembered(stored: StoredAppointment, clinic: Clinical) -> Iterator[Reason]:
    """Of the calendar's record; what strikes a clinical record says nothing of it."""
    for memory in stored.memories:
        record = memory.record
        if memory.kind != "appointment":
            continue
        if record.quarantine_code is not None:
            yield _kept_in_doubt(record.quarantine_code)
        if record.claims:
            spans = ", ".join(
                f"{claim.day} {claim.start:%H:%M} to {claim.end:%H:%M}" for claim in record.claims
            )
            yield Reason("R10", f"beside what its row says it takes {spans}, until it is settled")
        if 0 < record.strikes < STRIKES_THAT_PROVE and record.struck_at is not None:
            after = (record.struck_at + STRIKE_INTERVAL).astimezone(clinic.zone)
            yield Reason(
                "R6",
                "not found once: a second complete read that misses it, after "
                f"{after:%Y-%m-%d %H:%M %Z}, proves it gone",
            )


def _kept_in_doubt(code: str) -> Reason:
    if code == REFUSED:
        what = "ODIS's database refuses its row: its time stays occupied"
        return Reason("R26", f"{what}; the job and its audit say why")
    if code in CALENDAR_DOUBTS:
        return Reason(*CALENDAR_DOUBTS[code])
    return Reason("R3", f"it could not be read ({code}): its time stays occupied")


def _time(stored: StoredAppointment) -> Iterator[Reason]:
    """Whether its live row takes time, and of which slots."""
    live, slots = stored.live, stored.slots
    if live is not None and live.status in FREES_TIME:
        yield Reason("R12", f"{live.status}: it occupies no slot any more")
    elif live is not None and not slots:
        yield Reason("R11", "it occupies its time, in which no slots are offered")
    elif live is not None:
        booked = sum(slot.booked_count > 0 for slot in slots)
        yield Reason("R12", f"it occupies its time: {booked} of {len(slots)} slots count it")


def _removed(stored: StoredAppointment) -> Iterator[Reason]:
    why = next((REMOVALS[t.reason] for t in stored.touches if t.reason in REMOVALS), None)
    yield Reason("R7", f"removed: {why}" if why else "removed; no job of ours says why")


def _holds(stored: StoredAppointment) -> Iterator[Reason]:
    for hold in stored.holds:
        if hold.status == "open":
            yield Reason("R8", f"held ({hold.sync}): {hold.cause}; it waits for a person")
        elif hold.status == "rejected":
            yield Reason("R9", f"{hold.cause} ({hold.sync}) was rejected: it stays as it is")
        else:
            yield Reason("R9", f"{hold.cause} ({hold.sync}) was approved: the next run lets it in")


# -- the case ------------------------------------------------------------------------------------


def _is_visit(neo: NeoSays, stored: StoredAppointment) -> bool:
    if neo.record is not None:
        return neo.record.kind == "visit"
    if isinstance(neo.lookup, Found):
        return neo.lookup.kind == "visit"
    return not any("@" in row.key or row.type == "block" for row in stored.rows)


def _case(stored: StoredAppointment, clinic: Clinical, seen: Preview) -> Iterator[Reason]:
    if stored.visit.was_deleted:
        yield reason_of(CASE, Decision("R14", "deleted_in_odis"))
        return
    yield from _quarantined(stored, seen)
    if stored.case is None:
        yield from _no_case(seen)
        return
    if (stored.case.external_id or "").startswith(EXTENSION_PREFIX):
        yield Reason("R14", "its case was made by the browser extension and taken over")
    if is_removed(stored.case) and not seen.saw_visit:
        yield Reason("R7", "removed by the reconciliation: reviewed, until it comes back")
    yield from _decided(stored.case, seen)
    yield from _edits(stored, seen)
    yield from _marks(stored, stored.case, clinic)


def _decided(case: StoredCase, seen: Preview) -> Iterator[Reason]:
    """What the case plan says; of its status what it becomes without and with the record."""
    told = _rulings_told(seen) if seen.saw_visit or not is_removed(case) else []
    for decision in (*seen.case, *seen.record):
        if decision.code in STATUS:
            if decision in told:
                yield from status_reasons(decision)
        elif decision.code in CASE and decision.code != "edited" and not _is_of_nothing(decision):
            yield reason_of(CASE, decision)


def _rulings_told(seen: Preview) -> list[Decision]:
    """Of rulings one after the other that come to the same status, the last that says why not."""
    told: list[Decision] = []
    for ruling in (*seen.case, *seen.record):
        if ruling.code not in STATUS:
            continue
        before: Fact = told[-1].facts["becomes"] if told else None
        if ruling.facts["becomes"] != before:
            told.append(ruling)
        elif told and ruling.code != "screened":
            told[-1] = ruling
    return told


def _is_of_nothing(decision: Decision) -> bool:
    """There is no record, and never was one."""
    return decision.code == "no_record" and not decision.facts["known"]


def _quarantined(stored: StoredAppointment, seen: Preview) -> Iterator[Reason]:
    """As it is remembered, where Neo does not tell."""
    code = stored.visit.record.quarantine_code
    if seen.saw_visit or code is None:
        return
    if code in CASE:
        yield reason_of(CASE, Decision(_RULES.get(code, "R16"), code))
    else:
        yield Reason("R16", f"its case is left alone: {code}")


_RULES: Final = {
    "ends_before_start": "R3",
    "older_version": "R10",
    "out_of_calendar": "R3",
    "refused": "R26",
}


def _no_case(seen: Preview) -> Iterator[Reason]:
    days = next((d for d in seen.case if d.code == "outside_window"), None)
    if days is not None:
        first, last = days.facts["first"], days.facts["last"]
        yield Reason(
            days.rule, f"no case: case runs read {first} to {last}, and its day is another"
        )
    for decision in seen.case:
        if decision.code in _OF_NO_CASE and not (days and decision.code == "new"):
            yield reason_of(CASE, decision)
        elif decision.code in STATUS and seen.saw_visit:
            yield from status_reasons(decision)


_OF_NO_CASE: Final = (
    *(
        "no_patient",
        "versions_differ",
        "ends_before_start",
        "older_version",
        "out_of_calendar",
        "new",
        "died",
    ),
)


def _edits(stored: StoredAppointment, seen: Preview) -> Iterator[Reason]:
    """Those that the plan finds; of what was not planned, those that are remembered."""
    memory, read = stored.visit.memory, stored.visit.consultation
    fields = {
        *(_edited(seen.case) if seen.saw_visit else memory.edited),
        *(_edited(seen.record) if seen.saw_record else read.edited),
    }
    if fields:
        yield reason_of(CASE, Decision("R15", "edited", {"fields": sorted(fields)}))


def _edited(decisions: Iterable[Decision]) -> list[str]:
    found = (decision.facts["fields"] for decision in decisions if decision.code == "edited")
    return [name for names in found if isinstance(names, list) for name in names]


def _marks(stored: StoredAppointment, case: StoredCase, clinic: Clinical) -> Iterator[Reason]:
    beside = stored.beside.get(case.id)
    if case.is_extreme is True:
        yield Reason("R19", "marked as died: nobody is called about this patient")
    elif case.is_extreme is None and beside is not None and beside.extreme_case_check is not None:
        yield Reason("R19", "its check in ODIS says neither yes nor no: that counts as none")
    if any(death.taken_back for death in stored.visit.deaths):
        yield Reason("R19", "somebody has taken a mark of its patient's death back: that stays")
    if case.user_id is None:
        advice = "" if clinic.acting_user_id else "; the clinic has no acting user"
        yield Reason("R18", f"the case belongs to nobody: nobody is called about it{advice}")
