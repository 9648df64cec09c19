"""One clinic on a simulated Neo, worked on by the real worker handler, for tests over real HTTP."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from functions.inbound_sync.handler import worker
from idexx_sync.core.sealing import keyring
from idexx_sync.jobs import wiring
from idexx_sync.pims.access import Credentials, StoredSession
from idexx_sync.pims.access_store import DatabaseDesk, store_credentials
from neo_simulator.client import Company
from tests.kit.support import LOCAL_KEY, Conn, add_clinic, query

ZONE = "America/Los_Angeles"
AGENT = "Mozilla/5.0 (a browser that logged in before)"


@dataclass
class WorkedClinic:
    """A clinic whose runs go the whole way: handler, Postgres, HTTP, and Chromium for a login."""

    conn: Conn
    neo: Company
    transport: str = "http"
    clinic_id: UUID = field(init=False)

    def __post_init__(self) -> None:
        self.clinic_id = add_clinic(self.conn, zone=ZONE, base_url=self.neo.base_url)
        self.conn.execute("UPDATE idexx_sync.clinic_settings SET transport = %s", (self.transport,))
        self.set_credentials()

    def set_credentials(self, password: str | None = None) -> None:
        credentials = Credentials(
            company_id=SecretStr(self.neo.company_id),
            username=SecretStr(self.neo.username),
            password=SecretStr(password or self.neo.password),
        )
        store_credentials(self.conn, keyring(LOCAL_KEY), self.clinic_id, credentials)

    def has_session(self) -> None:
        """Stores a session as a run's login would, without a browser."""
        desk = DatabaseDesk(
            self.conn,
            keyring(LOCAL_KEY),
            self.clinic_id,
            uuid4(),
            clock=lambda: datetime.now(UTC),
            logins_per_hour=6,
            session=None,
        )
        desk.begin_login()
        host = urlsplit(self.neo.base_url).hostname
        cookies = [
            {"name": name, "value": value, "domain": host, "path": "/", "expires": -1}
            for name, value in self.neo.open_session().items()
        ]
        desk.store_session(StoredSession(cookies, AGENT, datetime.now(UTC)))
        desk.end_login("ok")

    def work(self, **params: Any) -> dict[str, Any]:
        """One invocation of the worker; raises what leaves the handler."""
        event = {"v": 1, "clinic_id": str(self.clinic_id), "trigger": "api", "params": params}
        return worker(event, None)

    def newest_job(self) -> dict[str, Any]:
        found = query(
            self.conn,
            "SELECT * FROM idexx_sync.jobs WHERE clinic_id = %s ORDER BY queued_at DESC LIMIT 1",
            (self.clinic_id,),
        )
        return found[0]

    def rows(self) -> list[dict[str, Any]]:
        """Live appointments, whole."""
        return query(
            self.conn,
            "SELECT * FROM public.schedule_appointments WHERE clinic_id = %s "
            "AND deleted_at IS NULL ORDER BY neo_appointment_id",
            (self.clinic_id,),
        )

    def holds(self) -> list[dict[str, Any]]:
        return query(
            self.conn,
            "SELECT * FROM idexx_sync.holds WHERE clinic_id = %s AND status = 'open'",
            (self.clinic_id,),
        )

    def today(self) -> date:
        return datetime.now(UTC).astimezone(ZoneInfo(ZONE)).date()


@contextmanager
def process_environment(
    monkeypatch: pytest.MonkeyPatch, database: str, neo_url: str, **more: str
) -> Iterator[None]:
    """The environment that a worker's process has, and tools made anew from it."""
    settings = {
        "DATABASE_URL": database,
        "IDEXX_SYNC_LOCAL_KEY": LOCAL_KEY.get_secret_value(),
        "IDEXX_SYNC_NEO_HOSTS": neo_url,
        "IDEXX_SYNC_CHROMIUM_PATH": os.environ.get("IDEXX_SYNC_CHROMIUM_PATH", ""),
        "IDEXX_SYNC_NEO_REQUESTS_PER_SECOND": "1000",
        **more,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    wiring.process_tools.cache_clear()
    try:
        yield
    finally:
        wiring.process_tools().database.close()
        wiring.process_tools.cache_clear()
