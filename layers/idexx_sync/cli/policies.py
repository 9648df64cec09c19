"""`idexx-sync reconciliation policy …`: what a clinic wants done about a cause."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from idexx_sync.cli.arguments import By, ClinicOption, Json, as_day
from idexx_sync.cli.context import Cli, cli_of
from idexx_sync.cli.errors import usage_errors
from idexx_sync.cli.local_backend import decider
from idexx_sync.cli.naming import clinic_meant
from idexx_sync.cli.phrases import DIFFERENCES, TREATMENTS, moment, utc
from idexx_sync.cli.tables import Shown, listing
from idexx_sync.core.phrases import phrase
from idexx_sync.operations.policies import (
    PoliciesOfClinic,
    PolicyOfClinic,
    clear_policy,
    policies_of_clinic,
    set_policy,
)
from idexx_sync.syncs.reconciliation.causes import POLICIES, Cause, Treatment

app = typer.Typer(
    help="What a clinic wants done about a cause of differences.", no_args_is_help=True
)

CauseArgument = Annotated[
    Cause, typer.Argument(metavar="CAUSE", help="Of a difference, as policy show lists them.")
]


@app.command()
def show(ctx: typer.Context, clinic: ClinicOption, as_json: Json = False) -> None:
    """What is done about each cause at a clinic, and why."""
    cli = cli_of(ctx)
    with cli.database() as conn:
        clinic_id = clinic_meant(conn, clinic)
        found = policies_of_clinic(conn, clinic_id)
    _answer(cli, clinic_id, found, [], as_json=as_json)


@app.command("set")
def set_one(
    ctx: typer.Context,
    clinic: ClinicOption,
    cause: CauseArgument,
    treatment: Annotated[
        Treatment,
        typer.Argument(
            metavar="TREATMENT",
            help="fix: put it right. hold: a person decides. report: only tell it. ignore: say "
            "nothing of it until a day.",
        ),
    ],
    until: Annotated[
        date | None,
        typer.Option(
            "--until",
            metavar="DATE",
            parser=as_day,
            help="The last day on which it is ignored, as the clinic counts days.",
        ),
    ] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Have something else done about a cause at a clinic than everywhere.

    It counts from the next reconciliation on, and only where that puts things right.
    """
    cli = cli_of(ctx)
    with cli.database() as conn, usage_errors():
        clinic_id = clinic_meant(conn, clinic)
        set_policy(conn, clinic_id, cause, treatment, until, decider(by))
        found = policies_of_clinic(conn, clinic_id)
    _answer(cli, clinic_id, found, list(_told(cause, treatment, until)), as_json=as_json)


@app.command()
def clear(
    ctx: typer.Context, clinic: ClinicOption, cause: CauseArgument, as_json: Json = False
) -> None:
    """Have the same done about a cause at a clinic as everywhere."""
    cli = cli_of(ctx)
    with cli.database() as conn:
        clinic_id = clinic_meant(conn, clinic)
        changed = clear_policy(conn, clinic_id, cause)
        found = policies_of_clinic(conn, clinic_id)
    done = "Cleared" if changed else "Nothing changed"
    usual = f"{_named(cause)} is {TREATMENTS[POLICIES[cause].treatment]}, as everywhere."
    _answer(cli, clinic_id, found, [f"{done}: {usual}"], as_json=as_json)


def _told(cause: Cause, treatment: Treatment, until: date | None) -> Iterator[str]:
    days = "" if until is None else f" until {until}, that day included"
    yield f"From the next reconciliation on {_named(cause)} is {TREATMENTS[treatment]}{days}."
    if treatment in ("fix", "hold") and "case" not in POLICIES[cause].fixes:
        yield "Only in the calendar: of a case it is reported, because a reconciliation can't."


def _named(cause: Cause) -> str:
    return f'"{DIFFERENCES[cause]}"'


def _answer(
    cli: Cli, clinic_id: UUID, found: PoliciesOfClinic, said: Sequence[str], *, as_json: bool
) -> None:
    cli.say(*said)
    data = {"clinic_id": str(clinic_id), "policies": [_data(one) for one in found.policies]}
    cli.answer(data, _shown(found), as_json=as_json)


def _data(one: PolicyOfClinic) -> dict[str, Any]:
    own = one.own
    return {
        "cause": one.cause,
        "appointment": one.of_rows,
        "case": one.of_cases,
        "usual": one.usual.treatment,
        "because": one.usual.because,
        "can_be_fixed": sorted(one.usual.fixes),
        "own": None
        if own is None
        else {
            "treatment": own.treatment,
            "until": None if own.until is None else str(own.until),
            "set_by": own.set_by,
            "set_at": utc(own.set_at),
        },
    }


def _shown(found: PoliciesOfClinic) -> list[Shown]:
    rows = [
        (one.cause, _treated(one), _own(one, found.zone) or one.usual.because)
        for one in found.policies
    ]
    return [listing(("Cause", "Is", "Because"), rows, whole=("Cause",))]


def _treated(one: PolicyOfClinic) -> str:
    if one.of_rows == one.of_cases:
        return phrase(TREATMENTS, one.of_rows)
    rows, cases = phrase(TREATMENTS, one.of_rows), phrase(TREATMENTS, one.of_cases)
    return f"{rows} in the calendar, of a case {cases}"


def _own(one: PolicyOfClinic, zone: ZoneInfo) -> str | None:
    """That the clinic wants it so, or wanted it until a day that is past."""
    own = one.own
    if own is None:
        return None
    who = f"{own.set_by} at {moment(own.set_at, zone)}"
    until = "" if own.until is None else f" until {own.until}"
    if one.is_over:
        return f"{one.usual.because} (ignored{until} by {who}, which is over)"
    return f"set by {who}{until}; everywhere: {phrase(TREATMENTS, one.usual.treatment)}"
