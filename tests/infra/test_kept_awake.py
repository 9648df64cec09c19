"""The call a day for functions that might else be put aside."""

import json
from importlib import import_module

import pytest

from tests.infra.schedules import schedule_of, started_by
from tests.infra.template import Template, grants_of

AWAITED = (
    "authorizer.handler",
    "case_sync.api",
    "inbound_sync.api",
    "reconciliation.api",
    "status.api",
)
"""Those for which somebody waits; nobody else starts them."""


@pytest.fixture(params=["prod", "staging", "local"])
def template(request: pytest.FixtureRequest) -> Template:
    found: Template = request.getfixturevalue(request.param)
    return found


def test_what_somebody_waits_for_is_called_once_a_day(template: Template) -> None:
    roles = set()
    for handler in AWAITED:
        id_, schedule = schedule_of(template, handler)
        group, role = started_by(template, schedule)
        assert schedule["ScheduleExpression"] == "rate(1 day)"
        assert schedule["State"] == "ENABLED"
        assert schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 0
        assert {group, role} <= set(template.resources[id_]["DependsOn"])
        roles.add(role)

    (role,) = roles
    assert grants_of(template.statements_of(role)) == {
        ("lambda:InvokeFunction", f"${{{template.functions[one].logical_id}.Arn}}")
        for one in AWAITED
    }


def test_everything_else_is_started_by_what_starts_it_again(template: Template) -> None:
    others = template.functions.keys() - set(AWAITED) - {"migrate.handler"}
    by_queue_or_schedule = {"case_sync.worker", "inbound_sync.worker", "reconciliation.worker"}

    assert others == by_queue_or_schedule | {
        "config_sync.handler", "dead_letters.handler", "log_shipping.handler", "watchdog.handler",
    }  # fmt: skip


@pytest.mark.parametrize("handler", [one for one in AWAITED if one.endswith(".api")])
def test_the_call_is_answered_without_secrets_and_database(prod: Template, handler: str) -> None:
    _, schedule = schedule_of(prod, handler)
    folder, _, name = handler.partition(".")
    call = getattr(import_module(f"functions.{folder}.handler"), name)

    assert call(json.loads(schedule["Target"]["Input"]), None)["statusCode"] == 404


def test_to_the_authorizer_it_is_a_request_without_a_key(prod: Template) -> None:
    """Not retried: to refuse is an error for Lambda."""
    _, schedule = schedule_of(prod, "authorizer.handler")
    authorizer = import_module("functions.authorizer.handler").handler

    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer(json.loads(schedule["Target"]["Input"]), None)
    events = prod.functions["authorizer.handler"].events
    assert events is not None
    assert events["MaximumRetryAttempts"] == 0
