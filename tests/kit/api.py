"""The API over a bench's database: real authorizer and handlers, workers that are only invoked."""

from dataclasses import InitVar, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from idexx_sync.api.handler import ApiDependencies, api_handler
from idexx_sync.api.status import status_operations
from idexx_sync.api.syncs import start
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.invoking import NotInvoked
from idexx_sync.core.vocabulary import CLINIC_SCOPES, SCOPES, Scope
from idexx_sync.database.connection import Database
from idexx_sync.jobs.contract import Sync
from idexx_sync.jobs.model import Job, RunOrder
from idexx_sync.jobs.runner import run_job
from idexx_sync.jobs.submission import WorkerUnavailable
from idexx_sync.keys.authorizer import AuthorizerDependencies, authorizer
from idexx_sync.keys.format import read_peppers
from idexx_sync.keys.store import create_key
from idexx_sync.syncs.cases.sync import CaseSync
from idexx_sync.syncs.inbound.sync import InboundSync
from idexx_sync.syncs.reconciliation.sync import ReconciliationSync
from tests.kit.bench import Bench
from tests.kit.database import as_role
from tests.kit.gateway import Gateway
from tests.kit.settings import PEPPER

SYNCS: dict[SyncName, Sync] = {
    "inbound": InboundSync(),
    "cases": CaseSync(),
    "reconciliation": ReconciliationSync(),
}


@dataclass
class Invocations:
    """Remembers which workers were invoked; refuses where it is told to."""

    made: list[tuple[SyncName, UUID]] = field(default_factory=list)
    refusing: bool = False

    def __call__(self, sync: SyncName, job_id: UUID) -> None:
        if self.refusing:
            raise WorkerUnavailable("as told")
        self.made.append((sync, job_id))


@dataclass
class Api:
    """One clinic and its API."""

    bench: Bench
    other_clinic: UUID
    database: Database
    invocations: Invocations = field(default_factory=Invocations)
    refreshed: list[UUID] = field(default_factory=list)
    """Clinics for which the mirror was started."""
    slept: list[float] = field(default_factory=list)
    while_waiting: Any = None
    """Called at each pause of a request that waits."""
    lent: InitVar[Database | None] = None
    """The authorizer's database, where a test does not need one of its own."""

    def __post_init__(self, lent: Database | None) -> None:
        self.dependencies = ApiDependencies(
            database=self.database,
            dispatch=self.invocations,
            refresh=self._refresh,
            machine_clock=self.now,
            elapsed=self.bench.elapsed,
            sleep=self._sleep,
        )
        self.doorkeeper = lent or Database(SecretStr(as_role(self.bench.url, "authorizer")))
        self.authorizing = AuthorizerDependencies(self.doorkeeper, read_peppers(PEPPER))
        functions: Any = {
            "inbound_sync": {"start_inbound": start("inbound")},
            "case_sync": {"start_cases": start("cases")},
            "reconciliation": {"start_reconciliation": start("reconciliation")},
            "status": status_operations(),
        }
        self.gateway = Gateway(
            {
                name: api_handler(name, ops, lambda: self.dependencies)
                for name, ops in functions.items()
            },
            authorizer(lambda: self.authorizing),
            self.now,
        )

    def close(self) -> None:
        self.database.close()
        self.doorkeeper.close()

    def now(self) -> datetime:
        return self.bench.now

    def key(self, clinic_id: UUID | None, *scopes: Scope) -> str:
        """A key of the clinic, or an operator's; with every scope it may have unless told."""
        possible = SCOPES if clinic_id is None else CLINIC_SCOPES
        made = create_key(
            self.bench.conn,
            self.authorizing.peppers,
            clinic_id=clinic_id,
            scopes=scopes or possible,
            name="a test",
            stage="test",
            now=self.now(),
        )
        return made.text.get_secret_value()

    def as_clinic(self, *scopes: Scope) -> Gateway:
        return self.gateway.with_key(self.key(self.bench.clinic_id, *scopes))

    def as_other_clinic(self, *scopes: Scope) -> Gateway:
        return self.gateway.with_key(self.key(self.other_clinic, *scopes))

    def as_operator(self, *scopes: Scope) -> Gateway:
        return self.gateway.with_key(self.key(None, *scopes))

    def work(self) -> Job:
        """The worker of the newest invocation does its work."""
        sync, job_id = self.invocations.made[-1]
        return run_job(RunOrder(job_id, None, sync), SYNCS[sync], self.bench.dependencies())

    def _refresh(self, clinic_id: UUID) -> None:
        if self.invocations.refusing:
            raise NotInvoked("as_told")
        self.refreshed.append(clinic_id)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.bench.later(seconds / 60)
        if self.while_waiting is not None:
            self.while_waiting()
