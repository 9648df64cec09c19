"""Runs asked for by API, command line and approvals: equal requests become one job.

Whoever submits a request also invokes the worker of its job.

A job that nobody is going to run must not keep a request waiting (R27): one whose worker could not
be invoked is ended at once, and before a job is joined it is asked whether a run of it still comes.
If none does, its worker is invoked anew, or it is ended where it is only in the way.
"""

import hashlib
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID, uuid4

from idexx_sync.clinics import pause_store
from idexx_sync.clinics.pauses import all_in_words, how_it_goes_on
from idexx_sync.clinics.store import timezone_of
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.core.errors import Conflict, InternalError, NotFound
from idexx_sync.core.vocabulary import Manner, Trigger
from idexx_sync.database.connection import Conn, bound_waits, writing
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs import submission_store
from idexx_sync.jobs.coming_store import is_ended_or_coming, waits_in_queue
from idexx_sync.jobs.model import (
    Job,
    RunOrder,
    allowed_manner,
    manner_again,
    params_of,
    trigger_again,
)
from idexx_sync.jobs.params import Params
from idexx_sync.jobs.store import Abandoned, Queued, nobody_came
from idexx_sync.jobs.submission_store import IdempotencyKey


class WorkerUnavailable(Exception):
    """The worker could not be invoked; no run will come of this invocation."""


class Dispatch(Protocol):
    """Invokes the sync's worker for a job, without waiting for the run; WorkerUnavailable."""

    def __call__(self, sync: SyncName, job_id: UUID) -> None: ...


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A run that somebody outside asks for."""

    clinic_id: UUID
    sync: SyncName
    trigger: Trigger
    params: Params
    manner: Manner = "apply"
    retry_of: UUID | None = None
    request_id: str | None = None
    """By which the caller and the log know the request."""
    must_be_new: bool = False
    """Whether the caller needs a run that begins after now, because it has just decided something
    that the run must see: jobs that have begun are then neither joined nor in the way."""

    @property
    def fingerprint(self) -> str:
        """Equal for equal requests; holds nothing of them."""
        text = (
            f"{self.clinic_id} {self.sync} {self.manner} {self.retry_of} "
            f"{self.params.model_dump_json()}"
        )
        return hashlib.sha256(text.encode()).hexdigest()


def request_again(job: Job) -> RunRequest:
    """The request to do again, as a new job, what the job was to do."""
    return RunRequest(
        clinic_id=job.clinic_id,
        sync=job.sync,
        trigger=trigger_again(job),
        params=params_of(job),
        manner=manner_again(job),
        retry_of=job.id,
        must_be_new=trigger_again(job) == "approval",
    )


def submit(
    conn: Conn, dispatch: Dispatch, request: RunRequest, key: IdempotencyKey | None = None
) -> Job:
    """The request's job: a new one whose worker is invoked, or an equal one under way.

    Raises Conflict (sync_running, clinic_paused, idempotency_key_reused), NotFound for an unknown
    clinic, and WorkerUnavailable after ending the job.
    """
    job, is_coming = _create_or_join(conn, request, key)
    if is_coming:
        return job
    try:
        dispatch(job.sync, job.id)
    except WorkerUnavailable:
        _give_up(conn, job.id)
        raise
    with writing(conn):
        submission_store.mark_dispatched(conn, job.id)
    return job


def _create_or_join(
    conn: Conn, request: RunRequest, key: IdempotencyKey | None
) -> tuple[Job, bool]:
    """The request's job, and whether a run of it is coming already, or is over."""
    with conn.transaction():
        with conn.pipeline():  # in one round trip
            bound_waits(conn)
            name = None if key is None else f"{key.api_key_id} {key.route} {key.text}"
            submission_store.take_turns(conn, name or _turn_of(request))
        if key is not None:
            if (found := _job_of_key(conn, request, key)) is not None:
                if is_ended_or_coming(conn, found.id):
                    return found, True
                require_not_paused(conn, request.clinic_id)
                return found, not submission_store.dispatch_again(conn, found.id)
            submission_store.take_turns(conn, _turn_of(request))
        require_not_paused(conn, request.clinic_id)
        job = _joinable(conn, request)
        is_coming = job is not None and is_ended_or_coming(conn, job.id)
        if job is not None and not is_coming and not submission_store.dispatch_again(conn, job.id):
            job = None  # whoever ends what nobody runs has just done so
        job = job or _insert(conn, request)
        if key is not None:
            submission_store.remember(conn, key, request.fingerprint, job.id)
    return job, is_coming


