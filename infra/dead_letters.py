"""Where events end that a worker could not carry out."""

from aws_cdk import Acknowledgment, Duration, Validations
from aws_cdk.aws_lambda_destinations import SqsDestination
from aws_cdk.aws_sqs import Queue, QueueEncryption
from constructs import Construct

KEPT_DAYS = 14
"""SQS keeps nothing for longer."""


class DeadLetters(Construct):
    """The queue of failed invocations; until there is a consumer they stay there."""

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        self.queue = Queue(
            self,
            "Queue",
            encryption=QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(KEPT_DAYS),
        )
        Validations.of(self.queue).acknowledge(
            Acknowledgment(
                id="AwsSolutions-SQS3",
                reason="This queue is itself where dead letters go.",
            )
        )

    @property
    def destination(self) -> SqsDestination:
        return SqsDestination(self.queue)
