"""Operations about clinics' scheduled times."""

from idexx_sync.api.authorization import visible_clinic
from idexx_sync.api.handler import ApiDependencies, Response
from idexx_sync.api.models import TicksQuery
from idexx_sync.api.request import Request
from idexx_sync.operations.ticks import ticks_view


def get_ticks(request: Request, dependencies: ApiDependencies) -> Response:
    """Those of all clinics, or of the caller's own alone."""
    query = request.query
    assert isinstance(query, TicksQuery)
    clinic_id = visible_clinic(request, dependencies.conn, query.clinic_id)
    return Response(200, ticks_view(dependencies.conn, clinic_id, query.sync))
