"""Operations about clinics."""

from uuid import UUID

from idexx_sync.api.authorization import id_in_path, visible_clinic
from idexx_sync.api.fitting import fitting_clinic, fitting_clinics
from idexx_sync.api.handler import ApiDependencies, Response
from idexx_sync.api.models import ClinicsQuery, DiscrepanciesQuery
from idexx_sync.api.request import Request
from idexx_sync.operations.clinic_views import clinic_page, clinic_view
from idexx_sync.operations.discrepancies import clinic_discrepancies
from idexx_sync.operations.models import MOST_LISTED_BYTES
from idexx_sync.operations.pagination import day_place_of, parts_of
from idexx_sync.operations.wanted import WantedClinics


def list_clinics(request: Request, dependencies: ApiDependencies) -> Response:
    """All clinics, or the caller's own alone."""
    query = request.query
    assert isinstance(query, ClinicsQuery)
    ids = None if query.ids is None else frozenset(map(UUID, query.ids.split(",")))
    page = clinic_page(
        dependencies.conn,
        WantedClinics(query.named, ids, query.sync, query.freshness, query.somebody),
        clinic_id=request.caller.only_own(None),
        after=parts_of(query.cursor, 2),
        limit=query.limit,
        most_bytes=MOST_LISTED_BYTES,
    )
    return Response(200, fitting_clinics(page, request.caller))


def get_clinic_status(request: Request, dependencies: ApiDependencies) -> Response:
    clinic_id = id_in_path(request, "clinic_id", "clinic")
    request.caller.only_own(clinic_id)
    found = clinic_view(dependencies.conn, clinic_id)
    return Response(200, fitting_clinic(found, request.caller))


def list_clinic_discrepancies(request: Request, dependencies: ApiDependencies) -> Response:
    query = request.query
    assert isinstance(query, DiscrepanciesQuery)
    conn, clinic_id = dependencies.conn, id_in_path(request, "clinic_id", "clinic")
    visible_clinic(request, conn, clinic_id)
    page = clinic_discrepancies(
        conn,
        clinic_id,
        query.wanted,
        after=day_place_of(query.cursor),
        limit=query.limit,
        most_bytes=MOST_LISTED_BYTES,
    )
    return Response(200, page)
