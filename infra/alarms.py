"""What the database can't tell, because it is away, or because who would tell it is: by CloudWatch.

Each alarm's description ends with the section of the runbook that says what to do.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from aws_cdk import Acknowledgment, ArnFormat, Duration, Stack, Validations
from aws_cdk.aws_cloudwatch import (
    Alarm,
    ComparisonOperator,
    Metric,
    TreatMissingData,
)
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_iam import PolicyStatement, ServicePrincipal
from aws_cdk.aws_sns import Topic
from aws_cdk.aws_sqs import IQueue
from constructs import Construct

from idexx_sync.core.catalog import CATALOG, SyncName
from idexx_sync.core.logs import SERVICE
from idexx_sync.core.measures import (
    LINES_NOT_SHIPPED,
    NOT_MIRRORED,
    OLDEST_UNSENT,
    SERVICE_DIMENSION,
    STEPS_REFUSED,
    Measure,
)
from infra.http_api import AUTHORIZER_FAILURES
from infra.image import ImageFunction
from infra.stages import Stage

RUNBOOK: Final = "docs/runbook.md"
Statistic = Literal["Sum", "Maximum", "Minimum"]


@dataclass(frozen=True, kw_only=True)
class Watched:
    """One metric, and from when on somebody is told of it."""

    section: str
    """Of the runbook."""
    of: str | None = None
    """Of several alarms with one section, what this one is about."""
    what: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: Statistic
    above: float
    minutes: int
    """Of one period."""
    periods: int = 1
    below: bool = False
    """Whether it is told when it is no more than `above`."""
    silence_is_bad: bool = False
    """Whether it is told when nothing is known."""

    @property
    def name(self) -> str:
        return self.section if self.of is None else f"{self.of}-{self.section}"


class Alarms(Construct):
    """A topic, and an alarm for each metric that tells it when it begins and when it is over."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, watched: Iterable[Watched]):
        super().__init__(scope, id_)
        self.topic = Topic(self, "Topic", topic_name=f"{stage.stack_name}-alarms", enforce_ssl=True)
        Validations.of(self.topic).acknowledge(
            Acknowledgment(
                id="AwsSolutions-SNS2",
                reason="CloudWatch can't publish to a topic under the key that AWS manages, and an "
                "alarm holds names and numbers only.",
            )
        )
        self._let_alarms_publish()
        tells = SnsAction(self.topic)
        self.alarms: list[Alarm] = []
        for one in watched:
            alarm = Alarm(
                self,
                one.name,
                alarm_name=f"{stage.stack_name}-{one.name}",
                alarm_description=f"{one.what} {RUNBOOK}#{one.section}",
                metric=Metric(
                    namespace=one.namespace,
                    metric_name=one.metric,
                    dimensions_map=dict(one.dimensions),
                    statistic=one.statistic,
                    period=Duration.minutes(one.minutes),
                ),
                threshold=one.above,
                evaluation_periods=one.periods,
                comparison_operator=(
                    ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD
                    if one.below
                    else ComparisonOperator.GREATER_THAN_THRESHOLD
                ),
                treat_missing_data=(
                    TreatMissingData.BREACHING
                    if one.silence_is_bad
                    else TreatMissingData.NOT_BREACHING
                ),
            )
            alarm.add_alarm_action(tells)
            alarm.add_ok_action(tells)
            self.alarms.append(alarm)

    def _let_alarms_publish(self) -> None:
        """`enforce_ssl` makes a policy, which takes the place of the one that SNS would have given
        the topic; and only that one lets the account's alarms in."""
        stack = Stack.of(self)
        alarms = stack.format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name="*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self.topic.add_to_resource_policy(
            PolicyStatement(
                principals=[ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {"aws:SourceArn": alarms},
                },
            )
        )


