"""Orders runs through the syncs' queues of ticks, where they wait for their turn."""

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
"""All tries together, whatever arrives."""


class QueueDispatch:
    """Sends a job to the queue that stands for its sync; the client is made at first use."""

    def __init__(self, queues: Mapping[SyncName, str], client: Any = None) -> None:
        """`queues` are their URLs."""
        self._queues = queues
        self._client = client

    def __call__(self, sync: SyncName, job_id: UUID) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        queue = self._queues.get(sync)
        if queue is None:
            raise WorkerUnavailable(f"IDEXX_SYNC_TICK_QUEUES names no queue for {sync}")
        made = self._client = self._client or _client()
        sent = json.dumps({"v": 1, "job_id": str(job_id)})
        try:
            in_time(LONGEST_S, lambda: made.send_message(QueueUrl=queue, MessageBody=sent))
        except (BotoCoreError, ClientError, TimeoutError) as error:
            logger().error("run not queued", sync=sync, error=refusal_word(error))
            raise WorkerUnavailable(f"the queue of {sync} could not be reached") from None


def _client() -> Any:
    return bounded_client("sqs", connect_s=CONNECT_TIMEOUT_S, read_s=READ_TIMEOUT_S, tries=TRIES)