def require_not_paused(conn: Conn, clinic_id: UUID) -> None:
    """Conflict (clinic_paused) that says since when, by whom and why, while the clinic is paused:
    no run is ordered that would only be skipped."""
    if pauses := pause_store.standing(conn, clinic_id):
        told = all_in_words(pauses, zone_of(timezone_of(conn, clinic_id)))
        raise Conflict(
            "clinic_paused",
            f"The clinic is {told}; no run is ordered meanwhile; {how_it_goes_on(pauses)}",
        )


def _turn_of(request: RunRequest) -> str:
    return f"{request.clinic_id} {request.sync}"


def _joinable(conn: Conn, request: RunRequest) -> Job | None:
    """An unfinished job that is what the request wants; Conflict where another is in the way."""
    unfinished = submission_store.unfinished(
        conn,
        request.clinic_id,
        request.sync,
        not_begun_by=request.trigger if request.must_be_new else None,
    )
    if not unfinished:
        return None
    stage = submission_store.stage(conn, request.clinic_id)
    wanted = request.params.as_stored(), allowed_manner(request.manner, stage)
    for job in unfinished:
        if (job.params, allowed_manner(job.manner, stage)) == wanted:
            return job
    if not request.must_be_new:
        for job in unfinished:
            if is_ended_or_coming(conn, job.id):
                raise _running(job.id)
            if not waits_in_queue(conn, job.id):  # what does is run after this one
                _bury(conn, job)
    return None


def _bury(conn: Conn, job: Job) -> None:
    """End a job that nobody runs any more; a run of it that wakes up has lost the clinic."""
    job_store.end(conn, Abandoned(job.clinic_id, job.id), "dead", error=nobody_came(job.id))


def _running(job_id: UUID) -> Conflict:
    return Conflict(
        "sync_running",
        f"Job {job_id} is under way with other parameters; "
        "wait for it or cancel it, then ask again.",
        job_id=job_id,
    )


def _insert(conn: Conn, request: RunRequest) -> Job:
    order = RunOrder(
        uuid4(),
        request.clinic_id,
        request.sync,
        request.trigger,
        params=request.params,
        manner=request.manner,
        retry_of=request.retry_of,
        request_id=request.request_id,
    )
    job = job_store.insert_for_workers(conn, order).fetchone()
    if job is None:
        raise NotFound("clinic", request.clinic_id)
    return job


def _job_of_key(conn: Conn, request: RunRequest, key: IdempotencyKey) -> Job | None:
    """The job that the key stands for; Conflict if it was used for another request."""
    remembered = submission_store.remembered(conn, key)
    if remembered is None:
        return None
    job_id, request_hash = remembered
    if request_hash != request.fingerprint:
        raise Conflict(
            "idempotency_key_reused",
            "This Idempotency-Key was used within 24 hours for another request; use a new one.",
        )
    return job_store.job_by_id(conn, job_id)


def _give_up(conn: Conn, job_id: UUID) -> None:
    """End a job whose worker can't be invoked, unless it has begun after all."""
    error = InternalError("the worker could not be invoked; order the sync again")
    with writing(conn):
        job_store.end(conn, Queued(job_id, never_begun=True), "failed", error=error)
        submission_store.forget(conn, job_id)
