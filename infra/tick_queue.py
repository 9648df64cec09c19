"""Where the ticks of one sync wait for its worker."""

from typing import Final

from aws_cdk import Duration
from aws_cdk.aws_lambda import EventSourceMapping
from aws_cdk.aws_sqs import DeadLetterQueue
from constructs import Construct

from idexx_sync.core.catalog import SyncName
from idexx_sync.jobs.deliveries import MOST_RECEIVES
from infra.dead_letters import HIDDEN_TIMEOUTS, DeadLetters, kept_queue
from infra.image import ImageFunction
from infra.stages import Stage

ONE_AT_A_TIME: Final = 1
"""Messages in a batch: each run has the worker's whole time."""


class TickQueue(Construct):
    """The queue of a sync, whose mapping calls the worker for no more ticks at once than the stage
    says; what the queue gives up is a dead letter."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        sync: SyncName,
        worker: ImageFunction,
        dead_letters: DeadLetters,
    ) -> None:
        super().__init__(scope, id_)
        limits = stage.workers[sync]
        self.queue = kept_queue(
            self,
            "Queue",
            key=dead_letters.keys.of_queues,
            visibility_timeout=Duration.seconds(limits.size.timeout_s * HIDDEN_TIMEOUTS),
            dead_letter_queue=DeadLetterQueue(
                max_receive_count=MOST_RECEIVES, queue=dead_letters.queue
            ),
        )
        self.queue.grant_consume_messages(worker.function)
        EventSourceMapping(
            self,
            "Mapping",
            target=worker.function,
            event_source_arn=self.queue.queue_arn,
            batch_size=ONE_AT_A_TIME,
            max_concurrency=limits.for_ticks,
            report_batch_item_failures=True,
        )
