"""Invokes workers through AWS Lambda, asynchronously."""

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from idexx_sync.core.aws import bounded_client, refusal_word
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.in_time import in_time
from idexx_sync.core.logs import logger
from idexx_sync.jobs.submission import WorkerUnavailable

CONNECT_TIMEOUT_S: Final = 2
READ_TIMEOUT_S: Final = 5
TRIES: Final = 2
LONGEST_S: Final = 15
"""All tries together, whatever arrives: the time-outs are for single waits."""
ACCEPTED: Final = 202


class LambdaDispatch:
    """Invokes the function that stands for a sync; the client is made at first use."""

    def __init__(self, functions: Mapping[SyncName, str], client: Any = None) -> None:
        self._functions = functions
        self._client = client

    def __call__(self, sync: SyncName, job_id: UUID) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        function = self._functions.get(sync)
        if function is None:
            raise WorkerUnavailable(f"IDEXX_SYNC_WORKER_FUNCTIONS names no worker for {sync}")
        self._client = client = self._client or _client()
        try:
            answer = in_time(
                LONGEST_S,
                lambda: client.invoke(
                    FunctionName=function,
                    InvocationType="Event",
                    Payload=json.dumps({"v": 1, "job_id": str(job_id)}).encode(),
                ),
            )
        except (BotoCoreError, ClientError, TimeoutError) as error:
            logger().error("worker not invoked", sync=sync, error=refusal_word(error))
            raise WorkerUnavailable(f"the worker of {sync} could not be invoked") from None
        if answer["StatusCode"] != ACCEPTED:
            logger().error("worker not invoked", sync=sync, error=f"status {answer['StatusCode']}")
            raise WorkerUnavailable(f"the worker of {sync} did not accept the invocation")


def _client() -> Any:
    return bounded_client("lambda", connect_s=CONNECT_TIMEOUT_S, read_s=READ_TIMEOUT_S, tries=TRIES)
