"""The answer of `/search/patients` (Neo protocol, section on patients and clients)."""

from datetime import date
from html import escape
from typing import Any

from neo_simulator.model import Client, Named, Patient
from neo_simulator.world import World


def search(
    world: World, query: str, *, today: date, limit: int, inactive: bool, escaped: bool
) -> dict[str, Any]:
    """Patients whose name, or whose owner's name, contains the query; suggested ones apart."""
    wanted = query.strip().casefold()
    hits = []
    for patient in world.patients.values():
        client = world.clients[patient.client_id]
        owner = f"{client.first_name or ''} {client.last_name or ''}"
        if wanted in f"{patient.name} {owner} {patient.id}".casefold() and (
            patient.alive or inactive
        ):
            hits.append(_patient(patient, client, today, escaped=escaped))
    exact = [hit for hit in hits if hit["name"].casefold() == wanted]
    others = [hit for hit in hits if hit["name"].casefold() != wanted]
    return {
        "results": {
            "patients": {"data": [], "objects": exact[:limit]},
            "suggested": {"objects": others[: max(0, limit - len(exact))]},
        }
    }


def _patient(patient: Patient, client: Client, today: date, *, escaped: bool) -> dict[str, Any]:
    def text(value: str | None) -> str | None:
        return escape(value) if value and escaped else value

    return {
        "id": patient.id,
        "formattedId": str(patient.id),
        "name": text(patient.name),
        "breed": _named(patient.breed),
        "species": _named(patient.species),
        "gender": {**_named(patient.gender), "neutered": None},
        "color": patient.color,
        "age": _age(patient.born, today),
        "status": "a" if patient.alive else "d",
        "alive": patient.alive,
        "active": patient.alive and patient.active,
        "client": {
            "id": client.id,
            "firstName": text(client.first_name),
            "lastName": text(client.last_name),
            "homePhone": client.home_phone,
            "mobilePhone": client.mobile_phone,
            "taxExempt": False,
        },
    }


def _named(value: Named) -> dict[str, str]:
    """Look-up ids are strings in this answer."""
    return {"id": str(value.id), "name": value.name}


def _age(born: date | None, today: date) -> str:
    if born is None:
        return ""
    months = (today.year - born.year) * 12 + today.month - born.month
    months = max(0, months - (today.day < born.day))
    return f"{months // 12} yrs {months % 12} mos"
