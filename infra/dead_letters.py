"""Where events end that a worker could not carry out, and who takes them in from there."""

from typing import Final

from aws_cdk import Acknowledgment, Duration, Validations
from aws_cdk.aws_kms import IKey
from aws_cdk.aws_lambda import EventSourceMapping
from aws_cdk.aws_lambda_destinations import SqsDestination
from aws_cdk.aws_sqs import DeadLetterQueue, Queue, QueueEncryption
from constructs import Construct

from infra.keys import Keys
from infra.log_shipping import ships_itself
from infra.secrets_by_name import SecretsByName
from infra.stages import Stage
from infra.upkeep_function import UpkeepFunction

KEPT_DAYS: Final = 14
"""SQS keeps nothing for longer."""
BATCH: Final = 10
AT_ONCE: Final = 2
"""Batches at once; AWS takes nothing smaller. A function for which less is reserved would be
throttled, and each time counts as a receive."""
HIDDEN_TIMEOUTS: Final = 6
"""Time-outs of a queue's function for which a received message is hidden from others, as AWS
advises."""


class DeadLetters(Construct):
    """The queue of failed invocations; one that can't be taken in either ends in a second one."""

    def __init__(
        self, scope: Construct, id_: str, *, stage: Stage, secrets: SecretsByName, keys: Keys
    ) -> None:
        super().__init__(scope, id_)
        self.keys = keys
        self.poison = kept_queue(self, "Poison", key=keys.of_queues)
        Validations.of(self.poison).acknowledge(
            Acknowledgment(
                id="AwsSolutions-SQS3",
                reason="This queue is itself where messages go that nobody can take in.",
            )
        )
        self.queue = kept_queue(
            self,
            "Queue",
            key=keys.of_queues,
            visibility_timeout=Duration.seconds(stage.dead_letters.timeout_s * HIDDEN_TIMEOUTS),
            dead_letter_queue=DeadLetterQueue(
                max_receive_count=stage.letters_received, queue=self.poison
            ),
        )
        self.function = consumer = UpkeepFunction(
            self,
            "Consumer",
            stage=stage,
            folder="dead_letters",
            size=stage.dead_letters,
            at_once=stage.dead_letters_at_once,
            secrets=secrets,
        )
        ships_itself(consumer, stage, secrets)
        self.queue.grant_consume_messages(consumer.function)
        EventSourceMapping(
            self,
            "Mapping",
            target=consumer.function,
            event_source_arn=self.queue.queue_arn,
            batch_size=BATCH,
            max_concurrency=AT_ONCE,
            report_batch_item_failures=True,
        )

    @property
    def destination(self) -> SqsDestination:
        return SqsDestination(self.queue)


def kept_queue(
    scope: Construct,
    id_: str,
    *,
    key: IKey | None,
    visibility_timeout: Duration | None = None,
    dead_letter_queue: DeadLetterQueue | None = None,
) -> Queue:
    """A queue that is encrypted, takes nothing in the clear, and keeps for as long as SQS can."""
    return Queue(
        scope,
        id_,
        encryption=QueueEncryption.SQS_MANAGED if key is None else QueueEncryption.KMS,
        encryption_master_key=key,
        enforce_ssl=True,
        retention_period=Duration.days(KEPT_DAYS),
        visibility_timeout=visibility_timeout,
        dead_letter_queue=dead_letter_queue,
    )
