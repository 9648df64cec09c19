"""The functions in the template: what they run, what they may do, where their failures end."""

import json
from importlib import import_module
from typing import Any

import pytest

from idexx_sync.jobs.deliveries import BACK_AFTER_S, MOST_RECEIVES
from idexx_sync.keys.budgets import WAITS_IN_ALL
from infra.stages import LOCAL
from tests.infra.schedules import (
    mirror_grants,
    mirror_settings,
    schedule_of,
    started_by,
)
from tests.infra.synthesising import CHANNELS, LOCAL_ENVIRONMENT, LOCAL_HOSTS
from tests.infra.template import Function, Grant, Template, flat, granted, listed, target
from tests.kit.paths import ROOT

LOG = ("logs:CreateLogStream", "logs:PutLogEvents")
TRACE = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
SECRET = ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret")
SEND = ("sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl")
CONSUME = (
    "sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueUrl", "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
)  # fmt: skip
INVOKE = "lambda:InvokeFunction"

READS = {
    "authorizer.handler": ["authorizer-database", "pepper"],
    "case_sync.api": ["api-database"],
    "case_sync.worker": ["axiom-token", "fingerprint-key", "local-key", "worker-database"],
    "config_sync.handler": ["axiom-token", "upkeep-database"],
    "dead_letters.handler": ["axiom-token", "upkeep-database"],
    "inbound_sync.api": ["api-database"],
    "inbound_sync.worker": ["axiom-token", "fingerprint-key", "local-key", "worker-database"],
    "log_shipping.handler": ["axiom-token"],
    "migrate.handler": ["migrate-database"],
    "reconciliation.api": ["api-database"],
    "reconciliation.worker": ["axiom-token", "fingerprint-key", "local-key", "worker-database"],
    "status.api": ["api-database"],
    "watchdog.handler": ["axiom-token", "slack-token", "upkeep-database"],
}
"""Every function, and the secrets that it may read."""
STARTS = {
    "case_sync.api": {"cases": "case_sync.worker"},
    "inbound_sync.api": {"inbound": "inbound_sync.worker"},
    "reconciliation.api": {"reconciliation": "reconciliation.worker"},
    "status.api": {
        "inbound": "inbound_sync.worker",
        "cases": "case_sync.worker",
        "reconciliation": "reconciliation.worker",
    },
}
"""The only functions that may start workers: sync -> the worker that its name leads to."""
BY_OPTION = {"login"}
"""Folders of functions that no stage has unless it says so."""
UPKEEP = ("config_sync.handler", "dead_letters.handler", "watchdog.handler")
EVENT_AGES = {
    "case_sync.worker": 60 * 60,
    "inbound_sync.worker": 15 * 60,
    "reconciliation.worker": 6 * 60 * 60,
}
RUNS_AT_ONCE = {
    "prod": {"case_sync.worker": 10, "inbound_sync.worker": 20, "reconciliation.worker": 5},
    "staging": dict.fromkeys(EVENT_AGES, 4),
    "local": dict.fromkeys(EVENT_AGES),
}
TICKS_AT_ONCE = {
    "prod": {"case_sync.worker": 8, "inbound_sync.worker": 16, "reconciliation.worker": 3},
    "staging": dict.fromkeys(EVENT_AGES, 2),
    "local": dict.fromkeys(EVENT_AGES, 2),
}
REQUESTS_AT_ONCE = {"prod": (15, 10), "staging": (12, 2), "local": (None, None)}
"""Of each function behind the gateway, and of the authorizer."""
BY_DEPLOYMENT = (
    "AWSCDKTrigger", "MigrationApplied", "MigrationInvokerLog", "MigrationFunctionCurrentVersion",
)  # fmt: skip
"""What migrates as a stage is deployed; the local one is migrated by who starts it."""
UPKEEP_AT_ONCE = {"config_sync.handler": 1, "dead_letters.handler": 2, "watchdog.handler": 1}
TIMEOUTS = {
    "authorizer.handler": 15,
    "config_sync.handler": 270,
    "dead_letters.handler": 60,
    "log_shipping.handler": 30,
    "watchdog.handler": 55,
}


