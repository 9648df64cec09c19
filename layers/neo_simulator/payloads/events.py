"""Calendar entries as the wire shows them (Neo protocol, section on the calendar request)."""

from datetime import datetime
from typing import Any

from neo_simulator.model import Block, Patient, Roster, Visit
from neo_simulator.payloads.text import stamp
from neo_simulator.statuses import css_class, display, state_of
from neo_simulator.world import Occurrence, World

Event = dict[str, Any]

BLOCK_COLOR = "#9E9E9E"


def event(world: World, entry: Occurrence, now: datetime) -> Event:
    """One entry: visit, block or roster. Snake case; no species, no provider id, no zone."""
    record = entry.record
    if isinstance(record, Visit):
        return visit_event(world, record, now)
    if isinstance(record, Block):
        return block_event(world, record, entry)
    return roster_event(world, record)


def visit_event(world: World, visit: Visit, now: datetime) -> Event:
    patient, client = world.patient_of(visit)
    provider = world.providers[visit.provider_id].name if visit.provider_id else None
    kind = world.types[visit.type_id]
    phone, phone_label = client.phone
    state = state_of(visit, now)
    word = display(state, visit.spelling)
    return {
        "id": str(visit.id),
        "appointment_id": visit.id,
        "consultation_id": visit.consultation_id,
        "start": stamp(visit.start),
        "end": stamp(visit.end),
        "arrival_date_time": stamp(visit.arrived_at),
        "patient_id": patient.id,
        "patient_name": patient.name,
        "client_id": client.id,
        "client_title": client.title,
        "first_name": client.first_name,
        "last_name": client.last_name,
        "email": client.email,
        "phone_number": phone,
        "phone_label": phone_label,
        "is_valid_mobile_phone": phone_label == "Mobile",
        "provider": provider,
        "popup_title_text": provider,
        **_room(world, visit.room_id),
        "title": _title(patient, client.first_name, client.last_name),
        "type_description": kind.name,
        "reason": visit.reason,
        "current_status": word,
        "status_label": word,
        "status_class": css_class(state),
        "confirmed_status": "confirmed" if visit.confirmed else None,
        "backgroundColor": kind.color,
        "darkFont": True,
        "is_block": False,
        "is_roster": False,
        "recurring": False,
        "booked_by": visit.booked_by,
        "booked_at": stamp(visit.booked_at),
        "last_updated_by": visit.last_updated_by,
        "last_updated_at": stamp(visit.last_updated_at),
        "root_created_at_local": stamp(visit.booked_at),
        "root_created_at_user": visit.booked_by,
        "estimate_id": None,
        "is_unmatched": False,
        "audit_incomplete": False,
    }


def block_event(world: World, block: Block, entry: Occurrence) -> Event:
    return {
        "id": str(block.id),
        "appointment_id": block.id,
        **_nobody(),
        "start": stamp(entry.start),
        "end": stamp(entry.end),
        "provider": None,
        "popup_title_text": None,
        **_room(world, block.room_id),
        "title": block.title,
        "backgroundColor": BLOCK_COLOR,
        "darkFont": False,
        "is_block": True,
        "is_roster": False,
        "recurring": block.recurring,
        "booked_by": block.booked_by,
        "booked_at": stamp(block.booked_at),
        "last_updated_by": block.last_updated_by,
        "last_updated_at": stamp(block.last_updated_at),
    }


def roster_event(world: World, roster: Roster) -> Event:
    return {
        "id": str(roster.id),
        **_nobody(),
        "start": stamp(roster.start),
        "end": stamp(roster.end),
        "provider": world.providers[roster.provider_id].name,
        "popup_title_text": None,
        **_room(world, None),
        "title": roster.title,
        "is_block": False,
        "is_roster": True,
        "recurring": False,
    }


def _nobody() -> Event:
    return {
        "consultation_id": None,
        "patient_id": None,
        "patient_name": None,
        "client_id": None,
        "first_name": None,
        "last_name": None,
        "email": None,
        "phone_number": None,
        "type_description": None,
        "reason": None,
        "current_status": None,
        "status_label": None,
        "status_class": None,
    }


def _room(world: World, room_id: int | None) -> Event:
    """The room as column: text in one field, number in the other."""
    return {
        "resourceId": None if room_id is None else str(room_id),
        "appointment_room_id": room_id,
        "appointment_room_name": None if room_id is None else world.rooms[room_id].name,
    }


def _title(patient: Patient, first: str | None, last: str | None) -> str:
    """`PATIENT; LAST, FIRST`, sometimes with a blank before the semicolon."""
    blank = " " if patient.id % 7 == 0 else ""
    owner = ", ".join(part for part in (last, first) if part)
    return f"{patient.name}{blank}; {owner}"
