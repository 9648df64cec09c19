"""`idexx-sync reconciliation …`: what differed, how that goes, and what is done about it."""

from functools import partial
from typing import Annotated

import typer

from idexx_sync.cli import policies
from idexx_sync.cli.arguments import MOST_AT_ONCE, ClinicOption, Json, Limit, Png, as_number
from idexx_sync.cli.backend import Backend, meant_clinic, meant_job, open_backend
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.discrepancy_view import discrepancies_shown
from idexx_sync.cli.jobs import JobId
from idexx_sync.cli.listed import Listed
from idexx_sync.cli.png import write_png
from idexx_sync.cli.trend import MOST_NIGHTS, Trend, trend_of
from idexx_sync.cli.trend_png import draw_trend
from idexx_sync.cli.trend_view import trend_shown
from idexx_sync.core.catalog import LoggedKind
from idexx_sync.core.vocabulary import JobStatus
from idexx_sync.operations.models import JobView
from idexx_sync.operations.wanted import Wanted
from idexx_sync.syncs.reconciliation.causes import Cause, Outcome
from idexx_sync.syncs.reconciliation.discrepancy_list_store import WantedDiscrepancies
from idexx_sync.syncs.reconciliation.model import MissedBy

app = typer.Typer(help="What differed from Neo, and what is done about it.", no_args_is_help=True)
app.add_typer(policies.app, name="policy")


@app.command()
def show(
    ctx: typer.Context,
    job_id: JobId,
    cause: Annotated[Cause | None, typer.Option(help="Only differences of this cause.")] = None,
    kind: Annotated[
        LoggedKind | None, typer.Option(help="Only rows of the calendar, or only cases.")
    ] = None,
    outcome: Annotated[
        Outcome | None, typer.Option(help="Only those of which this became.")
    ] = None,
    missed_by: Annotated[
        MissedBy | None, typer.Option(help="Only those that this sync should have found.")
    ] = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """Each difference that a job found, and what became of it.

    The newest days first; ids, times and names of fields, no personal values.
    """
    cli = cli_of(ctx)
    wanted = WantedDiscrepancies(cause, kind, outcome, missed_by)
    with open_backend(cli, ids_from="jobs list --sync reconciliation") as backend:
        job = backend.job(meant_job(backend, job_id))
        found = backend.discrepancies(job.id, wanted, limit)
    data = {
        "job_id": str(job.id),
        "discrepancies": [one.model_dump(mode="json") for one in found.items],
        "more": found.more,
    }
    asked = wanted != WantedDiscrepancies()
    shown = discrepancies_shown(job, found, asked=asked, over_api=backend.over_api)
    cli.answer(data, shown, as_json=as_json)


@app.command()
def trend(
    ctx: typer.Context,
    clinic: ClinicOption,
    days: Annotated[
        int,
        typer.Option(
            metavar="N",
            parser=as_number(1, MOST_NIGHTS),
            help=f"So many nights, up to the newest, from 1 to {MOST_NIGHTS}.",
        ),
    ] = 30,
    png: Png = None,
    as_json: Json = False,
) -> None:
    """How many differences each night's reconciliation found, by cause.

    A night is a day of the clinic's. Of several runs on it the newest of those over most days
    counts. Dry runs are left out.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="clinics list") as backend:
        found = _trend(backend, clinic, days)
    if png is not None:
        write_png(partial(draw_trend, found), png)
        cli.say(f"Written: {png}")
    shown = [] if as_json else trend_shown(found, cli.out.width, over_api=backend.over_api)
    cli.answer(found.as_data(), shown, as_json=as_json)


def _trend(backend: Backend, clinic: str, days: int) -> Trend:
    clinic_id = meant_clinic(backend, clinic)
    assert clinic_id is not None
    newest = _jobs(backend, Wanted(clinic_id, "reconciliation"), limit=1)
    if not newest.items:
        return trend_of(clinic_id, [], days)
    since = Trend.read_since(newest.items[0], days)
    found = _jobs(backend, Wanted(clinic_id, "reconciliation", since=since), limit=MOST_AT_ONCE)
    return trend_of(clinic_id, found.items, days)


def _jobs(backend: Backend, wanted: Wanted[JobStatus], *, limit: int) -> Listed[JobView]:
    return backend.jobs(wanted, limit)
