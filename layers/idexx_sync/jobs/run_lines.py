"""A run in the log: it has begun, has read, has committed, has ended; each with how long it took.

Ids, words and counts only. Every line that is written meanwhile, whoever writes it, names the job,
its clinic and the request that ordered it.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from idexx_sync.core.logs import logger
from idexx_sync.core.measures import measure
from idexx_sync.jobs.contract import WRITING, Silent
from idexx_sync.jobs.model import Job

_WHOSE: Final = ("job_id", "clinic_id", "sync", "request_id")


class RunLines(Silent):
    """What is told of one run; a retry of its job is another one."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        """`elapsed` gives seconds."""
        self._elapsed = elapsed
        self._began = self._last = elapsed()
        self._has_begun = False

    def begun(self, job: Job) -> None:
        self._has_begun = True
        logger().append_keys(
            job_id=str(job.id),
            clinic_id=str(job.clinic_id),
            sync=job.sync,
            request_id=job.request_id,
        )
        self._last = self._elapsed()
        logger().info("run begun", trigger=job.trigger, manner=job.manner, attempt=job.attempt)

    def phase(self, name: str, total: int | None = None) -> None:  # noqa: ARG002
        if name == WRITING:
            logger().info("run read", seconds=self._since_last())

    def committed(self, counts: Mapping[str, int]) -> None:
        logger().info("run committed", seconds=self._since_last(), counts=_done(counts))

    def ended(self, job: Job) -> None:
        """How the run left its job, which has ended or waits for its next run.

        A delivery that comes to a job which has ended, or to a clinic that is busy, is no run.
        """
        if not self._has_begun:
            logger().info(
                "run not begun",
                job_id=str(job.id),
                clinic_id=str(job.clinic_id),
                sync=job.sync,
                status=job.status,
                request_id=job.request_id,
            )
            return
        result = job.result or {}
        seconds = round(self._elapsed() - self._began, 2)
        logger().info(
            "run ended",
            status=job.status,
            attempt=job.attempt,
            error_kind=job.error_kind,
            seconds=seconds,
            counts=_done(result.get("counts")),
            warnings=result.get("warnings"),
            held=result.get("held"),
        )
        if job.is_final:
            failed = job.error_kind is not None
            measure({"RunsEnded": 1, "RunsFailed": failed, "RunSeconds": seconds})

    def forget(self) -> None:
        """No line after this one is the run's."""
        logger().remove_keys(_WHOSE)

    def _since_last(self) -> float:
        before, self._last = self._last, self._elapsed()
        return round(self._last - before, 2)


def _done(counts: Any) -> dict[str, int] | None:
    """Those of a job's counts that are not nought."""
    if not isinstance(counts, Mapping):
        return None
    return {name: number for name, number in counts.items() if number}
