"""`idexx-sync jobs …`: what runs and ran, and how it ended."""

from typing import Annotated
from uuid import UUID

import typer

from idexx_sync.cli.arguments import AnyClinicOption, Json, Limit, as_id
from idexx_sync.cli.backend import open_backend
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.job_view import answer_job, outcome, report_job
from idexx_sync.cli.phrases import moment, phrase, took
from idexx_sync.cli.tables import entries, line
from idexx_sync.cli.watching import watch
from idexx_sync.core.clinic_time import zone_of

app = typer.Typer(help="What runs and ran, and how it ended.", no_args_is_help=True)

JobId = Annotated[
    UUID, typer.Argument(metavar="JOB_ID", parser=as_id, help="As jobs list shows it.")
]


@app.command("list")
def list_jobs(
    ctx: typer.Context,
    clinic: AnyClinicOption = None,
    limit: Limit = 20,
    as_json: Json = False,
) -> None:
    """The newest jobs; times are each clinic's own."""
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="clinics list") as backend:
        jobs = backend.jobs(clinic, limit)
    shown = entries(
        (
            (str(job.id), moment(job.queued_at, zone_of(job.timezone)), job.sync),
            f"{phrase({}, job.status)}, {outcome(job)} ({took(job.started_at, job.finished_at)})",
        )
        for job in jobs
    )
    data = {"jobs": [job.model_dump(mode="json") for job in jobs]}
    cli.answer(data, shown or [line("There are no jobs yet.")], as_json=as_json)


@app.command()
def show(ctx: typer.Context, job_id: JobId, as_json: Json = False) -> None:
    """One job with all its counts, warnings and what it held back."""
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="jobs list") as backend:
        job = backend.job(job_id)
    answer_job(cli, job, as_json=as_json)


@app.command("watch")
def watch_job(
    ctx: typer.Context,
    job_id: JobId,
    timeout: Annotated[
        int | None,
        typer.Option(min=1, metavar="SECONDS", help="Give up after so long, with exit code 1."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Wait until a job has ended; its outcome is the exit code.

    An interrupt ends the watch and not the job.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="jobs list") as backend:
        job = watch(cli, backend, backend.job(job_id), timeout_s=timeout)
    return report_job(cli, job, as_json=as_json)


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
        job = backend.retry(job_id, waited_for=not no_watch)
        if not no_watch:
            job = watch(cli, backend, job)
    if not no_watch:
        return report_job(cli, job, as_json=as_json)
    answer_job(cli, job, as_json=as_json)
    cli.say(f"Ordered; see how it does with: idexx-sync jobs watch {job.id}")
    return 0


@app.command()
def cancel(ctx: typer.Context, job_id: JobId, as_json: Json = False) -> None:
    """End a job, whatever it is doing; what it has committed stays."""
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="jobs list") as backend:
        job = backend.cancel(job_id)
    answer_job(cli, job, as_json=as_json)
