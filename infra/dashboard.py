"""The service on one page of CloudWatch: what it does for clinics first, what it costs last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import (
    AlarmStatusWidget,
    Dashboard,
    GraphWidget,
    IAlarm,
    IMetric,
    IWidget,
    LogQueryVisualizationType,
    LogQueryWidget,
    MathExpression,
    Metric,
)
from aws_cdk.aws_sqs import IQueue
from constructs import Construct

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.logs import SERVICE
from idexx_sync.core.measures import SERVICE_DIMENSION, Measure
from infra.http_api import AUTHORIZER_FAILURES
from infra.image import ImageFunction
from infra.stages import Stage

WIDTH: Final = 24
"""Of a page."""
HEIGHT: Final = 6
PERIOD: Final = Duration.minutes(5)
DAY: Final = Duration.days(1)
USD_PER_GB_SECOND: Final = 0.0000166667
USD_PER_INVOCATION: Final = 0.0000002
"""Of a function on x86, for the first 6 billion GB-seconds of a month."""
ENDS_BY_KIND: Final = (
    "filter message = 'run ended' and status != 'queued'",
    "stats count(*) as runs by sync, status, error_kind",
    "sort runs desc",
)
"""Of the workers' lines; a run whose job waits for its retry is none that has ended."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the page is about."""

    functions: Sequence[ImageFunction]
    workers: Mapping[SyncName, ImageFunction]
    tick_queues: Mapping[SyncName, IQueue]
    letters: IQueue
    poison: IQueue
    schedule_group: str
    api_name: str
    alarms: Sequence[IAlarm]


