"""Alarms in the template: each with somebody to tell, and a section of the runbook that helps."""

import re

import pytest

from tests.infra.template import Template
from tests.kit.paths import ROOT

RUNBOOK = (ROOT / "docs/runbook.md").read_text()
SECTIONS = set(re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE))
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


def test_where_nobody_is_told_in_slack_nothing_waits(staging: Template) -> None:
    (alarm,) = (
        one
        for one in staging.of_type(ALARM).values()
        if one["AlarmName"].endswith("messages-unsent")
    )
    assert alarm["TreatMissingData"] == "notBreaching"


def test_what_is_watched(prod: Template) -> None:
    watched = {(alarm["Namespace"], alarm["MetricName"]) for alarm in prod.of_type(ALARM).values()}

    assert watched == {
        ("AWS/Lambda", "Invocations"),
        ("AWS/Lambda", "Errors"),
        ("AWS/Lambda", "Throttles"),
        ("AWS/Lambda", "AsyncEventsDropped"),
        ("AWS/Lambda", "DestinationDeliveryFailures"),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("AWS/SQS", "ApproximateNumberOfMessagesNotVisible"),
        ("AWS/Scheduler", "InvocationDroppedCount"),
        ("AWS/Scheduler", "InvocationsFailedToBeSentToDeadLetterCount"),
        ("AWS/Scheduler", "TargetErrorCount"),
        ("AWS/ApiGateway", "5XXError"),
        ("idexx-sync-prod", "OldestUnsentMessageSeconds"),
        ("idexx-sync-prod", "StepsRefused"),
        ("idexx-sync-prod", "SchedulesNotMirrored"),
    }
