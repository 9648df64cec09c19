"""`idexx-sync sync …`: run a sync now, here."""

from datetime import date
from typing import Annotated
from uuid import UUID

import typer

from idexx_sync.cli.arguments import ClinicOption, Json, as_day
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.job_view import report_job
from idexx_sync.cli.local_run import run_here
from idexx_sync.core.vocabulary import SyncName
from idexx_sync.jobs.model import MOST_DAYS, Params, new_order

app = typer.Typer(help="Run a sync now and wait for it.", no_args_is_help=True)


FirstDay = Annotated[
    date | None,
    typer.Option(
        "--from", metavar="DATE", parser=as_day, help="First day, as the clinic counts days."
    ),
]
LastDay = Annotated[
    date | None,
    typer.Option("--to", metavar="DATE", parser=as_day, help=f"Last day; at most {MOST_DAYS}."),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would change and write none of it.")
]


@app.command()
def inbound(
    ctx: typer.Context,
    clinic: ClinicOption,
    first_day: FirstDay = None,
    last_day: LastDay = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> int:
    """Make ODIS's appointments and slots equal to the calendar in Neo.

    Without dates: from today to the clinic's own horizon.
    """
    return _run(ctx, "inbound", clinic, first_day, last_day, dry_run=dry_run, as_json=as_json)


@app.command()
def cases(
    ctx: typer.Context,
    clinic: ClinicOption,
    first_day: FirstDay = None,
    last_day: LastDay = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> int:
    """Make the visits in Neo cases of ODIS, with their clinical record.

    Without dates: from seven days ago to two days ahead.
    """
    return _run(ctx, "cases", clinic, first_day, last_day, dry_run=dry_run, as_json=as_json)


def _run(
    ctx: typer.Context,
    sync: SyncName,
    clinic: UUID,
    first_day: date | None,
    last_day: date | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> int:
    check_days(first_day, last_day)
    params = Params(first_day=first_day, last_day=last_day, dry_run=dry_run)
    cli = cli_of(ctx)
    job = run_here(cli, new_order(clinic, sync, "cli", params))
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
