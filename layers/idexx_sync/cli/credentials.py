"""`idexx-sync credentials …`: how a clinic's user gets in; values go in and never come out."""

import json
from typing import Annotated, TextIO

import typer
from pydantic import SecretStr

from idexx_sync.cli.arguments import ClinicOption, Json
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.login_test import try_login
from idexx_sync.cli.naming import clinic_meant
from idexx_sync.cli.phrases import ACTORS, moment, utc
from idexx_sync.cli.tables import Shown, fact_table, line, listing
from idexx_sync.clinics.needs import breaker
from idexx_sync.clinics.overview import clinic_overview
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.core.phrases import phrase
from idexx_sync.core.sealing import keyring
from idexx_sync.operations.imprints import require_local_key
from idexx_sync.pims.access import Credentials
from idexx_sync.pims.access_store import login_attempts, store_credentials

NAMES = ("company_id", "username", "password")
LAST_LOGINS = 5
_NO_TEXT = "only text in UTF-8 can be stored"

app = typer.Typer(help="How this service gets in to a clinic's Neo.", no_args_is_help=True)
app.command("test")(try_login)


@app.command("set")
def set_credentials(
    ctx: typer.Context,
    clinic: ClinicOption,
    from_stdin: Annotated[
        bool,
        typer.Option(
            "--stdin",
            help="Read them from standard input: three lines (company id, username, password) "
            "or a JSON object with these names.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Store what a person types into Neo's login form, sealed, as a new version.

    Asks for each value; the password is not shown. Also lets logins be tried again after Neo
    refused the version before.
    """
    cli = cli_of(ctx)
    settings = cli.load_settings()
    keys = keyring(settings.local_key)
    with cli.database() as conn:
        clinic_id = clinic_meant(conn, clinic)
        overview = clinic_overview(conn, clinic_id)  # an unknown clinic before any question
        require_local_key(conn, keys)
        given = _given(cli.stdin, asked=not from_stdin)
        version = store_credentials(conn, keys, clinic_id, given)
    said = [
        line(
            f"Stored as version {version}; try them: "
            f"idexx-sync credentials test --clinic {clinic_id}"
        )
    ]
    if overview.base_url is None:
        said.append(line(f"Set the clinic up next: idexx-sync clinics add {clinic_id}"))
    cli.answer({"clinic_id": str(clinic_id), "version": version}, list(said), as_json=as_json)


@app.command()
def show(ctx: typer.Context, clinic: ClinicOption, as_json: Json = False) -> None:
    """Which version counts, how the last logins ended, and who must act. Never a value."""
    cli = cli_of(ctx)
    with cli.database() as conn:
        clinic_id = clinic_meant(conn, clinic)
        overview = clinic_overview(conn, clinic_id)
        logins = login_attempts(conn, clinic_id, LAST_LOGINS)
        refusal = breaker(overview, overview.read_at)
    zone = zone_of(overview.timezone)
    attempts = [
        {
            "credential_version": login.credential_version,
            "attempted_at": utc(login.attempted_at),
            "outcome": login.outcome or "unknown",
            "submitted": login.submitted,
            "job_id": None if login.job_id is None else str(login.job_id),
        }
        for login in logins
    ]
    data = {
        "clinic_id": str(clinic_id),
        "version": overview.credential_version,
        "set_at": None if overview.credentials_set_at is None else utc(overview.credentials_set_at),
        "login_allowed": overview.credential_version is not None and refusal is None,
        "refused_because": None if refusal is None else refusal.kind,
        "who_acts": None if refusal is None else refusal.who_acts,
        "logins": attempts,
    }
    if overview.credential_version is None:
        cli.answer(
            data,
            [line(f"None yet; set them with: idexx-sync credentials set --clinic {clinic_id}")],
            as_json=as_json,
        )
        return
    shown: list[Shown] = [
        fact_table(
            [
                ("clinic", str(clinic_id)),
                ("version", str(overview.credential_version)),
                ("set", moment(overview.credentials_set_at, zone)),
                ("next login", "may be tried" if refusal is None else refusal.message),
                ("who must act", None if refusal is None else ACTORS[refusal.who_acts]),
            ]
        )
    ]
    rows = [
        (
            moment(login.attempted_at, zone),
            str(login.credential_version),
            phrase({}, login.outcome or "unknown")
            + (" (nothing was sent)" if login.submitted is False else ""),
            str(login.job_id or "-"),
        )
        for login in logins
    ]
    columns = ("Last logins", "Version", "Outcome", "Job")
    shown.append(listing(columns, rows) if rows else line("No login has been tried."))
    cli.answer(data, shown, as_json=as_json)


def _given(stdin: TextIO, *, asked: bool) -> Credentials:
    """What was typed or piped in. An error is raised here, where none of it is at hand."""
    if asked and not stdin.isatty():
        raise _unusable("there is no terminal to ask on; pipe the values in and add --stdin")
    given = _ask() if asked else _read(stdin)
    if isinstance(given, str):
        raise _unusable(given)
    return given


def _ask() -> Credentials | str:
    """Three prompts on standard error."""
    values = [
        typer.prompt("Company id", err=True),
        typer.prompt("Username", err=True),
        typer.prompt("Password", err=True, hide_input=True),
    ]
    return _checked(dict(zip(NAMES, values, strict=True)))


def _read(stdin: TextIO) -> Credentials | str:
    """A JSON object, or three lines; what is wrong is said without showing any of it."""
    try:
        text = stdin.read()
    except UnicodeError:
        return _NO_TEXT
    if text.lstrip().startswith("{"):
        try:
            return _checked(json.loads(text))
        except (ValueError, RecursionError):
            return "it begins like a JSON object and is not one"
    lines = text.splitlines()
    if len(lines) != len(NAMES):
        return f"three lines are expected and {len(lines)} were found"
    return _checked(dict(zip(NAMES, lines, strict=True)))


def _checked(given: dict[str, object]) -> Credentials | str:
    if sorted(given) != sorted(NAMES):
        return f"exactly these names are expected: {', '.join(NAMES)}"
    texts: dict[str, SecretStr] = {}
    for name, value in given.items():
        if not isinstance(value, str) or not value.strip():
            return f"{name} must be a text that is not empty"
        if not _is_storable(value):
            return _NO_TEXT
        texts[name] = SecretStr(value if name == "password" else value.strip())
    return Credentials(**texts)


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeError:  # its text would show a part of what was typed
        return False
    return True


def _unusable(what: str) -> typer.BadParameter:
    return typer.BadParameter(what, param_hint="'--stdin'")
