"""An explained appointment as a person reads it, and as one object."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from idexx_sync.cli.explain_parts import (
    Veil,
    hold_data,
    holds_shown,
    in_words,
    next_shown,
    read_data,
    reads_shown,
    reason_data,
    rules_shown,
    told_utc,
    touches_shown,
)
from idexx_sync.cli.phrases import REASONS, moment
from idexx_sync.cli.tables import Shown, fact_table, heading, line
from idexx_sync.core.phrases import counted, phrase
from idexx_sync.explain.model import Memory, NeoSays, StoredAppointment, StoredRow, Touch
from idexx_sync.explain.reasons import Explained
from idexx_sync.pims.protocol import Consultation, Found, Gone, SourceRecord, Unknown
from idexx_sync.syncs.cases.fields import EXPLAINED
from idexx_sync.syncs.cases.stored import StoredCase
from idexx_sync.syncs.change import Change

_OF_RECORD: Final = (
    "patient_name",
    "client_name",
    "client_phone",
    "client_email",
    "provider_name",
    "reason",
)
"""Personal values of a record of the calendar."""
_OF_ROW: Final = ("patient_name", "client_name", "client_phone", "provider_name")
_OF_CONSULTATION: Final = ("reason", "notes_html", "discharge_html", "client_phone", "client_email")


# -- one object ----------------------------------------------------------------------------------


def as_data(explained: Explained, veil: Veil) -> dict[str, Any]:
    neo, stored, runs = explained.neo, explained.stored, explained.runs
    return {
        "id": explained.id,
        "clinic_id": str(runs.clinic_id),
        "timezone": runs.zone.key,
        "neo": _neo(neo, veil),
        "stored": {
            "rows": [row_data(row, neo.record, veil) for row in stored.rows],
            "slots": [
                {
                    "date": str(slot.date),
                    "start": f"{slot.start_time:%H:%M}",
                    "end": f"{slot.end_time:%H:%M}",
                    "capacity": slot.capacity,
                    "booked_count": slot.booked_count,
                }
                for slot in stored.slots
            ],
            "records": [_memory(memory) for memory in stored.memories],
            "cases": [_case(case, stored, neo.record, veil) for case in stored.visit.cases],
            "case_deleted_in_odis": stored.visit.was_deleted,
        },
        "rules": [reason_data(reason) for reason in explained.why],
        "next": explained.next_steps,
        "would_change": [_would(change, veil) for change in explained.changes],
        "read_last": [read_data(read) for read in runs.reads],
        "jobs": [_touch(touch, veil) for touch in stored.touches],
        "holds": [hold_data(hold) for hold in stored.holds],
    }


def _would(change: Change, veil: Veil) -> dict[str, Any]:
    """What a run would write: what may be told in clear, and all if values are to be shown."""
    told = {
        name: {"before": before, "after": after} if veil.shows(name) else {"changed": True}
        for name, (before, after) in change.fields.items()
    }
    return {"key": change.key, "did": change.action, "reason": change.reason, "changes": told}


def _neo(neo: NeoSays, veil: Veil) -> dict[str, Any]:
    return {
        "not_asked": neo.not_asked,
        "by_id": _lookup(neo),
        "day": None if neo.day is None else str(neo.day),
        "calendar": [record_data(record, veil) for record in neo.shown],
        "unreadable": [item.code for item in neo.unreadable],
        "consultation": _consultation(neo, veil),
    }


def _lookup(neo: NeoSays) -> dict[str, Any] | None:
    match neo.lookup:
        case Found() as found:
            said = ("kind", "start", "end", "room_id", "status", "deleted", "cancelled")
            return {"found": True, **{name: getattr(found, name) for name in said}}
        case Gone():
            return {"found": False}
        case Unknown(code):
            return {"found": None, "code": code}
    return None


def record_data(record: SourceRecord, veil: Veil) -> dict[str, Any]:
    said = ("kind", "start", "end", "room_id", "status", "type", "patient_id", "client_id")
    return {
        **{name: getattr(record, name) for name in (*said, "consultation_id", "last_updated_at")},
        **{name: veil.of(getattr(record, name)) for name in _OF_RECORD},
    }


def _consultation(neo: NeoSays, veil: Veil) -> dict[str, Any] | None:
    match neo.consultation:
        case Consultation() as record:
            return {
                "found": True,
                "id": record.id,
                "status": record.status,
                "has_notes": bool(record.notes_html),
                "same_patient": neo.is_of_patient,
                **{name: veil.of(getattr(record, name)) for name in _OF_CONSULTATION},
            }
        case Gone():
            return {"found": False}
        case Unknown(code):
            return {"found": None, "code": code}
    return None


def row_data(row: StoredRow, record: SourceRecord | None, veil: Veil) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "key": row.key,
        "date": str(row.date),
        "start": f"{row.start_time:%H:%M:%S}",
        "end": f"{row.end_time:%H:%M:%S}",
        "room_id": row.room_id,
        "status": row.status,
        "type": row.type,
        "removed_at": told_utc(row.deleted_at),
        "last_synced_at": told_utc(row.last_synced_at),
        **{name: veil.of(getattr(row, name), getattr(record, name, None)) for name in _OF_ROW},
    }


def _memory(memory: Memory) -> dict[str, Any]:
    record, source = memory.record, memory.record.source
    return {
        "kind": memory.kind,
        "key": record.key,
        "start": getattr(source, "start", None),
        "status": getattr(source, "status", None),
        "written_at": told_utc(memory.read_at),
        "strikes": record.strikes,
        "struck_at": told_utc(record.struck_at),
        "looked_up_at": told_utc(record.looked_up_at),
        "quarantine_code": record.quarantine_code,
        "edited": list(getattr(source, "edited", ())),
    }


def _case(
    case: StoredCase, stored: StoredAppointment, record: SourceRecord | None, veil: Veil
) -> dict[str, Any]:
    beside = stored.beside.get(case.id)
    check = beside.extreme_case_check if beside else None
    mark = case.value("metadata.reconciliation")
    is_ours = case.id == stored.visit.key
    read_at = stored.visit.consultation.read_at if case is stored.case else None
    return {
        "id": str(case.id),
        "is_ours": is_ours,
        "external_id": case.external_id,
        "source": beside.source if beside else None,
        "status": case.status,
        "type": case.type,
        "scheduled_at": told_utc(case.scheduled_at),
        "user_id": None if case.user_id is None else str(case.user_id),
        "source_status": _leaf(case, "metadata.pimsAppointment.sourceStatus"),
        "extreme_case": _leaf_of(check, "category") if case.is_extreme else None,
        "removed_by_reconciliation": bool(_leaf_of(mark, "softDeleted")),
        "consultation_id": _leaf(case, "metadata.pimsConsultation.id"),
        "consultation_read_at": told_utc(read_at),
        "edited_in_odis": sorted(stored.visit.edited) if is_ours else [],
        "values": {
            name: veil.of(_leaf(case, name), getattr(record, neos or "", None))
            for name, neos in EXPLAINED.items()
        },
    }


def _leaf(case: StoredCase, name: str) -> Any:
    return case.value(name)


def _leaf_of(document: Any, name: str) -> Any:
    return document.get(name) if isinstance(document, dict) else None


def _touch(touch: Touch, veil: Veil) -> dict[str, Any]:
    return {
        "job_id": str(touch.job_id),
        "sync": touch.sync,
        "at": told_utc(touch.at),
        "external_id": touch.external_id,
        "did": touch.did,
        "outcome": touch.outcome,
        "reason": touch.reason,
        "error_message": touch.error_message,
        "fields": sorted(touch.changes),
        "changes": {name: one for name, one in touch.changes.items() if veil.shows(name)},
    }


# -- for a person --------------------------------------------------------------------------------


def as_shown(explained: Explained, veil: Veil) -> list[Shown]:
    neo, stored, runs = explained.neo, explained.stored, explained.runs
    zone = runs.zone
    parts: list[Shown] = [line(f"Appointment {explained.id}, times of {zone.key}", "bold")]
    parts += _neo_shown(neo, veil)
    parts += _stored_shown(stored, neo.record, veil, zone)
    parts += [heading("Why"), fact_table((reason.rule, reason.text) for reason in explained.why)]
    parts += next_shown(explained.next_steps)
    parts += _would_shown(explained.changes, veil)
    parts += reads_shown(runs)
    parts += touches_shown(stored.touches, veil, zone)
    parts += holds_shown(stored.holds, zone)
    return [*parts, *rules_shown(explained.why)]


def _would_shown(changes: Sequence[Change], veil: Veil) -> list[Shown]:
    """Before -> after of what the next runs would write."""
    if not changes:
        return []
    parts: list[Shown] = [heading("What the next runs would write")]
    for change in changes:
        said = f"{change.action}, {phrase(REASONS, change.reason)}"
        fields = _fields_said(change.fields, veil)
        if change.action == "create":
            fields = counted(len(change.fields), "field")
        parts.append(line(f" {change.key}: {said}: {fields}"))
    return parts


def _fields_said(fields: Mapping[str, tuple[Any, Any]], veil: Veil) -> str:
    told = (
        f"{name} {before} -> {after}" if veil.shows(name) else name
        for name, (before, after) in sorted(fields.items())
    )
    return ", ".join(told) or "no field"


def _neo_shown(neo: NeoSays, veil: Veil) -> list[Shown]:
    rows: list[tuple[str, str | None]] = []
    if (lookup := _lookup(neo)) is not None:
        rows.append(("by id", _found(lookup)))
    if neo.day is not None:
        shown = [in_words(record_data(record, veil)) for record in neo.shown]
        shown += [
            f"a record that can't be read ({phrase({}, item.code)})" for item in neo.unreadable
        ]
        rows += [(f"calendar {neo.day}", text) for text in shown or ["not there"]]
    if (record := _consultation(neo, veil)) is not None:
        rows.append(("consultation", _found(record)))
        if record["found"] and not record["same_patient"]:
            rows.append(("", "of another patient than the visit"))
    if neo.not_asked is not None:
        rows.append(("not asked", neo.not_asked))
    return [heading("What Neo says now"), fact_table(rows)]


def _found(data: dict[str, Any]) -> str:
    if data["found"] is None:
        return f"no usable answer ({phrase({}, data['code'])})"
    return in_words(data, "found") if data["found"] else "not found"


def _stored_shown(
    stored: StoredAppointment, record: SourceRecord | None, veil: Veil, zone: ZoneInfo
) -> list[Shown]:
    rows: list[tuple[str, str | None]] = []
    for row in stored.rows:
        name = "row" if row.deleted_at is None else "removed row"
        told = in_words(row_data(row, record, veil), "id", "removed_at", "last_synced_at")
        rows.append((name, f"{told}, synced {moment(row.last_synced_at, zone)}"))
    for slot in stored.slots:
        when = f"{slot.date} {slot.start_time:%H:%M} to {slot.end_time:%H:%M}"
        rows.append(("slot", f"{when}, {slot.booked_count} of {slot.capacity} booked"))
    for memory in stored.memories:
        said = in_words(_memory(memory), "kind", "written_at")
        rows.append((f"{memory.kind} record", f"{said}, written {moment(memory.read_at, zone)}"))
    for case in stored.visit.cases:
        data = _case(case, stored, record, veil)
        name = "case, ours" if data.pop("is_ours") else "case"
        values = {name.rpartition("metadata.")[2]: v for name, v in data.pop("values").items()}
        data["scheduled_at"] = case.scheduled_at and moment(case.scheduled_at, zone)
        read_at = stored.visit.consultation.read_at
        data["consultation_read_at"] = data["consultation_read_at"] and moment(read_at, zone)
        rows.append((name, in_words(data)))
        rows.append(("", in_words(values)))
    if stored.visit.was_deleted:
        rows.append(("case", "deleted in ODIS"))
    if not rows:
        rows.append(("", "nothing"))
    return [heading("What is stored"), fact_table(rows)]
