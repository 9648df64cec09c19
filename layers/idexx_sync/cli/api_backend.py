"""The backend over the HTTP API: the service's own workers run what is ordered."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

import typer

from idexx_sync.api.routes import OperationId
from idexx_sync.cli.api_client import ApiClient
from idexx_sync.cli.context import Cli
from idexx_sync.cli.decision import Decision
from idexx_sync.operations.models import MOST_LISTED, HoldList, HoldView, JobList, JobView
from idexx_sync.syncs.holds import HoldStatus


class ApiBackend:
    """Jobs and holds that the key may see and change."""

    def __init__(self, cli: Cli, client: ApiClient) -> None:
        self._cli = cli
        self._client = client

    def jobs(self, clinic_id: UUID | None, limit: int) -> Sequence[JobView]:
        query = {"clinic_id": clinic_id}
        return self._listed("list_jobs", JobList, lambda page: page.jobs, query, limit)

    def job(self, job_id: UUID) -> JobView:
        return self._client.ask("get_job", JobView, job_id=job_id)

    def retry(self, job_id: UUID, *, waited_for: bool) -> JobView:  # noqa: ARG002 never waits
        return self._client.ask("retry_job", JobView, job_id=job_id)

    def cancel(self, job_id: UUID) -> JobView:
        return self._client.ask("cancel_job", JobView, job_id=job_id)

    def holds(
        self, clinic_id: UUID | None, status: HoldStatus | None, limit: int
    ) -> Sequence[HoldView]:
        query = {"clinic_id": clinic_id, "status": status}
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

    def _listed[P: JobList | HoldList, T](
        self,
        operation: OperationId,
        page_type: type[P],
        items: Callable[[P], Sequence[T]],
        query: Mapping[str, object],
        limit: int,
    ) -> list[T]:
        """The first so many, however many pages they lie on."""
        found: list[T] = []
        cursor = None
        while len(found) < limit:
            wanted = {"limit": min(MOST_LISTED, limit - len(found)), "cursor": cursor}
            page = self._client.ask(operation, page_type, {**query, **wanted})
            found += items(page)
            cursor = page.next_cursor
            if cursor is None or not items(page):
                break
        return found


def _body(decision: Decision) -> dict[str, str]:
    _refuse_name(decision.by)
    said = {"seen": decision.seen, "reason": decision.reason}
    return {name: text for name, text in said.items() if text is not None}


def _refuse_name(by: str | None) -> None:
    if by is not None:
        raise typer.BadParameter(
            "over the API it is the key that decides; leave the name out", param_hint="'--by'"
        )
