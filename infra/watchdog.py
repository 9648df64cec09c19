"""The watchdog, and the schedule that starts it."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk.aws_iam import PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_scheduler import Schedule, ScheduleExpression, ScheduleGroup, TimeWindow
from aws_cdk.aws_scheduler_targets import LambdaInvoke
from aws_cdk.aws_sqs import IQueue
from constructs import Construct

from idexx_sync.core.catalog import SyncName
from infra.secrets_by_name import SecretsByName
from infra.stages import Stage
from infra.upkeep_function import EVENT_AGE_S, NO_RETRIES, UpkeepFunction

EVERY_MINUTES: Final = 1
QUEUES: Final = "IDEXX_SYNC_TICK_QUEUES"


class Watchdog(Construct):
    """One pass a minute. One that fails is not repeated and leaves no message: the next pass does
    its work, and passes that stay away show in the function's invocations and errors. It invokes
    nobody; runs that make up missed ones wait in the syncs' queues as the ticks do."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        secrets: SecretsByName,
        queues: Mapping[SyncName, IQueue],
    ) -> None:
        super().__init__(scope, id_)
        watchdog = UpkeepFunction(
            self,
            "Function",
            stage=stage,
            folder="watchdog",
            size=stage.watchdog,
            at_once=stage.watchdog_at_once,
            secrets=secrets,
        )
        urls = {sync: queue.queue_url for sync, queue in queues.items()}
        watchdog.set(QUEUES, Stack.of(self).to_json_string(urls))
        for queue in queues.values():
            # Not grant_send_messages, which would let it look at the queue as well.
            watchdog.function.add_to_role_policy(
                PolicyStatement(actions=["sqs:SendMessage"], resources=[queue.queue_arn])
            )
        group = ScheduleGroup(
            self,
            "Group",
            schedule_group_name=f"{stage.stack_name}-upkeep",
            removal_policy=RemovalPolicy.DESTROY,  # its name is wanted again
        )
        starter = self._starter(group, watchdog)
        schedule = Schedule(
            self,
            "Schedule",
            schedule_name=f"{stage.stack_name}-watchdog",
            schedule_group=group,
            schedule=ScheduleExpression.rate(Duration.minutes(EVERY_MINUTES)),
            time_window=TimeWindow.off(),
            enabled=True,
            target=LambdaInvoke(
                watchdog.function,
                # The construct would let the role invoke every version and alias as well.
                role=starter.without_policy_updates(),
                retry_attempts=NO_RETRIES,
                max_event_age=Duration.seconds(EVENT_AGE_S),
            ),
        )
        # It names its group, which by itself lets CloudFormation make the group after it.
        schedule.node.add_dependency(group, starter)

    def _starter(self, group: ScheduleGroup, watchdog: UpkeepFunction) -> Role:
        """The role of the group's schedules in this account, and of nobody else."""
        role = Role(
            self,
            "Starter",
            assumed_by=ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={
                    "StringEquals": {
                        "aws:SourceAccount": Stack.of(self).account,
                        "aws:SourceArn": group.schedule_group_arn,
                    }
                },
            ),
        )
        role.add_to_policy(
            PolicyStatement(
                actions=["lambda:InvokeFunction"], resources=[watchdog.function.function_arn]
            )
        )
        return role
