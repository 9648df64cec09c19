"""Which consultations a run reads, and in which order (rule R17). Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from idexx_sync.core.clinic_time import day_of, local_day
from idexx_sync.core.vocabulary import appointment_status
from idexx_sync.pims.protocol import SourceRecord
from idexx_sync.syncs.cases.model import ConsultationMemory, StoredVisit

READ_FAILED: Final = "read_failed"
WRONG_PATIENT: Final = "wrong_patient"
VANISHED: Final = "vanished"
_CLEAR_ANSWERS: Final = (WRONG_PATIENT, VANISHED)
"""Codes of answers that asking at once again would not change."""
DAILY: Final = timedelta(days=1)
LATE_EDITS: Final = timedelta(days=7)
"""So long after a visit its notes are read again: they stay editable."""


def due_in_order(
    visits: Iterable[SourceRecord],
    stored: Mapping[str, StoredVisit],
    changed: frozenset[str],
    now: datetime,
    zone: ZoneInfo,
) -> list[SourceRecord]:
    """The visits whose consultation is due: what was never read comes first, and what failed.

    `changed` are the visits of which the calendar says something else than before.
    """
    due = [
        visit
        for visit in visits
        if is_due(visit, stored[visit.id], now, zone, changed=visit.id in changed)
    ]

    def age(visit: SourceRecord) -> tuple[bool, float, str]:
        memory = stored[visit.id].consultation
        read_at = memory.read_at
        return (
            not _is_unread(visit, memory),
            read_at.timestamp() if read_at else 0.0,
            visit.id,
        )

    return sorted(due, key=age)


def is_due(
    visit: SourceRecord, stored: StoredVisit, now: datetime, zone: ZoneInfo, *, changed: bool
) -> bool:
    memory = stored.consultation
    if visit.consultation_id is None:
        return False
    if _is_unread(visit, memory):
        return True
    rested = memory.read_at is None or now - memory.read_at >= DAILY
    if memory.code in _CLEAR_ANSWERS and not changed:
        return rested
    final = appointment_status(visit.status) == "finalized"
    if not final or not memory.final or not memory.has_notes or changed:
        return True
    if stored.case is not None and stored.case.status in ("draft", "ongoing"):
        return True  # only a reading completes it (rule R18)
    return rested and local_day(now, zone) <= day_of(visit.start) + LATE_EDITS


def _is_unread(visit: SourceRecord, memory: ConsultationMemory) -> bool:
    failed = memory.code is not None and memory.code not in _CLEAR_ANSWERS
    return failed or memory.id != visit.consultation_id
