"""The backend of job, hold and alert commands: the API if its address is set, else this process."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from idexx_sync.cli.context import Cli
from idexx_sync.cli.decision import Decision
from idexx_sync.cli.errors import CommandError
from idexx_sync.cli.exits import Exit
from idexx_sync.cli.listed import Listed
from idexx_sync.cli.local_backend import LocalBackend
from idexx_sync.cli.naming import one_of, whole_id
from idexx_sync.cli.phrases import utc
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import NotFound
from idexx_sync.core.phrases import HELD_BECAUSE, phrase
from idexx_sync.core.vocabulary import JobStatus
from idexx_sync.operations.alert_models import AlertView
from idexx_sync.operations.change_models import ChangeView
from idexx_sync.operations.clinic_models import ClinicStatusView
from idexx_sync.operations.dead_letters import WHAT
from idexx_sync.operations.discrepancy_models import DiscrepancyView
from idexx_sync.operations.letter_models import DeadLetterView
from idexx_sync.operations.models import MOST_LISTED, HoldView, JobView
from idexx_sync.operations.pause_models import PauseAnswer
from idexx_sync.operations.tick_models import TicksView
from idexx_sync.operations.wanted import Wanted, WantedAlerts, WantedClinics
from idexx_sync.syncs.holds import HoldStatus
from idexx_sync.syncs.reconciliation.discrepancy_list_store import WantedDiscrepancies
from idexx_sync.upkeep.dead_letter_store import LetterStatus


class Backend(Protocol):
    """Jobs, holds, alerts and clinics, shown and decided alike whichever way they are reached."""

    over_api: bool

    def clinics(self, wanted: WantedClinics) -> Sequence[ClinicStatusView]:
        """All of them that fit, by name."""
        ...

    def clinic(self, clinic_id: UUID) -> ClinicStatusView: ...

    def pause(self, clinic_id: UUID | None, decision: Decision) -> PauseAnswer:
        """Stop the clinic, or all where none is named."""
        ...

    def resume(self, clinic_id: UUID | None, decision: Decision) -> PauseAnswer: ...

    def jobs(self, wanted: Wanted[JobStatus], limit: int) -> Listed[JobView]:
        """The newest ones that fit."""
        ...

    def ticks(self, clinic_id: UUID | None, sync: SyncName | None) -> TicksView:
        """What became of the scheduled times of the last 24 hours."""
        ...

    def changes(self, job_id: UUID, limit: int) -> Listed[ChangeView]:
        """What the job did to each record, by id."""
        ...

    def discrepancies(
        self, job_id: UUID, wanted: WantedDiscrepancies, limit: int
    ) -> Listed[DiscrepancyView]:
        """What the job found that differs from the PIMS, the newest day first."""
        ...

    def job(self, job_id: UUID) -> JobView: ...

    def retry(self, job_id: UUID, *, waited_for: bool) -> JobView:
        """A new job that does again what an ended one was to do; it may have ended already."""
        ...

    def cancel(self, job_id: UUID) -> JobView: ...

    def holds(self, wanted: Wanted[HoldStatus], limit: int) -> Listed[HoldView]:
        """The newest ones that fit."""
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

    def dead_letters(self, wanted: Wanted[LetterStatus], limit: int) -> Listed[DeadLetterView]:
        """The newest ones that fit."""
        ...

    def dead_letter(self, letter_id: UUID) -> DeadLetterView: ...

    def retry_letter(self, letter_id: UUID, *, waited_for: bool) -> JobView:
        """A new job that does what the message was to do; it may have ended already."""
        ...

    def discard_letter(self, letter_id: UUID, decision: Decision) -> DeadLetterView: ...

    def alerts(self, wanted: WantedAlerts, limit: int) -> Listed[AlertView]:
        """The first ones that fit: open ones before closed ones, each the newest first."""
        ...

    def alert(self, alert_id: UUID) -> AlertView: ...

    def acknowledge(self, alert_id: UUID, by: str | None) -> AlertView:
        """The alert, with whoever was the first to acknowledge it; None: who asks."""
        ...

    def mute(self, alert_id: UUID, until: datetime, by: str | None) -> AlertView: ...

    def unmute(self, alert_id: UUID) -> AlertView: ...


def meant_clinic(backend: Backend, text: str | None) -> UUID | None:
    """The clinic that is meant; None: none is named."""
    if text is None or (given := whole_id(text)) is not None:
        return None if text is None else given
    found = backend.clinics(WantedClinics(named=text))
    return one_of(text, "clinic", [(one.clinic_id, one.name) for one in found])


def meant_job(backend: Backend, text: str) -> UUID:
    """The job whose id begins so."""
    return _meant(
        text,
        "job",
        lambda: backend.jobs(Wanted(id=text), MOST_LISTED),
        lambda one: f"{one.sync}, {phrase({}, one.status)}, {utc(one.queued_at)}",
    )


def meant_hold(backend: Backend, text: str) -> UUID:
    """The hold whose id begins so."""
    return _meant(
        text,
        "hold",
        lambda: backend.holds(Wanted(id=text), MOST_LISTED),
        lambda one: f"{phrase(HELD_BECAUSE, one.cause)}, {one.status}, {utc(one.opened_at)}",
    )


def meant_letter(backend: Backend, text: str) -> UUID:
    """The dead letter whose id begins so."""
    return _meant(
        text,
        WHAT,
        lambda: backend.dead_letters(Wanted(id=text), MOST_LISTED),
        lambda one: f"{phrase({}, one.reason)}, {one.status}, {utc(one.received_at)}",
    )


def meant_alert(backend: Backend, text: str) -> UUID:
    """The alert whose id begins so."""
    return _meant(
        text,
        "alert",
        lambda: backend.alerts(WantedAlerts(id=text), MOST_LISTED),
        lambda one: f"{phrase({}, one.kind)}, {one.status}, {utc(one.opened_at)}",
    )


class _HasId(Protocol):
    @property
    def id(self) -> UUID: ...


def _meant[T: _HasId](
    text: str, what: str, listed: Callable[[], Listed[T]], about: Callable[[T], str]
) -> UUID:
    """The id that is meant: a whole one, or the only one of those listed that begins so."""
    if (given := whole_id(text)) is not None:
        return given
    return one_of(text, what, [(one.id, about(one)) for one in listed().items])


def standing(backend: Backend, clinic_ids: Collection[UUID]) -> dict[UUID, ClinicStatusView]:
    """How these clinics stand; nothing for a key that may not look at clinics."""
    try:
        found = backend.clinics(WantedClinics(ids=frozenset(clinic_ids))) if clinic_ids else ()
    except CommandError as error:
        if error.kind != "scope_missing":
            raise
        return {}
    return {clinic.clinic_id: clinic for clinic in found}


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
    if error.kind != NotFound.kind or " list" in error.message:
        return error
    return error.with_hint(f"list them with: idexx-sync {ids_from}")
