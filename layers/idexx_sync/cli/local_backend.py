"""The backend over the database: what is ordered runs in this process.

Each call has a connection of its own: none is kept open while a run or a person takes its time.
"""

import getpass
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import typer

from idexx_sync.cli.context import Cli
from idexx_sync.cli.decision import Decision
from idexx_sync.cli.listed import Listed
from idexx_sync.cli.local_run import run_here
from idexx_sync.core.bounds import shortened
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.invisible import tidied
from idexx_sync.core.vocabulary import JobStatus
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.model import new_order, retry_order
from idexx_sync.jobs.params import params_model
from idexx_sync.jobs.submission import require_not_paused
from idexx_sync.operations import pausing
from idexx_sync.operations.alert_models import AlertView
from idexx_sync.operations.alerts import (
    acknowledge_alert,
    alert_page,
    alert_view,
    mute_alert,
    unmute_alert,
)
from idexx_sync.operations.change_models import ChangeView
from idexx_sync.operations.clinic_models import ClinicStatusView
from idexx_sync.operations.clinic_views import change_page, clinic_page, clinic_view
from idexx_sync.operations.dead_letters import (
    discard_letter,
    find_letter,
    letter_again,
    letter_page,
    letter_view,
    order_here,
)
from idexx_sync.operations.decisions import (
    REVIVES,
    cancel_job,
    decide_hold,
    reopen_hold,
    require_ended,
    revive_hold,
)
from idexx_sync.operations.discrepancies import job_discrepancies
from idexx_sync.operations.discrepancy_models import DiscrepancyView
from idexx_sync.operations.letter_models import DeadLetterView
from idexx_sync.operations.lookup import find_alert, find_hold, find_job, require_clinic
from idexx_sync.operations.models import HoldView, JobView
from idexx_sync.operations.pagination import parts_of
from idexx_sync.operations.pause_models import PauseAnswer
from idexx_sync.operations.tick_models import TicksView
from idexx_sync.operations.ticks import ticks_view
from idexx_sync.operations.views import hold_page, hold_view, job_page, job_view
from idexx_sync.operations.wanted import Wanted, WantedAlerts, WantedClinics
from idexx_sync.syncs.hold_store import Hold, Verdict, params_of_finder
from idexx_sync.syncs.holds import HoldStatus
from idexx_sync.syncs.reconciliation.discrepancy_list_store import WantedDiscrepancies
from idexx_sync.upkeep.dead_letter_store import LetterStatus

CLINICS_AT_ONCE: Final = 1000
LONGEST_NAME: Final = 100
"""Characters of who decides."""


