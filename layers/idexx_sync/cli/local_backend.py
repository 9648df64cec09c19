"""The backend over the database: what is ordered runs in this process.

Each call has a connection of its own: none is kept open while a run or a person takes its time.
"""

import getpass
from collections.abc import Sequence
from uuid import UUID

import typer

from idexx_sync.cli.context import Cli
from idexx_sync.cli.decision import Decision
from idexx_sync.cli.local_run import run_here
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.model import new_order, retry_order
from idexx_sync.jobs.params import params_model
from idexx_sync.operations.decisions import (
    cancel_job,
    decide_hold,
    reopen_hold,
    require_ended,
    revive_hold,
)
from idexx_sync.operations.lookup import find_hold, find_job, require_clinic
from idexx_sync.operations.models import HoldView, JobView
from idexx_sync.operations.views import hold_page, hold_view, job_page, job_view
from idexx_sync.syncs.hold_store import Hold, Verdict, params_of_finder
from idexx_sync.syncs.holds import HoldStatus


class LocalBackend:
    """All clinics' jobs and holds, for whoever may use the database."""

    def __init__(self, cli: Cli) -> None:
        self._cli = cli

    def jobs(self, clinic_id: UUID | None, limit: int) -> Sequence[JobView]:
        with self._cli.database() as conn:
            require_clinic(conn, clinic_id)
            return job_page(conn, clinic_id=clinic_id, limit=limit).jobs

    def job(self, job_id: UUID) -> JobView:
        with self._cli.database() as conn:
            return job_view(conn, find_job(conn, job_id))

    def retry(self, job_id: UUID, *, waited_for: bool) -> JobView:
        if not waited_for:
            raise typer.BadParameter(
                "without IDEXX_SYNC_API_URL the run is made here and now",
                param_hint="'--no-watch'",
            )
        with self._cli.database() as conn:
            job = find_job(conn, job_id)
        require_ended(job)
        return run_here(self._cli, retry_order(job))

    def cancel(self, job_id: UUID) -> JobView:
        with self._cli.database() as conn:
            return job_view(conn, cancel_job(conn, find_job(conn, job_id), by=_account()))

    def holds(
        self, clinic_id: UUID | None, status: HoldStatus | None, limit: int
    ) -> Sequence[HoldView]:
        with self._cli.database() as conn:
            require_clinic(conn, clinic_id)
            return hold_page(conn, clinic_id=clinic_id, status=status, limit=limit).holds

    def hold(self, hold_id: UUID) -> HoldView:
        with self._cli.database() as conn:
            return hold_view(conn, find_hold(conn, hold_id))

    def approve(self, hold_id: UUID, decision: Decision) -> JobView:
        with self._cli.database() as conn:
            hold = self._decided(conn, hold_id, "approved", decision)
            params = params_of_finder(conn, hold)
        self._cli.say("Approved for 24 hours; running the sync anew.")
        return run_here(self._cli, new_order(hold.clinic_id, hold.sync, "approval", params))

    def reject(self, hold_id: UUID, decision: Decision) -> HoldView:
        with self._cli.database() as conn:
            return hold_view(conn, self._decided(conn, hold_id, "rejected", decision))

    def reopen(self, hold_id: UUID, decision: Decision) -> HoldView:
        by = decision.by or _account()
        with self._cli.database() as conn:
            hold = find_hold(conn, hold_id)
            return hold_view(conn, reopen_hold(conn, hold, by=by, reason=decision.reason))

    def revive(self, hold_id: UUID, decision: Decision) -> JobView:
        by = decision.by or _account()
        with self._cli.database() as conn:
            hold = find_hold(conn, hold_id)
            revive_hold(conn, hold, by=by, reason=decision.reason)
        order = new_order(hold.clinic_id, hold.sync, "approval", params_model(hold.sync)())
        return run_here(self._cli, order)

    def _decided(self, conn: Conn, hold_id: UUID, verdict: Verdict, decision: Decision) -> Hold:
        hold = find_hold(conn, hold_id)
        assert decision.seen is not None
        by = decision.by or _account()
        return decide_hold(conn, hold, verdict, seen=decision.seen, by=by, reason=decision.reason)


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        return "command line"
