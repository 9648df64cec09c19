"""Operations that start a run: the syncs' own, retry, approval."""

import re
from datetime import timedelta
from typing import Final
from uuid import UUID

from idexx_sync.api.budgets import ordering
from idexx_sync.api.fitting import fitting_job
from idexx_sync.api.handler import ApiDependencies, Operation, Page, Response
from idexx_sync.api.models import StartRequest
from idexx_sync.api.problems import RETRY_AFTER_S, FieldError, invalid
from idexx_sync.api.request import Request
from idexx_sync.api.routes import OperationId
from idexx_sync.core.catalog import CATALOG, SyncName
from idexx_sync.jobs.model import Job, asked_manner
from idexx_sync.jobs.params import read_params
from idexx_sync.jobs.store import job_by_id
from idexx_sync.jobs.submission import RunRequest, submit
from idexx_sync.jobs.submission_store import IdempotencyKey
from idexx_sync.keys.budgets import LONGEST_WAIT_S
from idexx_sync.operations.views import job_view

ANSWERS_WITHIN: Final = timedelta(seconds=25)
"""After the gateway received the request; at 29 s it gives up on us."""
LOOKS_AGAIN_S: Final = 0.25
LOOKS_FOR_S: Final = 3.0
"""How long one look may take: after the last one there are still some seconds to answer in."""
_WAIT: Final = re.compile(r"\s*wait\s*=\s*\"?(\d{1,6})\"?\s*", re.IGNORECASE)
_IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")


def starting(sync: SyncName) -> dict[OperationId, Operation | Page]:
    """The operation that starts the sync."""
    return {CATALOG[sync].operation: start(sync)}


def start(sync: SyncName) -> Operation:
    """Order a run of the sync, or join an equal one that is under way."""

    def operation(request: Request, dependencies: ApiDependencies) -> Response:
        body = request.body
        assert isinstance(body, StartRequest)
        asked = body.model_dump(by_alias=True, exclude={"clinic_id", "dry_run"}, mode="json")
        params = read_params(sync, asked)
        run_request = RunRequest(
            clinic_id=request.caller.one_clinic(body.clinic_id),
            sync=sync,
            trigger="api",
            params=params,
            manner=asked_manner(params, dry_run=body.dry_run),
            request_id=request.id,
        )
        key, wait_s = _idempotency_key(request), _wanted_wait(request.headers.get("Prefer", ""))
        with ordering(request, dependencies, waits=bool(wait_s)) as may_wait:
            conn = dependencies.database.connection()
            job = submit(conn, dependencies.dispatch, run_request, key)
            if wait_s is None or (wait_s and not may_wait):
                return accepted(request, dependencies, job)
            return _accepted_or_done(request, dependencies, job, wait_s)

    return operation


def accepted(request: Request, dependencies: ApiDependencies, job: Job) -> Response:
    """202 with the job, which has not ended, and with its address."""
    return Response(
        202, job_view(dependencies.database.connection(), job), _location(request, job.id)
    )


def _accepted_or_done(
    request: Request, dependencies: ApiDependencies, job: Job, wait_s: int
) -> Response:
    job = _awaited(dependencies, job, min(wait_s, _left_s(request, dependencies)))
    applied = {"Preference-Applied": f"wait={wait_s}"}
    if job.is_final:
        return Response(
            200,
            fitting_job(job_view(dependencies.database.connection(), job)),
            {"Location": _location(request, job.id)["Location"]} | applied,
        )
    return Response(
        202, job_view(dependencies.database.connection(), job), _location(request, job.id) | applied
    )


def _left_s(request: Request, dependencies: ApiDependencies) -> float:
    """Until the gateway gives up; a clock that is behind the gateway's gives no more than all."""
    gone = dependencies.machine_clock() - request.received_at
    return min(ANSWERS_WITHIN, ANSWERS_WITHIN - gone).total_seconds()


def _awaited(dependencies: ApiDependencies, job: Job, wait_s: float) -> Job:
    ends = dependencies.elapsed() + wait_s
    while not job.is_final and (left := ends - dependencies.elapsed()) > 0:
        dependencies.sleep(min(LOOKS_AGAIN_S, left))
        dependencies.database.patience.renew(LOOKS_FOR_S)
        job = job_by_id(dependencies.database.connection(), job.id) or job
    return job


def _wanted_wait(prefer: str) -> int | None:
    """Seconds of `Prefer: wait=20`, capped; other preferences are not ours (RFC 7240)."""
    for preference in prefer.split(","):
        if (match := _WAIT.fullmatch(preference.partition(";")[0])) is not None:
            return min(int(match[1]), LONGEST_WAIT_S)
    return None


def _idempotency_key(request: Request) -> IdempotencyKey | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if _IDEMPOTENCY_KEY.fullmatch(key) is None:
        detail = "at most 200 visible ASCII characters, without blanks; a UUID is a good choice"
        raise invalid(FieldError(detail=detail, parameter="Idempotency-Key"))
    return IdempotencyKey(request.caller.key_id, request.route.operation, key)


def _location(request: Request, job_id: UUID) -> dict[str, str]:
    return {
        "Location": f"{request.prefix}/api/sync/jobs/{job_id}",
        "Retry-After": str(RETRY_AFTER_S),
    }
