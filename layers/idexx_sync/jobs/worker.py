"""The one path of all syncs' functions: `sync_worker(SYNC)` makes a worker's handler."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import RequestRefused, SyncError
from idexx_sync.core.logs import logger
from idexx_sync.core.shipping import shipped
from idexx_sync.core.words import own_errors_only
from idexx_sync.jobs.contract import Sync
from idexx_sync.jobs.deliveries import BringBack, Delivery, SqsVisibility, deliveries
from idexx_sync.jobs.event import WorkerEvent
from idexx_sync.jobs.model import Job, RunOrder
from idexx_sync.jobs.run_lines import RunLines
from idexx_sync.jobs.runner import Dependencies, run_job
from idexx_sync.jobs.wiring import process_dependencies

WorkerHandler = Callable[[dict[str, Any], Any], dict[str, Any]]


class WillBeRetried(Exception):
    """Leaves the handler, so that Lambda retries and then dead-letters the event."""


class EventUnreadable(WillBeRetried):
    """The event is not what a worker is invoked with; the message holds none of its words."""


def sync_worker(
    sync: Sync,
    dependencies: Callable[[], Dependencies] | None = None,
    bring_back: BringBack | None = None,
) -> WorkerHandler:
    """Turn a sync into a worker's handler; without `dependencies` or `bring_back` the process's
    own.

    Called with an event, a failure that a retry may heal leaves the handler, and so does whatever
    could be recorded on no job. Any other outcome is on the job and is answered, because a retry
    would end the same way. Called by a queue, nothing leaves it: messages whose job has not ended
    are named in the answer (`batchItemFailures`), and come back until the queue gives them up.
    """
    worker = _Worker(sync, dependencies or process_dependencies, bring_back or SqsVisibility())

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        delivered = deliveries(event)
        if delivered is None:
            return worker.invoked(event, context)
        return worker.given(delivered, context)

    return shipped(handler)


@dataclass(frozen=True)
class _Worker:
    """The handler's two ways, by who calls it."""

    sync: Sync
    dependencies: Callable[[], Dependencies]
    bring_back: BringBack

    def invoked(self, event: object, context: Any) -> dict[str, Any]:
        order = self._order(event)
        job = self._run(order, context)
        if isinstance(job, Refused):
            return job.answer()
        if job.status == "queued":
            again = f"job {job.id} will be retried: {job.error_kind or 'overlap'}"
            raise WillBeRetried(again)
        return answer(job)

    def given(self, delivered: Sequence[Delivery], context: Any) -> dict[str, Any]:
        undone = [one for one in delivered if not self._is_done(one, context)]
        for delivery in undone:
            logger().warning(
                "message not done",
                message_id=delivery.message_id,
                delivery=delivery.number,
                back_after_s=delivery.back_after_s,
            )
            self.bring_back(delivery)
        return {"batchItemFailures": [{"itemIdentifier": one.message_id} for one in undone]}

    def _is_done(self, delivery: Delivery, context: Any) -> bool:
        """Whether the message's job has ended; what nobody can carry out is a dead letter in the
        end, so that somebody is told of it."""
        try:
            order = self._order(delivery.event())
            job = self._run(order, context, is_last=delivery.is_last)
        except (EventUnreadable, SyncError, RequestRefused):  # logged already
            return False
        return isinstance(job, Job) and job.is_final

    def _order(self, event: object) -> RunOrder:
        order = own_errors_only(lambda: _order(event, self.sync.name))
        if isinstance(order, str):
            raise EventUnreadable(order)
        return order

    def _run(self, order: RunOrder, context: Any, *, is_last: bool = False) -> "Job | Refused":
        """Every line of it names the run, that of an error which nobody foresaw too."""
        lines = RunLines()
        try:
            return own_errors_only(
                lambda: self._carry_out(order, context, lines, is_last=is_last), order.job_id
            )
        finally:
            lines.forget()

    def _carry_out(
        self, order: RunOrder, context: Any, lines: RunLines, *, is_last: bool
    ) -> "Job | Refused":
        made = replace(
            self.dependencies(), progress=lines, remaining=_remaining(context), is_last=is_last
        )
        try:
            job = run_job(order, self.sync, made)
            lines.ended(job)
        except RequestRefused as error:
            return _refused(error.message)
        except SyncError as error:
            if error.retryable:
                raise
            return _refused(error.message, error.kind)
        return job


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an event can't become a job; a retry would fail alike."""

    message: str
    kind: str

    def answer(self) -> dict[str, Any]:
        return {
            "job_id": None,
            "status": "failed",
            "error_kind": self.kind,
            "error_message": self.message,
        }


def _refused(message: str, kind: str = "configuration_invalid") -> Refused:
    logger().error("event refused", error_kind=kind, error_message=message)
    return Refused(message, kind)


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