@pytest.fixture(params=["prod", "staging", "local"])
def template(request: pytest.FixtureRequest) -> Template:
    found: Template = request.getfixturevalue(request.param)
    return found


def test_every_handler_of_the_project_is_a_function_and_exists(template: Template) -> None:
    assert template.functions.keys() == READS.keys()
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}
    assert {handler.partition(".")[0] for handler in template.functions} | BY_OPTION == folders
    for handler in template.functions:
        folder, _, name = handler.partition(".")
        assert callable(getattr(import_module(f"functions.{folder}.handler"), name))


def test_each_function_is_traced(template: Template) -> None:
    modes = {one.properties["TracingConfig"]["Mode"] for one in template.functions.values()}

    assert modes == {"Active"}


def test_each_function_may_do_exactly_what_it_needs(prod: Template) -> None:
    def needed(function: Function) -> set[Grant]:
        log = target(function.properties["LoggingConfig"]["LogGroup"])
        grants: set[Grant] = granted(LOG, f"${{{log}.Arn}}") | granted(TRACE, "*")
        arn = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:"
        for secret in READS[function.handler]:
            grants |= granted(SECRET, f"{arn}idexx-sync/prod/{secret}-??????")
        for worker in STARTS.get(function.handler, {}).values():
            grants.add((INVOKE, f"${{{prod.functions[worker].logical_id}.Arn}}"))
        if function.handler == "status.api":
            grants.add((INVOKE, f"${{{prod.functions['config_sync.handler'].logical_id}.Arn}}"))
        if function.handler == "config_sync.handler":
            grants |= mirror_grants(prod)
        if function.handler.endswith(".worker"):
            grants |= granted(SEND, f"${{{dead_letters(prod)[0]}.Arn}}")
            grants |= granted(CONSUME, f"${{{ticks_of(prod, function)[0]}.Arn}}")
        if function.handler == "dead_letters.handler":
            grants |= granted(CONSUME, f"${{{dead_letters(prod)[0]}.Arn}}")
        if function.handler == "watchdog.handler":
            for queue in tick_queues(prod).values():
                grants.add(("sqs:SendMessage", f"${{{queue}.Arn}}"))
        return grants

    for function in prod.functions.values():
        assert function.grants == needed(function), function.handler


def test_no_policy_has_a_wildcard_as_action_or_resource(template: Template) -> None:
    policies = template.of_type("AWS::IAM::Policy").values()
    for statement in (s for policy in policies for s in policy["PolicyDocument"]["Statement"]):
        assert not [action for action in listed(statement["Action"]) if "*" in action]
        services = {action.partition(":")[0] for action in listed(statement["Action"])}
        # Traces belong to nothing that could be named; of schedules see test_config_sync.py.
        if not services <= {"scheduler", "xray"}:
            assert not [r for r in listed(statement["Resource"]) if "*" in flat(r)]
        assert not {"NotAction", "NotResource"} & statement.keys()


