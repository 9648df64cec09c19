"""`idexx-sync schedules mirror`, and what brings a change of schedules into force at once.

Who may change schedules in AWS is one function. Commands start it, so that no machine of an
engineer's needs its rights, and no two passes get into each other's way.
"""

from typing import Annotated, Any, Final
from uuid import UUID

import typer
from pydantic import ValidationError

from idexx_sync.cli.arguments import NAMED, Json, as_name
from idexx_sync.cli.context import Cli, cli_of
from idexx_sync.cli.errors import CommandError
from idexx_sync.cli.exits import Exit
from idexx_sync.cli.mirror_view import mirror_shown
from idexx_sync.cli.naming import clinic_here
from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.invoking import FunctionFailed, NotInvoked
from idexx_sync.upkeep.mirroring import MirrorAnswer
from idexx_sync.upkeep.refreshing import Refresh

LATER: Final = "It goes out within five minutes; until then runs come as before."
NOW: Final = "It goes out now."
BUSY: Final = "TooManyRequestsException"
"""AWS's word where as many of a function run as may."""
WHERE: Final = (
    "It runs in AWS: IDEXX_SYNC_CONFIG_SYNC_FUNCTION names the function (output ConfigSyncFunction "
    "of the stack), and this environment's AWS credentials have to be allowed to invoke it; "
    "AWS_DEFAULT_REGION says where."
)

Clinic = Annotated[
    str | None,
    typer.Argument(
        metavar="[CLINIC]", parser=as_name, help=f"One clinic alone: {NAMED}.", show_default=False
    ),
]


def mirror(
    ctx: typer.Context,
    clinic: Clinic = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Delete however many schedules nobody wants; else a fifth at most."
        ),
    ] = False,
    as_json: Json = False,
) -> int:
    """Make EventBridge Scheduler equal to the clinics' schedules.

    That happens by itself every five minutes. The exit code is 3 where schedules
    stay that would be deleted, and 4 where rows can't be carried out or a pass
    was not done with all.
    """
    cli = cli_of(ctx)
    event: dict[str, Any] = {"v": 1, "dry_run": dry_run, "force": force}
    if clinic is not None:
        event["clinic_id"] = str(clinic_here(cli, clinic))
    answer = _called(cli, event)
    cli.answer(answer.model_dump(mode="json"), mirror_shown(answer), as_json=as_json)
    return _exit(answer)


def goes_out(cli: Cli, clinic_id: UUID) -> str:
    """Has the clinic's change of schedules go out, and says when it does."""
    try:
        Refresh(cli.load_mirror_function().config_sync_function, cli.functions)(clinic_id)
    except ConfigurationInvalid:
        return LATER
    except NotInvoked as error:
        return f"It could not be sent out at once ({error.word}). {LATER}"
    return NOW


def _called(cli: Cli, event: dict[str, Any]) -> MirrorAnswer:
    try:
        function = cli.load_mirror_function().config_sync_function
    except ConfigurationInvalid as error:
        raise ConfigurationInvalid(f"{error}. {WHERE}", code=error.code) from None
    try:
        return MirrorAnswer.model_validate(cli.functions.call(function, event))
    except NotInvoked as error:
        failure = _not_invoked(error.word)
    except FunctionFailed as error:
        failure = CommandError(
            f"the pass failed: {error}", kind="mirror_failed", exit_code=Exit.FAILED
        )
    except ValidationError:
        failure = CommandError(
            "the function answered in a form that this release does not know; use that of the "
            "deployment",
            kind="mirror_failed",
            exit_code=Exit.FAILED,
        )
    raise failure


def _not_invoked(word: str) -> CommandError:
    if word == BUSY:
        return CommandError(
            "a pass is under way already; try again in a few minutes",
            kind="mirror_busy",
            exit_code=Exit.NOT_REACHABLE,
        )
    denied = "AccessDenied" in word or "Credentials" in word
    return CommandError(
        f"the function was not invoked ({word}). {WHERE}",
        kind="mirror_not_invoked",
        exit_code=Exit.NOT_AUTHORISED if denied else Exit.NOT_REACHABLE,
    )


def _exit(answer: MirrorAnswer) -> Exit:
    if answer.withheld:
        return Exit.HELD
    if answer.failures:
        return Exit.FAILED
    left = not (answer.complete or answer.dry_run)
    return Exit.WARNINGS if left or answer.findings_in_all else Exit.OK
