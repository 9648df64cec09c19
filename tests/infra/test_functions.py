"""The functions in the template: what they run, what they may do, where their failures end."""

from importlib import import_module
from typing import Any

import pytest

from idexx_sync.keys.budgets import WAITS_IN_ALL
from tests.infra.synthesising import LOCAL_ENVIRONMENT, LOCAL_HOSTS
from tests.infra.template import Function, Template, flat, listed, target
from tests.kit.paths import ROOT

Grant = tuple[tuple[str, ...], str]
"""Actions, and the one resource that they may touch."""
LOG = ("logs:CreateLogStream", "logs:PutLogEvents")
SECRET = ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret")
SEND = ("sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl")
INVOKE = ("lambda:InvokeFunction",)

READS = {
    "authorizer.handler": ["authorizer-database", "pepper"],
    "case_sync.api": ["api-database"],
    "case_sync.worker": ["fingerprint-key", "local-key", "worker-database"],
    "inbound_sync.api": ["api-database"],
    "inbound_sync.worker": ["fingerprint-key", "local-key", "worker-database"],
    "migrate.handler": ["migrate-database"],
    "reconciliation.api": ["api-database"],
    "status.api": ["api-database"],
}
"""Every function, and the secrets that it may read."""
STARTS = {
    "case_sync.api": {"cases": "case_sync.worker"},
    "inbound_sync.api": {"inbound": "inbound_sync.worker"},
    "status.api": {"inbound": "inbound_sync.worker", "cases": "case_sync.worker"},
}
"""The only functions that may start workers: sync -> the worker that its name leads to."""
EVENT_AGES = {"case_sync.worker": 60 * 60, "inbound_sync.worker": 15 * 60}
RUNS_AT_ONCE = {
    "prod": {"case_sync.worker": 10, "inbound_sync.worker": 20},
    "staging": {"case_sync.worker": 2, "inbound_sync.worker": 2},
    "local": {"case_sync.worker": None, "inbound_sync.worker": None},
}
REQUESTS_AT_ONCE = {"prod": (15, 10), "staging": (12, 2), "local": (None, None)}
"""Of each function behind the gateway, and of the authorizer."""


@pytest.fixture(params=["prod", "staging", "local"])
def template(request: pytest.FixtureRequest) -> Template:
    found: Template = request.getfixturevalue(request.param)
    return found


def test_every_handler_of_the_project_is_a_function_and_exists(template: Template) -> None:
    assert template.functions.keys() == READS.keys()
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}
    assert {handler.partition(".")[0] for handler in template.functions} == folders
    for handler in template.functions:
        folder, _, name = handler.partition(".")
        assert callable(getattr(import_module(f"functions.{folder}.handler"), name))


def test_each_function_may_do_exactly_what_it_needs(prod: Template) -> None:
    def allowed(function: Function) -> set[Grant]:
        assert {statement["Effect"] for statement in function.statements} == {"Allow"}
        return {
            (tuple(listed(s["Action"])), flat(resource))
            for s in function.statements
            for resource in listed(s["Resource"])
        }

    def needed(function: Function) -> set[Grant]:
        log = target(function.properties["LoggingConfig"]["LogGroup"])
        grants: set[Grant] = {(LOG, f"${{{log}.Arn}}")}
        arn = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:"
        for secret in READS[function.handler]:
            grants.add((SECRET, f"{arn}idexx-sync/prod/{secret}-??????"))
        for worker in STARTS.get(function.handler, {}).values():
            grants.add((INVOKE, f"${{{prod.functions[worker].logical_id}.Arn}}"))
        if function.handler.endswith(".worker"):
            grants.add((SEND, f"${{{prod.only('AWS::SQS::Queue')[0]}.Arn}}"))
        return grants

    for function in prod.functions.values():
        assert allowed(function) == needed(function), function.handler


def test_no_policy_has_a_wildcard_as_action_or_resource(template: Template) -> None:
    policies = template.of_type("AWS::IAM::Policy").values()
    for statement in (s for policy in policies for s in policy["PolicyDocument"]["Statement"]):
        assert not [action for action in listed(statement["Action"]) if "*" in action]
        assert not [r for r in listed(statement["Resource"]) if "*" in flat(r)]
        assert not {"NotAction", "NotResource"} & statement.keys()


def test_each_function_finds_its_own_settings_and_no_others(prod: Template) -> None:
    def of(database: str) -> dict[str, str]:
        secret = f"idexx-sync/prod/{database}-database"
        return {"IDEXX_SYNC_STAGE": "prod", "IDEXX_SYNC_DATABASE_SECRET": secret}

    worker = {
        **of("worker"),
        "IDEXX_SYNC_LOCAL_KEY_SECRET": "idexx-sync/prod/local-key",
        "IDEXX_SYNC_FINGERPRINT_KEY_SECRET": "idexx-sync/prod/fingerprint-key",
        "IDEXX_SYNC_NEO_HOSTS": "us.idexxneo.com",
    }

    def api(handler: str) -> dict[str, str]:
        started = [
            f'"{sync}":"${{{prod.functions[name].logical_id}}}"'
            for sync, name in STARTS.get(handler, {}).items()
        ]
        return {**of("api"), "IDEXX_SYNC_WORKER_FUNCTIONS": f"{{{','.join(started)}}}"}

    expected: dict[str, dict[str, str]] = {
        "authorizer.handler": {
            **of("authorizer"),
            "IDEXX_SYNC_PEPPER_SECRET": "idexx-sync/prod/pepper",
        },
        "case_sync.api": api("case_sync.api"),
        "case_sync.worker": worker,
        "inbound_sync.api": api("inbound_sync.api"),
        "inbound_sync.worker": worker,
        "migrate.handler": of("migrate"),
        "reconciliation.api": api("reconciliation.api"),
        "status.api": {**api("status.api"), "IDEXX_SYNC_COMMIT": "unknown"},
    }

    assert {
        handler: {name: flat(value) for name, value in function.environment.items()}
        for handler, function in prod.functions.items()
    } == expected


