"""The backend of job and hold commands: the API when its address is set, else this process."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol
from uuid import UUID

from idexx_sync.cli.context import Cli
from idexx_sync.cli.decision import Decision
from idexx_sync.cli.errors import CommandError
from idexx_sync.cli.exits import Exit
from idexx_sync.cli.local_backend import LocalBackend
from idexx_sync.core.errors import NotFound
from idexx_sync.operations.models import HoldView, JobView
from idexx_sync.syncs.holds import HoldStatus


class Backend(Protocol):
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

    def approve(self, hold_id: UUID, decision: Decision) -> JobView:
        """The fresh run that uses the permit; it may have ended already."""
        ...

    def reject(self, hold_id: UUID, decision: Decision) -> HoldView: ...

    def reopen(self, hold_id: UUID, decision: Decision) -> HoldView: ...

    def revive(self, hold_id: UUID, decision: Decision) -> JobView:
        """The run that brings back what was removed; it may have ended already."""
        ...


@contextmanager
def open_backend(cli: Cli, ids_from: str) -> Iterator[Backend]:
    """The backend of one command; `ids_from` is the command that shows what there is."""
    try:
        with _chosen_backend(cli) as backend:
            yield backend
    except NotFound as error:
        raise _not_found(error, ids_from) from None
    except CommandError as error:
        raise _hinted(error, ids_from) from None


@contextmanager
def _chosen_backend(cli: Cli) -> Iterator[Backend]:
    settings = cli.load_client_settings()
    if settings.api_url is None or settings.api_key is None:
        yield LocalBackend(cli)
        return
    # Imported here: httpx takes longer to load than most commands take.
    from idexx_sync.cli.api_backend import ApiBackend
    from idexx_sync.cli.api_client import ApiClient

    with ApiClient(settings.api_url, settings.api_key) as client:
        yield ApiBackend(cli, client)


def _not_found(error: NotFound, ids_from: str) -> CommandError:
    """In the API's words, so that both ways say the same."""
    said = CommandError(f"There is no such {error.what}.", kind=error.kind, exit_code=Exit.FAILED)
    return _hinted(said, ids_from)


def _hinted(error: CommandError, ids_from: str) -> CommandError:
    if error.kind != NotFound.kind:
        return error
    return error.with_hint(f"list them with: idexx-sync {ids_from}")
