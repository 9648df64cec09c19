"""How a clinic's calendar is to be read: its window, rooms and keys (rules R2, R6, R10). Pure."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from idexx_sync.core.clinic_time import day_of
from idexx_sync.core.fingerprints import Fingerprints
from idexx_sync.pims.protocol import RecordKind, Snapshot, SourceRecord, Unreadable, Window
from idexx_sync.syncs.inbound.model import Row, Stored
from idexx_sync.syncs.memory import Record
from idexx_sync.syncs.proof import changed_shape, ids_to_look_up

_NAMELESS: Final = "? "
"""Begins no id of the source: those have no blanks."""


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


def keyed_unreadable(snapshot: Snapshot) -> list[tuple[str, Unreadable]]:
    """What could not be read, each with the key of what it takes, in a steady order.

    One that may be any record, or on any day, gets a key of its own, however like others it is.
    """
    seen: Counter[str] = Counter()
    keyed = []
    for item in sorted(snapshot.unreadable, key=_steadily):
        key = _key_of_unreadable(item)
        seen[key] += 1
        keyed.append((f"{key} {seen[key]}" if is_nameless(key) else key, item))
    return keyed


def _key_of_unreadable(item: Unreadable) -> str:
    if item.id is None or item.is_vague:
        told = [item.id or "", item.code, item.start or str(item.day or ""), item.room_id or ""]
        return f"{_NAMELESS}{' '.join(told)}"
    return key_of(item.id, item.kind, item.start or str(item.day))


def _steadily(item: Unreadable) -> tuple[str, ...]:
    """An order that does not depend on the answer's."""
    return item.id or "", item.start or "", item.code, item.room_id or ""


def is_nameless(key: str) -> bool:
    """Whether the key is of a record that can't be asked for by its id."""
    return key.startswith(_NAMELESS)


def keys_of(snapshot: Snapshot) -> list[str]:
    """Every key that the answer names; our rows of these keys belong to the window (rule R2)."""
    named = [key_of(r.id, r.kind, r.start) for r in snapshot.records]
    for key, item in keyed_unreadable(snapshot):
        named.append(key)
        if item.id is not None:
            named.append(key_of(item.id, item.kind, item.start or ""))
        if item.id is not None and item.is_vague:  # or it may be something else of that id
            named.append(item.id)
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
    blocks = bare_block_ids(snapshot)
    vague = _any_occurrence(snapshot)
    return [
        row
        for key, row in stored.rows.items()
        if key not in shown
        and not (row.appointment.kind == "block" and (key in blocks or id_of(key) in vague))
        and not row.deleted
        and row.appointment.status != "cancelled"
        and context.covers(row.appointment.date)
    ]


def _any_occurrence(snapshot: Snapshot) -> set[str | None]:
    """Ids that are shown without a time, or not as what they are: any occurrence of a block."""
    return {i.id for i in snapshot.unreadable if not (i.kind == "block" and i.start)}


def doubtful_absent(snapshot: Snapshot, stored: Stored, context: CalendarContext) -> list[Record]:
    """What is in doubt, takes time of the window beside or without a row, and is not shown."""
    planned = {*keys_of(snapshot), *(row.key for row in missing_rows(snapshot, stored, context))}
    blocks, vague = bare_block_ids(snapshot), _any_occurrence(snapshot)
    return [
        record
        for key, record in sorted(stored.records.items())
        if key not in planned
        and _is_in_doubt(record, stored, context)
        and not (key in blocks and _is_live_block(stored.rows.get(key)))
        and not ("@" in key and id_of(key) in vague)
    ]


def _is_in_doubt(record: Record, stored: Stored, context: CalendarContext) -> bool:
    if record.claims:
        return any(context.covers(claim.day) for claim in record.claims)
    row = stored.rows.get(record.key)
    return record.quarantine_code is not None and (row is None or row.deleted)


def _is_live_block(row: Row | None) -> bool:
    return row is not None and not row.deleted and row.appointment.kind == "block"


def look_ups_wanted(snapshot: Snapshot, stored: Stored, context: CalendarContext) -> list[str]:
    """The ids whose absence this run asks the source about."""
    return ids_to_look_up(absent_ids(snapshot, stored, context))


def absent_ids(
    snapshot: Snapshot, stored: Stored, context: CalendarContext
) -> list[tuple[str, Record]]:
    """The ids that the answer should show and does not, each with what is remembered of it.

    An incomplete answer asks too: what is proven by its own id needs no complete one (rule R1).
    None where the answer's shape has changed.
    """
    if changed_shape(snapshot) is not None:
        return []
    return [
        *(
            (id_of(row.key), stored.record(row.key))
            for row in missing_rows(snapshot, stored, context)
        ),
        *(
            (id_of(record.key), record)
            for record in doubtful_absent(snapshot, stored, context)
            if record.claims and not is_nameless(record.key)
        ),
    ]
