"""`idexx-sync alerts …`: what people are told, and what they say about it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from idexx_sync.alerts.kinds import AlertStatus
from idexx_sync.alerts.texts import KINDS
from idexx_sync.cli.alert_view import alert_shown, alerts_shown, whose, zone_of_alert
from idexx_sync.cli.arguments import (
    AnyClinicOption,
    Json,
    Limit,
    Since,
    SyncOption,
    as_id_beginning,
    as_moment,
    day_begins,
    shortened,
)
from idexx_sync.cli.backend import meant_alert, meant_clinic, open_backend
from idexx_sync.cli.context import Cli, cli_of
from idexx_sync.cli.list_view import cut_shown
from idexx_sync.cli.phrases import moment
from idexx_sync.cli.tables import line
from idexx_sync.core.phrases import phrase
from idexx_sync.operations.alert_models import AlertView
from idexx_sync.operations.wanted import WantedAlerts

app = typer.Typer(help="What has to be told to people, and who has seen it.", no_args_is_help=True)


def as_kind(text: str) -> str:
    """A kind of alert, with blanks, hyphens or underscores; else a usage error that names all."""
    kind = text.strip().lower().replace(" ", "_").replace("-", "_")
    if kind not in KINDS:
        raise typer.BadParameter(f"{shortened(text)} is no kind; there are {', '.join(KINDS)}")
    return kind


AlertId = Annotated[
    str,
    typer.Argument(
        metavar="ALERT_ID",
        parser=as_id_beginning,
        help="As alerts list shows it, or how it begins.",
    ),
]
By = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Who says so; else the name of your account. Over the API the key."
    ),
]


@app.command("list")
def list_alerts(
    ctx: typer.Context,
    clinic: AnyClinicOption = None,
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="KIND", parser=as_kind, help="Only of this kind, for example held or stale."
        ),
    ] = None,
    status: Annotated[AlertStatus | None, typer.Option(help="Only open or closed ones.")] = None,
    sync: SyncOption = None,
    since: Since = None,
    limit: Limit = 20,
    as_json: Json = False,
) -> None:
    """What is wrong first, then what was; each the newest first.

    Times are each clinic's own, in UTC of what many clinics have alike.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="clinics list") as backend:
        clinic_id = meant_clinic(backend, clinic)
        wanted = WantedAlerts(clinic_id, sync, status, day_begins(since), kind=kind)
        found = backend.alerts(wanted, limit)
    every = wanted == WantedAlerts()
    nothing = "There are no alerts." if every else "There are no such alerts."
    shown = alerts_shown(found.items) or [line(nothing)]
    data = {"alerts": [alert.model_dump(mode="json") for alert in found.items], "more": found.more}
    cut = cut_shown(more=found.more, shown=len(found.items))
    cli.answer(data, [*shown, *cut], as_json=as_json)


@app.command()
def show(ctx: typer.Context, alert_id: AlertId, as_json: Json = False) -> None:
    """One alert: what has happened, who must act, and what to do next."""
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="alerts list") as backend:
        alert = backend.alert(meant_alert(backend, alert_id))
    _answer(cli, alert, [], as_json=as_json)


@app.command()
def ack(ctx: typer.Context, alert_id: AlertId, by: By = None, as_json: Json = False) -> None:
    """Say that you have seen it.

    It stays open until it is no longer so. Whoever was the first to say so stays.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="alerts list") as backend:
        meant = meant_alert(backend, alert_id)
        before = backend.alert(meant)
        alert = backend.acknowledge(meant, by)
    _answer(cli, alert, [_acknowledged(before, alert)], as_json=as_json)


@app.command()
def mute(
    ctx: typer.Context,
    alert_id: AlertId,
    until: Annotated[
        datetime,
        typer.Option(
            metavar="TIME",
            parser=as_moment,
            help="A day, until it begins in UTC, or a moment with its zone such as "
            "2026-05-04T09:00-07:00; at most 366 days ahead.",
        ),
    ],
    by: By = None,
    as_json: Json = False,
) -> None:
    """Let nobody be told of its kind at its clinic for a while.

    Not even if it comes back.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="alerts list") as backend:
        alert = backend.mute(meant_alert(backend, alert_id), until, by)
    moment_shown = moment(alert.muted_until, zone_of_alert(alert))
    told = f"Muted until {moment_shown}: {phrase({}, alert.kind)} of {whose(alert)}."
    closed = "It is closed; if it comes back before that it is muted from the start."
    _answer(cli, alert, [told] if alert.is_open else [told, closed], as_json=as_json)


@app.command()
def unmute(ctx: typer.Context, alert_id: AlertId, as_json: Json = False) -> None:
    """Let people be told of its kind at its clinic again."""
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="alerts list") as backend:
        meant = meant_alert(backend, alert_id)
        was_muted = backend.alert(meant).muted_until is not None
        alert = backend.unmute(meant)
    told = "It is muted no longer." if was_muted else "Nothing changed: it was not muted."
    _answer(cli, alert, [told], as_json=as_json)


def _acknowledged(before: AlertView, alert: AlertView) -> str:
    if before.acknowledged_at is not None:
        return f"It was acknowledged already, by {before.acknowledged_by}; that stays."
    if alert.acknowledged_at is None:
        return f"It is closed ({alert.closed_in_words}); there is nothing to acknowledge."
    return f"Acknowledged by {alert.acknowledged_by}."


def _answer(cli: Cli, alert: AlertView, told: Sequence[str], *, as_json: bool) -> None:
    shown = [*map(line, told), *alert_shown(alert)]
    cli.answer({"alert": alert.model_dump(mode="json")}, shown, as_json=as_json)
