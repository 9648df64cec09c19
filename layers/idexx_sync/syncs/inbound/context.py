"""How a clinic's calendar is to be read: its window, rooms and keys (rules R2, R6, R10). Pure."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from idexx_sync.core.clinic_time import day_of
from idexx_sync.core.fingerprints import Fingerprints
from idexx_sync.pims.protocol import RecordKind, Snapshot, SourceRecord, Unreadable, Window
from idexx_sync.syncs.inbound.model import Row, Stored
from idexx_sync.syncs.proof import ids_to_look_up


@dataclass(frozen=True, slots=True)
class CalendarContext:
    """How a clinic's calendar is to be read."""

    window: Window
    zone: ZoneInfo
    slot_minutes: int
    room_ids: frozenset[str] | None
    """Calendar columns that count; None: all."""
    fingerprints: Fingerprints

    def allows(self, room_id: str | None) -> bool:
        """A record without a room is kept: dropping it would make its time look free."""
        return self.room_ids is None or room_id is None or room_id in self.room_ids

    def covers(self, day: date) -> bool:
        return day in self.window


def key_of(record_id: str, kind: RecordKind, start: str) -> str:
    """Occurrences of a recurring block share the id, so the start belongs to a block's key."""
    return f"{record_id}@{start}" if kind == "block" else record_id


def id_of(key: str) -> str:
    """The source's id of a key."""
    return key.partition("@")[0]


def keys_of(snapshot: Snapshot) -> list[str]:
    """Every key that the answer names; our rows of these keys belong to the window (rule R2)."""
    named = [key_of(r.id, r.kind, r.start) for r in snapshot.records]
    named += [
        key_of(item.id, item.kind, item.start or "")
        for item in snapshot.unreadable
        if item.id is not None
    ]
    return sorted(set(named))


def bare_block_ids(snapshot: Snapshot) -> set[str]:
    """Keys under which an earlier service kept blocks; the plan replaces such rows."""
    return {record.id for record in snapshot.records if record.kind == "block"}


def keys_to_place(snapshot: Snapshot, context: CalendarContext) -> list[str]:
    """Keys of the answer that belong into the window's rows, whether they are stored or not."""
    shown: list[SourceRecord | Unreadable] = [*snapshot.records, *snapshot.unreadable]
    return sorted(
        {
            key_of(item.id, item.kind, item.start)
            for item in shown
            if item.id is not None
            and item.start is not None
            and context.allows(item.room_id)
            and context.covers(day_of(item.start))
        }
    )


def missing_rows(snapshot: Snapshot, stored: Stored, context: CalendarContext) -> list[Row]:
    """Live rows of the window that the answer does not show; cancelled ones need no removal."""
    shown = set(keys_of(snapshot))
    shown |= bare_block_ids(snapshot)
    # An unreadable block without a start may be any occurrence: all of its id count as shown.
    vague = {item.id for item in snapshot.unreadable if item.kind == "block" and not item.start}
    return [
        row
        for key, row in stored.rows.items()
        if key not in shown
        and id_of(key) not in vague
        and not row.deleted
        and row.appointment.status != "cancelled"
        and context.covers(row.appointment.date)
    ]


def look_ups_wanted(snapshot: Snapshot, stored: Stored, context: CalendarContext) -> list[str]:
    """The ids whose absence this run asks the source about; none after an incomplete read."""
    if not snapshot.complete:
        return []
    missing = missing_rows(snapshot, stored, context)
    return ids_to_look_up((id_of(row.key), stored.record(row.key)) for row in missing)
