"""`idexx-sync keys …`: the keys of the HTTP API; a key's text is shown once, when it is made."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from idexx_sync.cli.arguments import (
    NAMED,
    AnyClinicOption,
    Json,
    as_id_beginning,
    as_name,
    as_number,
)
from idexx_sync.cli.context import Cli, cli_of
from idexx_sync.cli.errors import usage_errors
from idexx_sync.cli.naming import among, clinic_meant
from idexx_sync.cli.phrases import moment, utc
from idexx_sync.cli.tables import entries, line
from idexx_sync.clinics.store import timezones
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.core.vocabulary import CLINIC_SCOPES, OPERATOR_SCOPES, SCOPES
from idexx_sync.database.business_time import business_time
from idexx_sync.database.connection import Conn
from idexx_sync.keys.format import read_peppers
from idexx_sync.keys.store import (
    ApiKey,
    NewKey,
    checked_name,
    checked_scopes,
    create_key,
    key_by_id,
    keys_listed,
    revoke_key,
    rotate_key,
)
from idexx_sync.operations.imprints import require_pepper
from idexx_sync.operations.lookup import require_clinic

UTC_ZONE = ZoneInfo("UTC")

app = typer.Typer(help="Keys of the HTTP API.", no_args_is_help=True)

KeyId = Annotated[
    str,
    typer.Argument(
        metavar="KEY_ID", parser=as_id_beginning, help="As keys list shows it, or how it begins."
    ),
]
ExpiresIn = Annotated[
    int | None,
    typer.Option(metavar="DAYS", parser=as_number(1, 3650), help="For so many days, 1 to 3650."),
]


@app.command()
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Option(metavar="TEXT", help="Who uses the key, and for what.")],
    clinic: Annotated[
        str | None,
        typer.Option(
            "--clinic", metavar="CLINIC", parser=as_name, help=f"The clinic it acts for: {NAMED}."
        ),
    ] = None,
    operator: Annotated[
        bool, typer.Option("--operator", help="A key of ODIS itself, for all clinics.")
    ] = False,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCOPE",
            help=f"What it may do; repeat it for several: {', '.join(SCOPES)}. Without it a "
            f"clinic's key may do all but {', '.join(sorted(OPERATOR_SCOPES))}.",
        ),
    ] = None,
    expires_in: ExpiresIn = None,
    as_json: Json = False,
) -> None:
    """Make a key and show it, this once: only its hash is stored.

    It works until it is revoked unless --expires-in is given.
    """
    cli = cli_of(ctx)
    _refuse_unclear_holder(clinic, operator=operator)
    with usage_errors():
        scopes = checked_scopes(scope or (() if operator else CLINIC_SCOPES), is_operator=operator)
        trimmed = checked_name(name)
    settings = cli.load_key_settings()
    peppers = read_peppers(settings.pepper)
    with cli.database() as conn:
        require_pepper(conn, peppers)
        now = business_time(conn)
        made = create_key(
            conn,
            peppers,
            clinic_id=None if clinic is None else clinic_meant(conn, clinic),
            scopes=scopes,
            name=trimmed,
            stage=settings.stage,
            now=now,
            expires_at=_end(now, expires_in),
        )
    _show_once(cli, made, now, as_json=as_json)


@app.command("list")
def list_keys(
    ctx: typer.Context,
    clinic: AnyClinicOption = None,
    operator: Annotated[bool, typer.Option("--operator", help="Operators' keys only.")] = False,
    as_json: Json = False,
) -> None:
    """Every key, newest first, and whether it still works; never its text."""
    cli = cli_of(ctx)
    if clinic is not None and operator:
        raise typer.BadParameter("give either --clinic or --operator", param_hint="'--clinic'")
    with cli.database() as conn:
        now = business_time(conn)
        clinic_id = None if clinic is None else clinic_meant(conn, clinic)
        require_clinic(conn, clinic_id)
        found = keys_listed(conn, clinic_id=clinic_id, operators=operator)
        zones = timezones(conn, {key.clinic_id for key in found if key.clinic_id})
    shown = entries(
        (
            (str(key.id), key.hint or "-", key.name or "-", key.state(now)),
            _about(key, _zone(key, zones)),
        )
        for key in found
    )
    data = {"keys": [_data(key, now) for key in found]}
    cli.answer(data, shown or [line("There are no keys.")], as_json=as_json)


@app.command()
def rotate(
    ctx: typer.Context,
    key_id: KeyId,
    overlap_hours: Annotated[
        int,
        typer.Option(
            metavar="HOURS",
            parser=as_number(0, 720),
            help="How long the old one still works, 0 to 720.",
        ),
    ] = 24,
    expires_in: ExpiresIn = None,
    as_json: Json = False,
) -> None:
    """Make a new key in place of another and show it, this once.

    It has the same holder, name and scopes.
    The old key ends after the overlap, or when it would have ended anyway. The new one is valid
    for as long as the old one was made for unless --expires-in is given.
    """
    cli = cli_of(ctx)
    settings = cli.load_key_settings()
    peppers = read_peppers(settings.pepper)
    with cli.database() as conn:
        require_pepper(conn, peppers)
        now = business_time(conn)
        made = rotate_key(
            conn,
            peppers,
            meant := _meant(conn, key_id),
            stage=settings.stage,
            now=now,
            overlap=timedelta(hours=overlap_hours),
            expires_at=_end(now, expires_in),
        )
        old = key_by_id(conn, meant)
    _show_once(cli, made, now, as_json=as_json)
    cli.say(f"The old key {meant} works until {moment(old.expires_at, UTC_ZONE)} at the latest.")


@app.command()
def revoke(ctx: typer.Context, key_id: KeyId, as_json: Json = False) -> None:
    """End a key for good; doing it again changes nothing.

    API Gateway still lets it in for as long as it keeps the authorizer's answers.
    """
    cli = cli_of(ctx)
    with cli.database() as conn:
        now = business_time(conn)
        key = revoke_key(conn, _meant(conn, key_id), now)
    said = line(f"Key {key.id} is revoked since {moment(key.revoked_at, UTC_ZONE)}.")
    cli.answer({"key": _data(key, now)}, [said], as_json=as_json)
    cli.say("API Gateway keeps the authorizer's answers for 60 s unless the stage says otherwise.")


def _meant(conn: Conn, text: str) -> UUID:
    """The key whose id begins so."""
    return among(text, "key", ((key.id, key.name or "-") for key in keys_listed(conn)))


def _refuse_unclear_holder(clinic: str | None, *, operator: bool) -> None:
    if (clinic is None) != operator:
        raise typer.BadParameter(
            "give either --clinic with a clinic's name or id, or --operator",
            param_hint="'--clinic'",
        )


def _end(now: datetime, days: int | None) -> datetime | None:
    return None if days is None else now + timedelta(days=days)


def _show_once(cli: Cli, made: NewKey, now: datetime, *, as_json: bool) -> None:
    """The key alone on standard output, so that it can be piped to where it is kept."""
    key, text = made.key, made.text.get_secret_value()
    if as_json:
        cli.write_json({"key": {**_data(key, now), "text": text}})
    else:
        cli.write_whole(text)
    cli.say(
        f"Key {key.id}: {_about(key, ZoneInfo('UTC'))}.",
        "This key is shown only now: keep it where its user keeps secrets. If it gets lost, "
        f"revoke it (idexx-sync keys revoke {key.id}) and make another.",
    )


def _zone(key: ApiKey, zones: dict[UUID, str | None]) -> ZoneInfo:
    return UTC_ZONE if key.clinic_id is None else zone_of(zones.get(key.clinic_id))


def _about(key: ApiKey, zone: ZoneInfo) -> str:
    ended = key.revoked_at or key.expires_at
    said = [
        "operator" if key.clinic_id is None else f"clinic {key.clinic_id}",
        _what_it_may(key),
        f"made {moment(key.created_at, zone)}",
        "never used" if key.last_used_at is None else f"last used {moment(key.last_used_at, zone)}",
    ]
    if ended is not None:
        said.append(f"{'revoked' if key.revoked_at else 'ends'} {moment(ended, zone)}")
    if key.replaced_by is not None:
        said.append(f"replaced by {key.replaced_by}")
    return ", ".join(said)


def _what_it_may(key: ApiKey) -> str:
    if not key.is_operator and set(key.scopes) == CLINIC_SCOPES:
        return "may do all that a clinic's key can"
    return f"may {' '.join(key.scopes) or 'nothing'}"


def _data(key: ApiKey, now: datetime) -> dict[str, Any]:
    def text(instant: datetime | None) -> str | None:
        return None if instant is None else utc(instant)

    return {
        "id": str(key.id),
        "hint": key.hint,
        "name": key.name,
        "clinic_id": None if key.clinic_id is None else str(key.clinic_id),
        "operator": key.is_operator,
        "scopes": key.scopes,
        "state": key.state(now),
        "created_at": text(key.created_at),
        "expires_at": text(key.expires_at),
        "last_used_at": text(key.last_used_at),
        "revoked_at": text(key.revoked_at),
        "replaced_by": None if key.replaced_by is None else str(key.replaced_by),
    }
