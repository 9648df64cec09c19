"""Where the job and hold commands get done: over the API when its address is set, else here."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol
from uuid import UUID

from idexx_sync.api.problems import Problem
from idexx_sync.cli.context import Cli
from idexx_sync.cli.errors import Refused, refused
from idexx_sync.cli.local_backend import DatabaseDesk
from idexx_sync.operations.models import HoldView, JobView
from idexx_sync.syncs.holds import HoldStatus


class JobDesk(Protocol):
    """Jobs and holds, shown alike and decided alike whichever way they are reached."""

    def jobs(self, clinic_id: UUID | None, limit: int) -> Sequence[JobView]:
        """The newest ones, of one clinic or of all."""
        ...

    def job(self, job_id: UUID) -> JobView: ...

    def retry(self, job_id: UUID, *, waited_for: bool) -> JobView:
        """A new job that does again what an ended one was to do; it may have ended already."""
        ...

    def cancel(self, job_id: UUID) -> JobView: ...

    def holds(
        self, clinic_id: UUID | None, status: HoldStatus | None, limit: int
    ) -> Sequence[HoldView]:
        """The newest ones, of one clinic or of all."""
        ...

    def hold(self, hold_id: UUID) -> HoldView: ...

    def approve(self, hold_id: UUID, by: str | None) -> JobView:
        """The fresh run that uses the permit; it may have ended already."""
        ...

    def reject(self, hold_id: UUID, by: str | None) -> HoldView: ...


@contextmanager
def open_desk(cli: Cli, ids_from: str) -> Iterator[JobDesk]:
    """The desk for one command; `ids_from` is the command that shows what there is."""
    try:
        with _desk(cli) as desk:
            yield desk
    except Problem as problem:
        raise _hinted(refused(problem, problem.status), ids_from) from None
    except Refused as refusal:
        raise _hinted(refusal, ids_from) from None


@contextmanager
def _desk(cli: Cli) -> Iterator[JobDesk]:
    settings = cli.load_client_settings()
    if settings.api_url is None or settings.api_key is None:
        yield DatabaseDesk(cli)
        return
    # Imported here: httpx takes longer to load than most commands take.
    from idexx_sync.cli.api_backend import ApiDesk
    from idexx_sync.cli.api_client import ApiClient

    with ApiClient(settings.api_url, settings.api_key) as client:
        yield ApiDesk(cli, client)


def _hinted(refusal: Refused, ids_from: str) -> Refused:
    if refusal.kind != "not_found":
        return refusal
    return refusal.with_hint(f"list them with: idexx-sync {ids_from}")
