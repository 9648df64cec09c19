"""Alarms in the template: each with somebody to tell, and a section of the runbook that helps."""

import re
from collections.abc import Iterator

import pytest

from tests.infra.template import Resource, Template, flat, listed, target
from tests.kit.paths import ROOT

RUNBOOK = (ROOT / "docs/runbook.md").read_text()
SECTIONS = set(re.findall(r"^## (.+)$", RUNBOOK.partition("\n# Alarms\n")[2], re.MULTILINE))
ALARM = "AWS::CloudWatch::Alarm"


def described(template: Template) -> dict[str, str]:
    """Name of each alarm without the stack's -> the section that its description ends with."""
    return {
        alarm["AlarmName"].partition("-prod-")[2]: alarm["AlarmDescription"].rpartition("#")[2]
        for alarm in template.of_type(ALARM).values()
    }


def test_each_alarm_has_a_section_of_the_runbook_and_each_section_an_alarm(prod: Template) -> None:
    assert set(described(prod).values()) == SECTIONS


def test_each_alarm_tells_a_topic_when_it_begins_and_when_it_is_over(prod: Template) -> None:
    topic, _ = prod.only("AWS::SNS::Topic")

    for alarm in prod.of_type(ALARM).values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}]


def policy_of(template: Template, topic: str) -> Iterator[Resource]:
    """The statements about who may use it."""
    for policy in template.of_type("AWS::SNS::TopicPolicy").values():
        if {"Ref": topic} in policy["Topics"]:
            yield from policy["PolicyDocument"]["Statement"]


