"""A function that a schedule of the stack starts, again and again."""

from typing import Final

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk.aws_iam import PolicyStatement, Role, ServicePrincipal
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
from infra.upkeep_function import EVENT_AGE_S, NO_RETRIES

EVENT: Final = {"v": 1}


def started_every(
    minutes: int, scope: Construct, *, group: str, schedule: str, function: ImageFunction
) -> None:
    """Make the schedule, in a group of its own, and the role as which it starts the function.

    A start that fails is given up and leaves no message: the next one does the same work.
    """
    own_group = ScheduleGroup(
        scope,
        "Group",
        schedule_group_name=group,
        removal_policy=RemovalPolicy.DESTROY,  # its name is wanted again
    )
    starter = role_of_schedules(scope, "Starter", own_group)
    starter.add_to_policy(
        PolicyStatement(
            actions=["lambda:InvokeFunction"], resources=[function.function.function_arn]
        )
    )
    made = Schedule(
        scope,
        "Schedule",
        schedule_name=schedule,
        schedule_group=own_group,
        schedule=ScheduleExpression.rate(Duration.minutes(minutes)),
        time_window=TimeWindow.off(),
        enabled=True,
        target=LambdaInvoke(
            function.function,
            # The construct would let the role invoke every version and alias as well.
            role=starter.without_policy_updates(),
            input=ScheduleTargetInput.from_object(EVENT),
            retry_attempts=NO_RETRIES,
            max_event_age=Duration.seconds(EVENT_AGE_S),
        ),
    )
    # It names its group, which by itself lets CloudFormation make the group after it.
    made.node.add_dependency(own_group, starter)


def role_of_schedules(scope: Construct, id_: str, group: ScheduleGroup) -> Role:
    """The role of the group's schedules in this account, and of nobody else."""
    return Role(
        scope,
        id_,
        assumed_by=ServicePrincipal(
            "scheduler.amazonaws.com",
            conditions={
                "StringEquals": {
                    "aws:SourceAccount": Stack.of(scope).account,
                    "aws:SourceArn": group.schedule_group_arn,
                }
            },
        ),
    )
