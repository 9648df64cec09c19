"""The backend over the HTTP API: the service's own workers run what is ordered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import batched
from uuid import UUID

import typer

from idexx_sync.api.routes import OperationId
from idexx_sync.cli.api_client import ApiClient
from idexx_sync.cli.context import Cli
from idexx_sync.cli.decision import Decision
from idexx_sync.cli.errors import CommandError
from idexx_sync.cli.exits import Exit
from idexx_sync.cli.listed import Listed
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.vocabulary import JobStatus
from idexx_sync.operations.alert_models import AlertList, AlertView
from idexx_sync.operations.change_models import ChangeList, ChangeView
from idexx_sync.operations.clinic_models import ClinicList, ClinicStatusView
from idexx_sync.operations.discrepancy_models import DiscrepancyList, DiscrepancyView
from idexx_sync.operations.letter_models import DeadLetterList, DeadLetterView
from idexx_sync.operations.models import MOST_LISTED, HoldList, HoldView, JobList, JobView
from idexx_sync.operations.pause_models import PauseAnswer
from idexx_sync.operations.tick_models import TicksView
from idexx_sync.operations.wanted import Wanted, WantedAlerts, WantedClinics
from idexx_sync.syncs.holds import HoldStatus
from idexx_sync.syncs.reconciliation.discrepancy_list_store import WantedDiscrepancies
from idexx_sync.upkeep.dead_letter_store import LetterStatus

type _AnyList = (
    JobList | HoldList | AlertList | ClinicList | ChangeList | DeadLetterList | DiscrepancyList
)


class ApiBackend:
    """Clinics, jobs, holds and alerts that the key may see and change."""

    over_api = True

    def __init__(self, cli: Cli, client: ApiClient) -> None:
        self._cli = cli
        self._client = client

    def clinics(self, wanted: WantedClinics) -> Sequence[ClinicStatusView]:
        query = {
            "named": wanted.named,
            "sync": wanted.sync,
            "freshness": wanted.freshness,
            "somebody": wanted.somebody,
        }
        if wanted.ids is None:
            return self._clinics(query)
        found: list[ClinicStatusView] = []
        for some in batched(sorted(wanted.ids), MOST_LISTED):
            found += self._clinics({**query, "ids": ",".join(map(str, some))})
        return found

    def _clinics(self, query: Mapping[str, object]) -> Sequence[ClinicStatusView]:
        return self._listed("list_clinics", ClinicList, lambda page: page.clinics, query).items

    def clinic(self, clinic_id: UUID) -> ClinicStatusView:
        return self._client.ask("get_clinic_status", ClinicStatusView, clinic_id=clinic_id)

    def pause(self, clinic_id: UUID | None, decision: Decision) -> PauseAnswer:
        body = _body(decision)
        if clinic_id is None:
            return self._client.ask("pause_all", PauseAnswer, body=body)
        return self._client.ask("pause_clinic", PauseAnswer, body=body, clinic_id=clinic_id)

    def resume(self, clinic_id: UUID | None, decision: Decision) -> PauseAnswer:
        body = _body(decision)
        if clinic_id is None:
            return self._client.ask("resume_all", PauseAnswer, body=body)
        return self._client.ask("resume_clinic", PauseAnswer, body=body, clinic_id=clinic_id)

    def jobs(self, wanted: Wanted[JobStatus], limit: int) -> Listed[JobView]:
        query = _query(wanted)
        return self._listed("list_jobs", JobList, lambda page: page.jobs, query, limit)

    def ticks(self, clinic_id: UUID | None, sync: SyncName | None) -> TicksView:
        query = {"clinic_id": clinic_id, "sync": sync}
        return self._client.ask("get_ticks", TicksView, query=query)

    def changes(self, job_id: UUID, limit: int) -> Listed[ChangeView]:
        return self._listed(
            "list_changes", ChangeList, lambda page: page.changes, {}, limit, job_id=job_id
        )

    def discrepancies(
        self, job_id: UUID, wanted: WantedDiscrepancies, limit: int
    ) -> Listed[DiscrepancyView]:
        return self._listed(
            "list_discrepancies",
            DiscrepancyList,
            lambda page: page.discrepancies,
            asdict(wanted),
            limit,
            job_id=job_id,
        )

    def job(self, job_id: UUID) -> JobView:
        return self._client.ask("get_job", JobView, job_id=job_id)

    def retry(self, job_id: UUID, *, waited_for: bool) -> JobView:  # noqa: ARG002 never waits
        return self._client.ask("retry_job", JobView, job_id=job_id)

    def cancel(self, job_id: UUID) -> JobView:
        return self._client.ask("cancel_job", JobView, job_id=job_id)

    def holds(self, wanted: Wanted[HoldStatus], limit: int) -> Listed[HoldView]:
        query = _query(wanted)
        return self._listed("list_holds", HoldList, lambda page: page.holds, query, limit)

    def hold(self, hold_id: UUID) -> HoldView:
        return self._client.ask("get_hold", HoldView, hold_id=hold_id)

    def approve(self, hold_id: UUID, decision: Decision) -> JobView:
        body = _body(decision)
        job = self._client.ask("approve_hold", JobView, body=body, hold_id=hold_id)
        self._cli.say("Approved for 24 hours; a fresh run of the sync is ordered.")
        return job

    def reject(self, hold_id: UUID, decision: Decision) -> HoldView:
        body = _body(decision)
        return self._client.ask("reject_hold", HoldView, body=body, hold_id=hold_id)

    def reopen(self, hold_id: UUID, decision: Decision) -> HoldView:
        body = _body(decision)
        return self._client.ask("reopen_hold", HoldView, body=body, hold_id=hold_id)

    def revive(self, hold_id: UUID, decision: Decision) -> JobView:
        body = _body(decision)
        return self._client.ask("revive_hold", JobView, body=body, hold_id=hold_id)

    def dead_letters(self, wanted: Wanted[LetterStatus], limit: int) -> Listed[DeadLetterView]:
        query = _query(wanted)
        return self._listed(
            "list_dead_letters", DeadLetterList, lambda page: page.dead_letters, query, limit
        )

    def dead_letter(self, letter_id: UUID) -> DeadLetterView:
        return self._client.ask("get_dead_letter", DeadLetterView, letter_id=letter_id)

    def retry_letter(self, letter_id: UUID, *, waited_for: bool) -> JobView:  # noqa: ARG002 as retry
        return self._client.ask("retry_dead_letter", JobView, letter_id=letter_id)

    def discard_letter(self, letter_id: UUID, decision: Decision) -> DeadLetterView:
        body = _body(decision)
        return self._client.ask(
            "discard_dead_letter", DeadLetterView, body=body, letter_id=letter_id
        )

    def alerts(self, wanted: WantedAlerts, limit: int) -> Listed[AlertView]:
        query = {**_query(wanted), "kind": wanted.kind, "of_many": wanted.of_many}
        return self._listed("list_alerts", AlertList, lambda page: page.alerts, query, limit)

    def alert(self, alert_id: UUID) -> AlertView:
        return self._client.ask("get_alert", AlertView, alert_id=alert_id)

    def acknowledge(self, alert_id: UUID, by: str | None) -> AlertView:
        _refuse_name(by)
        return self._client.ask("acknowledge_alert", AlertView, alert_id=alert_id)

    def mute(self, alert_id: UUID, until: datetime, by: str | None) -> AlertView:
        _refuse_name(by)
        body = {"until": until.isoformat()}
        return self._client.ask("mute_alert", AlertView, body=body, alert_id=alert_id)

    def unmute(self, alert_id: UUID) -> AlertView:
        return self._client.ask("unmute_alert", AlertView, alert_id=alert_id)

    def _listed[P: _AnyList, T](
        self,
        operation: OperationId,
        page_type: type[P],
        items: Callable[[P], Sequence[T]],
        query: Mapping[str, object],
        limit: int | None = None,
        **path: UUID,
    ) -> Listed[T]:
        """The first so many, or all, however many pages they lie on."""
        found: list[T] = []
        cursor, seen = None, set[str | None]()
        while limit is None or len(found) < limit:
            most = MOST_LISTED if limit is None else min(MOST_LISTED, limit - len(found))
            wanted = {"limit": most, "cursor": cursor}
            page = self._client.ask(operation, page_type, {**query, **wanted}, body=None, **path)
            found += items(page)
            seen.add(cursor)
            cursor = page.next_cursor
            if cursor is None:
                return Listed(found, more=False)
            if cursor in seen:
                raise _circle(len(found))
        return Listed(found, more=True)


def _circle(listed: int) -> CommandError:
    return CommandError(
        f"the API's list leads in a circle after {listed}, so not all can be shown; ask again "
        "with a smaller --limit or for one clinic, and tell whoever runs the API",
        kind="api_answer",
        exit_code=Exit.FAILED,
    )


def _query(
    wanted: Wanted[JobStatus] | Wanted[HoldStatus] | Wanted[LetterStatus] | WantedAlerts,
) -> dict[str, object]:
    return {
        "clinic_id": wanted.clinic_id,
        "sync": wanted.sync,
        "status": wanted.status,
        "since": None if wanted.since is None else wanted.since.isoformat(),
        "id": wanted.id,
    }


def _body(decision: Decision) -> dict[str, str]:
    _refuse_name(decision.by)
    said = {"seen": decision.seen, "reason": decision.reason}
    return {name: text for name, text in said.items() if text is not None}


def _refuse_name(by: str | None) -> None:
    if by is not None:
        raise typer.BadParameter(
            "over the API it is the key that decides; leave the name out", param_hint="'--by'"
        )
