"""`idexx-sync holds …`: what waits for a person, and the person's decision."""

from typing import Annotated

import typer

from idexx_sync.cli.arguments import (
    AnyClinicOption,
    Json,
    Limit,
    Since,
    SyncOption,
    as_id_beginning,
    day_begins,
)
from idexx_sync.cli.backend import meant_clinic, meant_hold, open_backend, standing
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.deciding import confirm, require_terminal, seen_version
from idexx_sync.cli.decision import Decision
from idexx_sync.cli.hold_view import hold_shown
from idexx_sync.cli.job_view import report_job
from idexx_sync.cli.list_view import cut_shown, holds_shown
from idexx_sync.cli.phrases import counted
from idexx_sync.cli.tables import line
from idexx_sync.cli.watching import watch
from idexx_sync.operations.decisions import LONGEST_REASON
from idexx_sync.operations.wanted import Wanted
from idexx_sync.syncs.holds import HoldStatus

app = typer.Typer(help="What waits for a person's decision.", no_args_is_help=True)

HoldId = Annotated[
    str,
    typer.Argument(
        metavar="HOLD_ID", parser=as_id_beginning, help="As holds list shows it, or how it begins."
    ),
]
By = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Who decides; else the name of your account. Over the API it is the key.",
    ),
]
Seen = Annotated[
    str | None,
    typer.Option(
        metavar="VERSION",
        help="The version that you have looked at, as holds show prints it. Without it a terminal "
        "shows the hold and asks.",
    ),
]
Yes = Annotated[
    bool, typer.Option("--yes", help="Do not ask; needs --seen. Must be given off a terminal.")
]
Reason = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help=f"Why, for those who look later: at most {LONGEST_REASON} characters, kept with who "
        "and when. Name no client and no patient in it.",
    ),
]


@app.command("list")
def list_holds(
    ctx: typer.Context,
    clinic: AnyClinicOption = None,
    status: Annotated[
        HoldStatus | None, typer.Option(help="Only holds in this state, for example open.")
    ] = None,
    sync: SyncOption = None,
    since: Since = None,
    limit: Limit = 20,
    as_json: Json = False,
) -> None:
    """The newest holds; times are each clinic's own.

    Of so many those come first that wait for a decision.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="clinics list") as backend:
        clinic_id = meant_clinic(backend, clinic)
        wanted = Wanted[HoldStatus](clinic_id, sync, status, day_begins(since))
        found = backend.holds(wanted, limit)
        clinics = {} if as_json else standing(backend, {hold.clinic_id for hold in found.items})
    nothing = f"There are no {status} holds." if status else "There are no holds."
    shown = holds_shown(found.items, clinics) or [line(nothing)]
    data = {"holds": [hold.model_dump(mode="json") for hold in found.items], "more": found.more}
    cut = cut_shown(more=found.more, shown=len(found.items))
    cli.answer(data, [*shown, *cut], as_json=as_json)


@app.command()
def show(ctx: typer.Context, hold_id: HoldId, as_json: Json = False) -> None:
    """One hold with every record that it keeps back."""
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="holds list") as backend:
        hold = backend.hold(meant_hold(backend, hold_id))
    cli.answer({"hold": hold.model_dump(mode="json")}, hold_shown(hold), as_json=as_json)


@app.command()
def approve(
    ctx: typer.Context,
    hold_id: HoldId,
    seen: Seen = None,
    yes: Yes = False,
    reason: Reason = None,
    by: By = None,
    as_json: Json = False,
) -> int:
    """Let through exactly what the hold says, by a fresh run.

    The permit lasts for 24 hours. What would go otherwise than you have seen asks again.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="holds list") as backend:
        meant = meant_hold(backend, hold_id)
        version = seen_version(cli, backend, meant, "Approve", seen, yes=yes)
        decided = backend.approve(meant, Decision(version, reason, by))
        job = watch(cli, backend, decided)
    return report_job(cli, job, as_json=as_json, over_api=backend.over_api)


@app.command()
def reject(
    ctx: typer.Context,
    hold_id: HoldId,
    seen: Seen = None,
    yes: Yes = False,
    reason: Reason = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Keep what the hold names as it is.

    Nobody is asked again until the finding changes.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="holds list") as backend:
        meant = meant_hold(backend, hold_id)
        version = seen_version(cli, backend, meant, "Reject", seen, yes=yes)
        hold = backend.reject(meant, Decision(version, reason, by))
    records = counted(hold.found, "record")
    said = line(f"Rejected: {records} stay as they are until something else is found.")
    cli.answer({"hold": hold.model_dump(mode="json")}, [said], as_json=as_json)


@app.command()
def reopen(
    ctx: typer.Context,
    hold_id: HoldId,
    reason: Reason = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Let a rejected hold ask again. Nothing else changes by this."""
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="holds list") as backend:
        hold = backend.reopen(meant_hold(backend, hold_id), Decision(None, reason, by))
    cli.answer({"hold": hold.model_dump(mode="json")}, hold_shown(hold), as_json=as_json)


@app.command()
def revive(
    ctx: typer.Context,
    hold_id: HoldId,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask. Must be given off a terminal.")
    ] = False,
    reason: Reason = None,
    by: By = None,
    as_json: Json = False,
) -> int:
    """Bring back what the hold's approval removed, by a fresh run.

    What was removed more than 7 days ago stays removed. What Neo still does
    not show is kept until somebody decides otherwise: holds list names it.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="holds list") as backend:
        meant = meant_hold(backend, hold_id)
        if not yes:
            require_terminal(cli, "--yes")
            confirm(cli, f"Bring back what approving hold {meant} removed?")
        job = watch(cli, backend, backend.revive(meant, Decision(None, reason, by)))
    return report_job(cli, job, as_json=as_json, over_api=backend.over_api)
