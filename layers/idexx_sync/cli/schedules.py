"""`idexx-sync schedules …`: when a clinic's syncs run, and what comes of it."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Final
from uuid import UUID

import typer

from idexx_sync.cli.arguments import ClinicArgument, Json, Limit, Png, SyncOption, as_number
from idexx_sync.cli.context import Cli, cli_of
from idexx_sync.cli.errors import usage_errors
from idexx_sync.cli.forecast_view import draw_forecast, forecast_data, forecast_shown
from idexx_sync.cli.mirroring import goes_out, mirror
from idexx_sync.cli.naming import clinic_meant
from idexx_sync.cli.png import write_png
from idexx_sync.cli.schedule_view import (
    list_data,
    list_shown,
    schedules_data,
    schedules_shown,
)
from idexx_sync.core.catalog import SyncName
from idexx_sync.database.connection import Conn
from idexx_sync.operations.schedules import (
    SchedulesOfClinic,
    forecast_of_fleet,
    remove,
    schedules_of_clinic,
    schedules_of_fleet,
    set_cron,
    switch,
)
from idexx_sync.schedules.edits import MOST_OF_A_SYNC

LISTED: Final = 100

app = typer.Typer(help="When the clinics' syncs run by themselves.", no_args_is_help=True)
app.command()(mirror)

SyncArgument = Annotated[SyncName, typer.Argument(metavar="SYNC", help="Which sync.")]
Number = Annotated[
    int | None,
    typer.Option(
        "--entry",
        metavar="N",
        parser=as_number(1, MOST_OF_A_SYNC),
        help="Which of the sync's schedules, as show numbers them, where it has several.",
    ),
]


@app.command("list")
def list_all(
    ctx: typer.Context,
    sync: SyncOption = None,
    only_problems: Annotated[
        bool, typer.Option("--problems", help="Only those that can't be carried out.")
    ] = False,
    limit: Limit = LISTED,
    as_json: Json = False,
) -> None:
    """All clinics' schedules, each with its next run."""
    cli = cli_of(ctx)
    with cli.database() as conn:
        found = schedules_of_fleet(conn)
    chosen = [
        one
        for one in found.schedules
        if sync in (None, one.entry.sync) and (one.problem is not None or not only_problems)
    ]
    cli.answer(
        list_data(chosen[:limit], found, more=len(chosen) > limit),
        list_shown(chosen[:limit], found, left=max(0, len(chosen) - limit)),
        as_json=as_json,
    )


@app.command()
def forecast(
    ctx: typer.Context,
    png: Png = None,
    as_json: Json = False,
) -> None:
    """What all schedules together come to within the next 24 hours.

    Runs in each minute, workers at once, requests to Neo and costs, from what runs have taken.
    """
    cli = cli_of(ctx)
    with cli.database() as conn:
        found, clinics = forecast_of_fleet(conn)
    if png is not None:
        write_png(partial(draw_forecast, found), png)
        cli.say(f"Written: {png}")
    shown = [] if as_json else forecast_shown(found, clinics, cli.out.width)
    cli.answer(forecast_data(found, clinics), shown, as_json=as_json)


@app.command()
def show(ctx: typer.Context, clinic: ClinicArgument, as_json: Json = False) -> None:
    """A clinic's schedules: when they are due next, and what goes out for them."""
    cli = cli_of(ctx)
    with cli.database() as conn:
        found = schedules_of_clinic(conn, clinic_meant(conn, clinic))
    _answer(cli, found, as_json=as_json)


@app.command("set")
def set_one(
    ctx: typer.Context,
    clinic: ClinicArgument,
    sync: SyncArgument,
    cron: Annotated[
        str,
        typer.Argument(
            metavar="CRON",
            help="Minute, hour, day of month, month, weekday in the clinic's time zone, in one "
            "argument. H stands for a number of the clinic's own, so that not all are due at "
            "once: 'H/15 * * * *', 'H H(2-4) * * *'.",
        ),
    ],
    number: Number = None,
    more: Annotated[
        bool, typer.Option("--add", help="One schedule more of the sync, beside those it has.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Have a clinic's sync run at these times; nothing else of it changes."""
    _change(
        cli_of(ctx),
        clinic,
        sync,
        lambda conn, clinic_id: set_cron(conn, clinic_id, sync, cron, number, more=more),
        as_json=as_json,
    )


@app.command()
def pause(
    ctx: typer.Context,
    clinic: ClinicArgument,
    sync: SyncArgument,
    number: Number = None,
    as_json: Json = False,
) -> None:
    """Switch a sync's schedules off, or the one named; runs can still be ordered.

    To stop a clinic altogether: clinics pause.
    """
    _change(
        cli_of(ctx),
        clinic,
        sync,
        lambda conn, clinic_id: switch(conn, clinic_id, sync, number, on=False),
        as_json=as_json,
    )


@app.command()
def resume(
    ctx: typer.Context,
    clinic: ClinicArgument,
    sync: SyncArgument,
    number: Number = None,
    as_json: Json = False,
) -> None:
    """Switch a sync's schedules on, or the one named."""
    _change(
        cli_of(ctx),
        clinic,
        sync,
        lambda conn, clinic_id: switch(conn, clinic_id, sync, number, on=True),
        as_json=as_json,
    )


@app.command("remove")
def remove_one(
    ctx: typer.Context,
    clinic: ClinicArgument,
    sync: SyncArgument,
    number: Number = None,
    as_json: Json = False,
) -> None:
    """Remove a schedule of a sync; with the last one it runs no more by itself."""
    _change(
        cli_of(ctx),
        clinic,
        sync,
        lambda conn, clinic_id: remove(conn, clinic_id, sync, number),
        as_json=as_json,
    )


def _change(
    cli: Cli,
    clinic: str,
    sync: SyncName,
    act: Callable[[Conn, UUID], SchedulesOfClinic],
    *,
    as_json: bool,
) -> None:
    with cli.database() as conn, usage_errors():
        found = act(conn, clinic_meant(conn, clinic))
    if not any(one.problem for one in found.schedules if one.sync == sync):
        cli.say(goes_out(cli, found.clinic.id))
    _answer(cli, found, sync, as_json=as_json)


def _answer(
    cli: Cli, found: SchedulesOfClinic, sync: SyncName | None = None, *, as_json: bool
) -> None:
    cli.answer(schedules_data(found, sync), schedules_shown(found, sync), as_json=as_json)
