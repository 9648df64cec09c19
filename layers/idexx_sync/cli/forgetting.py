"""`idexx-sync clinics forget …`: delete all that we keep of a clinic."""

from collections.abc import Mapping
from typing import Annotated

import typer

from idexx_sync.cli.arguments import ClinicArgument, Json
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.deciding import confirm, require_terminal
from idexx_sync.cli.naming import clinic_meant
from idexx_sync.cli.tables import Shown, fact_table, line
from idexx_sync.clinics.forget_store import forget as forget_rows
from idexx_sync.clinics.forget_store import kept_of
from idexx_sync.clinics.store import clinic_names
from idexx_sync.operations.lookup import require_clinic


def forget(
    ctx: typer.Context,
    clinic: ClinicArgument,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask. Must be given off a terminal.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Delete all that is kept of a clinic here.

    Settings, secrets, jobs, memory and log. The clinic must be switched off.
    What is ODIS's stays: the clinic itself, its cases and appointments,
    audits, and keys of the API, which keys revoke ends.
    """
    cli = cli_of(ctx)
    with cli.database() as conn:
        clinic_id = clinic_meant(conn, clinic)
        require_clinic(conn, clinic_id)
        named = f"{clinic_names(conn)[clinic_id]} ({clinic_id})"
        kept = kept_of(conn, clinic_id)
        if kept and not yes:
            require_terminal(cli, "--yes")
            confirm(cli, f"Delete all this of {named}, for good?", _shown(kept))
        gone = forget_rows(conn, clinic_id) if kept else {}
    told = [line(f"Forgotten, what was kept of {named}:"), *_shown(gone)]
    if not gone:
        told = [line(f"Nothing is kept of {named}.")]
    cli.answer({"clinic_id": str(clinic_id), "deleted": gone}, told, as_json=as_json)


def _shown(rows: Mapping[str, int]) -> list[Shown]:
    return [fact_table([(name.replace("_", " "), str(rows[name])) for name in sorted(rows)])]
