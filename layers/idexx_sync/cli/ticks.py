"""`idexx-sync ticks`: which scheduled times had their run, and which did not."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import typer

from idexx_sync.cli.arguments import NAMED, Json, Limit, SyncOption, as_name
from idexx_sync.cli.backend import Backend, meant_clinic, open_backend
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.list_view import cut_shown
from idexx_sync.cli.phrases import moment
from idexx_sync.cli.tables import Shown, entry, figures, line
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.core.phrases import phrase
from idexx_sync.core.vocabulary import JobStatus
from idexx_sync.operations.models import JobView
from idexx_sync.operations.tick_models import SyncTicks, TicksView
from idexx_sync.operations.wanted import Wanted
from idexx_sync.schedules.ticks import outcome_of

NOT_RUN: Final[tuple[JobStatus, ...]] = ("missed", "skipped_overlap", "skipped_stale", "dead")
"""Statuses of ticks that did not run; of those that are dead only some."""
COLUMNS: Final = (
    "Sync",
    "Due",
    "Ran",
    "Missed",
    "Skipped",
    "Made up",
    "Waiting",
    "Paused",
    "Share",
)


def ticks(
    ctx: typer.Context,
    clinic: Annotated[
        str | None,
        typer.Argument(metavar="CLINIC", parser=as_name, help=f"Of this clinic only: {NAMED}."),
    ] = None,
    sync: SyncOption = None,
    missed: Annotated[
        bool, typer.Option("--missed", help="List those that did not run, the newest first.")
    ] = False,
    limit: Limit = 20,
    as_json: Json = False,
) -> None:
    """Which scheduled times had their run.

    Those of the last 24 hours, by sync. A catch-up makes up what did not run, unless a run that
    came since has done its work.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="clinics list") as backend:
        clinic_id = meant_clinic(backend, clinic)
        found = backend.ticks(clinic_id, sync)
        listed = _not_run(backend, clinic_id, sync, found.since, limit) if missed else []
    data = found.model_dump(mode="json")
    shown = [*figures(COLUMNS, map(_row, found.syncs), cli.out.width), *_short(found, clinic_id)]
    if missed:
        data["not_run"] = [job.model_dump(mode="json") for job in listed[:limit]]
        shown += _jobs(listed[:limit])
        shown += cut_shown(more=len(listed) > limit, shown=limit)
    cli.answer(data, shown, as_json=as_json)


def _not_run(
    backend: Backend, clinic_id: UUID | None, sync: SyncName | None, since: datetime, limit: int
) -> list[JobView]:
    """Of ticks since then, the newest first; one more than the limit where there are more."""
    found = [
        job
        for status in NOT_RUN
        for job in backend.jobs(Wanted[JobStatus](clinic_id, sync, status, since), limit + 1).items
        if job.trigger == "schedule"
        and outcome_of(job.status, began=job.started_at is not None) != "ran"
    ]
    return sorted(found, key=_due, reverse=True)[: limit + 1]


def _due(job: JobView) -> datetime:
    return job.queued_at if job.scheduled_time is None else job.scheduled_time


def _row(one: SyncTicks) -> Sequence[str]:
    numbers = (one.due, one.ran, one.missed, one.skipped, one.made_up, one.waiting, one.paused)
    share = "" if one.share is None else f"{one.share:.2%}"
    return (one.sync, *map(str, numbers), share)


def _short(found: TicksView, clinic_id: UUID | None) -> list[Shown]:
    """One line for each sync of which too few ran."""
    return [
        line(
            f"{one.sync}: fewer than {found.goal:.1%} of those due ran: {_next(one, clinic_id)}",
            "red",
        )
        for one in found.syncs
        if one.share is not None and one.share < found.goal
    ]


def _next(one: SyncTicks, clinic_id: UUID | None) -> str:
    of_clinic = "" if clinic_id is None else f"{clinic_id} "
    return f"idexx-sync ticks {of_clinic}--missed --sync {one.sync}"


def _jobs(jobs: Sequence[JobView]) -> list[Shown]:
    """When each was due in its clinic's own time, and what makes it up."""
    parts: list[Shown] = [] if jobs else [line("No tick is known that did not run.")]
    for job in jobs:
        due = moment(_due(job), zone_of(job.timezone))
        head = (str(job.id), due, job.sync, phrase({}, job.status))
        made_up = f"made up by {job.made_up_by}" if job.made_up_by else "not made up"
        parts += entry(head, made_up)
    return parts
