"""Operations about keys."""

from idexx_sync.api.handler import ApiDependencies, Response
from idexx_sync.api.request import Request
from idexx_sync.operations.key_models import KeyView


def get_key(request: Request, _dependencies: ApiDependencies) -> Response:
    """The caller's own key, as the authorizer found it."""
    caller = request.caller
    return Response(200, KeyView.of(caller.key_id, caller.clinic_id, caller.scopes))
