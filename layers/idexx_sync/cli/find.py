"""`idexx-sync find`: appointments whose id nobody knows."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Final

import typer

from idexx_sync.cli.arguments import ClinicOption, Json, Limit, Values, as_day, as_filled
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.looking import Look, Offline, look_at
from idexx_sync.cli.tables import Shown, fact_table, line, listing
from idexx_sync.core.catalog import SYNCS
from idexx_sync.explain.day_store import rows_of
from idexx_sync.explain.finding import Match, Sought, matches
from idexx_sync.explain.model import NeoDay
from idexx_sync.pims.protocol import Window

NAMES: Final = ("patient_name", "client_name", "provider_name")
"""Shown with --values only."""


def find(
    ctx: typer.Context,
    clinic: ClinicOption,
    day: Annotated[
        date | None,
        typer.Option(
            "--day",
            metavar="DATE",
            parser=as_day,
            help="As the clinic counts days; else all the days that runs read by themselves.",
        ),
    ] = None,
    room: Annotated[
        str | None,
        typer.Option(metavar="ID", parser=as_filled, help="Of this calendar column only."),
    ] = None,
    patient: Annotated[
        str | None,
        typer.Option(metavar="NAME", parser=as_filled, help="Whose patient's name contains this."),
    ] = None,
    limit: Limit = 100,
    values: Values = False,
    offline: Offline = False,
    as_json: Json = False,
) -> int:
    """Appointments by day, room or patient.

    Tells their ids, where they are, and whether Neo and ODIS agree.

    Changes nothing. Neo is asked with the session that is stored; no login is made.
    """
    cli = cli_of(ctx)
    with look_at(cli, clinic, offline=offline) as look:
        window = Window(day, day) if day is not None else _usual_days(look)
        rows = rows_of(look.conn, look.clinic.id, window)
        neo = look.ask(
            lambda pims: NeoDay(snapshot=pims.schedule(window)),
            lambda why: NeoDay(not_asked=why),
        )
        usual = look.runs(None).window("inbound")
        look.require_room(room, neo.snapshot, rows)
    sought = Sought((window.first_day, window.last_day), room, patient)
    found = matches(sought, neo.snapshot, rows)
    asked = neo.snapshot is not None
    data = {
        "clinic_id": str(look.clinic.id),
        "timezone": look.clinical.zone.key,
        "days": [str(window.first_day), str(window.last_day)],
        "not_asked": neo.not_asked,
        "found": len(found),
        "appointments": [_data(one, usual, asked=asked, values=values) for one in found[:limit]],
    }
    cli.answer(
        data, _shown(look, (window, usual), neo, found, limit, values=values), as_json=as_json
    )
    return look.exit_code(neo.not_asked)


def _usual_days(look: Look) -> Window:
    """All days that runs of any sync read by themselves."""
    usual = [look.runs(None).window(sync) for sync in SYNCS]
    return Window(min(one.first_day for one in usual), max(one.last_day for one in usual))


def _data(one: Match, usual: Window, *, asked: bool, values: bool) -> dict[str, Any]:
    data = {
        "id": one.id,
        "key": one.key,
        "start": one.start,
        "room_id": one.room_id,
        "status": one.status,
        "where": one.where(usual, asked=asked),
    }
    return {**data, **_names(one)} if values else data


def _names(one: Match) -> Mapping[str, str | None]:
    side = one.shown if one.shown is not None else one.row
    return {name: getattr(side, name) for name in NAMES}


def _shown(
    look: Look,
    windows: tuple[Window, Window],
    neo: NeoDay,
    found: Sequence[Match],
    limit: int,
    *,
    values: bool,
) -> list[Shown]:
    """`windows`: the days that are looked at, and those that inbound runs read."""
    window, usual = windows
    days = f"{window.first_day} to {window.last_day} ({look.clinical.zone.key})"
    parts: list[Shown] = [fact_table([("days", days), ("Neo not asked", neo.not_asked)])]
    if not found:
        return [*parts, line("No appointment fits.")]
    columns = ["Id", "Start", "Room", "Status", "Where"]
    columns += ["Patient", "Owner", "Provider"] if values else []
    rows = []
    for one in found[:limit]:
        said = [one.id, one.start, one.room_id or "-", one.status or "-"]
        said.append(one.where(usual, asked=neo.snapshot is not None))
        said += [name or "-" for name in _names(one).values()] if values else []
        rows.append(said)
    parts.append(listing(columns, rows, whole=("Id", "Start")))
    if len(found) > limit:
        parts.append(line(f"... and {len(found) - limit} more; --limit shows more of them"))
    why = f"idexx-sync explain appointment {found[0].id} --clinic {look.clinic.id}"
    return [*parts, line(f"Why one is as it is: {why}", whole=True)]
