"""How the record of a visit stands, by what is remembered of it (rule R17). Pure."""

from typing import Literal

from idexx_sync.pims.protocol import SourceRecord
from idexx_sync.syncs.cases.due import VANISHED, WRONG_PATIENT, has_failed
from idexx_sync.syncs.cases.stored import StoredVisit

RecordState = Literal["none", "unread", "failed", "read", "wrong_patient", "vanished"]
"""What is remembered of a visit's record: of the one that it has, or had last."""


def record_state(visit: SourceRecord, stored: StoredVisit) -> RecordState:
    """How the record stands that the visit has, or had when it was seen last."""
    record_id = visit.consultation_id or stored.memory.last_consultation
    read = stored.consultation
    if record_id is None:
        return "none"
    if has_failed(read):
        return "failed"
    if read.id != record_id:
        return "unread"
    if read.code == VANISHED:
        return "vanished"
    return "wrong_patient" if read.code == WRONG_PATIENT else "read"
