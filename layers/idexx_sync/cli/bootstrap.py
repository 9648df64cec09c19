"""`idexx-sync bootstrap`: all that a stage needs in AWS and in the database before it is deployed.

Values come by prompts or standard input, or are made here; none is ever shown.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

import typer
from pydantic import SecretStr

from idexx_sync.cli.arguments import Json
from idexx_sync.cli.aws_refusals import error_of_aws
from idexx_sync.cli.context import Cli, cli_of
from idexx_sync.cli.deciding import confirm
from idexx_sync.cli.errors import CommandError
from idexx_sync.cli.exits import Exit
from idexx_sync.cli.tables import Shown, line, listing
from idexx_sync.core.account import Account, AwsRefused, Concurrency, Identity, Secret
from idexx_sync.core.deployments import (
    KEYS,
    LEFT_FREE,
    LEFT_FREE_WHEN_NEW,
    RESERVED,
    TOKENS,
    function_name,
)
from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.database.addresses import tenant_in
from idexx_sync.database.connection import Conn, connect
from idexx_sync.database.whereabouts_store import Whereabouts, whereabouts
from idexx_sync.operations.bootstrap import (
    Given,
    NotAdministrator,
    Row,
    Task,
    carried_out,
    found_secrets,
    planned,
    require_ready,
    would_be,
)

STANDARD_INPUT: Final = "-"
ADDRESS: Final = "database_url"
NAMES: Final = (ADDRESS, *TOKENS.values(), *KEYS.values())
"""What can be given."""
QUESTIONS: Final[Mapping[str, str]] = {
    ADDRESS: "DATABASE_URL of an administrator of the database",
    "axiom_token": "Token of Axiom (empty: later)",
    "slack_token": "Token of Slack (empty: later)",
}
QUOTA: Final = "L-B99A9384"
"""AWS's code of the quota "Concurrent executions"."""
CONDITIONAL: Final = {
    "made": "would be made",
    "filled": "would be filled",
    "mended": "would be mended",
}
NEXT: Final = "All is there that a deployment needs. Next: cdk deploy -c stage={stage}"
ONCE_MORE: Final = (
    "A deployment can go on once what is said above has been seen to; then run it again."
)


def _stage(text: str) -> str:
    if text not in RESERVED:
        raise typer.BadParameter(f"there is no such stage in AWS; give {' or '.join(RESERVED)}")
    return text


def _source(text: str) -> str:
    if text != STANDARD_INPUT:
        raise typer.BadParameter("only standard input can be read: --from - < FILE")
    return text


