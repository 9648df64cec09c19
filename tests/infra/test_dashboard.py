"""The page of CloudWatch: it shows what exists, and all that the service itself measures."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

import pytest

from idexx_sync.core.measures import Measure
from infra.http_api import AUTHORIZER_FAILURES
from infra.stages import PROD
from tests.infra.template import Template, flat
from tests.unit.docs.test_axiom import fields, messages

OF_AWS = {
    "AWS/Lambda": {"Invocations", "Errors", "Throttles", "Duration", "AsyncEventsDropped"},
    "AWS/SQS": {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"},
    "AWS/Scheduler": {"InvocationAttemptCount", "TargetErrorCount", "InvocationDroppedCount"},
    "AWS/ApiGateway": {"Count", "4XXError", "5XXError", "Latency"},
}
"""As AWS documents them; all that it counts there by these dimensions is said here once more."""
DIMENSIONS = {
    "AWS/Lambda": "FunctionName",
    "AWS/SQS": "QueueName",
    "AWS/Scheduler": "ScheduleGroup",
    "AWS/ApiGateway": "ApiName",
}


@dataclass(frozen=True)
class Plotted:
    """One line of a graph."""

    namespace: str
    name: str
    dimension: str
    value: str


def widgets(template: Template) -> list[dict[str, Any]]:
    _, page = template.only("AWS::CloudWatch::Dashboard")
    found: list[dict[str, Any]] = json.loads(flat(page["DashboardBody"]))["widgets"]
    return [one["properties"] for one in found]


def plotted(template: Template) -> Iterator[Plotted]:
    for widget in widgets(template):
        for line in widget.get("metrics", []):
            words = [word for word in line if isinstance(word, str)]
            if words:
                namespace, name, dimension, value = (*words, "", "")[:4]
                yield Plotted(namespace, name, dimension, value)


@pytest.mark.parametrize("stage", ["prod", "staging", "local"])
def test_what_it_shows_of_ours_is_what_we_measure_and_all_of_it(
    stage: str, request: pytest.FixtureRequest
) -> None:
    template: Template = request.getfixturevalue(stage)
    ours = [one for one in plotted(template) if not one.namespace.startswith("AWS/")]
    written = [one for one in ours if one.name != AUTHORIZER_FAILURES]

    assert {one.namespace for one in ours} == {f"idexx-sync-{stage}"}
    assert {(one.dimension, one.value) for one in written} == {("service", "idexx-sync")}
    assert {one.name for one in written} == set(get_args(Measure))
    (counted,) = (one for one in ours if one.name == AUTHORIZER_FAILURES)
    assert (counted.dimension, counted.value) == ("", "")


def test_what_it_shows_of_aws_is_what_aws_counts(prod: Template) -> None:
    theirs = [one for one in plotted(prod) if one.namespace.startswith("AWS/")]

    shown: dict[str, set[str]] = {}
    for one in theirs:
        shown.setdefault(one.namespace, set()).add(one.name)
        assert one.dimension == DIMENSIONS[one.namespace]
    assert shown == OF_AWS


def test_it_shows_functions_and_queues_that_the_stack_has(prod: Template) -> None:
    queues = set(prod.of_type("AWS::SQS::Queue"))
    functions = {function.logical_id for function in prod.functions.values()}
    shown = list(plotted(prod))

    of_lambda = {one.value for one in shown if one.name == "Throttles"}
    assert of_lambda == {f"${{{function}}}" for function in functions}
    of_queues = {one.value for one in shown if one.namespace == "AWS/SQS"}
    assert of_queues == {f"${{{queue}.QueueName}}" for queue in queues}


def test_how_runs_ended_is_asked_of_lines_that_workers_write(prod: Template) -> None:
    (query,) = (one["query"] for one in widgets(prod) if "query" in one)
    logs = {
        flat(one.properties["LoggingConfig"]["LogGroup"])
        for name, one in prod.functions.items()
        if name.endswith(".worker")
    }

    assert set(re.findall(r"SOURCE '([^']+)'", query)) == logs
    (message,) = re.findall(r"message = '([^']+)'", query)
    assert message in messages()
    named = set(re.findall(r"by (.+)", query)[0].split(", ")) | {"status"}
    assert named == {"sync", "status", "error_kind"}
    assert named <= fields() | {"sync"}, "each line of a run names its sync"


def test_what_it_says_of_cost_is_of_all_functions_and_their_sizes(prod: Template) -> None:
    (cost,) = (one for one in widgets(prod) if one["title"].endswith("cost, about"))
    (expression,) = (line[0]["expression"] for line in cost["metrics"] if isinstance(line[0], dict))
    rates = [float(rate) for rate in re.findall(r"FILL\(d\d+,0\)\*([\d.]+)", expression)]
    memory = [one.properties["MemorySize"] for one in prod.functions.values()]

    assert len(re.findall(r"FILL\(n\d+,0\)", expression)) == len(memory)
    expected = sorted(mb / 1024 * 0.0000166667 / 1000 for mb in memory)
    assert sorted(rates) == pytest.approx(expected, rel=1e-3)
    assert len(expression) <= 2048, "CloudWatch takes no longer one"


def test_it_has_the_state_of_each_alarm(prod: Template) -> None:
    (states,) = (one["alarms"] for one in widgets(prod) if "alarms" in one)

    assert set(states) == {f"${{{one}.Arn}}" for one in prod.of_type("AWS::CloudWatch::Alarm")}


def test_it_is_called_as_the_stack_is(prod: Template) -> None:
    _, page = prod.only("AWS::CloudWatch::Dashboard")

    assert page["DashboardName"] == PROD.stack_name
