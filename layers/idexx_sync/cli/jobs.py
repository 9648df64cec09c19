"""`idexx-sync jobs …`: what ran, and how it ended."""

from typing import Annotated
from uuid import UUID

import typer
from rich.text import Text

from idexx_sync.cli.arguments import AnyClinicOption, Json, Limit, as_id
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.job_view import job_data, job_shown, outcome
from idexx_sync.cli.tables import entries
from idexx_sync.cli.words import moment, told, took
from idexx_sync.clinic_card import clinic_card
from idexx_sync.clinic_time import zone_of
from idexx_sync.clinics import timezone_of, timezones
from idexx_sync.errors import ConfigurationInvalid
from idexx_sync.jobs import job_by_id, jobs_newest_first

app = typer.Typer(help="What ran, and how it ended.", no_args_is_help=True)


@app.command("list")
def list_jobs(
    ctx: typer.Context,
    clinic: AnyClinicOption = None,
    limit: Limit = 20,
    as_json: Json = False,
) -> None:
    """The newest jobs; times are each clinic's own."""
    cli = cli_of(ctx)
    with cli.database() as conn:
        if clinic is not None:
            clinic_card(conn, clinic)
        jobs = jobs_newest_first(conn, clinic_id=clinic, limit=limit)
        zones = timezones(conn, {job.clinic_id for job in jobs})
    shown = entries(
        (
            (str(job.id), moment(job.queued_at, zone_of(zones.get(job.clinic_id))), job.sync),
            f"{told({}, job.status)}, {outcome(job)} ({took(job.started_at, job.finished_at)})",
        )
        for job in jobs
    )
    data = {"jobs": [job_data(job) for job in jobs]}
    cli.answer(data, shown or [Text("There are no jobs yet.")], as_json=as_json)


@app.command()
def show(
    ctx: typer.Context,
    job_id: Annotated[
        UUID, typer.Argument(metavar="JOB_ID", parser=as_id, help="As jobs list shows it.")
    ],
    as_json: Json = False,
) -> None:
    """One job with all its counts, warnings and what it held back."""
    cli = cli_of(ctx)
    with cli.database() as conn:
        job = job_by_id(conn, job_id)
        if job is None:
            raise ConfigurationInvalid(
                f"there is no job {job_id}; list them with: idexx-sync jobs list", code="job_id"
            )
        zone = zone_of(timezone_of(conn, job.clinic_id))
    cli.answer({"job": job_data(job)}, job_shown(job, zone), as_json=as_json)
