"""An explained appointment as a person reads it, and as one object."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from idexx_sync.cli.phrases import CAUSES, REASONS, counted, moment, phrase, utc
from idexx_sync.cli.tables import Shown, fact_table, heading, indented, line
from idexx_sync.explain.model import Memory, NamedHold, NeoSays, StoredAppointment, StoredRow, Touch
from idexx_sync.explain.store import MOST_TOUCHES
from idexx_sync.explain.texts import Reason
from idexx_sync.pims.protocol import Consultation, Found, Gone, SourceRecord, Unknown
from idexx_sync.syncs.cases.fields import EXPLAINED
from idexx_sync.syncs.cases.phones import normal_phone
from idexx_sync.syncs.cases.stored import StoredCase

NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})
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


@dataclass(frozen=True, slots=True)
class Veil:
    """Over everything personal, unless values are to be shown."""

    values: bool

    def of(self, value: Any, in_neo: Any = None) -> Any:
        """The value itself, or `set`, `empty`, or `differs` from what Neo says."""
        if self.values:
            return value
        if value in NOTHING:
            return "empty"
        if in_neo in NOTHING or value in (in_neo, normal_phone(str(in_neo))):
            return "set"
        return "differs"


# -- one object ----------------------------------------------------------------------------------


def as_data(
    appointment_id: str,
    clinic_id: UUID,
    neo: NeoSays,
    stored: StoredAppointment,
    why: Sequence[Reason],
    veil: Veil,
) -> dict[str, Any]:
    return {
        "id": appointment_id,
        "clinic_id": str(clinic_id),
        "neo": _neo(neo, veil),
        "stored": {
            "rows": [_row(row, neo.record, veil) for row in stored.rows],
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
        "rules": [{"rule": reason.rule, "text": reason.text} for reason in why],
        "jobs": [_touch(touch, veil) for touch in stored.touches],
        "holds": [_hold(hold) for hold in stored.holds],
    }


def _neo(neo: NeoSays, veil: Veil) -> dict[str, Any]:
    return {
        "not_asked": neo.not_asked,
        "by_id": _lookup(neo),
        "day": None if neo.day is None else str(neo.day),
        "calendar": [_record(record, veil) for record in neo.shown],
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


def _record(record: SourceRecord, veil: Veil) -> dict[str, Any]:
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


def _row(row: StoredRow, record: SourceRecord | None, veil: Veil) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "key": row.key,
        "date": str(row.date),
        "start": f"{row.start_time:%H:%M:%S}",
        "end": f"{row.end_time:%H:%M:%S}",
        "room_id": row.room_id,
        "status": row.status,
        "type": row.type,
        "removed_at": _utc(row.deleted_at),
        "last_synced_at": _utc(row.last_synced_at),
        **{name: veil.of(getattr(row, name), getattr(record, name, None)) for name in _OF_ROW},
    }


def _memory(memory: Memory) -> dict[str, Any]:
    record, source = memory.record, memory.record.source
    return {
        "kind": memory.kind,
        "key": record.key,
        "start": getattr(source, "start", None),
        "status": getattr(source, "status", None),
        "written_at": _utc(memory.read_at),
        "strikes": record.strikes,
        "struck_at": _utc(record.struck_at),
        "looked_up_at": _utc(record.looked_up_at),
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
        "scheduled_at": _utc(case.scheduled_at),
        "user_id": None if case.user_id is None else str(case.user_id),
        "source_status": _leaf(case, "metadata.pimsAppointment.sourceStatus"),
        "extreme_case": _leaf_of(check, "category") if case.is_extreme else None,
        "removed_by_reconciliation": bool(_leaf_of(mark, "softDeleted")),
        "consultation_id": _leaf(case, "metadata.pimsConsultation.id"),
        "consultation_read_at": _utc(read_at),
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
    data: dict[str, Any] = {
        "job_id": str(touch.job_id),
        "sync": touch.sync,
        "at": _utc(touch.at),
        "external_id": touch.external_id,
        "did": touch.did,
        "outcome": touch.outcome,
        "reason": touch.reason,
        "error_message": touch.error_message,
        "fields": sorted(touch.changes),
    }
    return {**data, "changes": dict(touch.changes)} if veil.values else data


def _hold(hold: NamedHold) -> dict[str, Any]:
    return {
        "id": str(hold.id),
        "sync": hold.sync,
        "cause": hold.cause,
        "status": hold.status,
        "opened_at": _utc(hold.opened_at),
        "findings": dict(hold.findings),
    }


def _utc(instant: datetime | None) -> str | None:
    return None if instant is None else utc(instant)


# -- for a person --------------------------------------------------------------------------------


def as_shown(
    appointment_id: str,
    neo: NeoSays,
    stored: StoredAppointment,
    why: Sequence[Reason],
    veil: Veil,
    zone: ZoneInfo,
) -> list[Shown]:
    parts: list[Shown] = [line(f"Appointment {appointment_id}", "bold")]
    parts += _neo_shown(neo, veil)
    parts += _stored_shown(stored, neo.record, veil, zone)
    parts += [heading("Why"), fact_table((reason.rule, reason.text) for reason in why)]
    parts += _touches_shown(stored.touches, veil, zone)
    parts += _holds_shown(stored.holds, zone)
    return parts


def _said(data: dict[str, Any], *left_out: str) -> str:
    """`start 2026-05-04 09:00:00, room 3`: all that is there to say."""
    shown = [
        f"{name.replace('_', ' ')} {_one(value)}"
        for name, value in data.items()
        if name not in left_out and value not in (*NOTHING, False)
    ]
    return ", ".join(shown) or "nothing"


def _one(value: Any) -> str:
    """Lists without brackets, truth without a capital."""
    if isinstance(value, (list, tuple)):
        return " and ".join(map(str, value))
    return "yes" if value is True else str(value)


def _neo_shown(neo: NeoSays, veil: Veil) -> list[Shown]:
    rows: list[tuple[str, str | None]] = []
    if (lookup := _lookup(neo)) is not None:
        rows.append(("by id", _found(lookup)))
    if neo.day is not None:
        shown = [_said(_record(record, veil)) for record in neo.shown]
        shown += [f"a record that can't be read ({item.code})" for item in neo.unreadable]
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
        return f"no usable answer ({data['code']})"
    return _said(data, "found") if data["found"] else "not found"


def _stored_shown(
    stored: StoredAppointment, record: SourceRecord | None, veil: Veil, zone: ZoneInfo
) -> list[Shown]:
    rows: list[tuple[str, str | None]] = []
    for row in stored.rows:
        name = "row" if row.deleted_at is None else "removed row"
        said = _said(_row(row, record, veil), "id", "removed_at", "last_synced_at")
        rows.append((name, f"{said}, synced {moment(row.last_synced_at, zone)}"))
    for slot in stored.slots:
        when = f"{slot.date} {slot.start_time:%H:%M} to {slot.end_time:%H:%M}"
        rows.append(("slot", f"{when}, {slot.booked_count} of {slot.capacity} booked"))
    for memory in stored.memories:
        said = _said(_memory(memory), "kind", "written_at")
        rows.append((f"{memory.kind} record", f"{said}, written {moment(memory.read_at, zone)}"))
    for case in stored.visit.cases:
        data = _case(case, stored, record, veil)
        name = "case, ours" if data.pop("is_ours") else "case"
        values = {name.rpartition("metadata.")[2]: v for name, v in data.pop("values").items()}
        data["scheduled_at"] = case.scheduled_at and moment(case.scheduled_at, zone)
        read_at = stored.visit.consultation.read_at
        data["consultation_read_at"] = data["consultation_read_at"] and moment(read_at, zone)
        rows.append((name, _said(data)))
        rows.append(("", _said(values)))
    if stored.visit.was_deleted:
        rows.append(("case", "deleted in ODIS"))
    if not rows:
        rows.append(("", "nothing"))
    return [heading("What is stored"), fact_table(rows)]


def _touches_shown(touches: Sequence[Touch], veil: Veil, zone: ZoneInfo) -> list[Shown]:
    parts: list[Shown] = [heading("Jobs that touched it, newest first")]
    if not touches:
        return [*parts, line(" none")]
    for touch in touches:
        head = f" {moment(touch.at, zone)}  {touch.job_id}  {touch.sync}"
        outcome = touch.did if touch.outcome == "written" else f"{touch.did}, {touch.outcome}"
        said = [outcome, phrase(REASONS, touch.reason or "no reason")]
        said += [touch.error_message] if touch.error_message else []
        parts.append(line(head, whole=True))
        parts.append(indented(f"{', '.join(said)}: {_changed(touch, veil)}", 5))
    if len(touches) == MOST_TOUCHES:
        parts.append(line(f" only the newest {MOST_TOUCHES} are shown"))
    return parts


def _changed(touch: Touch, veil: Veil) -> str:
    def shown(name: str) -> str:
        change = touch.changes[name]
        if not veil.values or not isinstance(change, dict) or "after" not in change:
            return name
        return f"{name} {change.get('before')} -> {change['after']}"

    if touch.did == "create" and not veil.values:
        return counted(len(touch.changes), "field")
    return ", ".join(shown(name) for name in sorted(touch.changes)) or "no field"


def _holds_shown(holds: Sequence[NamedHold], zone: ZoneInfo) -> list[Shown]:
    if not holds:
        return []
    parts: list[Shown] = [heading("Holds that name it")]
    for hold in holds:
        parts.append(line(f" {hold.id}  {hold.status} since {moment(hold.opened_at, zone)}"))
        parts.append(line(f"     {hold.sync}: {phrase(CAUSES, hold.cause)}"))
        if hold.status == "open":
            parts.append(line(f"     decide: idexx-sync holds approve {hold.id}"))
            parts.append(line(f"         or: idexx-sync holds reject {hold.id}"))
    return parts