def test_all_functions_are_one_image_and_only_workers_have_a_browser(template: Template) -> None:
    targets = {}
    for handler, function in template.functions.items():
        assert function.properties["PackageType"] == "Image"
        tag = flat(function.properties["Code"]["ImageUri"]).rpartition(":")[2]
        assert template.images[tag]["dockerFile"] == "Dockerfile.lambda"
        targets[handler] = template.images[tag]["dockerBuildTarget"]

    assert targets == {
        handler: "browser" if handler.endswith(".worker") else "core" for handler in READS
    }
    assert len(template.images) == 2


def workers(template: Template) -> list[Function]:
    found = [function for name, function in template.functions.items() if name.endswith(".worker")]
    assert {worker.handler for worker in found} == EVENT_AGES.keys()
    return found


def test_a_workers_failure_is_retried_twice_and_ends_in_the_queue(template: Template) -> None:
    queue, _ = template.only("AWS::SQS::Queue")
    for worker in workers(template):
        events = worker.events
        assert events is not None, worker.handler
        assert events["Qualifier"] == "$LATEST"
        assert events["MaximumRetryAttempts"] == 2
        assert target(events["DestinationConfig"]["OnFailure"]["Destination"]) == queue


@pytest.mark.parametrize(("handler", "seconds"), EVENT_AGES.items())
def test_an_event_that_waited_too_long_is_not_begun(
    template: Template, handler: str, seconds: int
) -> None:
    events = template.functions[handler].events

    assert events is not None
    assert events["MaximumEventAgeInSeconds"] == seconds


@pytest.mark.parametrize(("stage", "runs"), RUNS_AT_ONCE.items())
def test_runs_at_once_are_bounded_by_the_stage(
    request: pytest.FixtureRequest, stage: str, runs: dict[str, int | None]
) -> None:
    template: Template = request.getfixturevalue(stage)

    assert {
        worker.handler: worker.properties.get("ReservedConcurrentExecutions")
        for worker in workers(template)
    } == runs


@pytest.mark.parametrize(("stage", "at_once"), REQUESTS_AT_ONCE.items())
def test_requests_take_no_function_from_others_and_those_that_wait_leave_room(
    request: pytest.FixtureRequest, stage: str, at_once: tuple[int | None, int | None]
) -> None:
    template: Template = request.getfixturevalue(stage)
    reserved = {
        handler: function.properties.get("ReservedConcurrentExecutions")
        for handler, function in template.functions.items()
    }

    assert {n for handler, n in reserved.items() if handler.endswith(".api")} == {at_once[0]}
    assert reserved["authorizer.handler"] == at_once[1]
    assert at_once[0] is None or at_once[0] > WAITS_IN_ALL


def test_a_migration_is_never_repeated_by_itself(prod: Template) -> None:
    events = prod.functions["migrate.handler"].events

    assert events is not None
    assert events["MaximumRetryAttempts"] == 0


def test_functions_behind_the_gateway_end_when_it_gives_up(prod: Template) -> None:
    for handler, function in prod.functions.items():
        longest = 29 if handler.endswith(".api") else 15 if handler.startswith("auth") else 300
        assert function.properties["Timeout"] == longest


def test_dead_letters_are_encrypted_kept_for_two_weeks_and_never_travel_in_the_clear(
    template: Template,
) -> None:
    queue, properties = template.only("AWS::SQS::Queue")
    _, policy = template.only("AWS::SQS::QueuePolicy")
    (statement,) = policy["PolicyDocument"]["Statement"]

    assert properties["SqsManagedSseEnabled"] is True
    assert properties["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert [target(one) for one in policy["Queues"]] == [queue]
    assert (statement["Effect"], statement["Action"]) == ("Deny", "sqs:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize(("stage", "days"), [("prod", 90), ("staging", 14), ("local", 1)])
def test_every_log_is_a_functions_own_and_ends(
    request: pytest.FixtureRequest, stage: str, days: int
) -> None:
    template: Template = request.getfixturevalue(stage)
    groups = template.of_type("AWS::Logs::LogGroup")
    own = [target(f.properties["LoggingConfig"]["LogGroup"]) for f in template.functions.values()]

    assert len({*own}) == len(own)
    assert {*own} < groups.keys()
    assert {group["RetentionInDays"] for group in groups.values()} == {days}


def test_the_local_stage_adds_its_own_to_every_functions_environment(local: Template) -> None:
    for function in local.functions.values():
        assert LOCAL_ENVIRONMENT.items() <= function.environment.items()
    for worker in workers(local):
        assert worker.environment["IDEXX_SYNC_NEO_HOSTS"] == ",".join(LOCAL_HOSTS)


def test_every_stage_has_the_same_resources(template: Template, prod: Template) -> None:
    def kinds(of: Template) -> list[tuple[str, Any]]:
        return sorted(
            (resource["Type"], "" if "Deployment" in id_ or "Permission" in id_ else id_)
            for id_, resource in of.resources.items()
        )

    assert kinds(template) == kinds(prod)
