"""Lambda: compare the last days of one clinic's rows with its PIMS."""

from functools import cache
from typing import Any

from idexx_sync.api.handler import api_handler
from idexx_sync.api.syncs import starting
from idexx_sync.core.words import own_errors_only
from idexx_sync.jobs.worker import WorkerHandler, sync_worker

api = api_handler("reconciliation", starting("reconciliation"))


def worker(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The sync is loaded at the first event: who only takes orders needs no readers of records."""
    return own_errors_only(_worker)(event, context)


@cache
def _worker() -> WorkerHandler:
    from idexx_sync.syncs.reconciliation.sync import ReconciliationSync

    return sync_worker(ReconciliationSync())
