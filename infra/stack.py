"""The stack of one stage: composes the constructs, and nothing else."""

from aws_cdk import CfnOutput, Environment, Fn, Stack, Tags
from constructs import Construct

from idexx_sync.core.catalog import CATALOG, SYNCS
from infra.alarms import (
    Alarms,
    of_api,
    of_letters,
    of_schedules,
    of_shipping,
    of_upkeep,
    of_workers,
)
from infra.api_function import ApiFunction
from infra.config_sync import VARIABLE as CONFIG_SYNC
from infra.config_sync import ConfigSync
from infra.dashboard import ServiceDashboard, Shown
from infra.dead_letters import DeadLetters
from infra.firewall import Firewall
from infra.http_api import HttpApi
from infra.image import ImageFunction
from infra.kept_awake import KeptAwake
from infra.keys import Keys
from infra.log_shipping import LogShipping
from infra.login_function import LoginFunction
from infra.migration import Migration
from infra.network import FunctionNetwork
from infra.options import MOST_ZONES
from infra.secrets_by_name import SecretsByName
from infra.stages import Stage
from infra.sync_function import SyncFunction
from infra.upkeep_function import NO_RETRIES
from infra.watchdog import Watchdog


class IdexxSync(Stack):
    """The whole service."""

    @property
    def availability_zones(self) -> list[str]:
        """Named by CloudFormation as it deploys: to look them up would take an account."""
        return [Fn.select(zone, Fn.get_azs()) for zone in range(MOST_ZONES)]

    def __init__(self, scope: Construct, *, stage: Stage) -> None:
        super().__init__(
            scope,
            stage.stack_name,
            stack_name=stage.stack_name,
            description="Keeps ODIS's database true to clinics' IDEXX Neo calendars.",
            termination_protection=stage.protected,
            env=Environment(account=stage.account, region=stage.region),
        )
        Tags.of(self).add("service", "idexx-sync")
        Tags.of(self).add("stage", stage.name)

        keys = Keys(self, "Keys", stage=stage)
        secrets = SecretsByName(self, "Secrets", names=stage.secrets, keys=keys)
        dead_letters = DeadLetters(self, "DeadLetters", stage=stage, secrets=secrets, keys=keys)
        login = LoginFunction(self, "Login", stage=stage) if stage.logs_in_apart else None
        logins = [] if login is None else [login]
        syncs = {
            sync: SyncFunction(
                self,
                sync.capitalize(),
                stage=stage,
                sync=sync,
                secrets=secrets,
                dead_letters=dead_letters,
                login=login,
            )
            for sync in SYNCS
        }
        workers = {name: worker for sync in syncs.values() for name, worker in sync.workers.items()}
        status = ApiFunction(
            self,
            "Status",
            stage=stage,
            folder="status",
            secrets=secrets,
            workers=workers,
        )
        authorizer = ImageFunction(
            self,
            "Authorizer",
            stage=stage,
            handler="functions.authorizer.handler.handler",
            size=stage.authorizer,
            reserved_concurrency=stage.authorizer_at_once,
            retries=NO_RETRIES,
        )
        secrets.let_read(authorizer, "authorizer_database", "pepper")
        migration = Migration(self, "Migration", stage=stage, secrets=secrets)
        tick_queues = {
            name: ticks.queue for sync in syncs.values() for name, ticks in sync.ticks.items()
        }
        watchdog = Watchdog(
            self,
            "Watchdog",
            stage=stage,
            secrets=secrets,
            queues=tick_queues,
            keys=keys,
        )
        config_sync = ConfigSync(
            self,
            "ConfigSync",
            stage=stage,
            secrets=secrets,
            queues=tick_queues,
            dead_letters=dead_letters,
        )
        status.set(CONFIG_SYNC, config_sync.function.function.function_name)
        status.let_invoke(config_sync.function)
        api = HttpApi(
            self,
            "Http",
            stage=stage,
            authorizer=authorizer,
            functions={
                "status": status,
                **{CATALOG[name].folder: sync.api for name, sync in syncs.items()},
            },
        )

        logs = LogShipping(
            self,
            "Logs",
            stage=stage,
            secrets=secrets,
            functions=[status, authorizer, *(sync.api for sync in syncs.values()), *logins],
            ship_themselves=[
                *workers.values(),
                watchdog.function,
                config_sync.function,
                dead_letters.function,
            ],
        )
        others = [
            *(sync.api for sync in syncs.values()),
            *workers.values(),
            *logins,
            status,
            authorizer,
            watchdog.function,
            config_sync.function,
            dead_letters.function,
            logs.function,
        ]
        migration.precedes(others)
        KeptAwake(
            self,
            "Awake",
            stage=stage,
            functions=[authorizer, status, *(sync.api for sync in syncs.values())],
        )
        if stage.network is not None:
            network = FunctionNetwork(self, "Network", stage=stage, network=stage.network)
            for one in (migration.function, *others):
                network.take_in(one)
        if stage.requests_per_address is not None:
            Firewall(self, "Firewall", api=api.api, requests=stage.requests_per_address)
        alarms = Alarms(
            self,
            "Alarms",
            stage=stage,
            watched=[
                *of_upkeep(stage, watchdog.function, config_sync.function),
                *of_letters(dead_letters.queue, dead_letters.poison),
                *of_workers(workers, tick_queues),
                *of_schedules(config_sync.group.schedule_group_name),
                *of_api(stage, authorizer, [status, *(sync.api for sync in syncs.values())]),
                *of_shipping(stage, logs.function),
            ],
        )

        ServiceDashboard(
            self,
            "Dashboard",
            stage=stage,
            shown=Shown(
                functions=[migration.function, *others],
                workers=workers,
                tick_queues=tick_queues,
                letters=dead_letters.queue,
                poison=dead_letters.poison,
                schedule_group=config_sync.group.schedule_group_name,
                api_name=stage.stack_name,
                alarms=alarms.alarms,
            ),
        )

        CfnOutput(self, "AlarmTopicArn", value=alarms.topic.topic_arn)
        CfnOutput(self, "ApiUrl", value=api.api.url)
        CfnOutput(self, "ApiId", value=api.api.rest_api_id)
        CfnOutput(self, "DeadLetterQueueUrl", value=dead_letters.queue.queue_url)
        CfnOutput(self, "PoisonQueueArn", value=dead_letters.poison.queue_arn)
        for sync in syncs.values():
            for name, ticks in sync.ticks.items():
                CfnOutput(self, f"{name.capitalize()}TickQueueUrl", value=ticks.queue.queue_url)
        CfnOutput(self, "ConfigSyncFunction", value=config_sync.function.function.function_name)
        CfnOutput(self, "MigrateFunction", value=migration.function.function.function_name)
