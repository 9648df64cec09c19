"""Operations that start a run: the syncs' own, retry, approval."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from idexx_sync.api.handler import Answer, ApiTools, Carry
from idexx_sync.api.models import SyncRequest
from idexx_sync.api.problems import RETRY_AFTER_S, Fault, Problem, invalid
from idexx_sync.api.request import Call
from idexx_sync.api.routes import Operation
from idexx_sync.clinics.store import timezone_of
from idexx_sync.core.catalog import CATALOG, SyncName
from idexx_sync.jobs.model import Job
from idexx_sync.jobs.store import job_by_id
from idexx_sync.jobs.submission import (
    IdempotencyKey,
    IdempotencyKeyReused,
    RunRequest,
    SyncRunning,
    WorkerUnavailable,
    submit,
)
from idexx_sync.operations.models import JobView

LONGEST_WAIT_S: Final = 20
ANSWERS_WITHIN: Final = timedelta(seconds=25)
"""After the gateway received the request; at 29 s it gives up on us."""
LOOKS_AGAIN_S: Final = 0.25
_WAIT: Final = re.compile(r"\s*wait\s*=\s*\"?(\d{1,6})\"?\s*", re.IGNORECASE)
_IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")


def starting(sync: SyncName) -> dict[Operation, Carry]:
    """The operation that starts the sync, carried out once the sync is built."""
    row = CATALOG[sync]
    return {row.operation: start(sync) if row.is_built else not_built(row.noun.capitalize())}


def start(sync: SyncName) -> Carry:
    """Order a run of the sync, or join an equal one that is under way."""

    def carry(call: Call, tools: ApiTools) -> Answer:
        asked = call.body
        assert isinstance(asked, SyncRequest)
        wish = RunRequest(
            clinic_id=call.caller.one_clinic(asked.clinic_id),
            sync=sync,
            trigger="api",
            params=asked.params(),
        )
        job = placed(tools, wish, _remembered(call))
        return _accepted_or_done(call, tools, job)

    return carry


def not_built(what: str) -> Carry:
    """The request is judged; then it is said that nobody carries it out yet."""

    def carry(_call: Call, _tools: ApiTools) -> Answer:
        raise Problem("not_built_yet", f"{what} is not built yet.")

    return carry


def placed(tools: ApiTools, wish: RunRequest, remembered: IdempotencyKey | None = None) -> Job:
    """The wish's job; every reason why there is none becomes a Problem."""
    try:
        return submit(tools.conn, tools.dispatch, wish, remembered)
    except SyncRunning as running:
        raise Problem(
            "sync_running",
            f"Job {running.job_id} is under way with other parameters; "
            "wait for it or cancel it, then ask again.",
            job_id=running.job_id,
        ) from None
    except IdempotencyKeyReused:
        raise Problem(
            "idempotency_key_reused",
            "This Idempotency-Key was used within 24 hours for another request; use a new one.",
        ) from None
    except WorkerUnavailable:
        raise Problem(
            "worker_unavailable",
            "The sync's worker could not be invoked; nothing was started, ask again.",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        ) from None


def accepted(call: Call, tools: ApiTools, job: Job) -> Answer:
    """202: the job is under way, and where to look for it."""
    return Answer(202, _view(tools, job), _whereabouts(call, job.id))


def _accepted_or_done(call: Call, tools: ApiTools, job: Job) -> Answer:
    wait_s = _wanted_wait(call.headers.get("Prefer", ""))
    if wait_s is None:
        return accepted(call, tools, job)
    ends = min(call.received_at + ANSWERS_WITHIN, tools.clock() + timedelta(seconds=wait_s))
    job = _awaited(tools, job, lambda: (ends - tools.clock()).total_seconds())
    applied = {"Preference-Applied": f"wait={wait_s}"}
    if job.is_final:
        return Answer(
            200, _view(tools, job), {"Location": _whereabouts(call, job.id)["Location"]} | applied
        )
    return Answer(202, _view(tools, job), _whereabouts(call, job.id) | applied)


def _awaited(tools: ApiTools, job: Job, left_s: Callable[[], float]) -> Job:
    while not job.is_final and (left := left_s()) > 0:
        tools.sleep(min(LOOKS_AGAIN_S, left))
        job = job_by_id(tools.database.connection(), job.id) or job
    return job


def _wanted_wait(prefer: str) -> int | None:
    """Seconds of `Prefer: wait=20`, capped; other preferences are not ours (RFC 7240)."""
    for preference in prefer.split(","):
        if (match := _WAIT.fullmatch(preference.partition(";")[0])) is not None:
            return min(int(match[1]), LONGEST_WAIT_S)
    return None


def _remembered(call: Call) -> IdempotencyKey | None:
    key = call.headers.get("Idempotency-Key")
    if key is None:
        return None
    if _IDEMPOTENCY_KEY.fullmatch(key) is None:
        detail = "at most 200 visible ASCII characters, without blanks; a UUID is a good choice"
        raise invalid(Fault(detail=detail, parameter="Idempotency-Key"))
    return IdempotencyKey(call.caller.key_id, call.route.operation, key)


def _whereabouts(call: Call, job_id: UUID) -> dict[str, str]:
    return {
        "Location": f"{call.prefix}/api/sync/jobs/{job_id}",
        "Retry-After": str(RETRY_AFTER_S),
    }


def _view(tools: ApiTools, job: Job) -> JobView:
    return JobView.of(job, timezone_of(tools.database.connection(), job.clinic_id))
