"""`idexx-sync dead-letters …`: messages that nobody could handle, and what is done with them."""

from typing import Annotated

import typer

from idexx_sync.cli.arguments import (
    AnyClinicOption,
    Json,
    Limit,
    Since,
    SyncOption,
    as_id_beginning,
    as_reason,
    day_begins,
)
from idexx_sync.cli.backend import meant_clinic, meant_letter, open_backend, standing
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.decision import Decision
from idexx_sync.cli.job_view import answer_job, report_job
from idexx_sync.cli.letter_view import letter_shown, letters_shown
from idexx_sync.cli.list_view import cut_shown
from idexx_sync.cli.tables import line
from idexx_sync.cli.watching import watch
from idexx_sync.operations.decisions import LONGEST_REASON
from idexx_sync.operations.wanted import Wanted
from idexx_sync.upkeep.dead_letter_store import LetterStatus

app = typer.Typer(help="Messages that nobody could handle.", no_args_is_help=True)

LetterId = Annotated[
    str,
    typer.Argument(
        metavar="LETTER_ID",
        parser=as_id_beginning,
        help="As dead-letters list shows it, or how it begins.",
    ),
]
FROM = "dead-letters list"


@app.command("list")
def list_letters(
    ctx: typer.Context,
    clinic: AnyClinicOption = None,
    status: Annotated[
        LetterStatus | None, typer.Option(help="Only those that stand so, for example parked.")
    ] = None,
    sync: SyncOption = None,
    since: Since = None,
    limit: Limit = 20,
    as_json: Json = False,
) -> None:
    """The newest dead letters; times are each clinic's own.

    Of so many those come first that wait for a person.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from="clinics list") as backend:
        clinic_id = meant_clinic(backend, clinic)
        wanted = Wanted[LetterStatus](clinic_id, sync, status, day_begins(since))
        found = backend.dead_letters(wanted, limit)
        ids = {letter.clinic_id for letter in found.items if letter.clinic_id is not None}
        clinics = {} if as_json else standing(backend, ids)
    every = wanted == Wanted()
    nothing = "There are no dead letters." if every else "There are no such dead letters."
    shown = letters_shown(found.items, clinics) or [line(nothing)]
    listed = [letter.model_dump(mode="json") for letter in found.items]
    cut = cut_shown(more=found.more, shown=len(found.items))
    cli.answer({"dead_letters": listed, "more": found.more}, [*shown, *cut], as_json=as_json)


@app.command()
def show(ctx: typer.Context, letter_id: LetterId, as_json: Json = False) -> None:
    """One dead letter with all that is known of it; times are UTC."""
    cli = cli_of(ctx)
    with open_backend(cli, ids_from=FROM) as backend:
        letter = backend.dead_letter(meant_letter(backend, letter_id))
    cli.answer(
        {"dead_letter": letter.model_dump(mode="json")}, letter_shown(letter), as_json=as_json
    )


@app.command()
def retry(
    ctx: typer.Context,
    letter_id: LetterId,
    no_watch: Annotated[
        bool, typer.Option("--no-watch", help="Order it, without waiting for its end.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Do, as a new job, what the message was to do.

    Without an API the run is made here, and an interrupt cancels it.
    """
    cli = cli_of(ctx)
    with open_backend(cli, ids_from=FROM) as backend:
        job = backend.retry_letter(meant_letter(backend, letter_id), waited_for=not no_watch)
        if not no_watch:
            job = watch(cli, backend, job)
    if not no_watch:
        return report_job(cli, job, as_json=as_json, over_api=backend.over_api)
    answer_job(cli, job, as_json=as_json, over_api=backend.over_api)
    cli.say(f"Ordered; see how it does with: idexx-sync jobs watch {job.id}")
    return 0


@app.command()
def discard(
    ctx: typer.Context,
    letter_id: LetterId,
    reason: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            parser=as_reason,
            help=f"Why, for those who look later: at most {LONGEST_REASON} characters, kept with "
            "who and when. Name no client and no patient in it.",
        ),
    ],
    by: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Who decides; else the name of your account. Over the API it is the key.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Let nothing come of a message that is parked."""
    cli = cli_of(ctx)
    with open_backend(cli, ids_from=FROM) as backend:
        meant = meant_letter(backend, letter_id)
        letter = backend.discard_letter(meant, Decision(reason=reason, by=by))
    cli.answer(
        {"dead_letter": letter.model_dump(mode="json")}, letter_shown(letter), as_json=as_json
    )
