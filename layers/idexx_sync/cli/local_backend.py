"""The backend over the database: what is ordered runs in this process.

Each call has a connection of its own: none is kept open while a run or a person takes its time.
"""

import getpass
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import typer

from idexx_sync.cli.context import Cli
from idexx_sync.cli.decision import Decision
from idexx_sync.cli.listed import Listed
from idexx_sync.cli.local_run import run_here
from idexx_sync.core.bounds import shortened
from idexx_sync.core.invisible import tidied
from idexx_sync.core.vocabulary import JobStatus
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.model import new_order, retry_order
from idexx_sync.jobs.params import params_model
from idexx_sync.jobs.submission import require_not_paused
from idexx_sync.operations import pausing
from idexx_sync.operations.change_models import ChangeView
from idexx_sync.operations.clinic_models import ClinicStatusView
from idexx_sync.operations.clinic_views import change_page, clinic_page, clinic_view
from idexx_sync.operations.decisions import (
    cancel_job,
    decide_hold,
    reopen_hold,
    require_ended,
    revive_hold,
)
from idexx_sync.operations.lookup import find_hold, find_job, require_clinic
from idexx_sync.operations.models import HoldView, JobView
from idexx_sync.operations.pagination import parts_of
from idexx_sync.operations.pause_models import PauseAnswer
from idexx_sync.operations.views import hold_page, hold_view, job_page, job_view
from idexx_sync.operations.wanted import Wanted, WantedClinics
from idexx_sync.syncs.hold_store import Hold, Verdict, params_of_finder
from idexx_sync.syncs.holds import HoldStatus

CLINICS_AT_ONCE: Final = 1000
LONGEST_NAME: Final = 100
"""Characters of who decides."""


class LocalBackend:
    """All clinics and their jobs and holds, for whoever may use the database."""

    over_api = False

    def __init__(self, cli: Cli) -> None:
        self._cli = cli

    def clinics(self, wanted: WantedClinics) -> Sequence[ClinicStatusView]:
        found: list[ClinicStatusView] = []
        with self._cli.database() as conn:
            page = clinic_page(conn, wanted, limit=CLINICS_AT_ONCE)
            found += page.clinics
            while page.next_cursor is not None:
                after = parts_of(page.next_cursor, 2)
                page = clinic_page(conn, wanted, after=after, limit=CLINICS_AT_ONCE)
                found += page.clinics
        return found

    def clinic(self, clinic_id: UUID) -> ClinicStatusView:
        with self._cli.database() as conn:
            return clinic_view(conn, clinic_id)

    def pause(self, clinic_id: UUID | None, decision: Decision) -> PauseAnswer:
        with self._cli.database() as conn:
            return pausing.pause(conn, clinic_id, by=_who(decision), reason=decision.reason)

    def resume(self, clinic_id: UUID | None, decision: Decision) -> PauseAnswer:
        with self._cli.database() as conn:
            return pausing.resume(conn, clinic_id, by=_who(decision), reason=decision.reason)

    def jobs(self, wanted: Wanted[JobStatus], limit: int) -> Listed[JobView]:
        with self._cli.database() as conn:
            require_clinic(conn, wanted.clinic_id)
            page = job_page(conn, wanted, limit=limit)
        return Listed(page.jobs, page.next_cursor is not None)

    def changes(self, job_id: UUID, limit: int) -> Listed[ChangeView]:
        with self._cli.database() as conn:
            page = change_page(conn, find_job(conn, job_id), limit=limit)
        return Listed(page.changes, page.next_cursor is not None)

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

    def holds(self, wanted: Wanted[HoldStatus], limit: int) -> Listed[HoldView]:
        with self._cli.database() as conn:
            require_clinic(conn, wanted.clinic_id)
            page = hold_page(conn, wanted, limit=limit)
        return Listed(page.holds, page.next_cursor is not None)

    def hold(self, hold_id: UUID) -> HoldView:
        with self._cli.database() as conn:
            return hold_view(conn, find_hold(conn, hold_id))

    def approve(self, hold_id: UUID, decision: Decision) -> JobView:
        with self._cli.database() as conn:
            self._cli.require_able_to_run(conn)
            require_not_paused(conn, find_hold(conn, hold_id).clinic_id)
            hold = self._decided(conn, hold_id, "approved", decision)
            params = params_of_finder(conn, hold)
        self._cli.say("Approved for 24 hours; running the sync anew.")
        return run_here(self._cli, new_order(hold.clinic_id, hold.sync, "approval", params))

    def reject(self, hold_id: UUID, decision: Decision) -> HoldView:
        with self._cli.database() as conn:
            return hold_view(conn, self._decided(conn, hold_id, "rejected", decision))

    def reopen(self, hold_id: UUID, decision: Decision) -> HoldView:
        by = _who(decision)
        with self._cli.database() as conn:
            hold = find_hold(conn, hold_id)
            return hold_view(conn, reopen_hold(conn, hold, by=by, reason=decision.reason))

    def revive(self, hold_id: UUID, decision: Decision) -> JobView:
        by = _who(decision)
        with self._cli.database() as conn:
            self._cli.require_able_to_run(conn)
            hold = find_hold(conn, hold_id)
            require_not_paused(conn, hold.clinic_id)
            revive_hold(conn, hold, by=by, reason=decision.reason)
        order = new_order(hold.clinic_id, hold.sync, "approval", params_model(hold.sync)())
        return run_here(self._cli, order)

    def _decided(self, conn: Conn, hold_id: UUID, verdict: Verdict, decision: Decision) -> Hold:
        hold = find_hold(conn, hold_id)
        assert decision.seen is not None
        by = _who(decision)
        return decide_hold(conn, hold, verdict, seen=decision.seen, by=by, reason=decision.reason)


def _who(decision: Decision) -> str:
    """The name that is given, as one line that can be stored; else the account's."""
    return shortened(tidied(decision.by or ""), LONGEST_NAME) or _account()


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        return "command line"