def of_upkeep(
    stage: Stage, watchdog: ImageFunction, config_sync: ImageFunction
) -> Iterator[Watched]:
    yield _of_function(
        "watchdog-silent",
        watchdog,
        "Invocations",
        above=0,
        minutes=5,
        below=True,
        what="Nobody has started the watchdog for five minutes: no alert leaves, no missed run is "
        "made up.",
    )
    yield _of_function(
        "watchdog-failing",
        watchdog,
        "Errors",
        above=2,
        minutes=5,
        what="The watchdog's passes fail: no alert leaves, no missed run is made up.",
    )
    yield _of_measure(
        "messages-unsent",
        stage,
        OLDEST_UNSENT,
        what="What is to be told in Slack waits for more than ten minutes.",
        statistic="Maximum",
        above=600,
        minutes=5,
        periods=2,
        silence_is_bad=bool(stage.slack_channels) or stage.protected,
    )
    yield _of_measure(
        "steps-refused",
        stage,
        STEPS_REFUSED,
        what="The database refuses steps of the watchdog, again and again.",
        above=0,
        minutes=5,
        periods=3,
    )
    yield _of_function(
        "schedules-not-mirrored",
        config_sync,
        "Invocations",
        above=0,
        minutes=20,
        below=True,
        what="Nobody has started the mirror of the schedules: changed schedules take no effect.",
    )
    yield _of_function(
        "mirror-failing",
        config_sync,
        "Errors",
        above=1,
        minutes=15,
        what="The mirror's passes fail: changed schedules take no effect.",
    )
    yield _of_measure(
        "schedules-stuck",
        stage,
        NOT_MIRRORED,
        what="Schedules stay as they were in pass after pass: AWS refuses them, too many would go "
        "at once, or they are none of ours.",
        statistic="Maximum",
        above=0,
        minutes=10,
        periods=3,
    )


def of_letters(letters: IQueue, poison: IQueue) -> Iterator[Watched]:
    yield _of_queue(
        "dead-letters-ageing",
        letters,
        "ApproximateAgeOfOldestMessage",
        above=900,
        what="Nobody receives the dead letters: what AWS gave up is in no list.",
    )
    # One that is received again and again grows no older, as AWS counts.
    yield _of_queue(
        "dead-letters-returning",
        letters,
        "ApproximateNumberOfMessagesNotVisible",
        above=0,
        periods=4,
        what="Dead letters are received and not taken in: what AWS gave up is in no list.",
    )
    yield _of_queue(
        "dead-letters-poisoned",
        poison,
        "ApproximateNumberOfMessagesVisible",
        above=0,
        what="A dead letter could not be taken in, however often it was tried.",
    )


def of_workers(
    workers: Mapping[SyncName, ImageFunction], queues: Mapping[SyncName, IQueue]
) -> Iterator[Watched]:
    for sync, worker in workers.items():
        yield _of_function(
            "events-dropped",
            worker,
            "AsyncEventsDropped",
            above=0,
            minutes=5,
            what=f"AWS dropped orders of {sync} runs without trying them.",
            of=sync,
        )
        yield _of_function(
            "letters-lost",
            worker,
            "DestinationDeliveryFailures",
            above=0,
            minutes=5,
            what=f"AWS could not put a failed {sync} run among the dead letters.",
            of=sync,
        )
        yield _of_function(
            "orders-ageing",
            worker,
            "AsyncEventAge",
            # In ms; half of the time after which AWS would drop them.
            above=CATALOG[sync].begins_within.total_seconds() * 1000 / 2,
            minutes=5,
            periods=2,
            statistic="Maximum",
            what=f"Orders of {sync} runs wait for a worker.",
            of=sync,
        )
    for sync, queue in queues.items():
        yield _of_queue(
            "ticks-ageing",
            queue,
            "ApproximateAgeOfOldestMessage",
            above=CATALOG[sync].begins_within.total_seconds(),
            what=f"Ticks of {sync} wait in their queue longer than they may.",
            of=sync,
        )


