"""A call a day for functions that might else have none for weeks."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk.aws_iam import PolicyStatement
from aws_cdk.aws_scheduler import (
    Schedule,
    ScheduleExpression,
    ScheduleGroup,
    ScheduleTargetInput,
    TimeWindow,
)
from aws_cdk.aws_scheduler_targets import LambdaInvoke
from constructs import Construct

from infra.image import ImageFunction
from infra.regular_start import role_of_schedules
from infra.stages import Stage
from infra.upkeep_function import EVENT_AGE_S, NO_RETRIES

NOBODYS: Final[Mapping[str, Any]] = {
    "resource": "/{proxy+}",
    "path": "/kept-awake",
    "httpMethod": "GET",
    "headers": {},
    "multiValueHeaders": {},
    "queryStringParameters": None,
    "multiValueQueryStringParameters": None,
    "pathParameters": {"proxy": "kept-awake"},
    "requestContext": {"requestId": "kept-awake", "path": "/kept-awake"},
    "body": None,
    "isBase64Encoded": False,
}
"""As the gateway would pass on a request for a path that nobody has: answered with 404, without
secrets and database."""


class KeptAwake(Construct):
    """AWS puts a function of an image aside that nobody has called for weeks, and then refuses the
    first call: what a person waits for is called once a day. What a queue or a schedule starts is
    started again by it."""

    def __init__(
        self, scope: Construct, id_: str, *, stage: Stage, functions: Sequence[ImageFunction]
    ) -> None:
        super().__init__(scope, id_)
        group = ScheduleGroup(
            self,
            "Group",
            schedule_group_name=f"{stage.stack_name}-awake",
            removal_policy=RemovalPolicy.DESTROY,
        )
        caller = role_of_schedules(self, "Caller", group)
        caller.add_to_policy(
            PolicyStatement(
                actions=["lambda:InvokeFunction"],
                resources=[one.function.function_arn for one in functions],
            )
        )
        for one in functions:
            made = Schedule(
                self,
                one.name,
                schedule_name=f"{one.full_name}-awake",
                schedule_group=group,
                schedule=ScheduleExpression.rate(Duration.days(1)),
                time_window=TimeWindow.off(),
                target=LambdaInvoke(
                    one.function,
                    role=caller.without_policy_updates(),
                    input=ScheduleTargetInput.from_object(dict(NOBODYS)),
                    retry_attempts=NO_RETRIES,
                    max_event_age=Duration.seconds(EVENT_AGE_S),
                ),
            )
            made.node.add_dependency(group, caller)
