"""Brings a clinic of the simulated Neo on board, as an engineer would."""

import io
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID, uuid4

from psycopg import Connection
from psycopg.types.json import Jsonb
from rich.console import Console

from idexx_sync.cli.app import run
from idexx_sync.cli.context import Cli
from idexx_sync.core.settings import Settings
from neo_simulator.client import Company


@dataclass(frozen=True)
class OdisClinic:
    """What ODIS knows of a clinic before this service does."""

    name: str
    zone: str
    schedule: dict[str, Any]
    """Columns of `clinic_schedule_configs`."""
    business_hours: dict[str, Any] | None = None
    blocked: list[tuple[str, time, time]] = field(default_factory=list)


class OnboardingFailed(Exception):
    """A command of the command line refused; the message is what it said."""


def store_in_odis(conn: Connection[Any], clinic: OdisClinic) -> UUID:
    """The rows that ODIS's own product makes."""
    clinic_id = uuid4()
    hours = None if clinic.business_hours is None else Jsonb(clinic.business_hours)
    conn.execute(
        "INSERT INTO clinics (id, name, slug, timezone, business_hours) "
        "VALUES (%s, %s, %s, %s, %s)",
        (clinic_id, clinic.name, str(clinic_id), clinic.zone, hours),
    )
    columns = {"clinic_id": clinic_id, "timezone": clinic.zone, **clinic.schedule}
    values = [Jsonb(value) if isinstance(value, dict) else value for value in columns.values()]
    conn.execute(
        f"INSERT INTO clinic_schedule_configs ({', '.join(columns)}) "
        f"VALUES ({', '.join(['%s'] * len(columns))})",
        values,
    )
    for name, start, end in clinic.blocked:
        conn.execute(
            "INSERT INTO clinic_blocked_periods (clinic_id, name, start_time, end_time) "
            "VALUES (%s, %s, %s, %s)",
            (clinic_id, name, start, end),
        )
    return clinic_id


def user_in_odis(conn: Connection[Any], clinic_id: UUID) -> UUID:
    """Somebody of the clinic who uses ODIS: the cases are to be theirs."""
    user_id = uuid4()
    conn.execute("INSERT INTO auth.users (id) VALUES (%s)", (user_id,))
    conn.execute("INSERT INTO users (id, role) VALUES (%s, 'veterinarian')", (user_id,))
    conn.execute(
        "INSERT INTO user_clinic_access (user_id, clinic_id) VALUES (%s, %s)",
        (user_id, clinic_id),
    )
    return user_id


def book_by_voice(conn: Connection[Any], clinic_id: UUID, day: date, visit_id: str) -> None:
    """Bookings of ODIS's voice agent: one of its own, one that is a visit in Neo by now, and one
    that was never confirmed in time."""
    for start, status, expires, neo_id in (
        (time(10), "confirmed", None, None),
        (time(11), "confirmed", None, visit_id),
        (time(14), "pending", datetime(2026, 1, 1, tzinfo=UTC), None),
    ):
        conn.execute(
            """
            INSERT INTO vapi_bookings (clinic_id, date, start_time, end_time, status,
                                       hold_expires_at, idexx_appointment_id)
            VALUES (%s, %s, %s, %s, %s, %s, %s)
            """,
            (clinic_id, day, start, time(start.hour, 30), status, expires, neo_id),
        )


def bring_on_board(
    settings: Settings,
    clinic_id: UUID,
    neo: Company,
    rooms: tuple[str, ...] | None,
    acting_user: UUID,
) -> list[str]:
    """Set the clinic up and store its credentials through the command line; the lines typed."""
    room_words = [word for room in rooms or () for word in ("--room", room)]
    secrets = {"company_id": neo.company_id, "username": neo.username, "password": neo.password}
    typed = [
        (
            ["clinics", "add", str(clinic_id), "--base-url", neo.base_url, *room_words],
            "",
        ),
        (["credentials", "set", "--clinic", str(clinic_id), "--stdin"], json.dumps(secrets)),
        (
            ["clinics", "add", str(clinic_id), "--acting-user", str(acting_user)],
            "",
        ),
        (
            ["clinics", "add", str(clinic_id), "--stage", "live"],
            "",
        ),
    ]
    for words, stdin in typed:
        _type(settings, words, stdin)
    return [f"idexx-sync {' '.join(words)}" for words, _ in typed]


def point_to_neo(settings: Settings, clinic_id: UUID, neo: Company) -> None:
    """Tell where the clinic's Neo is; that alone brings nobody on board."""
    _type(settings, ["clinics", "add", str(clinic_id), "--base-url", neo.base_url])


def _type(settings: Settings, words: list[str], stdin: str = "") -> None:
    said = io.StringIO()
    console = Console(file=said, width=200, markup=False, highlight=False)
    cli = Cli(
        load_settings=lambda: settings,
        load_database_settings=lambda: settings,
        stdin=io.StringIO(stdin),
        out=console,
        err=console,
    )
    if run(words, cli) != 0:
        raise OnboardingFailed(f"idexx-sync {' '.join(words)}: {said.getvalue().strip()}")
