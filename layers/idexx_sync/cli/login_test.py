"""`idexx-sync credentials test`: one real login with what is stored, and what came of it.

It is a preview that asks for nothing but whose data it sees, so it has the clinic's lease, the
breaker of logins and their budget like any run.
"""

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import typer

from idexx_sync.cli.arguments import ClinicOption, Json
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.exits import exit_of_job
from idexx_sync.cli.naming import clinic_here
from idexx_sync.cli.progress import Bars
from idexx_sync.cli.tables import fact_table
from idexx_sync.clinics.overview import clinic_overview
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import who_acts
from idexx_sync.core.phrases import phrase
from idexx_sync.database.connection import writing
from idexx_sync.jobs import leases
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.contract import Report, Run
from idexx_sync.jobs.model import Job, new_order
from idexx_sync.jobs.params import WindowParams
from idexx_sync.jobs.runner import Dependencies, run_job
from idexx_sync.jobs.submission import require_not_paused
from idexx_sync.pims.access_store import login_attempts
from idexx_sync.pims.protocol import Pims

TRIAL: Final = "a trial of the credentials, which work"
"""What its job says of itself in lists."""
NOTHING: Final = ("read", "created", "updated", "removed", "unchanged")


@dataclass(frozen=True)
class _LoginTest:
    """Logs in, and asks only for the clinic's set-up, which says whose data these are."""

    name: SyncName = "inbound"

    def __call__(self, run: Run, pims: Pims) -> Report:
        pims.configuration()
        report = Report(dict.fromkeys(NOTHING, 0), plan=[])
        result = {**report.as_result(), "summary": TRIAL}
        with writing(run.conn) as settle:
            leases.require(run.conn, run.lease, settle)
            job_store.end(run.conn, run.lease, report.status, result=result)
        return report


def try_login(ctx: typer.Context, clinic: ClinicOption, as_json: Json = False) -> int:
    """Log in with them once, and say what came of it.

    One real login, of which a clinic has only a few in an hour; none is made that could lock its
    user out. Nothing of ODIS is read or written.
    """
    cli = cli_of(ctx)
    clinic_id = clinic_here(cli, clinic)
    with Bars(cli.err) as bars, cli.dependencies(bars, "preview") as dependencies:
        require_not_paused(dependencies.database.connection(), clinic_id)
        order = new_order(clinic_id, "inbound", "cli", WindowParams(), "preview")
        job = run_job(order, _LoginTest(), _without_session(dependencies))
        if job.error_kind is None:
            bars.finish()
        conn = dependencies.database.connection()
        tried = [one for one in login_attempts(conn, clinic_id, 1) if one.job_id == job.id]
        stored = clinic_overview(conn, clinic_id).credential_version
    outcome = (tried[0].outcome or "unknown") if tried else None
    data = {
        "clinic_id": str(clinic_id),
        "version": tried[0].credential_version if tried else None,
        "login": outcome,
        "status": job.status,
        "kind": job.error_kind,
        "message": job.error_message,
        "job_id": str(job.id),
    }
    said = "none was made" if outcome is None else phrase({}, outcome)
    rows = [
        ("clinic", str(clinic_id)),
        ("version", str(tried[0].credential_version) if tried else None),
        ("login", said),
        ("found", _found(job)),
        ("next", _next(job, clinic_id, stored)),
    ]
    cli.answer({"test": data}, [fact_table(rows)], as_json=as_json)
    return exit_of_job(job.status, job.error_kind)


def _without_session(dependencies: Dependencies) -> Dependencies:
    """A stored session would make the login needless."""
    opened = dependencies.open_pims
    return replace(
        dependencies,
        open_pims=lambda clinic, job_id, _session, lifetime, clock: opened(
            clinic, job_id, None, lifetime, clock
        ),
    )


def _found(job: Job) -> str:
    if job.error_message is not None:
        return job.error_message
    return "they work: the login led to the clinic's own company, and its session is kept"


def _next(job: Job, clinic: UUID, stored: int | None) -> str:
    if job.error_kind is None and job.error_message is None:
        return f"idexx-sync clinics rooms {clinic}"
    if job.error_kind is not None and who_acts(job.error_kind) == "clinic":
        return f"once the clinic has put it right: idexx-sync credentials set --clinic {clinic}"
    return f"idexx-sync credentials {'set' if stored is None else 'show'} --clinic {clinic}"
