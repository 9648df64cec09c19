"""What the source says of an appointment, and what of it is news (rule R4). Pure."""

from dataclasses import fields

from idexx_sync.core.fingerprints import Fingerprints
from idexx_sync.pims.protocol import SourceRecord
from idexx_sync.syncs.inbound.model import Appointment
from idexx_sync.syncs.memory import AppointmentMemory, Record
from idexx_sync.syncs.proof import newest_stamp


def words_of(
    record: SourceRecord, before: Record, latest_stamp: str, fingerprints: Fingerprints
) -> AppointmentMemory:
    """What is remembered of the record's words; without a stamp the one before stays."""
    known = before.source.stamp if before.source else None
    return AppointmentMemory(
        start=record.start,
        end=record.end,
        room=record.room_id,
        status=record.status,
        type=record.type,
        private=fingerprints.of(_private(record)),
        stamp=newest_stamp(record.last_updated_at, known, latest_stamp),
    )


def news(
    before: Record,
    now: Record,
    stored: Appointment,
    after: Appointment,
    fingerprints: Fingerprints,
) -> list[str]:
    """The names of what the source says otherwise than before."""
    said, says = before.source, now.source
    if said is None or says is None or said == says:
        return []
    names = [item.name for item in fields(AppointmentMemory) if item.name != "stamp"]
    changed = [name for name in names if getattr(said, name) != getattr(says, name)]
    if "private" in changed and not _is_private_news(said, stored, after, fingerprints):
        changed.remove("private")
    return changed


def _is_private_news(
    said: AppointmentMemory, stored: Appointment, after: Appointment, fingerprints: Fingerprints
) -> bool:
    """Where the fingerprint tells nothing, by what the row says."""
    now = _private(after)
    known = fingerprints.is_of(said.private or "", now)
    return _private(stored) != now if known is None else not known


def _private(shown: SourceRecord | Appointment) -> tuple[str | None, ...]:
    """What of it is personal; the row says it as the source does."""
    return (
        shown.patient_name,
        shown.client_name,
        shown.client_phone,
        shown.provider_name,
    )
