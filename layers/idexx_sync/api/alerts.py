"""Operations on alerts: all of them for an operator; for a clinic's key its own clinic's."""

from idexx_sync.api.authorization import visible_alert, visible_clinic
from idexx_sync.api.fitting import fitting_alert, fitting_alerts
from idexx_sync.api.handler import ApiDependencies, Response
from idexx_sync.api.models import AlertsQuery, MuteBody
from idexx_sync.api.request import Request
from idexx_sync.operations import alerts as operations
from idexx_sync.operations.models import MOST_LISTED_BYTES
from idexx_sync.operations.pagination import place_among
from idexx_sync.operations.wanted import WantedAlerts


def list_alerts(request: Request, dependencies: ApiDependencies) -> Response:
    query = request.query
    assert isinstance(query, AlertsQuery)
    conn = dependencies.conn
    page = operations.alert_page(
        conn,
        WantedAlerts(
            clinic_id=visible_clinic(request, conn, query.clinic_id),
            sync=query.sync,
            status=query.status,
            since=query.since,
            id=query.id,
            kind=query.kind,
            of_many=query.of_many,
        ),
        after=place_among(query.cursor),
        limit=query.limit,
        most_bytes=MOST_LISTED_BYTES,
        tells_of_many=request.caller.is_operator,
    )
    return Response(200, fitting_alerts(page))


def get_alert(request: Request, dependencies: ApiDependencies) -> Response:
    conn = dependencies.conn
    alert_id = visible_alert(request, conn)
    found = operations.alert_view(conn, alert_id, tells_of_many=request.caller.is_operator)
    return Response(200, fitting_alert(found))


def acknowledge_alert(request: Request, dependencies: ApiDependencies) -> Response:
    """One that is closed or acknowledged stays as it is, and is shown."""
    alert_id = visible_alert(request, dependencies.conn)
    operations.acknowledge_alert(dependencies.conn, alert_id, request.caller.name)
    return get_alert(request, dependencies)


def mute_alert(request: Request, dependencies: ApiDependencies) -> Response:
    body = request.body
    assert isinstance(body, MuteBody)
    alert_id = visible_alert(request, dependencies.conn)
    operations.mute_alert(dependencies.conn, alert_id, body.until, request.caller.name)
    return get_alert(request, dependencies)


def unmute_alert(request: Request, dependencies: ApiDependencies) -> Response:
    alert_id = visible_alert(request, dependencies.conn)
    operations.unmute_alert(dependencies.conn, alert_id)
    return get_alert(request, dependencies)
