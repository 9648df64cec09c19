"""The one path of every run: order, lease, sync, outcome."""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from idexx_sync.clinics.pauses import all_in_words, how_it_goes_on, pauses_from_json
from idexx_sync.clinics.store import Clinic, clinic_from_row
from idexx_sync.core.catalog import CATALOG
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.core.errors import ConfigurationInvalid, NotFound, RequestRefused, SyncError
from idexx_sync.core.fingerprints import FingerprintKeys, Fingerprints
from idexx_sync.core.imprints import refuse_another
from idexx_sync.core.settings import Settings
from idexx_sync.core.vocabulary import Manner
from idexx_sync.database.business_time import Clock, going_on
from idexx_sync.database.connection import LOST, Database, DriverError, unavailable
from idexx_sync.database.waits import Patience
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.contract import Beating, OpenPims, Progress, Report, Run, Silent, Sync
from idexx_sync.jobs.ending import ENDS_WITHIN_S, Ending, explained
from idexx_sync.jobs.heartbeat import Lifetime, watched
from idexx_sync.jobs.leases import Lease
from idexx_sync.jobs.model import Begun, Job, RunOrder, params_of
from idexx_sync.schedules.staleness import Schedules, is_stale

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
    is_last: bool = False
    """Whether nobody repeats this one, although runs are repeated: its queue gives it up."""


def run_job(order: RunOrder, sync: Sync, dependencies: Dependencies) -> Job:
    """Run the order and return its job as it stands afterwards.

    Explained failures are recorded on the job, not raised; the job is `queued` again when a retry
    may help and somebody retries. Raises NotFound for a clinic or job that does not
    exist, DatabaseUnavailable when the job could not be written, and lets anything unexpected go
    up after recording it. However it is left, the job has ended or waits again, and its clinic is
    free (R27).
    """
    lifetime = Lifetime(dependencies.remaining, dependencies.settings.deadline_reserve_seconds)
    ending = Ending(order, dependencies.database, dependencies.retried, dependencies.is_last)
    patience = dependencies.database.patience
    with patience.until(lifetime.time_left):
        begun = _begin(order, dependencies, lifetime, ending)
        job, lease = begun.job, begun.lease
        if job is None:
            raise _no_such_job(order)
        if job.is_final or (begun.held_by == job.id and lease is None):
            return job  # done before, or a second delivery of what is running now
        if lease is None:
            return _end_overlap(job, ending)
        clock = dependencies.clock_from(begun.now)
        try:
            report = _run_with_lease(begun, lease, job, sync, dependencies, lifetime, ending, clock)
            if report is not None:  # the sync has ended the job in its own last transaction
                return _ended(job, report, clock)
            unexpected = None
        except BaseException as error:  # noqa: BLE001 Ctrl-C too must not leave a lease behind
            unexpected = error
        if unexpected is not None:
            unexpected = _recorded(unexpected, lease, job.attempt, ending, lifetime)
        if unexpected is not None:
            raise unexpected  # out here: what the driver said may quote a row
        with _time_to_end(patience):
            return ending.job() or job


def _time_to_end(patience: Patience) -> AbstractContextManager[None]:
    """What a run had is over; what is left to be said of it has a time of its own."""
    ends = time.monotonic() + ENDS_WITHIN_S
    return patience.until(lambda: ends - time.monotonic())


def _recorded(
    error: BaseException, lease: Lease, attempt: int, ending: Ending, lifetime: Lifetime
) -> BaseException | None:
    """Record how the run ended; what is to leave it, if anything is.

    Our own errors, refusals and lost connections don't: the job tells. What Postgres has refused
    leaves as an error of ours, because the driver's may quote a row.
    """
    said = explained(error, lifetime)
    with _time_to_end(ending.database.patience):
        if isinstance(error, KeyboardInterrupt):
            ending.end(lease, "cancelled")
            return error
        if isinstance(error, LOST):
            ending.fail_if_unfinished(lease, attempt, said)
            return None
        ending.fail(lease, attempt, said)
    if isinstance(error, DriverError):
        return said
    return None if isinstance(error, (SyncError, RequestRefused)) else error


def _ended(job: Job, report: Report, clock: Clock) -> Job:
    """The job as the sync has just committed it, without asking the database for it."""
    failure = report.failure
    return replace(
        job,
        status=report.status,
        result=report.as_result(),
        error_kind=None if failure is None else failure.kind,
        error_message=None if failure is None else failure.message,
        finished_at=clock(),
    )


