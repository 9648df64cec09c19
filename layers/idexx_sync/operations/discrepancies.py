"""Reads discrepancies from the database as the API and the command line show them."""

from collections.abc import Sequence
from uuid import UUID

from idexx_sync.database.connection import Conn
from idexx_sync.operations.discrepancy_models import DiscrepancyList, DiscrepancyView
from idexx_sync.operations.models import one_page
from idexx_sync.operations.pagination import DayPlace, cursor_on
from idexx_sync.syncs.reconciliation.discrepancy_list_store import (
    Discrepancy,
    WantedDiscrepancies,
    discrepancies_of_job,
    open_discrepancies_of,
)


def job_discrepancies(
    conn: Conn,
    job_id: UUID,
    wanted: WantedDiscrepancies,
    *,
    after: DayPlace | None = None,
    limit: int,
    most_bytes: int | None = None,
) -> DiscrepancyList:
    """What the job saw that fits, behind a place; of a job that compares nothing there is none."""
    found = discrepancies_of_job(conn, job_id, wanted, after=after, limit=limit + 1)
    return _page(found, limit, most_bytes)


def clinic_discrepancies(
    conn: Conn,
    clinic_id: UUID,
    wanted: WantedDiscrepancies,
    *,
    after: DayPlace | None = None,
    limit: int,
    most_bytes: int | None = None,
) -> DiscrepancyList:
    """The clinic's open ones that fit, behind a place."""
    found = open_discrepancies_of(conn, clinic_id, wanted, after=after, limit=limit + 1)
    return _page(found, limit, most_bytes)


def _page(found: Sequence[Discrepancy], limit: int, most_bytes: int | None) -> DiscrepancyList:
    shown, more = one_page(
        found, limit, most_bytes, DiscrepancyView.of, lambda one: cursor_on(one.day, one.id)
    )
    return DiscrepancyList(discrepancies=shown, next_cursor=more)
