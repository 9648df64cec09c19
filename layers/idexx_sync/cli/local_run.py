"""A run in this process, with its progress on standard error."""

from collections.abc import Mapping
from typing import Final

from idexx_sync.cli.context import Cli
from idexx_sync.cli.progress import Bars
from idexx_sync.core.catalog import SyncName
from idexx_sync.jobs.contract import Sync
from idexx_sync.jobs.model import RunOrder
from idexx_sync.jobs.runner import run_job
from idexx_sync.jobs.store import job_by_id
from idexx_sync.jobs.submission import require_not_paused
from idexx_sync.operations.models import JobView
from idexx_sync.operations.views import job_view
from idexx_sync.syncs.cases.sync import CaseSync
from idexx_sync.syncs.inbound.sync import InboundSync
from idexx_sync.syncs.reconciliation.sync import ReconciliationSync

SYNCS_HERE: Final[Mapping[SyncName, Sync]] = {
    "inbound": InboundSync(),
    "cases": CaseSync(),
    "reconciliation": ReconciliationSync(),
}


def run_here(cli: Cli, order: RunOrder) -> JobView:
    """Run the order and wait for it; an interrupt cancels its job. Conflict (clinic_paused) while
    the clinic is paused: no job is made."""
    sync = SYNCS_HERE[order.sync]
    with Bars(cli.err) as bars, cli.dependencies(bars, order.manner) as dependencies:
        if order.clinic_id is not None:
            require_not_paused(dependencies.database.connection(), order.clinic_id)
        try:
            job = run_job(order, sync, dependencies)
        except KeyboardInterrupt:
            what = f"interrupted: job {order.job_id} is cancelled; what was committed stays"
            raise KeyboardInterrupt(what) from None
        if job.error_kind is None:
            bars.finish()
        conn = dependencies.database.connection()
        return job_view(conn, job_by_id(conn, job.id) or job)
