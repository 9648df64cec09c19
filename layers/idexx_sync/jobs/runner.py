"""The one path of every run: order, lease, sync, outcome."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from idexx_sync.clinics.store import Clinic, clinic_from_row
from idexx_sync.core.catalog import CATALOG
from idexx_sync.core.errors import (
    ConfigurationInvalid,
    InternalError,
    NotFound,
    RequestRefused,
    SyncError,
)
from idexx_sync.core.fingerprints import FingerprintKeys, Fingerprints
from idexx_sync.core.settings import Settings
from idexx_sync.core.vocabulary import JobStatus
from idexx_sync.database.business_time import Clock, going_on
from idexx_sync.database.connection import LOST, Database, DriverError, unavailable, writing
from idexx_sync.database.refusal import refusal
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.contract import Beating, OpenPims, Progress, Report, Run, Silent, Sync
from idexx_sync.jobs.heartbeat import Lifetime, watched
from idexx_sync.jobs.leases import Lease
from idexx_sync.jobs.model import Begun, Job, RunOrder, params_of
from idexx_sync.jobs.store import Queued

OVERLAP_WAIT_S: Final = 60
"""How long a run waits for another one of its clinic."""
OVERLAP_POLL_S: Final = 1


@dataclass(frozen=True)
class Dependencies:
    """What a process keeps between runs."""

    settings: Settings
    fingerprint_keys: FingerprintKeys = field(repr=False)
    database: Database
    open_pims: OpenPims
    clock_from: Callable[[datetime], Clock] = going_on
    """How a run's clock goes on from the business time at which the run began."""
    progress: Progress = field(default_factory=Silent)
    sleep: Callable[[float], None] = time.sleep
    remaining: Callable[[], float] = lambda: math.inf
    """Seconds until this process is killed."""
    retried: bool = False
    """Whether somebody repeats a failed run: then a retryable failure goes back to the queue."""


def run_job(order: RunOrder, sync: Sync, dependencies: Dependencies) -> Job:
    """Run the order and return its job as it stands afterwards.

    Explained failures are recorded on the job, not raised; the job is `queued` again when a retry
    may help and somebody retries. Raises NotFound for a clinic or job that does not
    exist, DatabaseUnavailable when not even the job could be written, and lets anything
    unexpected go up after recording it.
    """
    begun = _begin(order, dependencies)
    job = begun.job
    if job is None:
        raise _no_such_job(order)
    if job.is_final or (begun.held_by == job.id and begun.lease is None):
        return job  # done before, or a second delivery of what is running now
    if begun.lease is None:
        return _end_overlap(job, dependencies)
    clock = dependencies.clock_from(begun.now)
    lifetime = Lifetime(dependencies.remaining, dependencies.settings.deadline_reserve_seconds)
    refused: InternalError | None = None
    try:
        report = _run_with_lease(begun, begun.lease, job, sync, dependencies, lifetime, clock)
        if report is not None:  # the sync has ended the job in its own last transaction
            return _ended(job, report, clock)
    except SyncError as error:
        _record_failure(begun.lease, lifetime.ended_by or error, dependencies)
    except RequestRefused as error:  # it would be refused in every retry
        invalid = ConfigurationInvalid(error.message, code="refused_within_a_run")
        _record_failure(begun.lease, lifetime.ended_by or invalid, dependencies)
    except LOST as error:
        _record_database_failure(begun.lease, lifetime.ended_by or unavailable(error), dependencies)
    except DriverError as error:
        refused = _refused_by_postgres(error)
        _record_failure(begun.lease, refused, dependencies)
    except KeyboardInterrupt:
        _end(begun.lease, "cancelled", dependencies)
        raise
    except Exception:
        _record_failure(
            begun.lease, InternalError("an unexpected error; see the log"), dependencies
        )
        raise
    if refused is not None:
        raise refused  # out here, without the driver's error: that may quote a row
    return _as_it_stands(job, dependencies)


def _refused_by_postgres(error: DriverError) -> InternalError:
    return InternalError(
        f"Postgres refused a statement: {refusal(error)}",
        code=error.sqlstate or type(error).__name__.lower(),
    )


def _ended(job: Job, report: Report, clock: Clock) -> Job:
    """The job as the sync has just committed it, without asking the database for it."""
    return replace(
        job,
        status=report.status,
        result=report.as_result(),
        finished_at=clock(),
    )


def _begin(order: RunOrder, dependencies: Dependencies) -> Begun:
    """Start the job, waiting a while for another run of the clinic to end."""
    begun = _begin_once(order, dependencies)
    waited = 0.0
    while _is_overlap(begun) and waited < OVERLAP_WAIT_S:
        dependencies.sleep(OVERLAP_POLL_S)
        waited += OVERLAP_POLL_S
        begun = _begin_once(order, dependencies)
    return begun


