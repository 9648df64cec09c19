"""The watchdog, and the schedule that starts it."""

import json
from collections.abc import Mapping
from typing import Final

from aws_cdk import Stack
from aws_cdk.aws_sqs import IQueue
from constructs import Construct

from idexx_sync.core.catalog import SyncName
from infra.keys import Keys
from infra.log_shipping import ships_itself
from infra.regular_start import started_every
from infra.secrets_by_name import SecretsByName
from infra.stages import Stage
from infra.upkeep_function import UpkeepFunction

EVERY_MINUTES: Final = 1
QUEUES: Final = "IDEXX_SYNC_TICK_QUEUES"
CHANNELS: Final = "IDEXX_SYNC_SLACK_CHANNELS"


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
        keys: Keys,
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
        if stage.slack_channels:
            watchdog.set(CHANNELS, json.dumps(dict(stage.slack_channels)))
            secrets.let_read(watchdog, "slack")
        ships_itself(watchdog, stage, secrets)
        self.function = watchdog
        urls = {sync: queue.queue_url for sync, queue in queues.items()}
        watchdog.set(QUEUES, Stack.of(self).to_json_string(urls))
        for statement in keys.to_send(list(queues.values())):
            watchdog.function.add_to_role_policy(statement)
        started_every(
            EVERY_MINUTES,
            self,
            group=f"{stage.stack_name}-upkeep",
            schedule=f"{stage.stack_name}-watchdog",
            function=watchdog,
        )
