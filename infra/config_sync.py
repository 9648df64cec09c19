"""The clinics' schedules in EventBridge Scheduler, and the function that keeps them."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import Acknowledgment, ArnFormat, Duration, RemovalPolicy, Stack, Token, Validations
from aws_cdk.aws_events import EventPattern, Rule, RuleTargetInput
from aws_cdk.aws_events_targets import LambdaFunction
from aws_cdk.aws_iam import PolicyStatement, Role
from aws_cdk.aws_scheduler import ScheduleGroup
from aws_cdk.aws_sqs import IQueue
from constructs import Construct

from idexx_sync.core.catalog import SyncName
from infra.dead_letters import DeadLetters
from infra.log_shipping import ships_itself
from infra.regular_start import EVENT, role_of_schedules, started_every
from infra.secrets_by_name import SecretsByName
from infra.stages import Stage
from infra.upkeep_function import EVENT_AGE_S, NO_RETRIES, UpkeepFunction

EVERY_MINUTES: Final = 5
VARIABLE: Final = "IDEXX_SYNC_CONFIG_SYNC_FUNCTION"
"""In which who may start the function finds its name."""
SCHEDULES: Final = "arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:schedule"
"""As cdk-nag writes it of a stage without a place."""
DEPLOYED: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
"""What becomes of the stack when a deployment is over, or has been turned back."""
SCHEDULER: Final = "scheduler.amazonaws.com"


class ConfigSync(Construct):
    """A group for the clinics' schedules, the role as which these put ticks on their queues, and
    the function that makes them equal to what the clinics' rows say: every five minutes, or for
    one clinic when it is invoked."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        secrets: SecretsByName,
        queues: Mapping[SyncName, IQueue],
        dead_letters: DeadLetters,
    ) -> None:
        super().__init__(scope, id_)
        self.group = ScheduleGroup(
            self,
            "Clinics",
            schedule_group_name=f"{stage.stack_name}-clinics",
            removal_policy=RemovalPolicy.DESTROY,  # with its schedules, which lead nowhere then
        )
        role = role_of_schedules(self, "Ticks", self.group)
        # To the queues of ticks, and to the one for what could not be handed over.
        for statement in dead_letters.keys.to_send([*queues.values(), dead_letters.queue]):
            role.add_to_policy(statement)
        self.function = UpkeepFunction(
            self,
            "Function",
            stage=stage,
            folder="config_sync",
            size=stage.config_sync,
            at_once=stage.config_sync_at_once,
            secrets=secrets,
        )
        ships_itself(self.function, stage, secrets)
        arns = {sync: queue.queue_arn for sync, queue in queues.items()}
        settings = {
            "IDEXX_SYNC_SCHEDULE_GROUP": self.group.schedule_group_name,
            "IDEXX_SYNC_SCHEDULE_ROLE_ARN": role.role_arn,
            "IDEXX_SYNC_SCHEDULE_DEAD_LETTERS_ARN": dead_letters.queue.queue_arn,
            "IDEXX_SYNC_TICK_QUEUE_ARNS": Stack.of(self).to_json_string(arns),
            "IDEXX_SYNC_SCHEDULER_CALLS_PER_SECOND": str(stage.scheduler_calls_per_second),
        }
        for name, value in settings.items():
            self.function.set(name, value)
        self._let_keep_schedules(role)
        started_every(
            EVERY_MINUTES,
            self,
            group=f"{stage.stack_name}-config-sync",
            schedule=f"{stage.stack_name}-config-sync",
            function=self.function,
        )
        self._start_after_deployments()

    def _start_after_deployments(self) -> None:
        """The schedules fit what is deployed as soon as it is. As the deployment is over by then,
        nothing that fails here can turn it back; the next pass comes within five minutes."""
        stack = Stack.of(self)
        Rule(
            self,
            "Deployed",
            description="Has the clinics' schedules made to fit what was deployed.",
            event_pattern=EventPattern(
                source=["aws.cloudformation"],
                detail_type=["CloudFormation Stack Status Change"],
                detail={
                    "stack-id": [stack.stack_id],
                    "status-details": {"status": list(DEPLOYED)},
                },
            ),
            targets=[
                LambdaFunction(
                    self.function.function,
                    event=RuleTargetInput.from_object(EVENT),
                    retry_attempts=NO_RETRIES,
                    max_event_age=Duration.seconds(EVENT_AGE_S),
                )
            ],
        )

    def _let_keep_schedules(self, role: Role) -> None:
        schedules = Stack.of(self).format_arn(
            service="scheduler",
            resource="schedule",
            resource_name=f"{self.group.schedule_group_name}/*",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        changes = [f"scheduler:{verb}Schedule" for verb in ("Create", "Update", "Delete")]
        for statement in (
            PolicyStatement(actions=changes, resources=[schedules]),
            # AWS knows no narrower resource of this action.
            PolicyStatement(actions=["scheduler:ListSchedules"], resources=["*"]),
            PolicyStatement(
                actions=["iam:PassRole"],
                resources=[role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": SCHEDULER}},
            ),
        ):
            self.function.function.add_to_role_policy(statement)
        self._explain()

    def _explain(self) -> None:
        stack = Stack.of(self)
        is_somewhere = not Token.is_unresolved(stack.region)
        place = f"arn:aws:scheduler:{stack.region}:{stack.account}:schedule"
        own = f"{place if is_somewhere else SCHEDULES}/{self.group.schedule_group_name}/*"
        Validations.of(self.function).acknowledge(
            Acknowledgment(
                id=f"AwsSolutions-IAM5[Resource::{own}]",
                reason="Schedules come and go with the clinics' rows: it may change any of its own "
                "group, and of no other.",
            ),
            Acknowledgment(
                id="AwsSolutions-IAM5[Resource::*]",
                reason="AWS knows no narrower resource for listing schedules.",
            ),
        )
