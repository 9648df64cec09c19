"""The complete true state of a company, for an oracle that trusts nothing else."""

from typing import Any

from neo_simulator.company import Company
from neo_simulator.model import Block, Consultation, Visit
from neo_simulator.payloads.text import stamp
from neo_simulator.statuses import display, state_of
from neo_simulator.world import World


def state(company: Company) -> dict[str, Any]:
    """Everything, ids as text, times as Neo writes them."""
    world, now = company.world, company.clock.local()
    return {
        "company": {
            "id": company.id,
            "name": world.name,
            "zone": company.clock.zone.key,
            "now": stamp(now),
            "slot_minutes": world.slot_minutes,
        },
        **world_state(world),
        "visits": [
            {
                **visit_state(world, visit),
                "status": visit.status.value,
                "status_now": state_of(visit, now),
                "status_word": display(state_of(visit, now), visit.spelling),
            }
            for visit in world.visits.values()
        ],
    }


def world_state(world: World) -> dict[str, Any]:
    """What does not depend on the time of day."""
    return {
        "visits": [visit_state(world, visit) for visit in world.visits.values()],
        "blocks": [block_state(block) for block in world.blocks.values()],
        "rosters": [
            {
                "id": str(roster.id),
                "title": roster.title,
                "start": stamp(roster.start),
                "end": stamp(roster.end),
            }
            for roster in world.rosters.values()
        ],
        "patients": [
            {
                "id": str(patient.id),
                "client_id": str(patient.client_id),
                "name": patient.name,
                "species": patient.species.name,
                "breed": patient.breed.name,
                "gender": patient.gender.name,
                "born": None if patient.born is None else patient.born.isoformat(),
                "weight_kg": patient.weight_kg,
                "alive": patient.alive,
                "active": patient.active,
            }
            for patient in world.patients.values()
        ],
        "clients": [
            {
                "id": str(client.id),
                "first_name": client.first_name,
                "last_name": client.last_name,
                "email": client.email,
                "home_phone": client.home_phone,
                "mobile_phone": client.mobile_phone,
                "work_phone": client.work_phone,
            }
            for client in world.clients.values()
        ],
        "consultations": [
            consultation_state(consultation) for consultation in world.consultations.values()
        ],
        "rooms": [{"id": str(room.id), "name": room.name} for room in world.rooms.values()],
        "types": [{"id": str(kind.id), "name": kind.name} for kind in world.types.values()],
        "providers": [{"id": str(p.id), "name": p.name} for p in world.providers.values()],
    }


def visit_state(world: World, visit: Visit) -> dict[str, Any]:
    patient, client = world.patient_of(visit)
    provider = world.providers.get(visit.provider_id or 0)
    return {
        "id": str(visit.id),
        "start": stamp(visit.start),
        "end": stamp(visit.end),
        "minutes": visit.minutes,
        "room": _id(visit.room_id),
        "status": visit.status.value,
        "cancelled": visit.status.value == "cancelled",
        "cancelled_reason": visit.cancelled_reason,
        "deleted": visit.deleted,
        "patient_id": str(patient.id),
        "patient": patient.name,
        "client_id": str(client.id),
        "first_name": client.first_name,
        "last_name": client.last_name,
        "phone": client.phone[0],
        "email": client.email,
        "provider": provider.name if provider else None,
        "type": world.types[visit.type_id].name,
        "reason": visit.reason,
        "consultation_id": _id(visit.consultation_id),
        "confirmed": visit.confirmed,
        "arrived_at": stamp(visit.arrived_at),
        "finished_at": stamp(visit.finished_at),
        "booked_at": stamp(visit.booked_at),
        "last_updated_at": stamp(visit.last_updated_at),
        "spelling": visit.spelling,
    }


def block_state(block: Block) -> dict[str, Any]:
    return {
        "id": str(block.id),
        "title": block.title,
        "room": _id(block.room_id),
        "recurring": block.recurring,
        "deleted": block.deleted,
        "last_updated_at": stamp(block.last_updated_at),
        "occurrences": [
            {"start": stamp(start), "end": stamp(end)} for start, end in block.occurrences()
        ],
    }


def consultation_state(consultation: Consultation) -> dict[str, Any]:
    return {
        "id": str(consultation.id),
        "visit_id": _id(consultation.visit_id),
        "patient_id": str(consultation.patient_id),
        "status": consultation.status,
        "reason": consultation.reason,
        "notes": consultation.notes,
        "vital_signs": consultation.vital_signs,
        "started_at": stamp(consultation.started_at),
        "lines": [
            {
                "id": str(line.id),
                "product": line.product,
                "quantity": line.quantity,
                "total": line.total,
                "declined": line.declined,
                "label": line.label,
            }
            for line in consultation.lines
        ],
    }


def _id(number: int | None) -> str | None:
    return None if number is None else str(number)
