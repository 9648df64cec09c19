"""`idexx-sync explain …`: why ODIS shows what it shows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final

import typer

from idexx_sync.cli.arguments import ClinicOption, Json
from idexx_sync.cli.context import Cli, cli_of
from idexx_sync.cli.errors import CommandError
from idexx_sync.cli.exits import Exit
from idexx_sync.cli.explain_view import Veil, as_data, as_shown
from idexx_sync.clinics.store import Clinic, clinic_by_id
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.core.errors import SyncError
from idexx_sync.core.fingerprints import (
    NO_KEYS,
    FingerprintKeys,
    Fingerprints,
    read_fingerprint_keys,
)
from idexx_sync.core.settings import Settings
from idexx_sync.database.business_time import business_time, going_on
from idexx_sync.database.connection import Conn
from idexx_sync.explain.model import NeoSays
from idexx_sync.explain.neo import ask
from idexx_sync.explain.preview import Clinical
from idexx_sync.explain.reasons import reasons
from idexx_sync.explain.store import stored_appointment
from idexx_sync.pims.protocol import Found
from idexx_sync.syncs.cases.store import EXTENSION_PREFIX
from idexx_sync.syncs.cases.stored import PREFIX

LONGEST_ID: Final = 64
OFFLINE: Final = "not asked (--offline)"

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
    values: Annotated[
        bool,
        typer.Option(
            "--values", help="Show names, phones, notes and other personal values as they are."
        ),
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask Neo.")] = False,
    as_json: Json = False,
) -> int:
    """What Neo says of it, what is stored, which rule makes it so, and the jobs that touched it.

    Changes nothing. Neo is asked with the session that is stored; no login is made.
    """
    cli = cli_of(ctx)
    with cli.database() as conn:
        subject = clinic_by_id(conn, clinic)
        now = business_time(conn)
        stored = stored_appointment(conn, clinic, appointment_id)
        not_asked = OFFLINE if offline else _standstill(subject)
        settings = None if not_asked else cli.load_settings()
        neo = NeoSays(not_asked=not_asked)
        if settings is not None:
            neo = _asked(cli, settings, conn, subject, appointment_id, stored.start, now)
    if stored.is_empty and not _knows(neo):
        raise _unknown(appointment_id, subject, neo)
    zone = zone_of(subject.timezone)
    why = reasons(neo, stored, _clinical(subject, now, settings))
    veil = Veil(values=values)
    data = {"appointment": as_data(appointment_id, clinic, neo, stored, why, veil)}
    cli.answer(data, as_shown(appointment_id, neo, stored, why, veil, zone), as_json=as_json)
    return Exit.OK if offline or neo.not_asked is None else Exit.WARNINGS


def _standstill(clinic: Clinic) -> str | None:
    if clinic.killed or clinic.paused_reason is not None:
        return "the clinic is paused, so Neo is left alone"
    return None


def _asked(
    cli: Cli,
    settings: Settings,
    conn: Conn,
    clinic: Clinic,
    appointment_id: str,
    known_start: str | None,
    now: datetime,
) -> NeoSays:
    try:
        with cli.open_to_look(settings, conn, clinic, going_on(now)) as pims:
            return ask(pims, appointment_id, known_start)
    except SyncError as error:
        return NeoSays(not_asked=error.message)


def _knows(neo: NeoSays) -> bool:
    return isinstance(neo.lookup, Found) or bool(neo.shown or neo.unreadable)


def _unknown(appointment_id: str, clinic: Clinic, neo: NeoSays) -> CommandError:
    message = f"nothing is stored of an appointment {appointment_id} of clinic {clinic.id}"
    if neo.not_asked is None:
        message += ", and Neo does not find it; check the id and the clinic"
    elif neo.not_asked == OFFLINE:
        message += "; ask Neo too: leave --offline out"
    else:
        message += f", and Neo could not be asked: {neo.not_asked}"
    more: Mapping[str, str] = {"appointment_id": appointment_id}
    return CommandError(message, kind="not_found", exit_code=Exit.FAILED, more=more)


def _clinical(clinic: Clinic, now: datetime, settings: Settings | None) -> Clinical:
    return Clinical(
        id=clinic.id,
        zone=zone_of(clinic.timezone),
        now=now,
        fingerprints=Fingerprints(_fingerprint_keys(settings), clinic.id),
        stage=clinic.stage,
        paused_reason="stopped by the kill switch" if clinic.killed else clinic.paused_reason,
        room_ids=clinic.room_ids,
        live_from=clinic.live_from,
        acting_user_id=clinic.acting_user_id,
        slot_minutes=clinic.schedule.slot_minutes,
        horizon_days=clinic.schedule.horizon_days,
    )


def _fingerprint_keys(settings: Settings | None) -> FingerprintKeys:
    """None without settings: where Neo is not asked nothing is said of what has changed."""
    return read_fingerprint_keys(settings.fingerprint_key) if settings else NO_KEYS
