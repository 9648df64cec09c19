"""One clinic on a simulated Neo, worked on by the real worker, for tests over real HTTP."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from functions.inbound_sync.handler import worker
from idexx_sync.core.kept import Kept
from idexx_sync.core.settings import Settings
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.runner import Dependencies
from idexx_sync.jobs.wiring import keep_dependencies, process_dependencies
from idexx_sync.jobs.worker import WorkerHandler, sync_worker
from idexx_sync.pims.neo.provider import Login
from idexx_sync.syncs.inbound.sync import InboundSync
from neo_simulator.client import Company
from tests.kit.clinic import add_clinic, set_credentials, set_session
from tests.kit.database import query
from tests.kit.neo import open_session

ZONE = "America/Los_Angeles"


@dataclass
class WorkedClinic:
    """A clinic whose runs go the whole way: handler, Postgres, HTTP, and a login."""

    conn: Conn
    neo: Company
    transport: str = "http"
    login: Login | None = None
    """None: with a Chromium, by the deployed handler itself."""
    clinic_id: UUID = field(init=False)
    dependencies: Kept[Settings, Dependencies] = field(init=False)
    """The worker process's."""
    worker: WorkerHandler = field(init=False)

    def __post_init__(self) -> None:
        self.dependencies = process_dependencies
        self.worker = worker
        if self.login is not None:
            self.dependencies = keep_dependencies(self.login)
            self.worker = sync_worker(InboundSync(), self.dependencies)
        self.clinic_id = add_clinic(self.conn, zone=ZONE, base_url=self.neo.base_url)
        self.conn.execute("UPDATE idexx_sync.clinic_settings SET transport = %s", (self.transport,))
        self.set_credentials()

    def set_credentials(self, password: str | None = None) -> None:
        set_credentials(self.conn, self.clinic_id, self.neo, password)

    def has_session(self) -> None:
        """Stores a session as a run's login would, without a browser."""
        now = datetime.now(UTC)
        set_session(self.conn, self.clinic_id, open_session(self.neo, now), now)

    def work(self, **params: Any) -> dict[str, Any]:
        """One invocation of the worker; raises what leaves the handler."""
        event = {"v": 1, "clinic_id": str(self.clinic_id), "trigger": "api", "params": params}
        return self.worker(event, None)

    def work_again(self, job_id: Any) -> dict[str, Any]:
        """Lambda's retry of the same job."""
        return self.worker({"v": 1, "job_id": str(job_id)}, None)

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
