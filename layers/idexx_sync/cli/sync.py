"""`idexx-sync sync …`: run a sync now, here."""

from datetime import date
from typing import Annotated

import typer

from idexx_sync.cli.arguments import ClinicOption, Json, as_day
from idexx_sync.cli.context import Cli, cli_of
from idexx_sync.cli.exits import Exit, exit_of_job
from idexx_sync.cli.job_view import job_data, job_shown
from idexx_sync.cli.progress import Bars
from idexx_sync.clinic_time import zone_of
from idexx_sync.clinics import timezone_of
from idexx_sync.inbound.sync import InboundSync
from idexx_sync.jobs import MOST_DAYS, Job, Order, Params, job_by_id, new_order
from idexx_sync.runner import run_job

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
    return run_and_report(cli_of(ctx), new_order(clinic, "inbound", "cli", params), as_json=as_json)


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


def run_and_report(cli: Cli, order: Order, *, as_json: bool) -> int:
    """Run the order with its progress on standard error; its job is the result."""
    with Bars(cli.err) as bars, cli.tools(bars) as tools:
        try:
            job = run_job(order, InboundSync(), tools)
        except KeyboardInterrupt:
            what = f"interrupted: job {order.job_id} is cancelled; what was committed stays"
            raise KeyboardInterrupt(what) from None
        if job.error_kind is None:
            bars.finish()
        conn = tools.database.connection()
        job = job_by_id(conn, job.id) or job
        zone = zone_of(timezone_of(conn, job.clinic_id))
    cli.answer({"job": job_data(job)}, job_shown(job, zone), as_json=as_json)
    return exit_code(job)


def exit_code(job: Job) -> Exit:
    return exit_of_job(job.status, job.error_kind)
