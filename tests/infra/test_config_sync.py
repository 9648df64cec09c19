"""The clinics' schedules in the template: whose they are, where they lead, who may change them."""

import json

import pytest

from idexx_sync.core.catalog import SYNCS
from idexx_sync.schedules.mirror.one_pass import Order
from idexx_sync.upkeep.mirroring import order_of
from tests.infra.schedules import (
    clinics_group,
    letters_queue,
    role_of_ticks,
    tick_queues,
    trust_of,
)
from tests.infra.template import Template, listed, target


@pytest.fixture(params=["prod", "staging", "local"])
def template(request: pytest.FixtureRequest) -> Template:
    found: Template = request.getfixturevalue(request.param)
    return found


def test_r30_the_clinics_schedules_have_a_group_that_holds_nothing_of_the_stack(
    template: Template,
) -> None:
    _, name = clinics_group(template)

    groups = [one["GroupName"] for one in template.of_type("AWS::Scheduler::Schedule").values()]
    assert name not in groups


def test_r30_their_role_puts_ticks_on_the_queues_and_what_fails_on_that_of_dead_letters(
    template: Template,
) -> None:
    group, _ = clinics_group(template)
    role = role_of_ticks(template)
    (statement,) = template.statements_of(role)

    assert trust_of(template, role) == group
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sqs:SendMessage")
    queues = tick_queues(template)
    assert queues.keys() == set(SYNCS)
    assert {target(one) for one in listed(statement["Resource"])} == {
        *queues.values(),
        letters_queue(template),
    }


def test_r30_only_one_function_changes_schedules_and_gives_them_that_role_alone(
    template: Template,
) -> None:
    """What it may change exactly says `test_each_function_may_do_exactly_what_it_needs`."""
    changing = {
        handler: statement
        for handler, function in template.functions.items()
        for statement in function.statements
        if any(one.startswith(("scheduler:", "iam:")) for one in listed(statement["Action"]))
    }

    assert changing.keys() == {"config_sync.handler"}
    passing = [
        one
        for one in template.functions["config_sync.handler"].statements
        if "iam:PassRole" in listed(one["Action"])
    ]
    assert [one["Condition"] for one in passing] == [
        {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
    ]
    assert target(passing[0]["Resource"]) == role_of_ticks(template)


def test_r30_they_are_made_to_fit_a_deployment_when_it_is_over_and_not_by_it(
    template: Template,
) -> None:
    """What a deployment waits for can turn it back."""
    _, rule = template.only("AWS::Events::Rule")
    (started,) = rule["Targets"]

    assert rule["State"] == "ENABLED"
    assert rule["EventPattern"] == {
        "source": ["aws.cloudformation"],
        "detail-type": ["CloudFormation Stack Status Change"],
        "detail": {
            "stack-id": [{"Ref": "AWS::StackId"}],
            "status-details": {
                "status": ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"]
            },
        },
    }
    assert target(started["Arn"]) == template.functions["config_sync.handler"].logical_id
    assert order_of(json.loads(started["Input"])) == Order()
    assert started["RetryPolicy"]["MaximumRetryAttempts"] == 0
