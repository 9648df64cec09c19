"""The one path of every run: order, lease, sync, outcome."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg

from idexx_sync.clinics.store import Clinic, clinic_from_row
from idexx_sync.core.catalog import CATALOG
from idexx_sync.core.errors import ConfigurationInvalid, InternalError, NotFound, SyncError
from idexx_sync.core.sealing import Keyring
from idexx_sync.core.settings import Settings
from idexx_sync.core.vocabulary import JobStatus
from idexx_sync.database.connection import Database, unavailable, writing
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.contract import Beating, Clock, OpenPims, Progress, Report, Run, Silent, Sync
from idexx_sync.jobs.heartbeat import Lifetime, watched
from idexx_sync.jobs.leases import Lease
from idexx_sync.jobs.model import Begun, Job, Order, Params
from idexx_sync.jobs.store import Queued

OVERLAP_WAIT_S: Final = 60
"""How long a run waits for another one of its clinic."""
OVERLAP_POLL_S: Final = 1


@dataclass(frozen=True)
class Tools:
    """What a process keeps between runs."""

    settings: Settings
    keys: Keyring = field(repr=False)
    database: Database
    open_pims: OpenPims
    clock: Clock = lambda: datetime.now(UTC)
    progress: Progress = field(default_factory=Silent)
    sleep: Callable[[float], None] = time.sleep
    remaining: Callable[[], float] = lambda: math.inf
    """Seconds until this process is killed."""
    retried: bool = False
    """Whether somebody repeats a failed run: then a retryable failure goes back to the queue."""


def run_job(order: Order, sync: Sync, tools: Tools) -> Job:
    """Run the order and return its job as it stands afterwards.

    Explained failures are recorded on the job, not raised; the job is `queued` again when a retry
    may help and somebody retries. Raises NotFound for a clinic or job that does not
    exist, DatabaseUnavailable when not even the job could be written, and lets anything
    unexpected go up after recording it.
    """
    begun = _begin(order, tools)
    job = begun.job
    if job is None:
        raise _no_such_job(order)
    if job.is_final or (begun.held_by == job.id and begun.lease is None):
        return job  # done before, or a second delivery of what is running now
    if begun.lease is None:
        return _end_overlap(job, tools)
    started = time.monotonic()
    lifetime = Lifetime(tools.remaining, tools.settings.deadline_reserve_seconds)
    refused: InternalError | None = None
    try:
        report = _run_with_lease(begun, begun.lease, job, sync, tools, lifetime)
        if report is not None:  # the sync has ended the job in its own last transaction
            return _ended(job, report, started)
    except SyncError as error:
        _record_failure(begun.lease, lifetime.ended_by or error, tools)
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        _record_database_failure(begun.lease, lifetime.ended_by or unavailable(error), tools)
    except psycopg.Error as error:
        refused = _refused_by_postgres(error)
        _record_failure(begun.lease, refused, tools)
    except KeyboardInterrupt:
        _end(begun.lease, "cancelled", tools)
        raise
    except Exception:
        _record_failure(begun.lease, InternalError("an unexpected error; see the log"), tools)
        raise
    if refused is not None:
        raise refused  # out here, without the driver's error: that may quote a row
    return _as_it_stands(job, tools)


def _refused_by_postgres(error: psycopg.Error) -> InternalError:
    """What Postgres refused, by the names of things and never by their values."""
    where = (error.diag.table_name, error.diag.column_name, error.diag.constraint_name)
    named = ", ".join(name for name in where if name)
    what = f"{type(error).__name__} {error.sqlstate or ''}".strip()
    return InternalError(
        f"Postgres refused a statement: {what}{f' ({named})' if named else ''}",
        code=error.sqlstate or type(error).__name__.lower(),
    )


def _ended(job: Job, report: Report, started: float) -> Job:
    """The job as the sync has just committed it, without asking the database for it."""
    begun_at = job.started_at or job.queued_at
    return replace(
        job,
        status=report.status,
        result=report.as_result(),
        finished_at=begun_at + timedelta(seconds=time.monotonic() - started),
    )


def _begin(order: Order, tools: Tools) -> Begun:
    """Start the job, waiting a while for another run of the clinic to end."""
    begun = _begin_once(order, tools)
    waited = 0.0
    while _is_overlap(begun) and waited < OVERLAP_WAIT_S:
        tools.sleep(OVERLAP_POLL_S)
        waited += OVERLAP_POLL_S
        begun = _begin_once(order, tools)
    return begun


def _begin_once(order: Order, tools: Tools) -> Begun:
    """The first statements also show whether the kept connection is still alive."""
    seconds = tools.settings.lease_seconds
    try:
        return job_store.begin(tools.database.connection(), order, seconds)
    except (psycopg.OperationalError, psycopg.InterfaceError):
        try:
            return job_store.begin(tools.database.reconnect(), order, seconds)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise unavailable(error) from error


def _is_overlap(begun: Begun) -> bool:
    job = begun.job
    return job is not None and begun.lease is None and not job.is_final and begun.held_by != job.id


def _no_such_job(order: Order) -> NotFound:
    if order.clinic_id is not None:
        return NotFound("clinic", order.clinic_id)
    return NotFound("job", order.job_id)


def _end_overlap(job: Job, tools: Tools) -> Job:
    message = f"another sync of this clinic was running for longer than {OVERLAP_WAIT_S} s"
    if job.trigger == "schedule" or not tools.retried:
        job_store.end(tools.database.connection(), Queued(job.id), "skipped_overlap", why=message)
    return _as_it_stands(job, tools)


def _run_with_lease(
    begun: Begun, lease: Lease, job: Job, sync: Sync, tools: Tools, lifetime: Lifetime
) -> Report | None:
    """The sync's report; None when the run was skipped."""
    late = timedelta() if job.scheduled_time is None else tools.clock() - job.scheduled_time
    if late > CATALOG[job.sync].begins_within:
        why = f"it came {late // timedelta(minutes=1)} minutes late, and the next tick is near"
        _end(lease, "skipped_stale", tools, why=why)
        return None
    clinic = clinic_from_row(job.clinic_id, begun.clinic)
    if clinic.killed or clinic.paused_reason is not None:
        why = f"the clinic is paused; see: idexx-sync clinics show {clinic.id}"
        _end(lease, "skipped_paused", tools, why=why)
        return None
    _require_active(clinic)
    params = Params.model_validate(job.params)
    conn = tools.database.connection()
    run = Run(
        conn=conn,
        job=job,
        lease=lease,
        clinic=clinic,
        params=params,
        dry_run=params.dry_run or clinic.stage == "shadow",
        keys=tools.keys,
        clock=tools.clock,
        progress=Beating(tools.progress, lifetime),
    )
    lifetime.on_end(conn.cancel_safe)
    with (
        watched(
            lifetime,
            lease,
            tools.database.another,
            lease_seconds=tools.settings.lease_seconds,
            heartbeat_seconds=tools.settings.heartbeat_seconds,
        ),
        tools.open_pims(clinic, job.id, begun.session, lifetime) as pims,
    ):
        return sync(run, pims)


