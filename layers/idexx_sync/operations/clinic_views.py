"""Reads how clinics stand, and what their jobs wrote, as the API and the command line show it."""

from typing import Final
from uuid import UUID

from idexx_sync.clinics.overview import overviews_of
from idexx_sync.clinics.status import ClinicStatus, clinic_status, read_clinic_status
from idexx_sync.clinics.store import clinic_names
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.model import Job
from idexx_sync.operations.change_models import ChangeList, ChangeView
from idexx_sync.operations.clinic_models import ClinicList, ClinicStatusView
from idexx_sync.operations.models import fitting
from idexx_sync.operations.pagination import cursor_behind
from idexx_sync.operations.wanted import WantedClinics, clinics_meant
from idexx_sync.syncs.audit_store import changes_of

NAMING: Final = 40
"""Characters of a name that order clinics: a cursor holds them, and has to fit in an address."""


def clinic_page(
    conn: Conn,
    wanted: WantedClinics,
    *,
    clinic_id: UUID | None = None,
    after: tuple[str, ...] | None = None,
    limit: int,
    most_bytes: int | None = None,
) -> ClinicList:
    """The clinics that fit, by name, behind a place; of `clinic_id` alone if it is given.

    So many are looked at: fewer are shown where some do not fit or are long.
    """
    names = clinic_names(conn, clinic_id)
    meant = names if wanted.named is None else clinics_meant(wanted.named, names)
    chosen = [id_ for id_ in meant if wanted.ids is None or id_ in wanted.ids]
    places = sorted((names[id_].casefold()[:NAMING], str(id_)) for id_ in chosen)
    coming = [place for place in places if after is None or place > after]
    looked_at = coming[:limit]
    fit = [(place, status) for place, status in _statuses(conn, looked_at) if wanted.fits(status)]
    shown = fitting([ClinicStatusView.of(status) for _, status in fit], most_bytes)
    ends = fit[len(shown) - 1][0] if len(shown) < len(fit) else next(reversed(looked_at), None)
    more = None if ends is None or ends == coming[-1] else cursor_behind(*ends)
    return ClinicList(clinics=tuple(shown), next_cursor=more)


def clinic_view(conn: Conn, clinic_id: UUID) -> ClinicStatusView:
    """How one clinic stands; NotFound if ODIS does not have it."""
    return ClinicStatusView.of(read_clinic_status(conn, clinic_id))


def _statuses(
    conn: Conn, places: list[tuple[str, str]]
) -> list[tuple[tuple[str, str], ClinicStatus]]:
    found = overviews_of(conn, [UUID(id_) for _, id_ in places])
    known = [(place, found[id_]) for place in places if (id_ := UUID(place[1])) in found]
    return [(place, clinic_status(overview, overview.read_at)) for place, overview in known]


def change_page(
    conn: Conn,
    job: Job,
    *,
    after: str | None = None,
    limit: int,
    most_bytes: int | None = None,
) -> ChangeList:
    """What the job did to each record, behind one; fewer where they are long."""
    found = changes_of(conn, job.clinic_id, job.id, after=after, limit=limit + 1)
    shown = fitting([ChangeView.of(change) for change in found[:limit]], most_bytes)
    more = cursor_behind(found[len(shown) - 1].external_id) if len(found) > len(shown) else None
    return ChangeList(changes=tuple(shown), next_cursor=more)
