"""The one path of all syncs' functions: `sync_worker(SYNC)` makes a worker's handler."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import RequestRefused, SyncError
from idexx_sync.core.logs import logger
from idexx_sync.core.words import own_errors_only
from idexx_sync.jobs.contract import Sync
from idexx_sync.jobs.event import WorkerEvent
from idexx_sync.jobs.model import Job, RunOrder
from idexx_sync.jobs.runner import Dependencies, run_job
from idexx_sync.jobs.wiring import process_dependencies

WorkerHandler = Callable[[dict[str, Any], Any], dict[str, Any]]


class WillBeRetried(Exception):
    """Leaves the handler, so that Lambda retries and then dead-letters the event."""


class EventUnreadable(WillBeRetried):
    """The event is not what a worker is invoked with; the message holds none of its words."""


def sync_worker(
    sync: Sync, dependencies: Callable[[], Dependencies] | None = None
) -> WorkerHandler:
    """Turn a sync into a worker's handler; `dependencies` are the process's own unless given.

    A failure that a retry may heal leaves the handler, and so does whatever could be recorded on
    no job. Any other outcome is on the job and is answered, because a retry would end the same way.
    """

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        order = own_errors_only(lambda: _order(event, sync.name))
        if isinstance(order, str):
            raise EventUnreadable(order)
        answered, will_be_retried = own_errors_only(lambda: carry_out(order, context), order.job_id)
        if will_be_retried is not None:
            raise WillBeRetried(will_be_retried)
        return answered

    def carry_out(order: RunOrder, context: Any) -> tuple[dict[str, Any], str | None]:
        made = (dependencies or process_dependencies)()
        try:
            job = run_job(order, sync, replace(made, remaining=_remaining(context)))
        except RequestRefused as error:
            return _refused(error.message), None
        except SyncError as error:
            if error.retryable:
                raise
            return _refused(error.message, error.kind), None
        log_job(job)
        again = f"job {job.id} will be retried: {job.error_kind or 'overlap'}"
        return answer(job), again if job.status == "queued" else None

    return handler


def _order(event: object, sync: SyncName) -> RunOrder | str:
    """The event's order, or what is wrong with the event, in words that are none of its own."""
    inside: tuple[str, ...] = ()
    try:
        read = WorkerEvent.model_validate(event)
        if read.sync not in (None, sync):
            return _unreadable(f"sync: this function runs {sync} only")
        inside = ("params",)
        return read.order(sync)
    except ValidationError as error:
        return _unreadable("; ".join(sorted({_fault(one, inside) for one in _details(error)})))


def _unreadable(faults: str) -> str:
    logger().error("event unreadable", faults=faults)
    return f"the event can't be read: {faults}"


def _details(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False, include_input=False, include_context=False)


def _fault(fault: ErrorDetails, inside: tuple[str, ...]) -> str:
    """`params.from: date_parsing`. Texts of pydantic quote, and an unknown field's name is data."""
    known = fault["loc"][:-1] if fault["type"] == "extra_forbidden" else fault["loc"]
    where = ".".join(str(part) for part in (*inside, *known)) or "event"
    what = fault["msg"] if fault["type"] == "value_error" else fault["type"]
    return f"{where}: {what.removeprefix('Value error, ')}"


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


def log_job(job: Job) -> None:
    """One line for a run that has ended or goes back to the queue."""
    result = job.result or {}
    logger().info(
        "sync ended",
        job_id=str(job.id),
        clinic_id=str(job.clinic_id),
        sync=job.sync,
        trigger=job.trigger,
        manner=job.manner,
        status=job.status,
        attempt=job.attempt,
        error_kind=job.error_kind,
        summary=result.get("summary"),
        counts=result.get("counts"),
        warnings=result.get("warnings"),
        held=result.get("held"),
    )