class LocalBackend:
    """All clinics and their jobs, holds and alerts, for whoever may use the database."""

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
            return pausing.pause(conn, clinic_id, by=decider(decision.by), reason=decision.reason)

    def resume(self, clinic_id: UUID | None, decision: Decision) -> PauseAnswer:
        with self._cli.database() as conn:
            return pausing.resume(conn, clinic_id, by=decider(decision.by), reason=decision.reason)

    def jobs(self, wanted: Wanted[JobStatus], limit: int) -> Listed[JobView]:
        with self._cli.database() as conn:
            require_clinic(conn, wanted.clinic_id)
            page = job_page(conn, wanted, limit=limit)
        return Listed(page.jobs, page.next_cursor is not None)

    def ticks(self, clinic_id: UUID | None, sync: SyncName | None) -> TicksView:
        with self._cli.database() as conn:
            require_clinic(conn, clinic_id)
            return ticks_view(conn, clinic_id, sync)

    def changes(self, job_id: UUID, limit: int) -> Listed[ChangeView]:
        with self._cli.database() as conn:
            page = change_page(conn, find_job(conn, job_id), limit=limit)
        return Listed(page.changes, page.next_cursor is not None)

    def discrepancies(
        self, job_id: UUID, wanted: WantedDiscrepancies, limit: int
    ) -> Listed[DiscrepancyView]:
        with self._cli.database() as conn:
            page = job_discrepancies(conn, find_job(conn, job_id).id, wanted, limit=limit)
        return Listed(page.discrepancies, page.next_cursor is not None)

    def job(self, job_id: UUID) -> JobView:
        with self._cli.database() as conn:
            return job_view(conn, find_job(conn, job_id))

    def retry(self, job_id: UUID, *, waited_for: bool) -> JobView:
        _require_waited_for(waited_for)
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
        by = decider(decision.by)
        with self._cli.database() as conn:
            hold = find_hold(conn, hold_id)
            return hold_view(conn, reopen_hold(conn, hold, by=by, reason=decision.reason))

    def revive(self, hold_id: UUID, decision: Decision) -> JobView:
        by = decider(decision.by)
        with self._cli.database() as conn:
            self._cli.require_able_to_run(conn)
            hold = find_hold(conn, hold_id)
            require_not_paused(conn, hold.clinic_id)
            revive_hold(conn, hold, by=by, reason=decision.reason)
        order = new_order(hold.clinic_id, REVIVES, "approval", params_model(REVIVES)())
        return run_here(self._cli, order)

    def dead_letters(self, wanted: Wanted[LetterStatus], limit: int) -> Listed[DeadLetterView]:
        with self._cli.database() as conn:
            require_clinic(conn, wanted.clinic_id)
            page = letter_page(conn, wanted, limit=limit)
        return Listed(page.dead_letters, page.next_cursor is not None)

    def dead_letter(self, letter_id: UUID) -> DeadLetterView:
        with self._cli.database() as conn:
            return letter_view(conn, find_letter(conn, letter_id))

    def retry_letter(self, letter_id: UUID, *, waited_for: bool) -> JobView:
        _require_waited_for(waited_for)
        with self._cli.database() as conn:
            letter = find_letter(conn, letter_id)
            request = letter_again(conn, letter)
            self._cli.require_able_to_run(conn)
            order = order_here(conn, letter, request, _account())
        return run_here(self._cli, order)

    def discard_letter(self, letter_id: UUID, decision: Decision) -> DeadLetterView:
        by = decider(decision.by)
        with self._cli.database() as conn:
            letter = find_letter(conn, letter_id)
            discarded = discard_letter(conn, letter, by=by, reason=decision.reason)
            return letter_view(conn, discarded)

    def alerts(self, wanted: WantedAlerts, limit: int) -> Listed[AlertView]:
        with self._cli.database() as conn:
            require_clinic(conn, wanted.clinic_id)
            page = alert_page(conn, wanted, limit=limit)
        return Listed(page.alerts, page.next_cursor is not None)

    def alert(self, alert_id: UUID) -> AlertView:
        with self._cli.database() as conn:
            return alert_view(conn, alert_id)

    def acknowledge(self, alert_id: UUID, by: str | None) -> AlertView:
        with self._cli.database() as conn:
            acknowledge_alert(conn, find_alert(conn, alert_id).id, decider(by))
            return alert_view(conn, alert_id)

    def mute(self, alert_id: UUID, until: datetime, by: str | None) -> AlertView:
        with self._cli.database() as conn:
            mute_alert(conn, find_alert(conn, alert_id).id, until, decider(by))
            return alert_view(conn, alert_id)

    def unmute(self, alert_id: UUID) -> AlertView:
        with self._cli.database() as conn:
            unmute_alert(conn, find_alert(conn, alert_id).id)
            return alert_view(conn, alert_id)

    def _decided(self, conn: Conn, hold_id: UUID, verdict: Verdict, decision: Decision) -> Hold:
        hold = find_hold(conn, hold_id)
        assert decision.seen is not None
        by = decider(decision.by)
        return decide_hold(conn, hold, verdict, seen=decision.seen, by=by, reason=decision.reason)


def _require_waited_for(waited_for: bool) -> None:
    if not waited_for:
        raise typer.BadParameter(
            "without IDEXX_SYNC_API_URL the run is made here and now",
            param_hint="'--no-watch'",
        )


def decider(by: str | None) -> str:
    """The name that is given, as one line that can be stored; else the account's."""
    return shortened(tidied(by or ""), LONGEST_NAME) or _account()


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        return "command line"
