"""`idexx-sync migrate`: make a database fit for this service, or say what it lacks."""

from typing import Annotated

import typer

from idexx_sync.cli.arguments import Json
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.exits import Exit
from idexx_sync.cli.tables import line
from idexx_sync.database import migrations, schema
from idexx_sync.database.connection import Conn
from idexx_sync.database.waits import unhurried


def migrate(
    ctx: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Only compare; exit code 1 if anything differs.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Apply this service's migrations to DATABASE_URL's database.

    ODIS's own tables must be there already; they are checked first and never changed otherwise.
    """
    cli = cli_of(ctx)
    with cli.database(unhurried()) as conn:
        if check:
            found = differences(conn)
            said = [line(f"{place}: {what}") for place, what in found.items()]
            shown = said or [line("The database has all that is needed.")]
            data = {"equal": not found, "differences": found}
            cli.answer(data, list(shown), as_json=as_json)
            return Exit.FAILED if found else Exit.OK
        schema.refuse_unfit(conn)
        applied = migrations.apply(conn)
    said = [line(f"applied {name}") for name in applied]
    shown = said or [line("Nothing to apply: the database is up to date.")]
    cli.answer({"applied": applied}, list(shown), as_json=as_json)
    return Exit.OK


def differences(conn: Conn) -> dict[str, str]:
    """Place -> what is wrong there; empty when the database has all that is needed."""
    pending = migrations.pending(conn)
    found = dict.fromkeys(
        schema.missing(conn, schema.ODIS_TABLES), "missing; it belongs to ODIS and is not made here"
    )
    found |= dict.fromkeys(
        (f"migration {name}" for name in pending), "not applied; run: idexx-sync migrate"
    )
    if not pending:  # else they are missing for that reason
        lacking = schema.missing(conn, schema.MIGRATED_TABLES)
        found |= {
            place: "missing, though the migrations are applied"
            for place in lacking
            if place not in found
        }
    found |= dict.fromkeys(
        schema.hidden_tables(conn),
        "row level security hides its rows; connect with a role that has BYPASSRLS or owns it",
    )
    return found
