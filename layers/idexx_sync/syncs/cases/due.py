"""Which consultations a run reads, and in which order (rule R17). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from idexx_sync.core.clinic_time import day_of, local_day
from idexx_sync.core.vocabulary import appointment_status
from idexx_sync.pims.protocol import SourceRecord
from idexx_sync.syncs.cases.record_memory import ConsultationMemory
from idexx_sync.syncs.cases.stored import StoredVisit
from idexx_sync.syncs.decision import Decision, Fact
from idexx_sync.syncs.memory import REFUSED, ConsultationRecord
from idexx_sync.syncs.proof import STRIKES_THAT_PROVE, strike

READ_FAILED: Final = "read_failed"
WRONG_PATIENT: Final = "wrong_patient"
VANISHED: Final = "vanished"
_CLEAR_ANSWERS: Final = (WRONG_PATIENT, VANISHED)
"""Codes of answers that asking at once again would not change, once they are believed."""
DAILY: Final = timedelta(hours=20)
"""A day, less 4 hours: a run that comes a little earlier than yesterday's still counts as daily."""
LATE_EDITS: Final = timedelta(days=7)
"""So long after a visit its notes are read again: they stay editable."""


def due_in_order(
    visits: Iterable[SourceRecord],
    stored: Mapping[str, StoredVisit],
    changed: frozenset[str],
    now: datetime,
    zone: ZoneInfo,
    *,
    observing: bool = False,
    usual_from: date = date.min,
) -> list[SourceRecord]:
    """The visits whose consultation is due: what was never read comes first, and what failed.

    `changed` are the visits of which the calendar says something else than before. For a run that
    only observes, what was observed is read; for any other it is not, because it has to be written.
    Visits before `usual_from` are an outage's and come after the others, and records that have
    failed again and again after all: neither takes the place of what is new.
    """
    due = [
        visit
        for visit in visits
        if rule_reading(
            visit, stored[visit.id], now, zone, changed=visit.id in changed, observing=observing
        ).is_due
    ]

    def age(visit: SourceRecord) -> tuple[bool, bool, bool, float, int, str]:
        memory = stored[visit.id].last_read(observing=observing)
        read_at, day = memory.read_at, day_of(visit.start)
        return (
            is_stubborn(visit, stored[visit.id]),
            day < usual_from,
            not _is_unread(visit, memory),
            read_at.timestamp() if read_at else 0.0,
            -day.toordinal(),
            visit.id,
        )

    return sorted(due, key=age)


class ReadingRuling(NamedTuple):
    """Whether a visit's record is read, and why."""

    is_due: bool
    code: str


def rule_reading(
    visit: SourceRecord,
    stored: StoredVisit,
    now: datetime,
    zone: ZoneInfo,
    *,
    changed: bool,
    observing: bool = False,
) -> ReadingRuling:
    """Whether the visit's record is read in a run at `now`."""
    memory = stored.last_read(observing=observing)
    if visit.consultation_id is None:
        return ReadingRuling(False, "no_record")
    rested = memory.read_at is None or now - memory.read_at >= DAILY
    if memory.code == REFUSED:
        return ReadingRuling(changed or rested, REFUSED)
    if has_failed(memory):
        return ReadingRuling(True, READ_FAILED)
    if memory.id is None:
        return ReadingRuling(True, "never_read")
    if memory.id != visit.consultation_id:
        return ReadingRuling(True, "another_record")
    if memory.code is not None:
        return ReadingRuling(changed or rested or not is_believed(memory), memory.code)
    if appointment_status(visit.status) != "finalized":
        return ReadingRuling(True, "not_final")
    if not memory.final:
        return ReadingRuling(True, "read_before_final")
    if not memory.has_notes:
        return ReadingRuling(True, "no_notes")
    if changed:
        return ReadingRuling(True, "changed_since")
    is_open = stored.case is not None and stored.case.status in ("draft", "ongoing")
    if is_open and not observing:
        return ReadingRuling(True, "not_completed")  # only a reading completes it (rule R18)
    if local_day(now, zone) > _read_until(visit):
        return ReadingRuling(False, "over")
    return ReadingRuling(rested, "daily")


def reading_decision(ruling: ReadingRuling, visit: SourceRecord, stored: StoredVisit) -> Decision:
    """The ruling as a decision."""
    memory = stored.consultation
    facts: dict[str, Fact] = {"due": ruling.is_due, "known": memory.screened is not None}
    if ruling.code in _CLEAR_ANSWERS:
        facts["believed"] = is_believed(memory)
    if ruling.code == READ_FAILED:
        facts["code"] = memory.code
    if ruling.code in ("daily", "over"):
        facts["until"] = _read_until(visit).isoformat()
    return Decision("R17", ruling.code, facts)


def gave_nothing(
    visit: SourceRecord, stored: StoredVisit, code: str, now: datetime
) -> ConsultationMemory:
    """What to remember of a record that was asked for and gave nothing.

    The same as before, from a reading some minutes earlier, is one strike more.
    """
    memory, last, asked = stored.consultation, stored.last_asked, visit.consultation_id
    same = (last.asked, last.code) == (asked, code)
    struck = strike(last.as_record(visit.id) if same else ConsultationRecord(visit.id), now)
    return replace(
        memory,
        id=memory.id if code == READ_FAILED else asked,
        asked=asked,
        code=code,
        read_at=now,
        strikes=struck.strikes,
        struck_at=struck.struck_at,
    )


def has_failed(memory: ConsultationMemory) -> bool:
    """Whether the last reading gave nothing that asking again could not change."""
    return memory.code is not None and memory.code not in _CLEAR_ANSWERS


def is_believed(memory: ConsultationMemory) -> bool:
    """Whether a clear answer was given twice, some minutes apart: once may be a passing trouble."""
    return memory.strikes >= STRIKES_THAT_PROVE


def is_stubborn(visit: SourceRecord, stored: StoredVisit) -> bool:
    """Whether the visit's record has failed again and again, whoever asked for it."""
    last = stored.last_asked
    same = last.asked == visit.consultation_id
    return same and last.code == READ_FAILED and last.strikes >= STRIKES_THAT_PROVE


def _read_until(visit: SourceRecord) -> date:
    """The last day on which a final record is read again."""
    return day_of(visit.start) + LATE_EDITS


def _is_unread(visit: SourceRecord, memory: ConsultationMemory) -> bool:
    gave_nothing = memory.code in _CLEAR_ANSWERS and not is_believed(memory)
    return has_failed(memory) or gave_nothing or memory.id != visit.consultation_id
