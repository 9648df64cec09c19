"""`idexx-sync`: the command line, its errors and its exit codes.

Results go to standard output and everything else to standard error. With --json standard output
holds exactly one JSON object, whatever happens.
"""

import errno
import os
import sys
from collections.abc import Sequence
from tempfile import gettempdir
from typing import Annotated, Any, Final, NoReturn

import typer
import typer.main

from idexx_sync.cli import (
    alerts,
    bootstrap,
    clinics,
    credentials,
    dead_letters,
    explain,
    find,
    fleet,
    holds,
    jobs,
    keys,
    migrate,
    pausing,
    reconciliation,
    schedules,
    secrets,
    sync,
    ticks,
    whoami,
)
from idexx_sync.cli.context import Cli
from idexx_sync.cli.errors import CommandError, error_of_refusal
from idexx_sync.cli.exits import HELP, Exit, exit_of_kind
from idexx_sync.cli.streams import open_streams, why_lost
from idexx_sync.core.errors import RequestRefused, SyncError
from idexx_sync.core.logs import log_to
from idexx_sync.core.version import VERSION
from idexx_sync.core.words import described, keep_words_in
from idexx_sync.database.connection import LACKING, LOST, NOT_ALLOWED, DriverError, unavailable
from idexx_sync.database.refusal import refusal
from idexx_sync.operations.hints import OVER_API

COMPLETING: Final = "_IDEXX_SYNC_COMPLETE"
"""Set by a shell that asks what a word may be completed to."""
NO_SPACE: Final = (errno.ENOSPC, errno.EDQUOT)