def _account(text: str) -> str:
    if not (len(text) == 12 and text.isascii() and text.isdigit()):
        raise typer.BadParameter("an AWS account is 12 digits")
    return text


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says of where and how."""

    account: str | None
    region: str | None
    dry_run: bool
    asks: bool
    """Whether a person has to say yes before anything is written."""


def bootstrap(
    ctx: typer.Context,
    stage: Annotated[
        str, typer.Argument(metavar="STAGE", parser=_stage, help=f"One of {', '.join(RESERVED)}.")
    ],
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="-",
            parser=_source,
            help="Read what would be asked for from standard input, as one JSON object with any "
            f"of these names: {', '.join(NAMES)}.",
        ),
    ] = None,
    account_id: Annotated[
        str | None,
        typer.Option(
            "--account",
            metavar="ACCOUNT",
            parser=_account,
            help="The AWS account that is meant; another one is refused. Must be given off a "
            "terminal.",
        ),
    ] = None,
    region_name: Annotated[
        str | None,
        typer.Option(
            "--region", metavar="REGION", help="The region that is meant; another one is refused."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be made.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before anything is made.")] = False,
    local_database: Annotated[
        bool,
        typer.Option(
            "--local-database",
            help="Take an address on this machine, which no function in AWS can use: only to try "
            "this command out.",
        ),
    ] = False,
    as_json: Json = False,
) -> int:
    """Make a stage's secrets and login roles.

    That comes before its first deployment; what is there stays, so it can be run
    again at any time. Keys and passwords are random; an administrator's address of
    the migrated database (DATABASE_URL) and the tokens of Axiom and Slack are asked
    for. AWS is that of this environment's credentials and region. The exit code is
    4 where something is left to do.
    """
    cli = cli_of(ctx)
    there_is_somebody = source is None and cli.stdin.isatty()
    wanted = Wanted(account_id, region_name, dry_run, asks=there_is_somebody and not yes)
    if not (there_is_somebody or dry_run or account_id):
        raise typer.BadParameter(
            "nobody is asked here: give the AWS account that is meant", param_hint="'--account'"
        )
    read = {} if source is None else _read(cli)
    account = Account(cli.aws_client)
    region: str | None = None
    try:
        region = account.region
        identity = account.identity()
        cli.say(f"{stage}: AWS account {identity.account}, {region}, as {identity.arn}")
        _require_meant(wanted, identity, region)
        warnings = _concurrency(account, stage, region)
        found = found_secrets(account, stage)
        given = _given(cli, read, found, asks=source is None)
        given.require_usable(locally=local_database)
        warnings += [f"the database's address: {doubt}" for doubt in given.doubts]
        with connect(given.database_url) as conn:
            place = whereabouts(conn)
            cli.say(f"{stage}: the database {place.name} at {place.host} as {place.role}")
            require_ready(conn)
            given = replace(given, tenant=tenant_in(given.database_url, place.role))
            if there_is_somebody:  # answering may have taken minutes
                found = found_secrets(account, stage)
            tasks = planned(conn, stage, found, given)
            if wanted.asks:
                _confirm(cli, stage, identity, region, place, tasks, wanted)
            rows = _done(cli, conn, account, stage, tasks, given, dry_run=dry_run)
    except AwsRefused as refused:
        failure = error_of_aws(refused, region)
    except NotAdministrator as refused:
        failure = CommandError(
            refused.message, kind="no_administrator", exit_code=Exit.NOT_AUTHORISED
        )
    else:
        answer = _answer(stage, identity, region, place, rows, warnings, dry_run=dry_run)
        cli.answer(answer, _shown(rows, warnings, stage, dry_run=dry_run), as_json=as_json)
        return _exit(rows, warnings)
    raise failure


def _done(
    cli: Cli,
    conn: Conn,
    account: Account,
    stage: str,
    tasks: list[Task],
    given: Given,
    *,
    dry_run: bool,
) -> list[Row]:
    """What became of each secret and role. If one is refused, nothing is written at all."""
    if dry_run or any(task.is_refused for task in tasks):
        return list(would_be(conn, stage, tasks, given))
    rows = []
    for row in carried_out(conn, account, stage, tasks, given):
        cli.say(f"{row.name}: {row.state}")
        rows.append(row)
    return rows


def _require_meant(wanted: Wanted, identity: Identity, region: str) -> None:
    for option, is_meant, found, kind in (
        ("--account", wanted.account, identity.account, "another_account"),
        ("--region", wanted.region, region, "another_region"),
    ):
        if is_meant not in (None, found):
            raise CommandError(
                f"{option} says {is_meant}, and this environment's AWS credentials and region "
                f"lead to {found}; nothing was written. Set AWS_PROFILE and AWS_DEFAULT_REGION to "
                "where the stage is deployed",
                kind=kind,
                exit_code=Exit.FAILED,
            )


def _confirm(
    cli: Cli,
    stage: str,
    identity: Identity,
    region: str,
    place: Whereabouts,
    tasks: list[Task],
    wanted: Wanted,
) -> None:
    """Ask, unless nothing would be written."""
    if wanted.dry_run or any(task.is_refused for task in tasks):
        return
    if any(task.writes or task.makes_role for task in tasks):
        confirm(
            cli,
            f"Make what {stage} lacks in AWS account {identity.account}, {region}, and in the "
            f"database {place.name} at {place.host}?",
        )


def _concurrency(account: Account, stage: str, region: str) -> list[str]:
    """What has to be raised before the stage fits into the account; nothing if it does."""
    found = account.concurrency()
    needed = needed_quota(found, RESERVED[stage])
    if needed is None or account.has_function(function_name(stage, "watchdog")):
        return []  # it fits, or is there already
    return [
        f"Lambda's quota Concurrent executions ({QUOTA}) of {region} is {found.quota}, of which "
        f"{found.unreserved} are unreserved; {stage} reserves {RESERVED[stage]} and {LEFT_FREE} "
        f"have to stay free, or the deployment fails. Have it raised to {needed}: "
        "aws service-quotas request-service-quota-increase --service-code lambda "
        f"--quota-code {QUOTA} --desired-value {needed}"
    ]


def needed_quota(found: Concurrency, reserves: int) -> int | None:
    """What the quota has to be; None: so much can be reserved as it is."""
    free = LEFT_FREE if found.quota >= LEFT_FREE else LEFT_FREE_WHEN_NEW
    if found.unreserved - reserves >= free:
        return None
    return found.quota - found.unreserved + reserves + LEFT_FREE


def _given(
    cli: Cli, read: Mapping[str, SecretStr], found: Mapping[str, Secret], *, asks: bool
) -> Given:
    """What was piped in, what the environment has, and what is asked for."""
    asks = asks and cli.stdin.isatty()
    values = dict(read)
    address = values.pop(ADDRESS, None) or _address_set(cli)
    if address is None and asks:
        address = _asked(ADDRESS)
    if address is None:
        raise typer.BadParameter(
            f"{ADDRESS} is needed: set DATABASE_URL, give it with --from -, or use a terminal",
            param_hint="'--from'",
        )
    for secret, name in TOKENS.items():
        if asks and found[secret].state in ("absent", "empty") and (said := _asked(name)):
            values[name] = said
    return Given(address, values)


def _address_set(cli: Cli) -> SecretStr | None:
    try:
        return cli.load_database_settings().database_url
    except ConfigurationInvalid as error:
        if error.code != "settings":
            raise
        return None


def _asked(name: str) -> SecretStr | None:
    """Nothing of what is typed is shown, not even an address: it holds a password."""
    more: dict[str, Any] = {} if name == ADDRESS else {"default": "", "show_default": False}
    said = typer.prompt(QUESTIONS[name], err=True, hide_input=True, **more)
    return _checked({name: said}).get(name)


def _read(cli: Cli) -> dict[str, SecretStr]:
    problem, found = "it is no JSON object", None
    try:
        found = json.loads(cli.stdin.read())
    except UnicodeError:
        problem = "it is no text in UTF-8"
    except (ValueError, RecursionError):
        pass
    if not isinstance(found, dict):  # out here, where no error quotes what was read
        raise _unusable(problem)
    return _checked(found)


def _checked(given: Mapping[str, object]) -> dict[str, SecretStr]:
    """Blank ones count as not given. What is wrong is said without showing any of it."""
    if not given.keys() <= {*NAMES}:
        raise _unusable(f"only these names are known: {', '.join(NAMES)}")
    values = {}
    for name, value in given.items():
        if not isinstance(value, str):
            raise _unusable(f"{name} must be a text")
        text = value.strip()
        if not text.isprintable() or not text.isascii():
            raise _unusable(f"{name} must be one line of ASCII")
        if name in TOKENS.values() and " " in text:
            raise _unusable(f"{name} must not have blanks in it")
        if text:
            values[name] = SecretStr(text)
    return values


def _unusable(what: str) -> typer.BadParameter:
    return typer.BadParameter(what, param_hint="'--from'")


def _answer(
    stage: str,
    identity: Identity,
    region: str,
    place: Whereabouts,
    rows: Sequence[Row],
    warnings: Sequence[str],
    *,
    dry_run: bool,
) -> dict[str, Any]:
    told = [{"name": row.name, "state": row.state, "note": row.note} for row in rows]
    return {
        "stage": stage,
        "account": identity.account,
        "region": region,
        "database": {"name": place.name, "host": place.host, "role": place.role},
        "dry_run": dry_run,
        "secrets": [one for one, row in zip(told, rows, strict=True) if "/" in row.name],
        "roles": [one for one, row in zip(told, rows, strict=True) if "/" not in row.name],
        "warnings": list(warnings),
    }


def _shown(
    rows: Sequence[Row], warnings: Sequence[str], stage: str, *, dry_run: bool
) -> list[Shown]:
    refused = any(row.state == "refused" for row in rows)
    words = CONDITIONAL if dry_run or refused else {}
    columns = ("Secret or role", "State")
    table = [(row.name, words.get(row.state, row.state)) for row in rows]
    shown: list[Shown] = [listing(columns, table, whole=columns)]
    shown += [line(f"{row.name}: {row.note}", whole=True) for row in rows if row.note]
    shown += [line(warning, whole=True) for warning in warnings]
    if refused:
        shown.append(line("Nothing was written: put right what is refused, then run it again."))
    elif dry_run:
        shown.append(line("Nothing was written: it was a dry run."))
    elif _exit(rows, warnings) == Exit.OK:
        shown.append(line(NEXT.format(stage=stage)))
    else:
        shown.append(line(ONCE_MORE))
    return shown


def _exit(rows: Sequence[Row], warnings: Sequence[str]) -> Exit:
    if any(row.state == "refused" for row in rows):
        return Exit.FAILED
    return Exit.WARNINGS if warnings or any(row.warns for row in rows) else Exit.OK