@pytest.mark.parametrize("stage", ["prod", "staging", "local"])
def test_cloudwatch_may_publish_to_the_topic_of_each_alarm(
    stage: str, request: pytest.FixtureRequest
) -> None:
    """A policy of ours takes the place of SNS's own, which would let the account's alarms in."""
    template: Template = request.getfixturevalue(stage)

    for alarm in template.of_type(ALARM).values():
        for topic in map(target, [*alarm["AlarmActions"], *alarm["OKActions"]]):
            (allowed,) = (one for one in policy_of(template, topic) if one["Effect"] == "Allow")
            assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
            assert listed(allowed["Action"]) == ["sns:Publish"]
            assert allowed["Resource"] == {"Ref": topic}
            conditions = allowed["Condition"]
            assert conditions["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
            arn = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"
            assert flat(conditions["ArnLike"]["aws:SourceArn"]) == arn
            # Under a key, CloudWatch would need the key's leave as well.
            assert "KmsMasterKeyId" not in template.resources[topic]["Properties"]


SILENT = ("watchdog-silent", "schedules-not-mirrored", "messages-unsent")


@pytest.mark.parametrize("name", ["watchdog-silent", "schedules-not-mirrored"])
def test_where_nothing_is_known_nobody_has_started_it(prod: Template, name: str) -> None:
    (alarm,) = (
        one for one in prod.of_type(ALARM).values() if one["AlarmName"].endswith(f"-{name}")
    )

    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["ComparisonOperator"] == "LessThanOrEqualToThreshold"
    assert (alarm["MetricName"], alarm["Threshold"]) == ("Invocations", 0)


def test_of_all_others_silence_is_good_news(prod: Template) -> None:
    for alarm in prod.of_type(ALARM).values():
        is_bad = alarm["AlarmName"].endswith(SILENT)
        assert alarm["TreatMissingData"] == ("breaching" if is_bad else "notBreaching")


@pytest.mark.parametrize(("stage", "told"), [("staging", "notBreaching"), ("untold", "breaching")])
def test_where_nobody_is_told_in_slack_nothing_waits_but_in_production_that_is_told(
    stage: str, told: str, request: pytest.FixtureRequest
) -> None:
    template: Template = request.getfixturevalue(stage)
    (alarm,) = (
        one
        for one in template.of_type(ALARM).values()
        if one["AlarmName"].endswith("messages-unsent")
    )
    assert alarm["TreatMissingData"] == told


def test_what_is_watched(prod: Template) -> None:
    watched = {(alarm["Namespace"], alarm["MetricName"]) for alarm in prod.of_type(ALARM).values()}

    assert watched == {
        ("AWS/Lambda", "Invocations"),
        ("AWS/Lambda", "Errors"),
        ("AWS/Lambda", "Throttles"),
        ("AWS/Lambda", "AsyncEventAge"),
        ("AWS/Lambda", "AsyncEventsDropped"),
        ("AWS/Lambda", "DestinationDeliveryFailures"),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("AWS/SQS", "ApproximateNumberOfMessagesNotVisible"),
        ("AWS/Scheduler", "InvocationDroppedCount"),
        ("AWS/Scheduler", "InvocationsFailedToBeSentToDeadLetterCount"),
        ("AWS/Scheduler", "TargetErrorCount"),
        ("AWS/ApiGateway", "5XXError"),
        ("idexx-sync-prod", "AuthorizerFailures"),
        ("idexx-sync-prod", "LinesNotShipped"),
        ("idexx-sync-prod", "OldestUnsentMessageSeconds"),
        ("idexx-sync-prod", "StepsRefused"),
        ("idexx-sync-prod", "SchedulesNotMirrored"),
    }


@pytest.mark.parametrize(
    ("name", "metric"),
    [("lines-not-shipped", "LinesNotShipped"), ("log-shipping-failing", "Errors")],
)
def test_that_lines_do_not_arrive_is_told(prod: Template, name: str, metric: str) -> None:
    (alarm,) = (
        one for one in prod.of_type(ALARM).values() if one["AlarmName"].endswith(f"-{name}")
    )
    (dimension,) = alarm["Dimensions"]

    assert alarm["MetricName"] == metric
    whose = {
        "LinesNotShipped": "idexx-sync",
        "Errors": {"Ref": prod.functions["log_shipping.handler"].logical_id},
    }
    assert dimension["Value"] == whose[metric]


def named(template: Template, ending: str) -> list[Resource]:
    return [
        one for one in template.of_type(ALARM).values() if one["AlarmName"].endswith(f"-{ending}")
    ]


def test_an_order_that_waits_is_told_before_aws_drops_it(prod: Template) -> None:
    dropped_after = {
        one.logical_id: one.events["MaximumEventAgeInSeconds"]
        for name, one in prod.functions.items()
        if name.endswith(".worker") and one.events is not None
    }
    told_after = {
        target(one["Dimensions"][0]["Value"]): one["Threshold"] / 1000
        for one in named(prod, "orders-ageing")
    }

    assert told_after == {worker: seconds / 2 for worker, seconds in dropped_after.items()}
    assert {one["Statistic"] for one in named(prod, "orders-ageing")} == {"Maximum"}


def test_requests_that_find_no_function_are_told(prod: Template) -> None:
    throttled = {
        target(one["Dimensions"][0]["Value"])
        for one in prod.of_type(ALARM).values()
        if one["MetricName"] == "Throttles"
    }

    awaited = (one for name, one in prod.functions.items() if name.endswith(".api"))
    authorizer = prod.functions["authorizer.handler"]
    assert throttled == {one.logical_id for one in (*awaited, authorizer)}


def test_that_keys_cannot_be_checked_is_counted_by_the_gateway_and_not_by_the_function(
    prod: Template,
) -> None:
    """To refuse a bad key is an error of the function as well."""
    (alarm,) = named(prod, "authorizer-failing")
    _, counted = prod.only("AWS::Logs::MetricFilter")
    (made,) = counted["MetricTransformations"]

    assert "Dimensions" not in alarm
    assert (alarm["Namespace"], alarm["MetricName"]) == (
        made["MetricNamespace"],
        made["MetricName"],
    )