def _begin(
    order: RunOrder, dependencies: Dependencies, lifetime: Lifetime, ending: Ending
) -> Begun:
    """Start the job, waiting a while for another run of the clinic to end."""
    try:
        begun = _begin_once(order, dependencies)
        waited = 0.0
        while (
            _is_overlap(begun) and waited < OVERLAP_WAIT_S and lifetime.time_left() > OVERLAP_POLL_S
        ):
            dependencies.sleep(OVERLAP_POLL_S)
            waited += OVERLAP_POLL_S
            begun = _begin_once(order, dependencies)
    except SyncError:
        raise  # the database is gone: what was begun, if anything, expires
    except BaseException as error:  # noqa: BLE001 Ctrl-C too must not leave a lease behind
        broken = error
    else:
        return begun
    raise _not_begun(broken, ending, lifetime)


def _not_begun(error: BaseException, ending: Ending, lifetime: Lifetime) -> BaseException:
    """What leaves a run whose start broke; it may have been committed all the same."""
    with _time_to_end(ending.database.patience):
        begun = ending.begun_unknowingly()
        if begun is not None:
            return _recorded(error, *begun, ending, lifetime) or explained(error, lifetime)
        if isinstance(error, KeyboardInterrupt):
            ending.end_waiting("cancelled", None, None)
        elif ending.is_last or not ending.retried:
            ending.end_waiting("failed", explained(error, lifetime), None)
    return explained(error, lifetime) if isinstance(error, DriverError) else error


def _begin_once(order: RunOrder, dependencies: Dependencies) -> Begun:
    """The first statements also show whether the kept connection is still alive."""
    seconds = dependencies.settings.lease_seconds
    try:
        return job_store.begin(dependencies.database.connection(), order, seconds)
    except LOST:
        dependencies.database.close()
    try:
        return job_store.begin(dependencies.database.connection(), order, seconds)
    except LOST as error:
        raise unavailable(error) from None


def _is_overlap(begun: Begun) -> bool:
    job = begun.job
    return job is not None and begun.lease is None and not job.is_final and begun.held_by != job.id


def _no_such_job(order: RunOrder) -> NotFound:
    if order.clinic_id is not None:
        return NotFound("clinic", order.clinic_id)
    return NotFound("job", order.job_id)


def _end_overlap(job: Job, ending: Ending) -> Job:
    """Let the job wait for its next delivery; skipped if there will be none."""
    is_last = ending.is_last or job.attempt + 1 >= CATALOG[job.sync].attempts
    with _time_to_end(ending.database.patience):
        if is_last or not ending.retried:
            why = f"another sync of this clinic was running for longer than {OVERLAP_WAIT_S} s"
            ending.end_waiting("skipped_overlap", None, why)
        else:
            ending.give_way()
        return ending.job() or job


def _run_with_lease(
    begun: Begun,
    lease: Lease,
    job: Job,
    sync: Sync,
    dependencies: Dependencies,
    lifetime: Lifetime,
    ending: Ending,
    clock: Clock,
) -> Report | None:
    """The sync's report; None when the run was skipped."""
    dependencies.progress.begun(job)
    row = begun.clinic or {}
    if why := _why_stale(begun.now, job, row):
        ending.end(lease, "skipped_stale", why=why)
        return None
    if pauses := pauses_from_json(row.get("pauses")):  # before settings that may be broken
        told = all_in_words(pauses, zone_of(row["timezone"]))
        why = f"the clinic is {told}; {how_it_goes_on(pauses)}"
        ending.end(lease, "skipped_paused", why=why)
        return None
    clinic = clinic_from_row(job.clinic_id, begun.clinic)
    _require_active(clinic, job.manner)
    refuse_another(dependencies.fingerprint_keys.imprints, begun.fingerprint_imprints)
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
        time_left=lifetime.time_left,
        last_success_at=begun.last_success_at,
    )
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


def _why_stale(now: datetime, job: Job, row: Mapping[str, Any]) -> str | None:
    """Why the next tick does the work of this one; a catch-up makes one up, and is never stale."""
    if job.scheduled_time is None or job.trigger == "catch_up":
        return None
    schedules = Schedules(job.clinic_id, now, row.get("sync_schedules"), row.get("timezone"))
    if not is_stale(job.sync, job.scheduled_time, schedules):
        return None
    late = (now - job.scheduled_time) // timedelta(minutes=1)
    return f"it came {late} minutes late, and its schedule's next time has passed"


def _require_active(clinic: Clinic, manner: Manner) -> None:
    """A preview writes nothing, so it may look at a clinic before its first stage."""
    if not clinic.is_active:
        raise ConfigurationInvalid(
            f"clinics.is_active: clinic {clinic.id} is inactive in ODIS; it is not synced",
            code="is_active",
        )
    if clinic.stage == "off" and manner != "preview":
        raise ConfigurationInvalid(
            f"stage: clinic {clinic.id} is switched off for this service; only a dry run reads it; "
            "let it run and write nothing of ODIS's with: "
            f"idexx-sync clinics add {clinic.id} --stage shadow",
            code="stage",
        )
