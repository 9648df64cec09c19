"""Keys of ODIS's own, for stages that encrypt with them, and who may decrypt by which."""

from collections.abc import Iterator, Sequence
from typing import Final

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk.aws_iam import PolicyStatement
from aws_cdk.aws_kms import IKey, Key
from aws_cdk.aws_sqs import IQueue
from constructs import Construct, IConstruct

from infra.stages import Stage

TO_SEND: Final = ("kms:Decrypt", "kms:GenerateDataKey")
"""What SQS does as who puts something on an encrypted queue."""
WIDER: Final = ("kms:GenerateDataKey*", "kms:ReEncrypt*")
"""What the CDK grants a destination besides."""


class Keys(Construct):
    """The keys that the stage names; none is made here. Where none is named, AWS's own encrypt.
    The keys' policies, which let the account's roles be granted their use, are their owner's."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage) -> None:
        super().__init__(scope, id_)
        self._of_secrets = self._named("Secrets", stage.secrets_key_arn)
        self.of_queues = self._named("Queues", stage.queues_key_arn)

    def _named(self, id_: str, arn: str | None) -> IKey | None:
        return None if arn is None else Key.from_key_arn(self, id_, arn)

    def to_read_secrets(self) -> Iterator[PolicyStatement]:
        """By way of Secrets Manager only: who has the key's cipher text in hand opens nothing."""
        if self._of_secrets is not None:
            yield PolicyStatement(
                actions=["kms:Decrypt"],
                resources=[self._of_secrets.key_arn],
                conditions={
                    "StringEquals": {
                        "kms:ViaService": f"secretsmanager.{Stack.of(self).region}.amazonaws.com"
                    }
                },
            )

    def to_send(self, queues: Sequence[IQueue]) -> Iterator[PolicyStatement]:
        """Not grant_send_messages, which would let the sender look at the queue as well."""
        yield PolicyStatement(
            actions=["sqs:SendMessage"], resources=[queue.queue_arn for queue in queues]
        )
        if self.of_queues is not None:
            yield PolicyStatement(actions=list(TO_SEND), resources=[self.of_queues.key_arn])

    def explain_destination(self, sender: IConstruct) -> None:
        """Of a function whose failures the CDK lets it put on a queue."""
        if self.of_queues is not None:
            Validations.of(sender).acknowledge(
                *(
                    Acknowledgment(
                        id=f"AwsSolutions-IAM5[Action::{action}]",
                        reason="How the CDK lets a destination be reached; of one key only.",
                    )
                    for action in WIDER
                )
            )
