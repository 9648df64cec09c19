"""What is measured: the real worker handler between a simulated Neo and a real Postgres."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from idexx_sync.core import logs
from idexx_sync.database.connection import Conn
from idexx_sync.jobs import wiring
from local_stack.postgres import Postgres, running_postgres
from neo_simulator.client import Company, Simulator
from neo_simulator.process import running_simulator
from tests.bench.delays import delayed
from tests.kit.database import as_role, create_prepared
from tests.kit.paths import ROOT
from tests.kit.settings import process_environment
from tests.kit.worked_clinic import ZONE, WorkedClinic

DAYS = 14
"""The window of a scheduled run: ODIS's default horizon, and one request to Neo."""
CALENDAR_TABLES = (
    "public.schedule_appointments",
    "public.schedule_slots",
    "public.schedule_syncs",
    "public.vapi_bookings",
    "public.case_sync_audits",
    "idexx_sync.records",
    "idexx_sync.jobs",
)


@dataclass(frozen=True)
class Profile:
    """How far away everything is."""

    name: str
    neo_round_trip_s: float = 0
    postgres_round_trip_s: float = 0
    neo_server_ms: int = 0
    """How long Neo takes over each answer."""


L0 = Profile("L0")
L1 = Profile("L1", neo_round_trip_s=0.030, postgres_round_trip_s=0.001, neo_server_ms=300)


@dataclass
class Service:
    """A database and its clinics as a worker process sees them."""

    conn: Conn
    """Straight to the database, for what is not measured."""
    database_url: str
    """The worker's way to it."""
    clinics: list[WorkedClinic]
    environment: dict[str, str] = field(repr=False)
    """Of a worker process."""

    @property
    def clinic(self) -> WorkedClinic:
        return self.clinics[0]

    def run(self, clinic: WorkedClinic | None = None) -> dict[str, Any]:
        """One run through the handler, which must succeed."""
        answer = (clinic or self.clinic).work()
        if answer["status"] != "succeeded":
            raise RuntimeError(f"the measured run did not succeed: {answer}")
        return answer

    def run_in_new_process(self, runs: int = 1) -> dict[str, Any]:
        """So many runs in one new worker process; what `worker_process` says of them."""
        with self.started_process(runs) as process:
            said, _ = process.communicate()
        if process.returncode:
            raise RuntimeError(f"the worker process ended with {process.returncode}")
        result: dict[str, Any] = json.loads(said.splitlines()[-1])
        return result

    @contextmanager
    def started_process(self, runs: int = 1) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-m", "tests.bench.worker_process"]
        command += [str(self.clinic.clinic_id), str(runs)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=self.environment, cwd=ROOT
        ) as process:
            yield process

    def calendar_query(self, clinic: WorkedClinic | None = None) -> dict[str, str]:
        """The parameters of a run's request for the calendar."""
        first = (clinic or self.clinic).today()
        last = first + timedelta(days=DAYS - 1)
        return {"start": f"{first} 00:00:00", "end": f"{last} 23:59:59"}

    @contextmanager
    def through(self, database_url: str) -> Iterator[None]:
        """The handler of this process reaches the database by another way."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DATABASE_URL", as_role(database_url, "worker"))
            renew_tools()
            yield
        renew_tools()

    def forget_rows(self, clinic: WorkedClinic | None = None) -> None:
        """As if no run of the clinic had ever written anything; its session stays."""
        clinic_id = (clinic or self.clinic).clinic_id
        if len(self.clinics) == 1:
            self.conn.execute(f"TRUNCATE {', '.join(CALENDAR_TABLES)} CASCADE")
            return
        for table in CALENDAR_TABLES:
            self.conn.execute(f"DELETE FROM {table} WHERE clinic_id = %s", (clinic_id,))
            self.conn.execute(f"VACUUM {table}")

    def forget_session(self) -> None:
        self.conn.execute("TRUNCATE idexx_sync.sessions, idexx_sync.logins")
        for clinic in self.clinics:
            clinic.neo.expire_sessions()


@dataclass
class Rig:
    postgres: Postgres
    simulator: Simulator
    chromium: Path
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @contextmanager
    def service(self, profile: Profile, *visits: int) -> Iterator[Service]:
        """A clinic per number of visits, all synced once; the worker handler is ready to run."""
        with self.service_of(profile, *(self._company(number) for number in visits)) as service:
            yield service

    @contextmanager
    def service_of(self, profile: Profile, *companies: Company) -> Iterator[Service]:
        """The same for companies with visits of their own; they are removed afterwards."""
        with ExitStack() as stack:
            url = stack.enter_context(self.database())
            conn = stack.enter_context(psycopg.connect(url, autocommit=True))
            conn.execute("SET client_min_messages = warning")
            worker_url = stack.enter_context(delayed(url, profile.postgres_round_trip_s))
            clinics = [_clinic(stack, conn, profile, company) for company in companies]
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            hosts = ",".join(clinic.neo.base_url for clinic in clinics)
            stack.enter_context(
                process_environment(
                    patch,
                    worker_url,
                    hosts,
                    IDEXX_SYNC_CHROMIUM_PATH=str(self.chromium),
                    IDEXX_SYNC_LOGINS_PER_HOUR="1000000",
                )
            )
            _send_logs_nowhere()
            service = Service(conn, worker_url, clinics, dict(os.environ))
            for clinic in clinics:
                service.run(clinic)
                clinic.neo.set_knob("delay_ms", profile.neo_server_ms)
            yield service

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of an empty, prepared database."""
        name = f"bench_{next(self._numbers)}"
        self.postgres.create_database(name, template="prepared")
        try:
            yield self.postgres.dsn(name)
        finally:
            self.postgres.drop_database(name)

    def _company(self, visits: int) -> Company:
        today = datetime.now(ZoneInfo(ZONE)).date()
        return self.simulator.create_company(
            zone=ZONE,
            visits=visits,
            days=(today, today + timedelta(days=DAYS - 1)),
            blocks=False,
        )


def _clinic(stack: ExitStack, conn: Conn, profile: Profile, company: Company) -> WorkedClinic:
    stack.callback(company.remove)
    company.base_url = stack.enter_context(delayed(company.base_url, profile.neo_round_trip_s))
    return WorkedClinic(conn, company)


@contextmanager
def open_rig(chromium: Path) -> Iterator[Rig]:
    """Postgres without waiting for its disk: whatever both sides wait for hides a difference."""
    with running_postgres(durable=False) as postgres, running_simulator() as simulator:
        create_prepared(postgres, "prepared")
        yield Rig(postgres, simulator, chromium)


def renew_tools() -> None:
    """The handler's next run begins as a process's first one does."""
    wiring.process_dependencies.forget()


@cache
def _send_logs_nowhere() -> None:
    """Log lines are made and written as ever, but not into our table."""
    with redirect_stdout(Path(os.devnull).open("w")):
        logs.logger()
