"""`idexx-sync schedules mirror`: what it asks of the function, and what it tells of the answer."""

import io
import json
from typing import Any, get_args
from uuid import UUID

import pytest
from rich.console import Console

from idexx_sync.cli.app import run
from idexx_sync.cli.context import Cli
from idexx_sync.cli.mirror_view import FINDINGS
from idexx_sync.cli.mirroring import LATER, NOW, goes_out
from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.invoking import FunctionFailed, LambdaFunctions, NotInvoked
from idexx_sync.core.settings import MirrorFunctionSettings, StageSettings, load_mirror_function
from idexx_sync.schedules.mirror.wanted import FindingCode

CLINIC = UUID(int=1)
NAME = f"{CLINIC}-cases-0-0"
DONE: dict[str, Any] = {
    "complete": True,
    "dry_run": False,
    "counts": {"created": 1, "unchanged": 5},
    "failures": {},
    "calls": [
        {
            "verb": "create",
            "name": NAME,
            "expression": "cron(0 3 * * ? *)",
            "zone": "America/Denver",
            "state": "ENABLED",
        }
    ],
    "calls_in_all": 1,
    "findings": [],
    "findings_in_all": 0,
    "withheld": [],
    "foreign": [],
}


class Functions(LambdaFunctions):
    """Answers as it is told, and remembers what it was asked."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer
        self.asked: list[tuple[str, Any]] = []

    def call(self, function: str, event: Any, longest_s: float = 0) -> Any:  # noqa: ARG002
        self.asked.append((function, event))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def start(self, function: str, event: Any) -> None:
        self.call(function, event)


def world(answer: Any, *, stage: str = "test", function: str = "config-sync") -> Cli:
    def console() -> Console:
        return Console(file=io.StringIO(), width=200, highlight=False)

    return Cli(
        load_stage_settings=lambda: StageSettings(stage=stage),
        load_mirror_function=lambda: MirrorFunctionSettings(config_sync_function=function),
        functions=Functions(answer),
        out=console(),
        err=console(),
    )


def asked(cli: Cli) -> Any:
    assert isinstance(cli.functions, Functions)
    return cli.functions.asked


def told(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("words", "event"),
    [
        ([], {"v": 1, "dry_run": False, "force": False}),
        (["--dry-run"], {"v": 1, "dry_run": True, "force": False}),
        (
            ["--force", str(CLINIC)],
            {"v": 1, "dry_run": False, "force": True, "clinic_id": str(CLINIC)},
        ),
    ],
)
def test_the_function_is_asked_for_what_was_meant(words: list[str], event: Any) -> None:
    cli = world(DONE)

    assert run(["schedules", "mirror", *words], cli) == 0

    assert asked(cli) == [("config-sync", event)]
    assert f"create {NAME}  cron(0 3 * * ? *) in America/Denver, enabled" in told(cli.out)
    assert "1 schedule: made" in told(cli.out)
    assert "5 schedules: as they should be" in told(cli.out)


def test_json_is_the_answer() -> None:
    cli = world(DONE)

    run(["schedules", "mirror", "--json"], cli)

    assert json.loads(told(cli.out)) == DONE


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        ({"complete": False, "counts": {"left": 7}}, 4, "7 schedules: left for the next pass"),
        (
            {"complete": False, "failures": {"AccessDeniedException": 2}},
            1,
            "AWS refused with AccessDeniedException: 2 calls",
        ),
        ({"complete": False, "withheld": [NAME]}, 3, "idexx-sync schedules mirror --force"),
        ({"foreign": ["by-hand"]}, 0, "not ours: by-hand"),
        (
            {
                "findings": [
                    {"clinic_id": str(CLINIC), "where": "timezone", "code": "zone_unknown"}
                ],
                "findings_in_all": 30,
            },
            4,
            "timezone: the clinic's time zone is none",
        ),
        ({"dry_run": True, "complete": False}, 0, "Nothing was changed"),
        ({"calls": [], "calls_in_all": 0}, 0, "Nothing has to be done."),
    ],
)
def test_the_exit_code_says_what_is_left_for_a_person(
    answer: dict[str, Any], code: int, says: str
) -> None:
    cli = world({**DONE, **answer})

    assert run(["schedules", "mirror"], cli) == code
    assert says in told(cli.out)


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (NotInvoked("TooManyRequestsException"), 6, "a pass is under way already"),
        (NotInvoked("AccessDeniedException"), 5, "IDEXX_SYNC_CONFIG_SYNC_FUNCTION"),
        (NotInvoked("NoCredentialsError"), 5, "AWS credentials"),
        (NotInvoked("ConnectTimeoutError"), 6, "was not invoked (ConnectTimeoutError)"),
        (FunctionFailed("Postgres did not answer"), 1, "the pass failed: Postgres did not answer"),
    ],
)
def test_a_pass_that_could_not_be_made_says_why(error: Exception, code: int, says: str) -> None:
    cli = world(error)

    assert run(["schedules", "mirror"], cli) == code
    assert says in told(cli.err)


@pytest.mark.parametrize("answer", [None, {}, {**DONE, "calls_in_all": "many"}])
def test_an_answer_of_another_release_is_told(answer: Any) -> None:
    cli = world(answer)

    assert run(["schedules", "mirror"], cli) == 1
    assert "use that of the deployment" in told(cli.err)


def test_without_the_functions_name_it_is_said_what_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("IDEXX_SYNC_CONFIG_SYNC_FUNCTION", raising=False)
    cli = world(DONE)
    cli.load_mirror_function = load_mirror_function

    assert run(["schedules", "mirror"], cli) == 1
    assert "IDEXX_SYNC_CONFIG_SYNC_FUNCTION: missing" in told(cli.err)
    assert "output ConfigSyncFunction of the stack" in told(cli.err), "where to find it"


def test_on_production_it_says_what_it_works_on() -> None:
    cli = world(DONE, stage="prod", function="idexx-sync-prod-config-sync")

    run(["schedules", "mirror"], cli)

    assert "prod: schedules in AWS, by idexx-sync-prod-config-sync" in told(cli.err)


def test_a_change_goes_out_now_if_somebody_can_be_told_so() -> None:
    cli = world(None)

    assert goes_out(cli, CLINIC) == NOW
    assert asked(cli) == [("config-sync", {"v": 1, "clinic_id": str(CLINIC)})]
    refused = goes_out(world(NotInvoked("AccessDeniedException")), CLINIC)
    assert refused == f"It could not be sent out at once (AccessDeniedException). {LATER}"

    def unset() -> Any:
        raise ConfigurationInvalid("as told", code="settings")

    cli.load_mirror_function = unset
    assert goes_out(cli, CLINIC) == LATER


def test_every_finding_is_told_in_words() -> None:

    assert FINDINGS.keys() == {*get_args(FindingCode)}
