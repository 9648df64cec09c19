"""`idexx-sync migrate`: make a database fit for this service, or say what it lacks."""

from collections import defaultdict
from typing import Annotated, Final

import typer

from idexx_sync.cli.arguments import Json
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.exits import Exit
from idexx_sync.cli.tables import line
from idexx_sync.database import migrations, schema
from idexx_sync.database.connection import Conn
from idexx_sync.database.rights_check.check import wrong_rights
from idexx_sync.database.waits import unhurried

HIDDEN: Final = (
    "row level security hides its rows from whoever is connected; connect as one of our roles, or "
    "as one that has BYPASSRLS or owns it"
)


def migrate(
    ctx: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Only compare; exit code 1 if anything differs.")
    ] = False,
    administrator: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE",
            help="With --check: a role of the database that may do anything, such as the one that "
            "makes backups. Nothing is said of it. Can be repeated.",
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Apply this service's migrations to the database.

    ODIS's own tables must be there already, and are checked first. All that they get is the column
    of the schedules, and rights and policies for our roles.
    """
    cli = cli_of(ctx)
    if administrator and not check:
        raise typer.BadParameter("it is for --check only", param_hint="--administrator")
    with cli.database(unhurried()) as conn:
        if check:
            found = differences(conn, frozenset(administrator or ()))
            if as_json:
                cli.write_json({"equal": not found, "differences": found})
            else:
                for difference in _told(found):
                    cli.write_whole(difference)
            return Exit.FAILED if found else Exit.OK
        schema.refuse_unfit(conn)
        applied = migrations.apply(conn)
    said = [line(f"applied {name}") for name in applied]
    shown = said or [line("Nothing to apply: the database is up to date.")]
    cli.answer({"applied": applied}, list(shown), as_json=as_json)
    return Exit.OK


def _told(found: dict[str, str]) -> list[str]:
    said = [f"{place}: {what}" for place, what in found.items()]
    return said or ["The database has all that is needed."]


def differences(conn: Conn, administrators: frozenset[str]) -> dict[str, str]:
    """Place -> what is wrong there; empty when the database has all that is needed."""
    found: dict[str, list[str]] = defaultdict(list)
    for place in schema.missing(conn, schema.ODIS_TABLES):
        found[place].append("missing; it belongs to ODIS and is not made here")
    hidden = schema.hidden_tables(conn)
    is_readable = schema.MIGRATIONS not in hidden
    pending = migrations.pending(conn) if is_readable else []
    for name in pending:
        found[f"migration {name}"].append("not applied; run: idexx-sync migrate")
    if is_readable and not pending:  # else what follows is wrong for that reason
        for place in schema.missing(conn, schema.MIGRATED_TABLES):
            if place not in found:
                found[place].append("missing, though the migrations are applied")
        for place, what in wrong_rights(conn, administrators).items():
            found[place].append(what)
    for place in hidden:
        found[place].append(HIDDEN)
    return {place: "; ".join(whats) for place, whats in found.items()}
