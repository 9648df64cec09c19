"""Alerts as a person reads them: what has happened, who must act, and the command to type next."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from idexx_sync.cli.phrases import ACTORS, moment
from idexx_sync.cli.tables import Shown, entry, fact_table
from idexx_sync.clinics.needs import Need
from idexx_sync.clinics.state import OpenAlert
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.core.phrases import counted, phrase
from idexx_sync.operations.alert_models import AlertView
from idexx_sync.operations.clinic_models import ClinicAlertView, NeedView

UTC_ZONE: Final = ZoneInfo("UTC")


def alert_shown(alert: AlertView) -> list[Shown]:
    """All that is known of the alert."""
    zone = zone_of_alert(alert)
    return [
        fact_table(
            [
                ("alert", str(alert.id)),
                ("what", alert.what),
                ("who acts", ACTORS[alert.who_acts]),
                ("next", alert.next),
                _about(alert),
                ("kind", phrase({}, alert.kind)),
                ("about", ", ".join(alert.records) or None),
                ("syncs", ", ".join(alert.syncs) or None),
                ("since", moment(alert.opened_at, zone)),
                ("said", f"{counted(alert.times, 'time')}, last {moment(alert.last_at, zone)}"),
                ("newest job", None if alert.job_id is None else str(alert.job_id)),
                ("request", alert.request_id),
                ("told by", None if alert.incident_id is None else _incident(alert)),
                ("acknowledged", _by(alert.acknowledged_at, alert.acknowledged_by, zone)),
                ("muted until", _by(alert.muted_until, alert.muted_by, zone)),
                ("status", _status(alert, zone)),
            ]
        )
    ]


def alerts_shown(alerts: Sequence[AlertView]) -> list[Shown]:
    """The alerts in their order; red are those that nobody has seen yet."""
    parts: list[Shown] = []
    for alert in alerts:
        zone = zone_of_alert(alert)
        head = (
            str(alert.id),
            moment(alert.opened_at, zone),
            whose(alert),
            phrase({}, alert.kind),
            alert.status,
        )
        told = [
            alert.what.removesuffix("."),
            f"said {counted(alert.times, 'time')}" if alert.times > 1 else None,
            _handled(alert, zone),
            None if alert.is_open else _status(alert, zone),
        ]
        style = "red" if waits(alert) else ""
        parts += entry(head, "; ".join(filter(None, told)), style, _needed(alert))
    return parts


def waits(alert: AlertView) -> bool:
    """Whether it still waits for a person to see it: it is open, nobody has acknowledged or muted
    it, and no other one stands for it."""
    handled = alert.acknowledged_at or alert.muted_until or alert.incident_id
    return alert.is_open and handled is None and alert.who_acts != "nobody"


def whose(alert: AlertView) -> str:
    """The clinic's name, or of how many clinics it is."""
    if alert.clinic_id is None:
        return f"{alert.alike if alert.is_open else alert.most_alike} clinics"
    return alert.clinic_name or str(alert.clinic_id)


def need_shown(
    need: Need | NeedView, alerts: Sequence[OpenAlert | ClinicAlertView], zone: ZoneInfo
) -> str:
    """What is needed, since when unless that is said, and the alert that is about it."""
    since = f"since {moment(need.since, zone)}"
    told = [] if need.since is None or since in need.what else [since]
    told += [named(alert, zone) for alert in alerts if alert.id == need.alert_id]
    return f"{need.what} ({'; '.join(told)})" if told else need.what


def other_alerts(
    needs: Sequence[Need | NeedView], alerts: Sequence[OpenAlert | ClinicAlertView], zone: ZoneInfo
) -> list[Shown]:
    """The open alerts that no need names."""
    named_ids = {need.alert_id for need in needs}
    rows = [
        (
            phrase({}, alert.kind),
            f"since {moment(alert.since, zone)}; {named(alert, zone)}",
        )
        for alert in alerts
        if alert.id not in named_ids
    ]
    return [fact_table(rows, "Alerts")] if rows else []


def named(alert: OpenAlert | ClinicAlertView, zone: ZoneInfo) -> str:
    """`idexx-sync alerts show b1d9c3a4, acknowledged by Kim, one for many: idexx-sync alerts …`."""
    incident = alert.incident_id
    many = None if incident is None else f"one for many: {_show(incident)}"
    return ", ".join(filter(None, [_show(alert.id), _handled(alert, zone), many]))


def _show(alert_id: UUID) -> str:
    return f"idexx-sync alerts show {str(alert_id)[:8]}"


def _handled(alert: AlertView | OpenAlert | ClinicAlertView, zone: ZoneInfo) -> str | None:
    """`acknowledged by Kim, muted until 2026-05-04 07:00 PDT`."""
    by, until = alert.acknowledged_by, alert.muted_until
    acknowledged = None if by is None else f"acknowledged by {by}"
    muted = None if until is None else f"muted until {moment(until, zone)}"
    return ", ".join(filter(None, [acknowledged, muted])) or None


def zone_of_alert(alert: AlertView) -> ZoneInfo:
    """The clinic's; what stands for many has none."""
    return UTC_ZONE if alert.clinic_id is None else zone_of(alert.timezone)


def _about(alert: AlertView) -> tuple[str, str]:
    if alert.clinic_id is None:
        return "clinics", f"{alert.alike} now, {alert.most_alike} at most"
    return "clinic", f"{alert.clinic_name} ({alert.clinic_id})"


def _incident(alert: AlertView) -> str:
    return f"one for many clinics: idexx-sync alerts show {alert.incident_id}"


def _by(at: datetime | None, by: str | None, zone: ZoneInfo) -> str | None:
    return None if at is None else f"{moment(at, zone)}, by {by or 'somebody'}"


def _needed(alert: AlertView) -> str | None:
    if alert.next is None:
        return None
    who = ACTORS[alert.who_acts].partition(";")[0]
    return alert.next if alert.who_acts == "nobody" else f"needs {who}: {alert.next}"


def _status(alert: AlertView, zone: ZoneInfo) -> str:
    if alert.is_open:
        return "open"
    return f"closed {moment(alert.closed_at, zone)}: {alert.closed_in_words}"
