"""Lambda: copy one clinic's visits and their clinical record."""

from functools import cache
from typing import Any

from idexx_sync.api.handler import api_handler
from idexx_sync.api.syncs import starting
from idexx_sync.core.words import own_errors_only
from idexx_sync.jobs.worker import WorkerHandler, sync_worker

api = api_handler("case_sync", starting("cases"))


def worker(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The sync is loaded at the first event: who only takes orders needs no readers of records."""
    return own_errors_only(_worker)(event, context)


@cache
def _worker() -> WorkerHandler:
    from idexx_sync.syncs.cases.sync import CaseSync

    return sync_worker(CaseSync())
