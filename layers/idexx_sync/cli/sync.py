"""`idexx-sync sync …`: run a sync now, here."""

from datetime import date
from typing import Annotated

import typer

from idexx_sync.cli.arguments import ClinicOption, Json, as_day
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.job_view import report_job
from idexx_sync.cli.running import run_here
from idexx_sync.jobs import MOST_DAYS, Params, new_order

app = typer.Typer(help="Run a sync now and wait for it.", no_args_is_help=True)


@app.callback()
def sync() -> None:
    """Keeps `inbound` a command of its own while it is the only one."""


@app.command()
def inbound(
    ctx: typer.Context,
    clinic: ClinicOption,
    first_day: Annotated[
        date | None,
        typer.Option(
            "--from", metavar="DATE", parser=as_day, help="First day, as the clinic counts days."
        ),
    ] = None,
    last_day: Annotated[
        date | None,
        typer.Option(
            "--to", metavar="DATE", parser=as_day, help=f"Last day; at most {MOST_DAYS} in all."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change and write none of it.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Make ODIS's appointments and slots equal to the calendar in Neo.

    Without dates: from today to the clinic's own horizon.
    """
    check_days(first_day, last_day)
    params = Params(first_day=first_day, last_day=last_day, dry_run=dry_run)
    cli = cli_of(ctx)
    job = run_here(cli, new_order(clinic, "inbound", "cli", params))
    return report_job(cli, job, as_json=as_json)


def check_days(first_day: date | None, last_day: date | None) -> None:
    """Usage error for days in the wrong order or too many of them."""
    if first_day is None or last_day is None:
        return
    days = (last_day - first_day).days + 1
    if days < 1:
        raise typer.BadParameter(
            f"{last_day} lies before --from {first_day}; exchange the two", param_hint="'--to'"
        )
    if days > MOST_DAYS:
        raise typer.BadParameter(
            f"{first_day} to {last_day} are {days} days and at most {MOST_DAYS} are possible; "
            "run it in several parts",
            param_hint="'--to'",
        )
