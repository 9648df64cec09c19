"""`idexx-sync holds …`: what waits for a person, and the person's decision."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from uuid import UUID

import typer

from idexx_sync.cli.arguments import AnyClinicOption, Json, Limit, as_id
from idexx_sync.cli.backend import open_backend
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.job_view import report_job
from idexx_sync.cli.phrases import CAUSES, counted, moment, phrase, record_named
from idexx_sync.cli.tables import Shown, entries, fact_table, line, listing
from idexx_sync.cli.watching import watch
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.operations.models import HoldView
from idexx_sync.syncs.holds import HoldStatus

app = typer.Typer(help="What waits for a person's decision.", no_args_is_help=True)

HoldId = Annotated[
    UUID, typer.Argument(metavar="HOLD_ID", parser=as_id, help="As holds list shows it.")
]
By = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Who decides; else the name of your account. Over the API it is the key.",
    ),
]


@app.command("list")
def list_holds(
    ctx: typer.Context,
    clinic: AnyClinicOption = None,
    status: Annotated[
        HoldStatus | None, typer.Option(help="Only holds in this state, for example open.")
    ] = None,
    limit: Limit = 20,
    as_json: Json = False,
) -> None:
    """The newest holds; times are each clinic's own."""
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="clinics list") as backend:
        found = backend.holds(clinic, status, limit)
    shown = entries(
        (
            (
                str(hold.id),
                moment(hold.opened_at, zone_of(hold.timezone)),
                hold.status,
            ),
            f"{phrase(CAUSES, hold.cause)} ({counted(hold.found, 'record')})",
        )
        for hold in found
    )
    nothing = f"There are no {status} holds." if status else "There are no holds."
    data = {"holds": [hold.model_dump(mode="json") for hold in found]}
    cli.answer(data, shown or [line(nothing)], as_json=as_json)


@app.command()
def show(ctx: typer.Context, hold_id: HoldId, as_json: Json = False) -> None:
    """One hold with every record that it keeps back."""
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="holds list") as backend:
        hold = backend.hold(hold_id)
    zone = zone_of(hold.timezone)
    until = moment(hold.permit_until, zone)
    parts: list[Shown] = [
        fact_table(
            [
                ("hold", str(hold.id)),
                ("clinic", str(hold.clinic_id)),
                ("status", hold.status),
                ("cause", CAUSES.get(hold.cause, hold.cause)),
                ("found by job", str(hold.job_id)),
                ("opened", moment(hold.opened_at, zone)),
                ("last seen", moment(hold.updated_at, zone)),
                ("decided", moment(hold.decided_at, zone) if hold.decided_at else None),
                ("decided by", hold.decided_by),
                ("permit until", until if hold.permit_until else None),
                ("ended", moment(hold.ended_at, zone) if hold.ended_at else None),
            ]
        ),
        listing(("Id", "What was found"), _findings(hold), whole=("Id",)),
    ]
    if hold.status == "open":
        parts += [
            line(f"Approve (lets exactly this through): idexx-sync holds approve {hold.id}"),
            line(f"Reject (keeps all of it as it is):   idexx-sync holds reject {hold.id}"),
        ]
    cli.answer({"hold": hold.model_dump(mode="json")}, parts, as_json=as_json)


@app.command()
def approve(ctx: typer.Context, hold_id: HoldId, by: By = None, as_json: Json = False) -> int:
    """Let what the hold names through, and run the sync anew at once.

    The permit lasts for 24 hours.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="holds list") as backend:
        job = watch(cli, backend, backend.approve(hold_id, by))
    return report_job(cli, job, as_json=as_json)


@app.command()
def reject(ctx: typer.Context, hold_id: HoldId, by: By = None, as_json: Json = False) -> None:
    """Keep what the hold names as it is.

    Nobody is asked again until the finding changes.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="holds list") as backend:
        hold = backend.reject(hold_id, by)
    records = counted(hold.found, "record")
    said = line(f"Rejected: {records} stay as they are until something else is found.")
    cli.answer({"hold": hold.model_dump(mode="json")}, [said], as_json=as_json)


def _findings(hold: HoldView) -> Iterator[tuple[str, str]]:
    for key, finding in sorted(hold.findings.items()):
        yield record_named(key), _found(finding)
    if left := hold.found - len(hold.findings):
        yield "…", f"and {left} more"


def _found(finding: Mapping[str, Any]) -> str:
    """A finding in words: `visit of 2026-05-04 09:00:00: missing`.

    What has no words of its own is shown as it is: nobody decides about an empty line.
    """
    rest = {name: value for name, value in finding.items() if name not in ("start", "kind")}
    what = "missing" if finding.get("missing") else ", ".join(f"{k}: {v}" for k, v in rest.items())
    if "removal" in finding:
        what = f"would be removed ({phrase({}, finding['removal'])})"
    if "status" in finding:
        what = f"{finding['status'][0]} -> {finding['status'][1]}"
    start = finding.get("start", "?")
    if isinstance(start, list):
        moves = start[0] != start[1]
        start, what = start[0], f"would move to {start[1]}" if moves else "another version of it"
    return f"{finding.get('kind', 'visit')} of {start}: {what}"
