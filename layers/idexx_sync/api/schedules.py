"""The operation that brings a clinic's schedules into force."""

from idexx_sync.api.budgets import ordering
from idexx_sync.api.fitting import fitting_clinic
from idexx_sync.api.handler import ApiDependencies, Response
from idexx_sync.api.models import RefreshBody
from idexx_sync.api.problems import refresh_unavailable
from idexx_sync.api.request import Request
from idexx_sync.core.invoking import NotInvoked
from idexx_sync.core.logs import logger
from idexx_sync.operations.clinic_views import clinic_view


def refresh_schedules(request: Request, dependencies: ApiDependencies) -> Response:
    """Start the mirror for one clinic, and show how it stands; a pass over all comes anyway."""
    body = request.body
    assert isinstance(body, RefreshBody)
    clinic_id = request.caller.one_clinic(body.clinic_id)
    found = clinic_view(dependencies.conn, clinic_id)
    with ordering(request, dependencies):
        try:
            dependencies.refresh(clinic_id)
        except NotInvoked as error:
            logger().error("mirror not invoked", clinic_id=str(clinic_id), error=error.word)
            raise refresh_unavailable() from None
    return Response(202, fitting_clinic(found, request.caller))
