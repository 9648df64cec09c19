"""`idexx-sync pause`, `resume` and the same of `clinics`: stop one clinic or all, and go on."""

from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from idexx_sync.cli.arguments import By, ClinicArgument, Json, as_reason
from idexx_sync.cli.backend import Backend, meant_clinic, open_backend
from idexx_sync.cli.context import Cli, cli_of
from idexx_sync.cli.decision import Decision
from idexx_sync.cli.errors import CommandError
from idexx_sync.cli.phrases import moment
from idexx_sync.cli.tables import Shown, fact_table, line
from idexx_sync.clinics.pauses import how_it_goes_on
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.core.phrases import counted
from idexx_sync.core.vocabulary import JobStatus
from idexx_sync.operations.decisions import LONGEST_REASON
from idexx_sync.operations.models import MOST_LISTED
from idexx_sync.operations.pause_models import PauseAnswer
from idexx_sync.operations.wanted import Wanted

Verb = Literal["pause", "resume"]
Why = Annotated[
    str,
    typer.Option(
        "--reason",
        metavar="TEXT",
        parser=as_reason,
        help=f"Why, for those who look later: at most {LONGEST_REASON} characters, kept with who "
        "and when and shown to every key that may look. Name no client and no patient in it.",
    ),
]
WhyIfAny = Annotated[
    str | None,
    typer.Option(
        "--reason",
        metavar="TEXT",
        parser=as_reason,
        help=f"Why it may go on: at most {LONGEST_REASON} characters.",
    ),
]
All = Annotated[bool, typer.Option("--all", help="Every clinic; must be given.")]


def pause_clinic(
    ctx: typer.Context, clinic: ClinicArgument, reason: Why, by: By = None, as_json: Json = False
) -> None:
    """Stop a clinic: nothing asks its Neo any more.

    Until somebody resumes it no run begins, none can be ordered, and one
    under way ends after its current piece. What is stored grows old.
    """
    _carry_out(cli_of(ctx), "pause", clinic, Decision(None, reason, by), as_json=as_json)


def resume_clinic(
    ctx: typer.Context,
    clinic: ClinicArgument,
    reason: WhyIfAny = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Let a clinic go on that was paused; runs begin again.

    While all clinics are paused, it is too.
    """
    _carry_out(cli_of(ctx), "resume", clinic, Decision(None, reason, by), as_json=as_json)


def pause_all(
    ctx: typer.Context, reason: Why, of_all: All = False, by: By = None, as_json: Json = False
) -> None:
    """Stop all clinics: nothing asks Neo any more.

    Until somebody resumes no run begins, none can be ordered, and those under
    way end after their current piece. One clinic alone: clinics pause.
    """
    _require_all("pause", given=of_all)
    _carry_out(cli_of(ctx), "pause", None, Decision(None, reason, by), as_json=as_json)


def resume_all(
    ctx: typer.Context,
    of_all: All = False,
    reason: WhyIfAny = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Let all clinics go on. Those that are paused by themselves stay so."""
    _require_all("resume", given=of_all)
    _carry_out(cli_of(ctx), "resume", None, Decision(None, reason, by), as_json=as_json)


def _require_all(verb: Verb, *, given: bool) -> None:
    if not given:
        raise typer.BadParameter(
            f"every clinic is meant: give --all; or name one: idexx-sync clinics {verb} CLINIC",
            param_hint="'--all'",
        )


def _carry_out(
    cli: Cli, verb: Verb, clinic: str | None, decision: Decision, *, as_json: bool
) -> None:
    with open_backend(cli, ids_from="clinics list") as backend:
        act = backend.pause if verb == "pause" else backend.resume
        answer = act(clinic_id := meant_clinic(backend, clinic), decision)
        under_way = [] if as_json or verb == "resume" else _under_way(backend, clinic_id)
    shown = _paused(answer) if verb == "pause" else _resumed(answer, of_all=clinic is None)
    cli.answer(answer.model_dump(mode="json"), [*shown, *under_way], as_json=as_json)


def _paused(answer: PauseAnswer) -> list[Shown]:
    said = "Paused: no run begins, and one under way ends after its current piece."
    if not answer.changed:
        said = "Nothing changed: it was paused already."
    return [line(said), *_facts(answer)]


def _under_way(backend: Backend, clinic_id: UUID | None) -> list[Shown]:
    """How many runs have not ended yet, if any; nothing for a key that may not look at jobs."""
    try:
        found = backend.jobs(Wanted[JobStatus](clinic_id, status="running"), MOST_LISTED)
    except CommandError as error:
        if error.kind != "scope_missing":
            raise
        return []
    if not found.items:
        return []
    number = len(found.items)
    said = f"{'more than ' if found.more else ''}{counted(number, 'run')}"
    verb = "is" if number == 1 else "are"
    whose = "" if clinic_id is None else f" --clinic {clinic_id}"
    command = f"idexx-sync jobs list --status running{whose}"
    return [line(f"{said} {verb} under way: {command}", "yellow")]


def _resumed(answer: PauseAnswer, *, of_all: bool) -> list[Shown]:
    """What has ended, and what still keeps something paused."""
    if not answer.changed:
        said = f"Nothing changed: no pause of {'all clinics' if of_all else 'this clinic'} stood."
    elif not answer.standing:
        said = "It goes on: runs begin again."
    else:
        said = "All others go on." if of_all else "Its own pause has ended."
    parts = [line(said), *_facts(answer)]
    for still in (one.as_pause() for one in answer.standing):
        whose = f"Clinic {still.clinic_id}" if of_all else "The clinic"
        words = f"{still.in_words(_zone(answer))}; {how_it_goes_on([still])}"
        parts.append(line(f"{whose} stays {words}", "yellow"))
    return parts


def _facts(answer: PauseAnswer) -> list[Shown]:
    if answer.pause is None:
        return []
    pause, zone = answer.pause.as_pause(), _zone(answer)
    ended = pause.resumed_at is not None
    rows: list[tuple[str, str | None]] = [
        ("clinic", "all" if pause.of_all else str(pause.clinic_id)),
        ("paused", f"{moment(pause.paused_at, zone)} by {pause.paused_by}"),
        ("why", pause.reason),
        ("resumed", f"{moment(pause.resumed_at, zone)} by {pause.resumed_by}" if ended else None),
        ("why again", pause.resume_reason),
        ("goes on with", None if ended else pause.ends_with),
    ]
    return [fact_table(rows)]


def _zone(answer: PauseAnswer) -> ZoneInfo:
    """The clinic's; of all clinics UTC, by which they are alike."""
    return ZoneInfo("UTC") if answer.timezone is None else zone_of(answer.timezone)
