"""Asks a person before something is decided, and says which version of a hold that person saw."""

from collections.abc import Sequence
from uuid import UUID

import typer

from idexx_sync.cli.backend import Backend
from idexx_sync.cli.context import Cli
from idexx_sync.cli.errors import CommandError
from idexx_sync.cli.exits import Exit
from idexx_sync.cli.hold_view import hold_shown
from idexx_sync.cli.tables import Shown


def seen_version(
    cli: Cli, backend: Backend, hold_id: UUID, verb: str, seen: str | None, *, yes: bool
) -> str:
    """The version of the hold that is decided about: the one given, or the one shown here.

    Without `yes` a terminal shows the hold and asks. Off a terminal both are required, or it is a
    usage error; CommandError (not_confirmed) where the answer is not yes.
    """
    if yes and seen is not None:
        return seen
    if yes or not cli.stdin.isatty():
        raise typer.BadParameter(
            "nobody is asked here: give --seen with the version that holds show prints, and --yes",
            param_hint="'--seen'" if seen is None else "'--yes'",
        )
    hold = backend.hold(hold_id)
    version = seen or hold.version
    if version != hold.version:
        return version  # to be refused with what has changed: nobody is asked about another one
    question = f"{verb} version {version} of it ({hold.consequence.sentence})?"
    confirm(cli, question, hold_shown(hold))
    return version


def require_terminal(cli: Cli, option: str) -> None:
    """A usage error of the option unless there is a terminal to ask on."""
    if not cli.stdin.isatty():
        raise typer.BadParameter("there is no terminal to ask on", param_hint=f"'{option}'")


def confirm(cli: Cli, question: str, about: Sequence[Shown] = ()) -> None:
    """Ask on standard error; CommandError (not_confirmed) unless the answer is yes."""
    if cli.ask(f"{question} [y/N]", about).lower() not in ("y", "yes"):
        raise CommandError("nothing was done", kind="not_confirmed", exit_code=Exit.FAILED)
