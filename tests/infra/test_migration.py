"""When a deployment migrates, and what invokes the function that does."""

import pytest

from infra.stages import PROD
from tests.infra.template import Template, flat, granted, grants_of, target


@pytest.fixture(params=["prod", "staging"])
def template(request: pytest.FixtureRequest) -> Template:
    found: Template = request.getfixturevalue(request.param)
    return found


def test_no_function_changes_before_the_migrations_are_applied(template: Template) -> None:
    trigger, _ = template.only("Custom::Trigger")

    for handler, function in template.functions.items():
        waits = trigger in template.resources[function.logical_id]["DependsOn"]
        assert waits == (handler != "migrate.handler"), handler


def test_a_deployment_waits_for_the_migrations_and_stops_where_they_fail(
    template: Template,
) -> None:
    """A version is another one as soon as image or settings of the function are."""
    _, trigger = template.only("Custom::Trigger")
    version = template.resources[target(trigger["HandlerArn"])]

    assert version["Type"] == "AWS::Lambda::Version"
    function = template.functions["migrate.handler"]
    assert target(version["Properties"]["FunctionName"]) == function.logical_id
    assert trigger["InvocationType"] == "RequestResponse"
    assert trigger["ExecuteOnHandlerChange"] is True
    assert int(trigger["Timeout"]) > 1000 * function.properties["Timeout"]


def test_what_invokes_it_may_do_only_that_and_writes_a_log_that_ends(template: Template) -> None:
    _, trigger = template.only("Custom::Trigger")
    invoker = template.resources[target(trigger["ServiceToken"])]["Properties"]
    log = target(invoker["LoggingConfig"]["LogGroup"])
    role = template.resources[target(invoker["Role"])]["Properties"]
    (policy,) = role["Policies"]
    migrating = template.functions["migrate.handler"].logical_id

    assert "ManagedPolicyArns" not in role
    assert grants_of(policy["PolicyDocument"]["Statement"]) == {
        ("lambda:InvokeFunction", f"${{{migrating}.Arn}}:*"),
        *granted(("logs:CreateLogStream", "logs:PutLogEvents"), f"${{{log}.Arn}}"),
    }
    assert invoker["Timeout"] >= int(trigger["Timeout"]) / 1000


def test_the_local_stage_is_migrated_by_who_starts_it(local: Template) -> None:
    assert PROD.migrates_as_it_deploys
    assert not local.of_type("Custom::Trigger")
    outputs = local.outputs["MigrateFunction"]["Value"]
    assert flat(outputs) == f"${{{local.functions['migrate.handler'].logical_id}}}"
