"""The answers of `getAppointmentView` and `getAppointment` (Neo protocol, sections 5.5 and 5.6)."""

from datetime import datetime
from typing import Any

from neo_simulator.knobs import Knobs
from neo_simulator.model import Block, Client, Named, Patient, Visit
from neo_simulator.payloads.damage import malformed_look_up
from neo_simulator.payloads.life import life_keys
from neo_simulator.payloads.text import retype_ids, stamp
from neo_simulator.statuses import state_of
from neo_simulator.world import World


def view(world: World, knobs: Knobs) -> dict[str, Any]:
    """The schedule's configuration."""
    answer = {
        "slotInterval": world.slot_minutes,
        "businessHours": [
            {"daysOfWeek": days, "startTime": opens, "endTime": closes}
            for days, opens, closes in world.hours
        ],
        "appointmentTypes": [_type(world, number) for number in world.types],
        "appointmentRooms": [
            {"id": room.id, "name": room.name, "position": room.position}
            for room in world.rooms.values()
        ],
        "providers": [
            {"id": provider.id, "name": provider.name, "provider": True}
            for provider in world.providers.values()
        ],
        "deputyEnabled": False,
    }
    retype_ids(answer, "view", knobs["id_types"])
    return answer


def appointment(world: World, knobs: Knobs, number: int, now: datetime) -> dict[str, Any] | None:
    """A visit or block by id, cancelled and deleted ones included; None when there is none."""
    visit = world.visits.get(number)
    block = world.blocks.get(number)
    hide_deleted = knobs["deleted_visits"] == "unknown"
    if visit and not (visit.deleted and hide_deleted):
        shown = _visit(world, knobs, visit, now)
    elif block and not (block.deleted and hide_deleted):
        shown = _block(world, block)
    else:
        return None
    retype_ids(shown, "appointment", knobs["id_types"])
    kind = knobs["malformed_look_ups"].get(str(number))
    return {"appointment": malformed_look_up(shown, kind) if kind else shown}


def _visit(world: World, knobs: Knobs, visit: Visit, now: datetime) -> dict[str, Any]:
    patient, client = world.patient_of(visit)
    provider = world.providers.get(visit.provider_id or 0)
    return {
        "id": str(visit.id),
        "status": state_of(visit, now),
        "startAtLocal": stamp(visit.start),
        "endAtLocal": stamp(visit.end),
        "notes": visit.reason,
        "deleted": visit.deleted,
        "block": False,
        "bookedBy": visit.booked_by,
        "createdAt": stamp(visit.booked_at),
        "patient": {
            **_patient(patient),
            **life_keys(patient, knobs, "look_up"),
            "client": _client(client),
        },
        "appointmentType": _type(world, visit.type_id),
        "appointmentRoom": _room(world, visit.room_id),
        "provider": {"id": provider.id, "name": provider.name} if provider else None,
        "cancelledReason": visit.cancelled_reason,
    }


def _block(world: World, block: Block) -> dict[str, Any]:
    """Of a recurring block, its first occurrence."""
    start, end = block.occurrences()[0]
    return {
        "id": str(block.id),
        "status": None,
        "startAtLocal": stamp(start),
        "endAtLocal": stamp(end),
        "notes": block.title,
        "deleted": block.deleted,
        "block": True,
        "bookedBy": block.booked_by,
        "createdAt": stamp(block.booked_at),
        "patient": None,
        "appointmentType": None,
        "appointmentRoom": _room(world, block.room_id),
        "provider": None,
        "cancelledReason": None,
    }


def _patient(patient: Patient) -> dict[str, Any]:
    return {
        "id": patient.id,
        "name": patient.name,
        "breed": named(patient.breed),
        "species": named(patient.species),
        "gender": named(patient.gender),
    }


def _client(client: Client) -> dict[str, Any]:
    return {
        "id": client.id,
        "firstName": client.first_name,
        "lastName": client.last_name,
        "email": client.email,
        "homePhone": client.home_phone,
        "mobilePhone": client.mobile_phone,
    }


def named(value: Named) -> dict[str, Any]:
    return {"id": value.id, "name": value.name}


def _type(world: World, number: int) -> dict[str, Any]:
    kind = world.types[number]
    return {"id": kind.id, "name": kind.name, "duration": kind.slots, "color": kind.color}


def _room(world: World, room_id: int | None) -> dict[str, Any] | None:
    if room_id is None:
        return None
    room = world.rooms[room_id]
    return {"id": room.id, "name": room.name, "position": room.position}