def test_each_function_finds_its_own_settings_and_no_others(prod: Template) -> None:
    def of(database: str) -> dict[str, str]:
        secret = f"idexx-sync/prod/{database}-database"
        return {"IDEXX_SYNC_STAGE": "prod", "IDEXX_SYNC_DATABASE_SECRET": secret}

    ships = {
        "IDEXX_SYNC_AXIOM_DATASET": "idexx-sync-prod",
        "IDEXX_SYNC_AXIOM_SECRET": "idexx-sync/prod/axiom-token",
    }
    worker = {
        **of("worker"),
        **ships,
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

    queues = [f'"{sync}":"${{{queue}}}"' for sync, queue in tick_queues(prod).items()]
    mirror = prod.functions["config_sync.handler"].logical_id
    expected: dict[str, dict[str, str]] = {
        "authorizer.handler": {
            **of("authorizer"),
            "IDEXX_SYNC_PEPPER_SECRET": "idexx-sync/prod/pepper",
        },
        "case_sync.api": api("case_sync.api"),
        "case_sync.worker": worker,
        "inbound_sync.api": api("inbound_sync.api"),
        "inbound_sync.worker": worker,
        "config_sync.handler": {**of("upkeep"), **ships, **mirror_settings(prod)},
        "dead_letters.handler": {**of("upkeep"), **ships},
        "log_shipping.handler": {"IDEXX_SYNC_STAGE": "prod", **ships},
        "migrate.handler": of("migrate"),
        "reconciliation.api": api("reconciliation.api"),
        "reconciliation.worker": worker,
        "status.api": {
            **api("status.api"),
            "IDEXX_SYNC_CONFIG_SYNC_FUNCTION": flat({"Ref": mirror}),
        },
        "watchdog.handler": {
            **of("upkeep"),
            **ships,
            "IDEXX_SYNC_SLACK_CHANNELS": json.dumps(CHANNELS),
            "IDEXX_SYNC_SLACK_SECRET": "idexx-sync/prod/slack-token",
            "IDEXX_SYNC_TICK_QUEUES": f"{{{','.join(queues)}}}",
        },
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
    queue, _ = dead_letters(template)
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


def test_what_is_reserved_is_what_the_document_says(prod: Template, staging: Template) -> None:
    """AWS refuses a stack that reserves more than the account's quota leaves."""
    told = (ROOT / "docs/aws.md").read_text()
    reserved = [
        sum(one.properties.get("ReservedConcurrentExecutions", 0) for one in of.functions.values())
        for of in (prod, staging)
    ]

    assert f"Production reserves {reserved[0]} of them, staging {reserved[1]}," in told


def test_a_migration_is_never_repeated_by_itself(prod: Template) -> None:
    events = prod.functions["migrate.handler"].events

    assert events is not None
    assert events["MaximumRetryAttempts"] == 0


def test_each_function_ends_when_nobody_waits_for_it_any_more(prod: Template) -> None:
    """The gateway waits for 29 seconds: it, and not Lambda, says that an answer took too long."""
    for handler, function in prod.functions.items():
        longest = 31 if handler.endswith(".api") else TIMEOUTS.get(handler, 300)
        assert function.properties["Timeout"] == longest


def fed_by(template: Template, function: Function) -> tuple[Any, tuple[str, Any]]:
    """The function's only mapping, and the queue that it reads."""
    (mapping,) = (
        one
        for one in template.of_type("AWS::Lambda::EventSourceMapping").values()
        if target(one["FunctionName"]) == function.logical_id
    )
    queue = target(mapping["EventSourceArn"])
    return mapping, (queue, template.of_type("AWS::SQS::Queue")[queue])


def dead_letters(template: Template) -> tuple[str, Any]:
    """The queue whose messages are taken in, and go on to another one."""
    return fed_by(template, template.functions["dead_letters.handler"])[1]


def ticks_of(template: Template, worker: Function) -> tuple[str, Any]:
    """The queue of the worker's ticks."""
    return fed_by(template, worker)[1]


def tick_queues(template: Template) -> dict[str, str]:
    """Sync -> the logical id of the queue of its ticks."""
    return {
        sync: ticks_of(template, template.functions[worker])[0]
        for sync, worker in STARTS["status.api"].items()
    }


def poison(template: Template) -> tuple[str, Any]:
    """The queue where they end."""
    queues = template.of_type("AWS::SQS::Queue").items()
    (found,) = (queue for queue in queues if "RedrivePolicy" not in queue[1])
    return found


def test_queues_are_encrypted_keep_for_two_weeks_and_take_nothing_in_the_clear(
    template: Template,
) -> None:
    closed = set()
    for policy in template.of_type("AWS::SQS::QueuePolicy").values():
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Action"]) == ("Deny", "sqs:*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        closed |= {target(one) for one in policy["Queues"]}

    queues = template.of_type("AWS::SQS::Queue")
    assert len(queues) == 2 + len(EVENT_AGES)
    for queue, properties in queues.items():
        assert queue in closed
        assert properties["SqsManagedSseEnabled"] is True
        assert properties["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_a_message_that_nobody_can_take_in_turns_for_most_of_a_day_and_is_kept(
    template: Template,
) -> None:
    """What it holds never makes that fail, so it is for a database that is away."""
    _, properties = dead_letters(template)

    redrive = properties["RedrivePolicy"]
    assert target(redrive["deadLetterTargetArn"]) == poison(template)[0]
    seconds = redrive["maxReceiveCount"] * properties["VisibilityTimeout"]
    assert seconds >= 12 * 3600 or redrive["maxReceiveCount"] == LOCAL.letters_received == 5


def test_dead_letters_are_handed_out_in_batches_that_fail_by_message(template: Template) -> None:
    consumer = template.functions["dead_letters.handler"]
    mapping, (_, properties) = fed_by(template, consumer)
    reserved = consumer.properties["ReservedConcurrentExecutions"]

    assert mapping["BatchSize"] == 10
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert reserved >= 2, "what is throttled comes back as if it had failed"
    assert properties["VisibilityTimeout"] >= 6 * consumer.properties["Timeout"]


@pytest.mark.parametrize(("stage", "at_once"), TICKS_AT_ONCE.items())
def test_ticks_are_handed_out_one_by_one_and_leave_slots_to_what_people_order(
    request: pytest.FixtureRequest, stage: str, at_once: dict[str, int]
) -> None:
    template: Template = request.getfixturevalue(stage)
    found = {}
    for worker in workers(template):
        mapping, _ = fed_by(template, worker)
        assert mapping["BatchSize"] == 1
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping.get("Enabled", True) is True
        assert "FilterCriteria" not in mapping, "what a filter leaves out is deleted"
        (most,) = mapping["ScalingConfig"].values()
        reserved = worker.properties.get("ReservedConcurrentExecutions")
        assert most >= 2, "AWS takes nothing smaller"
        assert reserved is None or most < reserved, "what is throttled counts as received"
        found[worker.handler] = most

    assert found == at_once


def test_a_tick_that_is_given_up_is_a_dead_letter(template: Template) -> None:
    for worker in workers(template):
        _, properties = ticks_of(template, worker)
        redrive = properties["RedrivePolicy"]

        assert target(redrive["deadLetterTargetArn"]) == dead_letters(template)[0]
        assert redrive["maxReceiveCount"] == MOST_RECEIVES == 3
        assert properties["VisibilityTimeout"] == 6 * worker.properties["Timeout"] == 1800
        assert len(BACK_AFTER_S) == MOST_RECEIVES - 1
        assert max(BACK_AFTER_S) < properties["VisibilityTimeout"]


@pytest.mark.parametrize("handler", UPKEEP)
def test_upkeep_is_not_repeated_feeds_no_queue_and_takes_its_own_share(
    template: Template, handler: str
) -> None:
    function = template.functions[handler]

    assert function.events is not None
    assert function.events["MaximumRetryAttempts"] == 0
    assert function.events["MaximumEventAgeInSeconds"] == 60
    assert "DestinationConfig" not in function.events
    assert "DeadLetterConfig" not in function.properties
    at_once = function.properties["ReservedConcurrentExecutions"]
    assert at_once == UPKEEP_AT_ONCE[handler]


@pytest.mark.parametrize(
    ("handler", "minutes"), [("watchdog.handler", 1), ("config_sync.handler", 5)]
)
def test_a_function_is_started_again_and_again_and_a_start_that_fails_is_given_up(
    template: Template, handler: str, minutes: int
) -> None:
    _, schedule = schedule_of(template, handler)
    function = template.functions[handler]

    unit = "minute" if minutes == 1 else "minutes"
    assert schedule["ScheduleExpression"] == f"rate({minutes} {unit})"
    timeout = function.properties["Timeout"]
    assert timeout < 60 * minutes, "a pass is over before the next one begins"
    assert schedule["ScheduleExpressionTimezone"] == "Etc/UTC"
    assert schedule["State"] == "ENABLED"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedule["Target"]["Input"] == '{"v":1}'
    assert schedule["Target"]["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 60,
        "MaximumRetryAttempts": 0,
    }
    assert "DeadLetterConfig" not in schedule["Target"]


@pytest.mark.parametrize("handler", ["watchdog.handler", "config_sync.handler"])
def test_what_starts_a_function_invokes_it_alone_and_is_nobody_elses(
    template: Template, handler: str
) -> None:
    id_, schedule = schedule_of(template, handler)
    group, role = started_by(template, schedule)
    function = template.functions[handler].logical_id

    assert {group, role} <= set(template.resources[id_]["DependsOn"])
    assert template.statements_of(role) == [
        {
            "Action": "lambda:InvokeFunction",
            "Effect": "Allow",
            "Resource": {"Fn::GetAtt": [function, "Arn"]},
        }
    ]


@pytest.mark.parametrize(("stage", "days"), [("prod", 90), ("staging", 14), ("local", 1)])
def test_every_log_is_a_functions_own_and_ends(
    request: pytest.FixtureRequest, stage: str, days: int
) -> None:
    template: Template = request.getfixturevalue(stage)
    groups = template.of_type("AWS::Logs::LogGroup")
    own = [target(f.properties["LoggingConfig"]["LogGroup"]) for f in template.functions.values()]

    assert len({*own}) == len(own)
    assert {*own} < groups.keys()
    for function in template.of_type("AWS::Lambda::Function").values():
        assert target(function["LoggingConfig"]["LogGroup"]) in groups, "CDK's own included"
    assert {group["RetentionInDays"] for group in groups.values()} == {days}


def test_the_local_stage_adds_its_own_to_every_functions_environment(local: Template) -> None:
    for function in local.functions.values():
        assert LOCAL_ENVIRONMENT.items() <= function.environment.items()
    for worker in workers(local):
        assert worker.environment["IDEXX_SYNC_NEO_HOSTS"] == ",".join(LOCAL_HOSTS)


def shipped(template: Template) -> dict[str, str]:
    """Function whose log is subscribed -> of which lines."""
    groups = {
        target(function.properties["LoggingConfig"]["LogGroup"]): handler
        for handler, function in template.functions.items()
    }
    return {
        groups[target(one["LogGroupName"])]: one["FilterPattern"]
        for one in template.of_type("AWS::Logs::SubscriptionFilter").values()
    }


KILLED = '?"Status: timeout" ?"Status: error" ?"Task timed out" ?"Runtime."'


def test_of_those_who_ship_themselves_only_that_they_were_killed_is_shipped(
    template: Template,
) -> None:
    answering = {handler for handler in READS if handler.endswith(".api")} | {"authorizer.handler"}
    alone = {"log_shipping.handler", "migrate.handler"}

    assert shipped(template) == {
        handler: "" if handler in answering else KILLED for handler in READS if handler not in alone
    }


def test_each_log_that_is_subscribed_may_invoke_who_ships(template: Template) -> None:
    allowed = {
        (target(one["FunctionName"]), target(one["SourceArn"]))
        for one in template.of_type("AWS::Lambda::Permission").values()
        if one["Principal"] == "logs.amazonaws.com"
    }

    assert allowed == {
        (target(one["DestinationArn"]), target(one["LogGroupName"]))
        for one in template.of_type("AWS::Logs::SubscriptionFilter").values()
    }


def test_lambda_writes_its_own_lines_as_the_text_that_is_read(template: Template) -> None:
    for function in template.functions.values():
        assert function.properties["LoggingConfig"].keys() == {"LogGroup"}


def test_every_stage_has_the_same_resources(template: Template, prod: Template) -> None:
    def is_named_by_stage(id_: str, resource: Any) -> bool:
        return resource["Type"] == "AWS::Lambda::Permission" or "Deployment" in id_

    def kinds(of: Template) -> list[tuple[str, Any]]:
        return sorted(
            (resource["Type"], "" if is_named_by_stage(id_, resource) else id_)
            for id_, resource in of.resources.items()
            if not id_.startswith(BY_DEPLOYMENT)
        )

    assert kinds(template) == kinds(prod)