def _require_active(clinic: Clinic) -> None:
    if not clinic.is_active:
        raise ConfigurationInvalid(
            f"clinics.is_active: clinic {clinic.id} is inactive in ODIS; it is not synced",
            code="is_active",
        )
    if clinic.stage == "off":
        raise ConfigurationInvalid(
            f"stage: clinic {clinic.id} is switched off for this service; switch it on with: "
            f"idexx-sync clinics add {clinic.id} --stage live",
            code="stage",
        )


def _record_failure(lease: Lease, error: SyncError, tools: Tools) -> None:
    status: JobStatus = "queued" if error.retryable and tools.retried else "failed"
    _end(lease, status, tools, error)


def _record_database_failure(lease: Lease, error: SyncError, tools: Tools) -> None:
    """The commit may have succeeded and only its acknowledgement been lost: the job tells."""
    job = _read(lease, tools)
    if job is not None and not job.is_final:
        _record_failure(lease, error, tools)


def _end(
    lease: Lease,
    status: JobStatus,
    tools: Tools,
    error: SyncError | None = None,
    why: str | None = None,
) -> None:
    """End the job and free the lease, on a new connection if need be."""
    try:
        _end_on(lease, status, tools, error, why)
    except (psycopg.OperationalError, psycopg.InterfaceError):
        tools.database.close()
        try:
            _end_on(lease, status, tools, error, why)
        except (psycopg.OperationalError, psycopg.InterfaceError) as broken:
            raise unavailable(broken) from broken


def _end_on(
    lease: Lease, status: JobStatus, tools: Tools, error: SyncError | None, why: str | None
) -> None:
    conn = tools.database.connection()
    with writing(conn):
        job_store.end(conn, lease, status, error=error, why=why)


def _read(lease: Lease, tools: Tools) -> Job | None:
    try:
        return job_store.job_by_id(tools.database.connection(), lease.job_id)
    except (psycopg.OperationalError, psycopg.InterfaceError):
        return job_store.job_by_id(tools.database.reconnect(), lease.job_id)


def _as_it_stands(job: Job, tools: Tools) -> Job:
    return job_store.job_by_id(tools.database.connection(), job.id) or job
