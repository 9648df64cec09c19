"""`idexx-sync holds …`: what waits for a person, and the person's decision."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import typer

from idexx_sync.cli.arguments import (
    AnyClinicOption,
    By,
    Json,
    Limit,
    Since,
    SyncOption,
    as_id_beginning,
    day_begins,
)
from idexx_sync.cli.backend import Backend, meant_clinic, meant_hold, open_backend, standing
from idexx_sync.cli.context import Cli, cli_of
from idexx_sync.cli.deciding import Asked, seen_version
from idexx_sync.cli.decision import Decision
from idexx_sync.cli.exits import Exit
from idexx_sync.cli.hold_view import hold_shown
from idexx_sync.cli.job_view import report_job
from idexx_sync.cli.list_view import cut_shown, holds_shown
from idexx_sync.cli.tables import Shown, line
from idexx_sync.cli.watching import watch
from idexx_sync.core.phrases import counted
from idexx_sync.operations.decisions import LONGEST_REASON
from idexx_sync.operations.models import HoldView, JobView
from idexx_sync.operations.wanted import Wanted
from idexx_sync.syncs.holds import HoldStatus

app = typer.Typer(help="What waits for a person's decision.", no_args_is_help=True)

HoldId = Annotated[
    str,
    typer.Argument(
        metavar="HOLD_ID", parser=as_id_beginning, help="As holds list shows it, or how it begins."
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
    bool,
    typer.Option(
        "--yes",
        help="Do not ask. Must be given off a terminal; approve and reject then need --seen too.",
    ),
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


@dataclass(frozen=True, slots=True)
class _Deciding:
    """One decision that a person makes, when all has been asked."""

    cli: Cli
    backend: Backend
    hold_id: UUID
    decision: Decision
    as_json: bool

    def run_shown(self, ordered: JobView) -> int:
        """Wait for the run that carries the decision out; its outcome is the exit code."""
        job = watch(self.cli, self.backend, ordered)
        return report_job(self.cli, job, as_json=self.as_json, over_api=self.backend.over_api)

    def answer(self, hold: HoldView, shown: Sequence[Shown]) -> int:
        data = {"hold": hold.model_dump(mode="json")}
        self.cli.answer(data, shown, as_json=self.as_json)
        return Exit.OK


def _decision(
    question: str, *, of_version: bool
) -> Callable[[Callable[[_Deciding], int]], Callable[..., int]]:
    """Makes a command that decides about a hold: all of them take the same options.

    `of_version`: the decision is about what the hold says, so off a terminal --seen is required.
    """

    def made(carry_out: Callable[[_Deciding], int]) -> Callable[..., int]:
        def command(
            ctx: typer.Context,
            hold_id: HoldId,
            seen: Seen = None,
            yes: Yes = False,
            reason: Reason = None,
            by: By = None,
            as_json: Json = False,
        ) -> int:
            cli = cli_of(ctx)
            with open_backend(cli, ids_from="holds list") as backend:
                meant = meant_hold(backend, hold_id)
                asked = Asked(question, seen, yes=yes, of_version=of_version)
                version = seen_version(cli, backend, meant, asked)
                decision = Decision(version if of_version else None, reason, by)
                return carry_out(_Deciding(cli, backend, meant, decision, as_json))

        command.__name__, command.__doc__ = carry_out.__name__, carry_out.__doc__
        return app.command()(command)

    return made


@_decision("Approve", of_version=True)
def approve(it: _Deciding) -> int:
    """Let through exactly what the hold says, by a fresh run.

    The permit lasts for 24 hours. What would go otherwise than you have seen asks again.
    """
    return it.run_shown(it.backend.approve(it.hold_id, it.decision))


@_decision("Reject", of_version=True)
def reject(it: _Deciding) -> int:
    """Keep what the hold names as it is.

    Nobody is asked again until the finding changes.
    """
    hold = it.backend.reject(it.hold_id, it.decision)
    records = counted(hold.found, "record")
    said = line(f"Rejected: {records} stay as they are until something else is found.")
    return it.answer(hold, [said])


@_decision("Reopen", of_version=False)
def reopen(it: _Deciding) -> int:
    """Let a rejected hold ask again. Nothing else changes by this."""
    hold = it.backend.reopen(it.hold_id, it.decision)
    return it.answer(hold, hold_shown(hold))


@_decision("Bring back what approving removed by", of_version=False)
def revive(it: _Deciding) -> int:
    """Bring back what the hold's approval removed, by a fresh run.

    What was removed more than 7 days ago stays removed. What Neo still does
    not show is kept until somebody decides otherwise: holds list names it.
    """
    return it.run_shown(it.backend.revive(it.hold_id, it.decision))
