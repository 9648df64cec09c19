"""What a function of the upkeep keeps between events, and how long it may work on one."""

import math
from collections.abc import Callable
from functools import cache
from typing import Any, Final, get_args

from idexx_sync.alerts.slack.client import Place, SlackChannels, SlackRefused
from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.kept import Kept, KeptSettings
from idexx_sync.core.logs import logger, quiet_drivers
from idexx_sync.core.measures import STEPS_REFUSED, measure
from idexx_sync.core.settings import (
    DatabaseSettings,
    MirrorSettings,
    SlackSettings,
    load,
    load_database_settings,
    load_tick_queue_settings,
)
from idexx_sync.core.vocabulary import Reader
from idexx_sync.database.connection import Database
from idexx_sync.database.schema_number_store import refuse_older
from idexx_sync.jobs.queue_dispatch import QueueDispatch
from idexx_sync.schedules.mirror.aws import AwsScheduler
from idexx_sync.schedules.mirror.one_pass import Mirror
from idexx_sync.schedules.mirror.wanted import Targets
from idexx_sync.upkeep.telling import Telling

RESERVE_S: Final = 5.0
"""What is left of an invocation's time to say how it ended."""


def _made(settings: DatabaseSettings) -> Database:
    quiet_drivers()
    return Database(
        settings.database_url,
        lambda: process_database.settings.newest().database_url,
        require=refuse_older,
    )


process_database: Final[Kept[DatabaseSettings, Database]] = Kept(
    KeptSettings(load_database_settings), _made, lambda made: made.close()
)
"""The process's database, made at the first event and kept warm."""


@cache
def process_queues() -> QueueDispatch:
    """By which the process sends catch-ups; a client of AWS is made with the first one."""
    return QueueDispatch(load_tick_queue_settings().tick_queues)


def queues() -> QueueDispatch:
    """By which catch-ups are sent; where its settings make no sense, one that sends none, so that
    the rest of the watchdog's work goes on."""
    try:
        return process_queues()
    except ConfigurationInvalid as error:
        logger().error("queues not set up", error_message=error.message)
        measure({STEPS_REFUSED: 1})
        return QueueDispatch({})


class _NotSetUp:
    """In place of Slack where its settings make no sense: what waits then shows how long it does,
    and the rest of the watchdog's work goes on."""

    def send(self, *_asked: object) -> Place:
        raise SlackRefused("not_set_up")

    def find(self, *_asked: object) -> Place | None:
        raise SlackRefused("not_set_up")


def telling() -> Telling | None:
    """By which the process tells in Slack; None where no token is set."""
    try:
        return process_telling()
    except ConfigurationInvalid as error:
        logger().error("slack not set up", error_message=error.message)
        return Telling(_NotSetUp(), dict.fromkeys(get_args(Reader), "none"))


def _telling_made(settings: SlackSettings) -> Telling | None:
    if settings.slack_token is None:
        return None
    return Telling(SlackChannels(settings.slack_token, settings.slack_url), settings.slack_channels)


process_telling: Final[Kept[SlackSettings, Telling | None]] = Kept(
    KeptSettings(lambda: load(SlackSettings)), _telling_made, lambda _made: None
)
"""Made at the first event and kept warm."""


def _mirror_made(settings: MirrorSettings) -> Mirror:
    targets = Targets(
        group=settings.schedule_group,
        queues=settings.tick_queue_arns,
        role=settings.schedule_role_arn,
        dead_letters=settings.schedule_dead_letters_arn,
    )
    at_once = settings.scheduler_calls_at_once
    scheduler = AwsScheduler(settings.schedule_group, at_once)
    return Mirror(scheduler, targets, settings.scheduler_calls_per_second, at_once)


process_mirror: Final[Kept[MirrorSettings, Mirror]] = Kept(
    KeptSettings(lambda: load(MirrorSettings)), _mirror_made, lambda _made: None
)
"""What keeps EventBridge Scheduler's schedules, made at the first event and kept warm."""


def time_left(context: Any) -> Callable[[], float]:
    """Seconds for which the event may still be worked on; without a context nobody ends it."""
    if context is None:
        return lambda: math.inf
    return lambda: context.get_remaining_time_in_millis() / 1000 - RESERVE_S
