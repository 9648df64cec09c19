"""`idexx-sync explain …`: why ODIS shows what it shows."""

from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Final

import typer

from idexx_sync.cli.arguments import ClinicOption, Json, Values, as_day, as_filled, as_time
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.errors import CommandError
from idexx_sync.cli.exits import Exit
from idexx_sync.cli.explain_parts import Veil
from idexx_sync.cli.explain_view import as_data, as_shown
from idexx_sync.cli.looking import OFFLINE, Look, Offline, look_at
from idexx_sync.cli.time_view import time_data, time_shown
from idexx_sync.explain.at_time import explained_time, within_slot
from idexx_sync.explain.at_time_records import asked_time, context_of, takes
from idexx_sync.explain.day_store import load, stored_day
from idexx_sync.explain.model import NeoDay, NeoSays
from idexx_sync.explain.neo import ask, ask_day
from idexx_sync.explain.reasons import day_of_run, explained
from idexx_sync.explain.store import stored_appointment
from idexx_sync.pims.protocol import Found, Window
from idexx_sync.syncs.cases.store import EXTENSION_PREFIX
from idexx_sync.syncs.cases.stored import PREFIX

LONGEST_ID: Final = 64

app = typer.Typer(help="Why ODIS shows what it shows.", no_args_is_help=True)


@app.callback()
def explain() -> None:
    """Why ODIS shows what it shows."""


def as_appointment_id(text: str) -> str:
    """Neo's bare id, also of a key of ours: `pims-appt-idexx-neo-7`, `7@2026-05-04 12:00:00`."""
    bare = text.strip().removeprefix(PREFIX).removeprefix(EXTENSION_PREFIX).partition("@")[0]
    if not bare or len(bare) > LONGEST_ID or not bare.isprintable():
        raise typer.BadParameter("the id of an appointment in Neo is expected, for example 600101")
    return bare


@app.command()
def appointment(
    ctx: typer.Context,
    appointment_id: Annotated[
        str,
        typer.Argument(metavar="ID", parser=as_appointment_id, help="Neo's id, or a key with it."),
    ],
    clinic: ClinicOption,
    values: Values = False,
    offline: Offline = False,
    as_json: Json = False,
) -> int:
    """What Neo says of it, what is stored, why, what comes next, and the jobs that touched it.

    Changes nothing. Neo is asked with the session that is stored; no login is made.

    \b
    Without its id:
    idexx-sync find
    idexx-sync explain time
    """
    cli = cli_of(ctx)
    with look_at(cli, clinic, offline=offline) as look:
        stored = stored_appointment(look.conn, look.clinic.id, appointment_id)
        neo = look.ask(
            lambda pims: ask(pims, appointment_id, stored.start),
            lambda why: NeoSays(not_asked=why),
        )
        runs = look.runs(day_of_run(neo, stored))
    if stored.is_empty and not _knows(neo):
        raise _unknown(appointment_id, look, neo)
    why = explained(appointment_id, neo, stored, look.clinical, runs)
    veil = Veil(values=values)
    data = {"appointment": as_data(why, veil)}
    cli.answer(data, as_shown(why, veil), as_json=as_json)
    return look.exit_code(neo.not_asked)


@app.command("time")
def explain_time(
    ctx: typer.Context,
    clinic: ClinicOption,
    day: Annotated[
        date,
        typer.Option("--day", metavar="DATE", parser=as_day, help="As the clinic counts days."),
    ],
    at: Annotated[
        time,
        typer.Option("--at", metavar="HH:MM", parser=as_time, help="On the clinic's own clock."),
    ],
    room: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            parser=as_filled,
            help="Only what is in this calendar column, or in none.",
        ),
    ] = None,
    values: Values = False,
    offline: Offline = False,
    as_json: Json = False,
) -> int:
    """Why the voice agent is offered a time or is not, and what comes next.

    Says what Neo shows then now, what is stored, bookings, hours, holds, and which runs read the
    day last. Changes nothing. Neo is asked with the session that is stored; no login is made.
    """
    cli = cli_of(ctx)
    with look_at(cli, clinic, offline=offline) as look:
        asked = asked_time(day, at, room, look.clinic.schedule.slot_minutes)
        stored = stored_day(look.conn, look.clinic.id, day, look.now)
        asked = within_slot(asked, stored)
        context = context_of(look.clinical, Window(day, day))
        neo = look.ask(
            lambda pims: ask_day(
                pims,
                context,
                lambda snapshot: load(look.conn, look.clinic.id, snapshot, context),
                lambda row: takes(asked, row.appointment),
            ),
            lambda why: NeoDay(not_asked=why),
        )
        look.require_room(room, neo.snapshot, stored.rows)
        runs = look.runs(day)
    told = explained_time(asked, neo, stored, look.clinic, look.clinical, runs)
    veil = Veil(values=values)
    shown = time_shown(told, look.clinic, veil)
    cli.answer({"time": time_data(told, look.clinic, veil)}, shown, as_json=as_json)
    return look.exit_code(neo.not_asked)


def _knows(neo: NeoSays) -> bool:
    return isinstance(neo.lookup, Found) or bool(neo.shown or neo.unreadable)


def _unknown(appointment_id: str, look: Look, neo: NeoSays) -> CommandError:
    clinic_id = look.clinic.id
    message = f"nothing is stored of an appointment {appointment_id} of clinic {clinic_id}"
    if neo.not_asked is None:
        message += ", and Neo does not find it; check the id and the clinic, or look for it by its "
        message += f"day: idexx-sync find --clinic {clinic_id} --day DAY"
    elif neo.not_asked == OFFLINE:
        message += "; ask Neo too: leave --offline out"
    else:
        message += f", and Neo could not be asked: {neo.not_asked}"
    more: Mapping[str, str] = {"appointment_id": appointment_id}
    return CommandError(message, kind="not_found", exit_code=Exit.FAILED, more=more)
