"""Asks a person before something is decided, and says which version of a hold that person saw."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from uuid import UUID

import typer

from idexx_sync.cli.backend import Backend
from idexx_sync.cli.context import Cli
from idexx_sync.cli.errors import CommandError
from idexx_sync.cli.exits import Exit
from idexx_sync.cli.hold_view import hold_shown
from idexx_sync.cli.tables import Shown
from idexx_sync.operations.models import HoldView


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command line says of whether and how a person is to be asked."""

    verb: str
    seen: str | None
    """The version that was looked at."""
    _: KW_ONLY
    yes: bool
    of_version: bool
    """Whether it is a decision about what the hold says, which needs the version."""


def seen_version(cli: Cli, backend: Backend, hold_id: UUID, asked: Asked) -> str | None:
    """The version of the hold that is decided about: the one given, or the one shown here.

    Without `yes` a terminal shows the hold and asks. Off a terminal `yes` is required, and the
    version if the decision is about it, or it is a usage error; CommandError (not_confirmed) where
    the answer is not yes, (hold_changed) where another version was seen.
    """
    seen = asked.seen
    if asked.yes and (seen is not None) is asked.of_version:
        return seen
    if (asked.yes and seen is None) or not (asked.yes or cli.stdin.isatty()):
        raise _nobody_to_ask(asked)
    hold = backend.hold(hold_id)
    if seen not in (None, hold.version):
        if asked.of_version:
            return seen  # to be refused with what has changed: nobody is asked about another one
        raise _changed(hold)
    if not asked.yes:
        about = f"{asked.verb} version {hold.version} of it ({hold.consequence.sentence})?"
        confirm(cli, about if asked.of_version else f"{asked.verb} this hold?", hold_shown(hold))
    return hold.version


def _nobody_to_ask(asked: Asked) -> typer.BadParameter:
    if not asked.of_version:
        return typer.BadParameter("nobody is asked here: give --yes", param_hint="'--yes'")
    return typer.BadParameter(
        "nobody is asked here: give --seen with the version that holds show prints, and --yes",
        param_hint="'--seen'" if asked.seen is None else "'--yes'",
    )


def _changed(hold: HoldView) -> CommandError:
    return CommandError(
        f"Hold {hold.id} is version {hold.version} by now, and another one was seen; look at it "
        f"anew: idexx-sync holds show {hold.id}",
        kind="hold_changed",
        exit_code=Exit.FAILED,
    )


def require_terminal(cli: Cli, option: str) -> None:
    """A usage error of the option unless there is a terminal to ask on."""
    if not cli.stdin.isatty():
        raise typer.BadParameter(
            f"there is no terminal to ask on; give {option}", param_hint=f"'{option}'"
        )


def confirm(cli: Cli, question: str, about: Sequence[Shown] = ()) -> None:
    """Ask on standard error; CommandError (not_confirmed) unless the answer is yes."""
    if cli.ask(f"{question} [y/N]", about).lower() not in ("y", "yes"):
        raise CommandError("nothing was done", kind="not_confirmed", exit_code=Exit.FAILED)
