"""Shows alerts to people, and does with them what a person says."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from idexx_sync.alerts import alert_store
from idexx_sync.alerts.alert_store import Alert, OpenFirst, alerts_open_first
from idexx_sync.core.errors import InvalidInput
from idexx_sync.database.business_time import business_time
from idexx_sync.database.connection import Conn
from idexx_sync.operations.alert_models import AlertList, AlertView
from idexx_sync.operations.lookup import find_alert
from idexx_sync.operations.models import one_page
from idexx_sync.operations.pagination import cursor_among
from idexx_sync.operations.wanted import WantedAlerts

LONGEST_MUTE: Final = timedelta(days=366)


def alert_page(
    conn: Conn,
    wanted: WantedAlerts,
    *,
    after: OpenFirst | None = None,
    limit: int,
    most_bytes: int | None = None,
    tells_of_many: bool = True,
) -> AlertList:
    """The alerts that fit, behind a place: open ones first, each the newest first."""
    found = alerts_open_first(
        conn,
        clinic_id=wanted.clinic_id,
        kind=wanted.kind,
        sync=wanted.sync,
        is_open=None if wanted.status is None else wanted.status == "open",
        of_many=wanted.of_many,
        since=wanted.since,
        ids=wanted.id_range,
        after=after,
        limit=limit + 1,
    )

    def view(alert: Alert) -> AlertView:
        return AlertView.of(alert, tells_of_many=tells_of_many)

    alerts, more = one_page(
        found, limit, most_bytes, view, lambda one: cursor_among(one.is_open, one.opened_at, one.id)
    )
    return AlertList(alerts=alerts, next_cursor=more)


def alert_view(conn: Conn, alert_id: UUID, *, tells_of_many: bool = True) -> AlertView:
    """One alert; NotFound if there is none."""
    return AlertView.of(find_alert(conn, alert_id), tells_of_many=tells_of_many)


def acknowledge_alert(conn: Conn, alert_id: UUID, by: str) -> None:
    """Note who has seen it; the first one stays, and a closed one is left as it is."""
    alert_store.acknowledge(conn, alert_id, by)


def mute_alert(conn: Conn, alert_id: UUID, until: datetime, by: str) -> None:
    """Mute its kind at its clinic until then; InvalidInput (until) unless that lies ahead, and
    within 366 days."""
    ahead = until - business_time(conn)
    if ahead <= timedelta(0):
        raise InvalidInput("until", "is over already; give a moment that lies ahead")
    if ahead > LONGEST_MUTE:
        raise InvalidInput("until", f"at most {LONGEST_MUTE.days} days from now")
    alert_store.mute(conn, alert_id, until, by)


def unmute_alert(conn: Conn, alert_id: UUID) -> None:
    """Its kind at its clinic is muted no longer."""
    alert_store.mute(conn, alert_id, None, None)
