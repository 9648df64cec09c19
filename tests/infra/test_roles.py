"""Every role of the stack: whose it is, and that nothing may be done by one unseen."""

import pytest

from tests.infra.schedules import role_of_ticks, schedule_of
from tests.infra.template import Template, flat, grants_of, target

OF_THE_GATEWAY = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
OF_SCHEDULES = ("watchdog.handler", "config_sync.handler", "status.api")
"""A function of each role by which EventBridge Scheduler starts functions."""


def test_each_role_is_of_a_function_or_is_named_here(prod: Template) -> None:
    """What each may do is said by the tests of whose it is."""
    functions = {target(one.properties["Role"]) for one in prod.functions.values()}
    starters = {
        target(schedule_of(prod, handler)[1]["Target"]["RoleArn"]) for handler in OF_SCHEDULES
    }
    _, trigger = prod.only("Custom::Trigger")
    invoker = target(prod.resources[target(trigger["ServiceToken"])]["Properties"]["Role"])
    _, account = prod.only("AWS::ApiGateway::Account")
    gateway = target(account["CloudWatchRoleArn"])

    known = functions | starters | {role_of_ticks(prod), invoker, gateway}
    assert known == prod.of_type("AWS::IAM::Role").keys()
    assert len(known) == len(prod.functions) + len(OF_SCHEDULES) + 3


@pytest.mark.parametrize("stage", ["prod", "apart", "full"])
def test_a_role_has_a_policy_of_aws_or_its_own_and_only_the_gateways_has_one_of_aws(
    stage: str, request: pytest.FixtureRequest
) -> None:
    template: Template = request.getfixturevalue(stage)
    managed = {
        flat(policy)
        for role in template.of_type("AWS::IAM::Role").values()
        for policy in role.get("ManagedPolicyArns", ())
    }

    assert {one.partition("policy/")[2] for one in managed} <= {OF_THE_GATEWAY}
    assert not template.of_type("AWS::IAM::ManagedPolicy")
    assert not template.of_type("AWS::IAM::User")
    assert not template.of_type("AWS::IAM::AccessKey")


def test_each_policy_is_of_one_role_and_each_function_has_a_role_of_its_own(prod: Template) -> None:
    for policy in prod.of_type("AWS::IAM::Policy").values():
        assert len(policy["Roles"]) == 1
    roles = [target(one.properties["Role"]) for one in prod.functions.values()]
    assert len({*roles}) == len(roles)


def test_log_of_refused_packets_is_all_that_its_role_may_write(full: Template) -> None:
    _, flows = full.only("AWS::EC2::FlowLog")
    role, log = target(flows["DeliverLogsPermissionArn"]), target(flows["LogGroupName"])

    grants = grants_of(full.statements_of(role))
    assert {resource for _, resource in grants} == {f"${{{log}.Arn}}"}
    assert all(action.startswith("logs:") for action, _ in grants)
