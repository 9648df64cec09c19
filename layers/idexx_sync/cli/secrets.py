"""`idexx-sync secrets …`: whether what is set here belongs to the database; never a value."""

from typing import Annotated, Final

import typer

from idexx_sync.cli.arguments import Json
from idexx_sync.cli.context import Cli, cli_of
from idexx_sync.cli.tables import line
from idexx_sync.core.fingerprints import FingerprintKeys, read_fingerprint_keys
from idexx_sync.core.imprints import VARIABLES, SecretName
from idexx_sync.core.sealing import Keyring, keyring
from idexx_sync.keys.format import Peppers, read_peppers
from idexx_sync.operations.imprints import accept

AFTER: Final = {
    "local_key": "credentials that were sealed with another one are to be set again: "
    "idexx-sync credentials set --clinic CLINIC_ID",
    "fingerprint_key": "what was remembered with another one is written anew by the next runs",
    "pepper": "keys that were made with another one are refused: idexx-sync keys create",
}

app = typer.Typer(help="Which secrets belong to the database.", no_args_is_help=True)


@app.command("accept")
def accept_secret(
    ctx: typer.Context,
    secret: Annotated[
        SecretName, typer.Argument(metavar="SECRET", help=f"One of {', '.join(VARIABLES)}.")
    ],
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Although nothing in the database shows that it is the right one."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Let the database know the secret as it is set here, and no other one.

    Any other one is refused from then on. While a secret is being replaced both are set here, with
    a blank between them, and both are known.
    """
    cli = cli_of(ctx)
    shown = _set_here(cli, secret)
    with cli.database() as conn:
        accept(conn, shown, replaces=replace)
    said = [line(f"{VARIABLES[secret]}: known as set here, {len(shown.imprints.values)} in all.")]
    if replace:
        cli.say(AFTER[secret])
    cli.answer({"secret": secret, "known": len(shown.imprints.values)}, list(said), as_json=as_json)


def _set_here(cli: Cli, secret: SecretName) -> Keyring | FingerprintKeys | Peppers:
    match secret:
        case "pepper":
            return read_peppers(cli.load_key_settings().pepper)
        case "local_key":
            return keyring(cli.load_settings().local_key)
        case "fingerprint_key":
            return read_fingerprint_keys(cli.load_settings().fingerprint_key)
