"""`idexx-sync jobs …`: what runs and ran, and how it ended."""

from typing import Annotated

import typer

from idexx_sync.cli.arguments import (
    AnyClinicOption,
    Json,
    Limit,
    Since,
    SyncOption,
    as_id_beginning,
    as_number,
    day_begins,
)
from idexx_sync.cli.backend import Backend, meant_clinic, meant_job, open_backend, standing
from idexx_sync.cli.change_view import changes_shown
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.job_view import answer_job, report_job
from idexx_sync.cli.list_view import cut_shown, jobs_shown
from idexx_sync.cli.tables import line
from idexx_sync.cli.watching import watch
from idexx_sync.core.vocabulary import JobStatus
from idexx_sync.operations.models import JobView
from idexx_sync.operations.wanted import Wanted

app = typer.Typer(help="What runs and ran, and how it ended.", no_args_is_help=True)

JobId = Annotated[
    str,
    typer.Argument(
        metavar="JOB_ID", parser=as_id_beginning, help="As jobs list shows it, or how it begins."
    ),
]


@app.command("list")
def list_jobs(
    ctx: typer.Context,
    clinic: AnyClinicOption = None,
    status: Annotated[
        JobStatus | None, typer.Option(help="Only jobs in this state, for example failed.")
    ] = None,
    sync: SyncOption = None,
    since: Since = None,
    limit: Limit = 20,
    as_json: Json = False,
) -> None:
    """The newest jobs; times are each clinic's own.

    Of so many those come first that need somebody.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="clinics list") as backend:
        clinic_id = meant_clinic(backend, clinic)
        wanted = Wanted[JobStatus](clinic_id, sync, status, day_begins(since))
        found = backend.jobs(wanted, limit)
        clinics = {} if as_json else standing(backend, {job.clinic_id for job in found.items})
    nothing = "There are no jobs yet." if wanted == Wanted() else "There are no such jobs."
    shown = jobs_shown(found.items, clinics) or [line(nothing)]
    data = {"jobs": [job.model_dump(mode="json") for job in found.items], "more": found.more}
    cut = cut_shown(more=found.more, shown=len(found.items))
    cli.answer(data, [*shown, *cut], as_json=as_json)


@app.command()
def changes(
    ctx: typer.Context,
    job_id: JobId,
    limit: Limit = 100,
    values: Annotated[
        bool, typer.Option("--values", help="Show the fields of new records too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """What a job wrote, by record, before -> after.

    Of names, phones and notes our log holds only that they changed.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="jobs list") as backend:
        job = backend.job(meant_job(backend, job_id))
        found = backend.changes(job.id, limit)
    data = {
        "job_id": str(job.id),
        "changes": [change.model_dump(mode="json") for change in found.items],
        "more": found.more,
    }
    cli.answer(data, changes_shown(job, found, values=values), as_json=as_json)


@app.command()
def show(ctx: typer.Context, job_id: JobId, as_json: Json = False) -> None:
    """One job with all its counts, warnings and what it held back."""
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="jobs list") as backend:
        job = backend.job(meant_job(backend, job_id))
        name = None if as_json else _clinic_name(backend, job)
    answer_job(cli, job, as_json=as_json, over_api=backend.over_api, clinic_name=name)


@app.command("watch")
def watch_job(
    ctx: typer.Context,
    job_id: JobId,
    timeout: Annotated[
        int | None,
        typer.Option(
            metavar="SECONDS",
            parser=as_number(1),
            help="Give up after so long, with exit code 1.",
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Wait until a job has ended; its outcome is the exit code.

    An interrupt ends the watch and not the job.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="jobs list") as backend:
        job = watch(cli, backend, backend.job(meant_job(backend, job_id)), timeout_s=timeout)
        name = None if as_json else _clinic_name(backend, job)
    return report_job(cli, job, as_json=as_json, over_api=backend.over_api, clinic_name=name)


@app.command()
def retry(
    ctx: typer.Context,
    job_id: JobId,
    no_watch: Annotated[
        bool, typer.Option("--no-watch", help="Order it, without waiting for its end.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Do again, as a new job, what a job that has ended was to do.

    Without an API the run is made here, and an interrupt cancels it.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="jobs list") as backend:
        job = backend.retry(meant_job(backend, job_id), waited_for=not no_watch)
        if not no_watch:
            job = watch(cli, backend, job)
        name = None if as_json else _clinic_name(backend, job)
    if not no_watch:
        return report_job(cli, job, as_json=as_json, over_api=backend.over_api, clinic_name=name)
    answer_job(cli, job, as_json=as_json, over_api=backend.over_api, clinic_name=name)
    cli.say(f"Ordered; see how it does with: idexx-sync jobs watch {job.id}")
    return 0


@app.command()
def cancel(ctx: typer.Context, job_id: JobId, as_json: Json = False) -> None:
    """End a job, whatever it is doing; what it has committed stays."""
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="jobs list") as backend:
        job = backend.cancel(meant_job(backend, job_id))
        name = None if as_json else _clinic_name(backend, job)
    answer_job(cli, job, as_json=as_json, over_api=backend.over_api, clinic_name=name)


def _clinic_name(backend: Backend, job: JobView) -> str | None:
    """The name of the job's clinic; None for a key that may not look at clinics."""
    clinic = standing(backend, {job.clinic_id}).get(job.clinic_id)
    return None if clinic is None else clinic.name