class ServiceDashboard(Construct):
    """One page for each stage; it only shows, and who has to act is told by alerts and alarms."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, shown: Shown) -> None:
        super().__init__(scope, id_)
        self._namespace = stage.stack_name
        self._shown = shown
        Dashboard(
            self,
            "Page",
            dashboard_name=stage.stack_name,
            default_interval=DAY,
            widgets=[
                [AlarmStatusWidget(title="Alarms", width=WIDTH, alarms=list(shown.alarms))],
                self._of_clinics(),
                self._of_runs(),
                self._of_ticks(),
                self._of_dead_letters(),
                self._of_functions(),
                self._of_api(),
                self._of_telling(),
                [self._cost()],
            ],
        )

    def _of_clinics(self) -> list[IWidget]:
        return [
            _graph(
                "Clinics on old data",
                self._ours("ClinicsOnOldData", "Maximum"),
            ),
            _graph(
                "Clinics that no login is tried for until they act",
                self._ours("ClinicsLockedOut", "Maximum"),
            ),
            _graph("Holds that wait for a person", self._ours("HoldsOpen", "Maximum")),
        ]

    def _of_runs(self) -> list[IWidget]:
        groups = [worker.log.log_group_name for worker in self._shown.workers.values()]
        return [
            _graph("Runs", self._ours("RunsEnded", "Sum"), self._ours("RunsFailed", "Sum")),
            _graph(
                "Seconds of a run",
                *(self._ours("RunSeconds", statistic) for statistic in ("p50", "p95", "p99")),
            ),
            LogQueryWidget(
                title="How runs ended, by kind of error",
                width=WIDTH // 3,
                height=HEIGHT,
                view=LogQueryVisualizationType.TABLE,
                log_group_names=groups,
                query_lines=list(ENDS_BY_KIND),
            ),
        ]

    def _of_ticks(self) -> list[IWidget]:
        queues = self._shown.tick_queues
        return [
            _graph("Ticks that had no run", self._ours("TicksMissed", "Sum")),
            _graph(
                "Age of the oldest tick in its queue, seconds",
                *(_of_queue(sync, queue, OLDEST) for sync, queue in queues.items()),
            ),
            _graph(
                "Ticks and EventBridge Scheduler",
                *(
                    self._of_schedules(metric)
                    for metric in (
                        "InvocationAttemptCount",
                        "TargetErrorCount",
                        "InvocationDroppedCount",
                    )
                ),
                self._ours("SchedulesNotMirrored", "Maximum"),
            ),
        ]

    def _of_dead_letters(self) -> list[IWidget]:
        letters, poison = self._shown.letters, self._shown.poison
        return [
            _graph(
                "Dead letters that nobody has taken in",
                _of_queue("dead letters", letters, WAITING),
                _of_queue("taken in by nobody", poison, WAITING),
            ),
            _graph("Dead letters that wait for a person", self._ours("LettersParked", "Maximum")),
            _graph(
                "Orders that AWS has dropped",
                *(
                    _of_function(worker, "AsyncEventsDropped", "Sum", sync)
                    for sync, worker in self._shown.workers.items()
                ),
            ),
        ]

    def _of_functions(self) -> list[IWidget]:
        functions = self._shown.functions
        return [
            _graph("Throttles", *(_of_function(one, "Throttles", "Sum") for one in functions)),
            _graph("Errors", *(_of_function(one, "Errors", "Sum") for one in functions)),
            _graph("Longest invocation, ms", *(_of_function(one, "Duration") for one in functions)),
        ]

    def _of_api(self) -> list[IWidget]:
        return [
            _graph("Requests", self._of_gateway("Count", "Sum")),
            _graph(
                "Requests that were refused, or failed",
                self._of_gateway("4XXError", "Sum"),
                self._of_gateway("5XXError", "Sum"),
                Metric(
                    namespace=self._namespace,
                    metric_name=AUTHORIZER_FAILURES,
                    statistic="Sum",
                    period=PERIOD,
                    label=AUTHORIZER_FAILURES,
                ),
            ),
            _graph(
                "Time to an answer, ms",
                self._of_gateway("Latency", "p50"),
                self._of_gateway("Latency", "p99"),
            ),
        ]

    def _of_telling(self) -> list[IWidget]:
        return [
            _graph(
                "Messages for Slack that wait",
                self._ours("UnsentMessages", "Maximum"),
                self._ours("OldestUnsentMessageSeconds", "Maximum"),
            ),
            _graph(
                "Lines that are not in Axiom",
                self._ours("LinesNotShipped", "Sum"),
                self._ours("LinesLeftOut", "Sum"),
            ),
            _graph("Steps of the watchdog that failed", self._ours("StepsRefused", "Sum")),
        ]

    def _cost(self) -> IWidget:
        """Of the functions alone, most of what the service costs; before any discount."""
        terms, used = [], {}
        for number, one in enumerate(self._shown.functions):
            used[f"d{number}"] = _of_function(one, "Duration", "Sum")
            used[f"n{number}"] = _of_function(one, "Invocations", "Sum")
            usd_per_ms = one.size.memory_mb / 1024 * USD_PER_GB_SECOND / 1000
            terms.append(
                f"FILL(d{number},0)*{usd_per_ms:.12f}+FILL(n{number},0)*{USD_PER_INVOCATION:.7f}"
            )
        cost = MathExpression(
            expression="+".join(terms), using_metrics=used, period=DAY, label="USD a day"
        )
        return GraphWidget(
            title="What the functions cost, about", width=WIDTH, height=HEIGHT, left=[cost]
        )

    def _ours(self, measure: Measure, statistic: str) -> IMetric:
        """What the service itself writes down."""
        label = f"{measure} {statistic}" if statistic.startswith("p") else measure
        return Metric(
            namespace=self._namespace,
            metric_name=measure,
            dimensions_map={SERVICE_DIMENSION: SERVICE},
            statistic=statistic,
            period=PERIOD,
            label=label,
        )

    def _of_schedules(self, metric: str) -> IMetric:
        return Metric(
            namespace="AWS/Scheduler",
            metric_name=metric,
            dimensions_map={"ScheduleGroup": self._shown.schedule_group},
            statistic="Sum",
            period=PERIOD,
        )

    def _of_gateway(self, metric: str, statistic: str) -> IMetric:
        return Metric(
            namespace="AWS/ApiGateway",
            metric_name=metric,
            dimensions_map={"ApiName": self._shown.api_name},
            statistic=statistic,
            period=PERIOD,
            label=f"{metric} {statistic}",
        )


OLDEST: Final = "ApproximateAgeOfOldestMessage"
WAITING: Final = "ApproximateNumberOfMessagesVisible"


def _graph(title: str, *metrics: IMetric) -> IWidget:
    return GraphWidget(title=title, width=WIDTH // 3, height=HEIGHT, left=list(metrics))


def _of_function(
    function: ImageFunction, metric: str, statistic: str = "Maximum", label: str | None = None
) -> IMetric:
    return Metric(
        namespace="AWS/Lambda",
        metric_name=metric,
        dimensions_map={"FunctionName": function.function.function_name},
        statistic=statistic,
        period=PERIOD,
        label=label or function.name,
    )


def _of_queue(label: str, queue: IQueue, metric: str) -> IMetric:
    return Metric(
        namespace="AWS/SQS",
        metric_name=metric,
        dimensions_map={"QueueName": queue.queue_name},
        statistic="Maximum",
        period=PERIOD,
        label=label,
    )
