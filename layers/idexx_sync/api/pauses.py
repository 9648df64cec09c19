"""Operations that stop a clinic or all of them, and let them go on."""

from uuid import UUID

from idexx_sync.api.authorization import id_in_path
from idexx_sync.api.handler import ApiDependencies, Response
from idexx_sync.api.models import PauseBody, ResumeBody
from idexx_sync.api.request import Request
from idexx_sync.operations import pausing


def pause_clinic(request: Request, dependencies: ApiDependencies) -> Response:
    return _pause(request, dependencies, id_in_path(request, "clinic_id", "clinic"))


def resume_clinic(request: Request, dependencies: ApiDependencies) -> Response:
    return _resume(request, dependencies, id_in_path(request, "clinic_id", "clinic"))


def pause_all(request: Request, dependencies: ApiDependencies) -> Response:
    return _pause(request, dependencies, None)


def resume_all(request: Request, dependencies: ApiDependencies) -> Response:
    return _resume(request, dependencies, None)


def _pause(request: Request, dependencies: ApiDependencies, clinic_id: UUID | None) -> Response:
    body = request.body
    assert isinstance(body, PauseBody)
    by = request.caller.name
    return Response(200, pausing.pause(dependencies.conn, clinic_id, by=by, reason=body.reason))


def _resume(request: Request, dependencies: ApiDependencies, clinic_id: UUID | None) -> Response:
    body = request.body
    assert isinstance(body, ResumeBody)
    by = request.caller.name
    return Response(200, pausing.resume(dependencies.conn, clinic_id, by=by, reason=body.reason))
