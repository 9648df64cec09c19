"""`idexx-sync sync …`: run a sync now, here."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Final

import typer

from idexx_sync.cli.arguments import ClinicOption, Json, as_day, as_number
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.job_view import report_job
from idexx_sync.cli.local_run import run_here
from idexx_sync.cli.naming import clinic_here
from idexx_sync.core.catalog import CATALOG, SYNCS, CatalogEntry, ParamsKind
from idexx_sync.jobs.model import asked_manner, new_order
from idexx_sync.jobs.params import (
    MOST_DAYS,
    MOST_LOOKBACK_DAYS,
    ReconciliationParams,
    WindowParams,
)

app = typer.Typer(help="Run a sync now and wait for it.", no_args_is_help=True)


FirstDay = Annotated[
    date | None,
    typer.Option(
        "--from", metavar="DATE", parser=as_day, help="First day, as the clinic counts days."
    ),
]
LastDay = Annotated[
    date | None,
    typer.Option(
        "--to", metavar="DATE", parser=as_day, help=f"Last day; at most {MOST_DAYS} days in all."
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would change and write none of it.")
]


LookbackDays = Annotated[
    int,
    typer.Option(
        metavar="N",
        parser=as_number(1, MOST_LOOKBACK_DAYS),
        help=f"So many days before today, from 1 to {MOST_LOOKBACK_DAYS}.",
    ),
]
Fix = Annotated[
    bool,
    typer.Option(
        "--fix",
        help="Put right what is safe, by the clinic's policy; else differences are only told.",
    ),
]


def _window_command(row: CatalogEntry) -> Callable[..., int]:
    """The command that runs the sync of the row, which is asked for days."""

    def run(
        ctx: typer.Context,
        clinic: ClinicOption,
        first_day: FirstDay = None,
        last_day: LastDay = None,
        dry_run: DryRun = False,
        as_json: Json = False,
    ) -> int:
        check_days(first_day, last_day)
        params = WindowParams(first_day=first_day, last_day=last_day)
        cli, manner = cli_of(ctx), asked_manner(params, dry_run=dry_run)
        meant = clinic_here(cli, clinic)
        job = run_here(cli, new_order(meant, row.name, "cli", params, manner))
        return report_job(cli, job, as_json=as_json)

    return run


def _lookback_command(row: CatalogEntry) -> Callable[..., int]:
    """The command that runs the sync of the row, which is asked how far to look back."""

    def run(
        ctx: typer.Context,
        clinic: ClinicOption,
        lookback_days: LookbackDays = row.default_window.days_back,
        fix: Fix = False,
        dry_run: DryRun = False,
        as_json: Json = False,
    ) -> int:
        params = ReconciliationParams(lookback_days=lookback_days, mode="fix" if fix else "report")
        cli, manner = cli_of(ctx), asked_manner(params, dry_run=dry_run)
        meant = clinic_here(cli, clinic)
        job = run_here(cli, new_order(meant, row.name, "cli", params, manner))
        return report_job(cli, job, as_json=as_json)

    return run


_COMMANDS: Final[Mapping[ParamsKind, tuple[Callable[[CatalogEntry], Callable[..., int]], str]]] = {
    "window": (_window_command, "Without dates"),
    "lookback": (_lookback_command, "Without --lookback-days"),
}
"""What may be asked of a sync -> its command, and where it is not asked."""


for _sync in SYNCS:
    _row = CATALOG[_sync]
    _command, _unasked = _COMMANDS[_row.params]
    _help = f"{_row.title}.\n\n{_unasked}: {_row.default_window.phrase}."
    app.command(_row.name, help=_help)(_command(_row))


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
