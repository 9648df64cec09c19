"""Invokes workers through AWS Lambda, asynchronously."""

from collections.abc import Mapping
from uuid import UUID

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.invoking import LambdaFunctions, NotInvoked
from idexx_sync.core.logs import logger
from idexx_sync.jobs.submission import WorkerUnavailable


class LambdaDispatch:
    """Invokes the function that stands for a sync."""

    def __init__(
        self, functions: Mapping[SyncName, str], invoking: LambdaFunctions | None = None
    ) -> None:
        self._functions = functions
        self._invoking = invoking or LambdaFunctions()

    def __call__(self, sync: SyncName, job_id: UUID) -> None:
        function = self._functions.get(sync)
        if function is None:
            raise WorkerUnavailable(f"IDEXX_SYNC_WORKER_FUNCTIONS names no worker for {sync}")
        try:
            self._invoking.start(function, {"v": 1, "job_id": str(job_id)})
        except NotInvoked as error:
            logger().error("worker not invoked", sync=sync, error=error.word)
            raise WorkerUnavailable(f"the worker of {sync} could not be invoked") from None