app = typer.Typer(
    name="idexx-sync",
    help="Keeps ODIS's database true to what its clinics' IDEXX Neo says of calendar and visits.",
    epilog=HELP,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(migrate.migrate)
app.command()(bootstrap.bootstrap)
app.add_typer(clinics.app, name="clinics")
app.add_typer(credentials.app, name="credentials")
app.add_typer(keys.app, name="keys")
app.add_typer(secrets.app, name="secrets")
app.add_typer(sync.app, name="sync")
app.add_typer(schedules.app, name="schedules")
app.add_typer(jobs.app, name="jobs")
app.add_typer(reconciliation.app, name="reconciliation")
app.add_typer(holds.app, name="holds")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(alerts.app, name="alerts")
app.add_typer(explain.app, name="explain")
app.command()(find.find)
app.command()(fleet.status)
app.command()(ticks.ticks)
app.command("pause")(pausing.pause_all)
app.command("resume")(pausing.resume_all)
app.command()(whoami.whoami)


OVER_API_TOLD: Final = (
    f"over the API there are {', '.join(f'idexx-sync {one}' for one in OVER_API)}; somebody with "
    "access to the database can run it"
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        print(f"idexx-sync {VERSION}")  # noqa: T201 there is no Cli yet
        raise typer.Exit


@app.callback()
def _every_command(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_tell_version, help="Tell the release."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """The command line of this process, from its arguments to its exit code."""
    open_streams()
    log_to(sys.stderr)
    keep_words_in()
    if COMPLETING in os.environ:
        app(prog_name="idexx-sync")  # does not return
    cli = Cli()
    code = run(sys.argv[1:], cli)
    if (lost := why_lost(sys.stdout)) is not None:
        code = code or Exit.FAILED
        if not isinstance(lost, BrokenPipeError):  # else its reader has had enough
            cli.say(f"idexx-sync: not all of the answer could be written: {lost.strerror}")
            cli.say(
                "What the command did stays done; make room, and look with a command that shows it."
            )
    if code == Exit.INTERRUPTED:
        leave_at_once(code)
    sys.exit(code)


def leave_at_once(code: int) -> NoReturn:
    """End the process after an interrupt, everything being closed.

    A Playwright call that was interrupted leaves a suspended greenlet behind, and taking that
    apart on the ordinary way out crashes the interpreter.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def run(arguments: Sequence[str], cli: Cli) -> int:
    """Run one command line and return its exit code; explained errors never leave it."""
    output = _ErrorOutput(cli, as_json="--json" in arguments)
    try:
        command = typer.main.get_command(app)
        with command.make_context("idexx-sync", list(arguments), obj=cli) as ctx:
            whoami.announce(cli, arguments)
            code = command.invoke(ctx)
    except typer.Exit as done:  # --help
        return done.exit_code
    except typer.TyperException as error:
        return output.usage(error)
    except SyncError as error:
        return output.explained(error)
    except RequestRefused as error:
        return output.command(error_of_refusal(error))
    except CommandError as error:
        return output.command(error)
    except (typer.Abort, EOFError, KeyboardInterrupt) as stop:
        if isinstance(stop, typer.Abort):
            cli.say("")  # the line of the prompt
        return output.write(Exit.INTERRUPTED, "interrupted", str(stop) or "interrupted")
    except DriverError as error:
        return output.database(error)
    except OSError as error:
        return output.system(error)
    except Exception as error:  # noqa: BLE001 its words are nobody's to read, only its place
        return output.unexpected(error)
    return int(code or Exit.OK)


class _ErrorOutput:
    """Writes why a command line has no result, and gives its exit code."""

    def __init__(self, cli: Cli, *, as_json: bool) -> None:
        self._cli = cli
        self._as_json = as_json

    def write(self, exit_code: Exit, kind: str, message: str, **more: Any) -> int:
        if self._as_json:
            self._cli.write_json({"error": {"kind": kind, "message": message, **more}})
        else:
            self._cli.say(f"idexx-sync: {message}")
        return exit_code

    def command(self, error: CommandError) -> int:
        return self.write(error.exit_code, error.kind, error.message, **error.more)

    def usage(self, error: typer.TyperException) -> int:
        message = error.format_message().replace("Value error, ", "")
        if message.startswith("Usage:") and not self._as_json:  # no command: here is the help
            self._cli.say(*message.split("\n"))
            return Exit.USAGE
        ctx = getattr(error, "ctx", None)
        hint = "; one that has blanks goes in quotes" if "extra argument" in message else ""
        hint += f"; see: {ctx.command_path} --help" if ctx else ""
        told = " ".join(message.split())  # choices come on lines of their own
        return self.write(Exit.USAGE, "usage", f"{told.rstrip('.')}{hint}")

    def explained(self, error: SyncError) -> int:
        more = {"code": error.code, "who_acts": error.who_acts}
        message = error.message
        if error.code == "settings" and "DATABASE_URL" in message and self._cli.has_api():
            message = f"this command asks the database, and not the API: {message}; {OVER_API_TOLD}"
        return self.write(exit_of_kind(error.kind), error.kind, message, **more)

    def database(self, error: DriverError) -> int:
        """What Postgres said of our statement; where it may hold a row's values, only the class."""
        if isinstance(error, LACKING):
            found = error.diag.message_primary
            message = f"{found}; see what the database lacks with: idexx-sync migrate --check"
            return self.write(Exit.FAILED, "configuration_invalid", message)
        if isinstance(error, NOT_ALLOWED):
            message = f"{error.diag.message_primary}; grant it to the role of DATABASE_URL"
            return self.write(Exit.NOT_AUTHORISED, "configuration_invalid", message)
        if isinstance(error, LOST):
            return self.explained(unavailable(error))
        return self.unexpected(error, f"Postgres refused: {refusal(error)}")

    def system(self, error: OSError) -> int:
        """A disk that is full is nobody's defect."""
        if error.errno not in NO_SPACE:
            return self.unexpected(error)
        message = "no space is left on a disk of this machine, perhaps where temporary files go"
        message += f" ({gettempdir()}); make room, then try again"
        return self.write(Exit.FAILED, "no_space", message)

    def unexpected(self, error: Exception, message: str = "an unexpected error") -> int:
        """Where it happened goes to standard error, whatever the answer looks like."""
        code = self.write(Exit.FAILED, "internal", f"{message}; where it happened stands below")
        for one in described(error):
            self._cli.say(f"{one.get('relation', 'error')}: {one['type']}", *one["at"])
        return code
