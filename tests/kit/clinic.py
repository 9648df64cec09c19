"""A clinic in ODIS: its rows, its users, its secrets for Neo, and its session there."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final, Literal
from uuid import UUID, uuid4

from pydantic import SecretStr

from idexx_sync.clinics.store import clinic_by_id, set_up_clinic
from idexx_sync.core.sealing import keyring
from idexx_sync.database.connection import Conn
from idexx_sync.pims.access import Credentials, StoredSession
from idexx_sync.pims.access_store import store_credentials
from idexx_sync.pims.identity_store import IdentityGuard
from idexx_sync.pims.sealed_access import sealed_session
from neo_simulator.client import Company
from tests.kit.database import insert
from tests.kit.settings import LOCAL_KEY, fingerprints_of

AS_WRITTEN: Final = {
    "inbound": "0-59/15 * * * *",
    "cases": "0 0-23/2 * * *",
    "reconciliation": "0 2 * * 0-6",
}
"""ODIS's defaults in other words: these would be spread by the clinic's id."""


def add_clinic(
    conn: Conn,
    *,
    zone: str | None = "America/Los_Angeles",
    base_url: str = "https://us.idexxneo.com",
    room_ids: list[str] | None = None,
    stage: Literal["off", "shadow", "canary", "live"] = "live",
    is_active: bool = True,
    business_hours: Any = None,
    acting_user_id: UUID | None = None,
    live_from: date | None = None,
    clinic_id: UUID | None = None,
    **schedule: Any,
) -> UUID:
    """A clinic as ODIS has it, set up for this service; returns its id."""
    clinic_id = clinic_id or uuid4()
    clinic = {
        "id": clinic_id,
        "name": f"Clinic {clinic_id}",
        "slug": str(clinic_id),
        "timezone": zone,
        "is_active": is_active,
        "business_hours": business_hours,
    }
    insert(conn, "public.clinics", clinic)
    usual = {"slot_duration_minutes": 30, "sync_schedules": AS_WRITTEN}
    config = {"clinic_id": clinic_id, **usual, **schedule}
    insert(conn, "public.clinic_schedule_configs", config)
    set_up_clinic(
        conn,
        clinic_id,
        base_url=base_url,
        room_ids=room_ids,
        stage=stage,
        acting_user_id=acting_user_id,
        live_from=live_from,
    )
    return clinic_id


def add_user(conn: Conn, *clinic_ids: UUID) -> UUID:
    """A user of ODIS with access to the clinics; returns its id."""
    user_id = uuid4()
    conn.execute("INSERT INTO auth.users (id) VALUES (%s)", (user_id,))
    conn.execute("INSERT INTO public.users (id) VALUES (%s)", (user_id,))
    for clinic_id in clinic_ids:
        conn.execute(
            "INSERT INTO public.user_clinic_access (user_id, clinic_id) VALUES (%s, %s)",
            (user_id, clinic_id),
        )
    return user_id


def set_credentials(
    conn: Conn,
    clinic_id: UUID,
    company: Company,
    password: str | None = None,
    local_key: SecretStr = LOCAL_KEY,
) -> None:
    """Stores the secrets with which the clinic logs in to its company in Neo.

    They are the company's own, but for another password if one is given.
    """
    credentials = Credentials(
        company_id=SecretStr(company.company_id),
        username=SecretStr(company.username),
        password=SecretStr(password or company.password),
    )
    store_credentials(conn, keyring(local_key), clinic_id, credentials)


def identity_guard(
    conn: Conn, clinic_id: UUID, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> IdentityGuard:
    """What guards the identity of the clinic's company as it is known now."""
    known = clinic_by_id(conn, clinic_id).company
    return IdentityGuard(conn, clinic_id, fingerprints_of(clinic_id), known, clock)


def set_session(
    conn: Conn,
    clinic_id: UUID,
    session: StoredSession,
    stored_at: datetime,
    local_key: SecretStr = LOCAL_KEY,
) -> None:
    """Stores a session as a login with the newest credentials leaves it, not yet recognised."""
    sealed = sealed_session(keyring(local_key), clinic_id, replace(session, recognised=False), 0)
    conn.execute(
        """
        INSERT INTO idexx_sync.sessions (clinic_id, credential_version, sealed, stored_at)
        SELECT %(clinic)s, max(version), %(sealed)s, %(at)s
          FROM idexx_sync.credentials WHERE clinic_id = %(clinic)s
        ON CONFLICT (clinic_id) DO UPDATE
           SET sealed = EXCLUDED.sealed, credential_version = EXCLUDED.credential_version
        """,
        {"clinic": clinic_id, "sealed": sealed, "at": stored_at},
    )