def _begin_once(order: RunOrder, dependencies: Dependencies) -> Begun:
    """The first statements also show whether the kept connection is still alive."""
    seconds = dependencies.settings.lease_seconds
    try:
        return job_store.begin(dependencies.database.connection(), order, seconds)
    except LOST:
        try:
            return job_store.begin(dependencies.database.reconnect(), order, seconds)
        except LOST as error:
            raise unavailable(error) from error


def _is_overlap(begun: Begun) -> bool:
    job = begun.job
    return job is not None and begun.lease is None and not job.is_final and begun.held_by != job.id


def _no_such_job(order: RunOrder) -> NotFound:
    if order.clinic_id is not None:
        return NotFound("clinic", order.clinic_id)
    return NotFound("job", order.job_id)


def _end_overlap(job: Job, dependencies: Dependencies) -> Job:
    message = f"another sync of this clinic was running for longer than {OVERLAP_WAIT_S} s"
    if job.trigger == "schedule" or not dependencies.retried:
        job_store.end(
            dependencies.database.connection(), Queued(job.id), "skipped_overlap", why=message
        )
    return _as_it_stands(job, dependencies)


def _run_with_lease(
    begun: Begun,
    lease: Lease,
    job: Job,
    sync: Sync,
    dependencies: Dependencies,
    lifetime: Lifetime,
    clock: Clock,
) -> Report | None:
    """The sync's report; None when the run was skipped."""
    late = timedelta() if job.scheduled_time is None else begun.now - job.scheduled_time
    if late > CATALOG[job.sync].begins_within:
        why = f"it came {late // timedelta(minutes=1)} minutes late, and the next tick is near"
        _end(lease, "skipped_stale", dependencies, why=why)
        return None
    clinic = clinic_from_row(job.clinic_id, begun.clinic)
    if clinic.killed or clinic.paused_reason is not None:
        why = f"the clinic is paused; see: idexx-sync clinics show {clinic.id}"
        _end(lease, "skipped_paused", dependencies, why=why)
        return None
    _require_active(clinic)
    params = params_of(job)
    conn = dependencies.database.connection()
    run = Run(
        conn=conn,
        job=job,
        lease=lease,
        clinic=clinic,
        params=params,
        manner=job.manner,
        fingerprints=Fingerprints(dependencies.fingerprint_keys, clinic.id),
        clock=clock,
        progress=Beating(dependencies.progress, lifetime),
    )
    lifetime.on_end(conn.cancel_safe)
    with (
        watched(
            lifetime,
            lease,
            dependencies.database.another,
            lease_seconds=dependencies.settings.lease_seconds,
            heartbeat_seconds=dependencies.settings.heartbeat_seconds,
        ),
        dependencies.open_pims(clinic, job.id, begun.session, lifetime, clock) as pims,
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


def _record_failure(lease: Lease, error: SyncError, dependencies: Dependencies) -> None:
    status: JobStatus = "queued" if error.retryable and dependencies.retried else "failed"
    _end(lease, status, dependencies, error)


def _record_database_failure(lease: Lease, error: SyncError, dependencies: Dependencies) -> None:
    """The commit may have succeeded and only its acknowledgement been lost: the job tells."""
    job = _read(lease, dependencies)
    if job is not None and not job.is_final:
        _record_failure(lease, error, dependencies)


def _end(
    lease: Lease,
    status: JobStatus,
    dependencies: Dependencies,
    error: SyncError | None = None,
    why: str | None = None,
) -> None:
    """End the job and free the lease, on a new connection if need be."""
    try:
        _end_on(lease, status, dependencies, error, why)
    except LOST:
        dependencies.database.close()
        try:
            _end_on(lease, status, dependencies, error, why)
        except LOST as broken:
            raise unavailable(broken) from broken


def _end_on(
    lease: Lease,
    status: JobStatus,
    dependencies: Dependencies,
    error: SyncError | None,
    why: str | None,
) -> None:
    conn = dependencies.database.connection()
    with writing(conn):
        job_store.end(conn, lease, status, error=error, why=why)


def _read(lease: Lease, dependencies: Dependencies) -> Job | None:
    try:
        return job_store.job_by_id(dependencies.database.connection(), lease.job_id)
    except LOST:
        return job_store.job_by_id(dependencies.database.reconnect(), lease.job_id)


def _as_it_stands(job: Job, dependencies: Dependencies) -> Job:
    return job_store.job_by_id(dependencies.database.connection(), job.id) or job
