"""Operations about a clinic."""

from idexx_sync.api.authorization import id_in_path
from idexx_sync.api.handler import ApiDependencies, Response
from idexx_sync.api.models import ClinicStatusView
from idexx_sync.api.request import Request
from idexx_sync.clinics.status import read_clinic_status


def get_clinic_status(request: Request, dependencies: ApiDependencies) -> Response:
    clinic_id = id_in_path(request, "clinic_id", "clinic")
    request.caller.only_own(clinic_id)
    status = read_clinic_status(dependencies.conn, clinic_id)
    return Response(200, ClinicStatusView.model_validate(status, from_attributes=True))