def of_schedules(group: str) -> Iterator[Watched]:
    told = {
        "ticks-dropped": ("InvocationDroppedCount", "EventBridge Scheduler has dropped ticks."),
        "ticks-lost": (
            "InvocationsFailedToBeSentToDeadLetterCount",
            "Ticks that no queue took are not among the dead letters either.",
        ),
        "ticks-not-queued": (
            "TargetErrorCount",
            "EventBridge Scheduler can't put ticks on their queues.",
        ),
    }
    for section, (metric, what) in told.items():
        yield Watched(
            section=section,
            what=what,
            namespace="AWS/Scheduler",
            metric=metric,
            dimensions={"ScheduleGroup": group},
            statistic="Sum",
            above=0,
            minutes=5,
        )


def of_api(
    stage: Stage, authorizer: ImageFunction, functions: Iterable[ImageFunction]
) -> Iterator[Watched]:
    yield Watched(
        section="authorizer-failing",
        what="Keys can't be checked: callers of the API get 503.",
        namespace=stage.stack_name,
        metric=AUTHORIZER_FAILURES,
        dimensions={},
        statistic="Sum",
        above=2,
        minutes=5,
    )
    for function in functions:
        yield _of_function(
            "requests-throttled",
            function,
            "Throttles",
            above=0,
            minutes=5,
            periods=2,
            what="More requests than the function may answer at once: some callers get 503.",
            of=function.name,
        )
    yield _of_function(
        "authorizer-throttled",
        authorizer,
        "Throttles",
        above=0,
        minutes=5,
        periods=2,
        what="More callers than the authorizer may serve at once: some get 503.",
    )
    yield Watched(
        section="api-failing",
        what="The API answers with errors of ours.",
        namespace="AWS/ApiGateway",
        metric="5XXError",
        dimensions={"ApiName": stage.stack_name},
        statistic="Sum",
        above=5,
        minutes=5,
    )


def of_shipping(stage: Stage, shipping: ImageFunction) -> Iterator[Watched]:
    # One slow answer of Axiom costs the lines of an event; only what goes on is told.
    yield _of_measure(
        "lines-not-shipped",
        stage,
        LINES_NOT_SHIPPED,
        what="Lines of the log do not arrive in Axiom, again and again.",
        above=0,
        minutes=15,
        periods=2,
    )
    yield _of_function(
        "log-shipping-failing",
        shipping,
        "Errors",
        above=2,
        minutes=15,
        what="Lines of the API's functions do not arrive in Axiom.",
    )


def _of_measure(
    section: str,
    stage: Stage,
    measure: Measure,
    *,
    what: str,
    above: float,
    minutes: int,
    periods: int,
    statistic: Statistic = "Sum",
    silence_is_bad: bool = False,
) -> Watched:
    """Of what the service itself writes down."""
    return Watched(
        section=section,
        what=what,
        namespace=stage.stack_name,
        metric=measure,
        dimensions={SERVICE_DIMENSION: SERVICE},
        statistic=statistic,
        above=above,
        minutes=minutes,
        periods=periods,
        silence_is_bad=silence_is_bad,
    )


def _of_function(
    section: str,
    function: ImageFunction,
    metric: str,
    *,
    what: str,
    above: float,
    minutes: int,
    periods: int = 1,
    below: bool = False,
    of: str | None = None,
    statistic: Statistic = "Sum",
) -> Watched:
    return Watched(
        section=section,
        of=of,
        what=what,
        namespace="AWS/Lambda",
        metric=metric,
        dimensions={"FunctionName": function.function.function_name},
        statistic=statistic,
        above=above,
        minutes=minutes,
        periods=periods,
        below=below,
        silence_is_bad=below,
    )


def _of_queue(
    section: str,
    queue: IQueue,
    metric: str,
    *,
    what: str,
    above: float,
    of: str | None = None,
    periods: int = 1,
) -> Watched:
    return Watched(
        section=section,
        of=of,
        what=what,
        namespace="AWS/SQS",
        metric=metric,
        dimensions={"QueueName": queue.queue_name},
        statistic="Maximum",
        above=above,
        minutes=5,
        periods=periods,
    )
