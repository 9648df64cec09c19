"""`idexx-sync holds …`: what waits for a person, and the person's decision."""

import getpass
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import typer
from rich.console import RenderableType
from rich.text import Text

from idexx_sync.cli.arguments import AnyClinicOption, Json, Limit, as_id
from idexx_sync.cli.context import Cli, cli_of
from idexx_sync.cli.sync import run_and_report
from idexx_sync.cli.tables import entries, facts, listing
from idexx_sync.cli.words import CAUSES, counted, moment, told, utc
from idexx_sync.clinic_card import clinic_card
from idexx_sync.clinic_time import zone_of
from idexx_sync.clinics import timezone_of, timezones
from idexx_sync.db import Conn
from idexx_sync.errors import ConfigurationInvalid
from idexx_sync.gate import Finding, HoldStatus
from idexx_sync.holds import Hold, decide, hold_by_id, holds_newest_first, params_of_finder
from idexx_sync.jobs import new_order

app = typer.Typer(help="What waits for a person's decision.", no_args_is_help=True)

HoldId = Annotated[
    UUID, typer.Argument(metavar="HOLD_ID", parser=as_id, help="As holds list shows it.")
]
By = Annotated[
    str | None, typer.Option(metavar="NAME", help="Who decides; else the name of your account.")
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
    with cli.database() as conn:
        if clinic is not None:
            clinic_card(conn, clinic)
        found = holds_newest_first(conn, clinic_id=clinic, status=status, limit=limit)
        zones = timezones(conn, {hold.clinic_id for hold in found})
    shown = entries(
        (
            (
                str(hold.id),
                moment(hold.opened_at, zone_of(zones.get(hold.clinic_id))),
                hold.status,
            ),
            f"{told(CAUSES, hold.cause)} ({counted(len(hold.findings), 'record')})",
        )
        for hold in found
    )
    nothing = f"There are no {status} holds." if status else "There are no holds."
    data = {"holds": [_data(hold) for hold in found]}
    cli.answer(data, shown or [Text(nothing)], as_json=as_json)


@app.command()
def show(ctx: typer.Context, hold_id: HoldId, as_json: Json = False) -> None:
    """One hold with every record that it keeps back."""
    cli = cli_of(ctx)
    with cli.database() as conn:
        hold = _hold(conn, hold_id)
        zone = zone_of(timezone_of(conn, hold.clinic_id))
    until = moment(hold.permit_until, zone)
    parts: list[RenderableType] = [
        facts(
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
        parts.append(
            Text(
                f"Approve (lets exactly this through): idexx-sync holds approve {hold.id}\n"
                f"Reject (keeps all of it as it is):   idexx-sync holds reject {hold.id}"
            )
        )
    cli.answer({"hold": _data(hold)}, parts, as_json=as_json)


@app.command()
def approve(ctx: typer.Context, hold_id: HoldId, by: By = None, as_json: Json = False) -> int:
    """Let what the hold names through, and run the sync anew at once.

    The permit lasts for 24 hours.
    """
    cli = cli_of(ctx)
    with cli.database() as conn:
        hold = _decided(cli, conn, hold_id, "approved", by)
        params = params_of_finder(conn, hold)
    cli.say("Approved for 24 hours; running the sync anew.")
    order = new_order(hold.clinic_id, hold.sync, "approval", params)
    return run_and_report(cli, order, as_json=as_json)


@app.command()
def reject(ctx: typer.Context, hold_id: HoldId, by: By = None, as_json: Json = False) -> None:
    """Keep what the hold names as it is.

    Nobody is asked again until the finding changes.
    """
    cli = cli_of(ctx)
    with cli.database() as conn:
        hold = _decided(cli, conn, hold_id, "rejected", by)
    records = counted(len(hold.findings), "record")
    said = Text(f"Rejected: {records} stay as they are until something else is found.")
    cli.answer({"hold": _data(hold)}, [said], as_json=as_json)


def _hold(conn: Conn, hold_id: UUID) -> Hold:
    hold = hold_by_id(conn, hold_id)
    if hold is None:
        raise ConfigurationInvalid(
            f"there is no hold {hold_id}; list them with: idexx-sync holds list", code="hold_id"
        )
    return hold


def _decided(
    cli: Cli, conn: Conn, hold_id: UUID, verdict: Literal["approved", "rejected"], by: str | None
) -> Hold:
    hold = decide(conn, hold_id, verdict, by or _account(), cli.clock())
    if hold is None:
        status = _hold(conn, hold_id).status
        raise ConfigurationInvalid(
            f"hold {hold_id} is {status}; only an open hold can be decided; list them with: "
            "idexx-sync holds list --status open",
            code="hold_status",
        )
    return hold


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        return "command line"


def _findings(hold: Hold) -> Iterator[tuple[str, str]]:
    for key, finding in sorted(hold.findings.items()):
        yield key, _found(finding)


def _found(finding: Finding) -> str:
    """A finding in words: `visit of 2026-05-04 09:00:00: missing`."""
    what = "missing" if finding.get("missing") else ""
    if "removal" in finding:
        what = f"would be removed ({told({}, finding['removal'])})"
    if "status" in finding:
        what = f"{finding['status'][0]} -> {finding['status'][1]}"
    start = finding.get("start", "?")
    if isinstance(start, list):
        start, what = start[0], f"would move to {start[1]}"
    return f"{finding.get('kind', 'visit')} of {start}: {what}"


def _data(hold: Hold) -> dict[str, Any]:
    def text(instant: datetime | None) -> str | None:
        return None if instant is None else utc(instant)

    return {
        "id": str(hold.id),
        "clinic_id": str(hold.clinic_id),
        "sync": hold.sync,
        "cause": hold.cause,
        "status": hold.status,
        "findings": hold.findings,
        "job_id": str(hold.job_id),
        "opened_at": text(hold.opened_at),
        "updated_at": text(hold.updated_at),
        "decided_at": text(hold.decided_at),
        "decided_by": hold.decided_by,
        "permit_until": text(hold.permit_until),
        "ended_at": text(hold.ended_at),
    }
