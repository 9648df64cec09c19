"""The one path of all syncs' functions: `sync_worker(SYNC)` makes a worker's handler."""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from idexx_sync.clinics.store import Clinic
from idexx_sync.core.errors import SyncError
from idexx_sync.core.logs import log_job, logger, quiet_drivers
from idexx_sync.core.sealing import Keyring, keyring
from idexx_sync.core.settings import Settings, load_settings
from idexx_sync.core.vocabulary import SyncName, Trigger
from idexx_sync.database.connection import Conn, Database
from idexx_sync.jobs import Job, Order, Params, new_order, tick_order
from idexx_sync.lifetime import Lifetime
from idexx_sync.pims.access_store import DatabaseDesk, SessionOnlyDesk
from idexx_sync.pims.protocol import Pims
from idexx_sync.run import Clock, OpenPims, Progress, Silent, Sync
from idexx_sync.runner import Tools, run_job

WorkerHandler = Callable[[dict[str, Any], Any], dict[str, Any]]


class WorkerEvent(BaseModel):
    """What a worker is invoked with: a job that exists, or an order for a clinic's sync."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    v: Literal[1]
    job_id: UUID | None = None
    clinic_id: UUID | None = None
    sync: SyncName | None = None
    trigger: Trigger = "schedule"
    scheduled_time: AwareDatetime | None = None
    params: Params = Field(default_factory=Params)

    @model_validator(mode="after")
    def _names_job_or_clinic(self) -> Self:
        if (self.job_id is None) == (self.clinic_id is None):
            raise ValueError("job_id or clinic_id: exactly one of them is expected")
        return self

    def order(self, sync: SyncName) -> Order:
        """The order that the event stands for; the same event twice is the same job."""
        if self.sync is not None and self.sync != sync:
            raise ValueError(f"sync: this function runs {sync}, not {self.sync}")
        if self.job_id is not None:
            return Order(self.job_id, None, sync, self.trigger)
        assert self.clinic_id is not None
        if self.scheduled_time is None:
            return new_order(self.clinic_id, sync, self.trigger, self.params)
        return tick_order(self.clinic_id, sync, self.trigger, self.scheduled_time, self.params)


class WillBeRetried(Exception):
    """Leaves the handler, so that Lambda retries and then dead-letters the event."""


def sync_worker(sync: Sync, tools: Callable[[], Tools] | None = None) -> WorkerHandler:
    """Turn a sync into a worker's handler; `tools` are the process's own unless given.

    A failure that a retry may heal leaves the handler; any other outcome is on the job and is
    answered, because a retry would end the same way.
    """

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        try:
            order = WorkerEvent.model_validate(event).order(sync.name)
        except ValidationError as error:
            return _refused("; ".join(_faults(error)))
        except ValueError as error:
            return _refused(str(error))
        try:
            made = (tools or process_tools)()
            job = run_job(order, sync, replace(made, remaining=_remaining(context)))
        except SyncError as error:
            if error.retryable:
                raise
            return _refused(error.message, error.kind)
        log_job(job)
        if job.status == "queued":
            raise WillBeRetried(f"job {job.id} will be retried: {job.error_kind or 'overlap'}")
        return answer(job)

    return handler


def _remaining(context: Any) -> Callable[[], float]:
    """Seconds until Lambda kills this invocation; without a context nobody does."""
    if context is None:
        return lambda: math.inf
    return lambda: context.get_remaining_time_in_millis() / 1000


def answer(job: Job) -> dict[str, Any]:
    return {
        "job_id": str(job.id),
        "status": job.status,
        "error_kind": job.error_kind,
        "error_message": job.error_message,
        "result": job.result,
    }


def _refused(message: str, kind: str = "configuration_invalid") -> dict[str, Any]:
    """An event that can't become a job: logged and answered, for a retry would fail alike."""
    logger().error("event refused", error_kind=kind, error_message=message)
    return {"job_id": None, "status": "failed", "error_kind": kind, "error_message": message}


def _faults(error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        where = ".".join(str(part) for part in fault["loc"]) or "event"
        yield f"{where}: {fault['msg']}"


@cache
def process_tools() -> Tools:
    """The worker process's tools, made at the first event and kept warm."""
    return make_tools(load_settings(), retried=True)


def make_tools(
    settings: Settings,
    *,
    retried: bool,
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> Tools:
    """Tools over real Postgres and the real Neo provider."""
    quiet_drivers()
    database = Database(settings.database_url)
    keys = keyring(settings.local_key)
    now = clock or Tools.clock
    return Tools(
        settings=settings,
        keys=keys,
        database=database,
        open_pims=_neo_opener(settings, keys, database, now, progress or Silent()),
        clock=now,
        progress=progress or Silent(),
        retried=retried,
    )


@contextmanager
def open_to_look(settings: Settings, conn: Conn, clinic: Clinic, clock: Clock) -> Iterator[Pims]:
    """The real Neo with the session that is stored: no login is made and nothing written."""
    from idexx_sync.pims.neo.provider import ClinicAccess, open_neo

    quiet_drivers()
    access = ClinicAccess(
        base_url=settings.checked_base_url(clinic.base_url), transport=clinic.transport
    )
    desk = SessionOnlyDesk(conn, keyring(settings.local_key), clinic.id)
    with open_neo(access, desk, settings, clock) as pims:
        yield pims


class _Telling:
    """Passes on what a provider tells: which phase it is in, and how many steps are done."""

    def __init__(self, lifetime: Lifetime, progress: Progress) -> None:
        self._lifetime = lifetime
        self._progress = progress
        self._lock = threading.Lock()
        self._phase = ""
        self._done = 0

    def __call__(self, phase: str, done: int, total: int) -> None:
        self._lifetime.beat()
        with self._lock:
            if phase != self._phase:
                self._phase, self._done = phase, 0
                self._progress.phase(phase, total)
            if done > self._done:
                self._progress.advance(done - self._done)
                self._done = done


def _neo_opener(
    settings: Settings, keys: Keyring, database: Database, clock: Clock, progress: Progress
) -> OpenPims:
    from idexx_sync.pims.neo.provider import ClinicAccess, open_neo

    @contextmanager
    def open_pims(
        clinic: Clinic, job_id: UUID, session: tuple[int, bytes] | None, lifetime: Lifetime
    ) -> Iterator[Pims]:
        access = ClinicAccess(
            base_url=settings.checked_base_url(clinic.base_url), transport=clinic.transport
        )
        desk = DatabaseDesk(
            database.connection(),
            keys,
            clinic.id,
            job_id,
            clock=clock,
            logins_per_hour=settings.logins_per_hour,
            session=session,
        )

        with open_neo(
            access,
            desk,
            settings,
            clock,
            time_left=lifetime.time_left,
            on_progress=_Telling(lifetime, progress),
            beat=lifetime.beat,
        ) as pims:
            lifetime.on_end(pims.interrupt)
            yield pims

    return open_pims
