"""What MiniStack does with schedules and with the queues of functions unlike AWS, put right.

Runs in MiniStack's own environment. Each correction names what MiniStack 1.5.33 does by itself.
"""

from collections.abc import Set
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from ministack.services import eventbridge, scheduler, sqs
from ministack.services import lambda_svc as lambdas

from local_stack.ticking import Ticker, input_at, is_cron

SCHEDULES_EVERY_S = 1
Answer = dict[str, Any]


def tick_schedules() -> None:
    """By itself: every ten seconds, crons in UTC whatever a schedule's zone is, and their input
    with the words in it that AWS replaces."""
    _plain_tick_schedules()
    now = datetime.now(UTC)
    found = {key: one for key, one in list(scheduler._schedules._data.items()) if is_cron(one)}
    _ticker.keep(set(found))
    for key, one in found.items():
        for due in _ticker.due(key, one, now):
            _fire(key, one, due)


def _fire(key: tuple[str, str, Any], schedule: Answer, due: datetime) -> None:
    account, region, _name = key
    scheduler.set_request_account_id(account)
    scheduler.set_request_region(region)
    target = {**(schedule.get("Target") or {}), "Input": input_at(schedule, due, str(uuid4()))}
    event = {"Source": "aws.scheduler", "Detail": "{}", "Time": due.timestamp()}
    eventbridge._invoke_target(target, event, schedule)


def no_crons(_expression: str) -> None:
    """MiniStack's own schedules fire rates and single times only."""


def run_batch(mapping: Answer, function: Answer, event: Answer, *queue: Any) -> None:
    """A batch of a queue. By itself: an answer that names none of the batch's messages, or is no
    such answer, counts as if all had been done; on AWS as if none had."""
    _messages, url, _name = queue
    result = lambdas._execute_function(function, event)
    sent = {record["messageId"]: record["receiptHandle"] for record in event["Records"]}
    if result.get("error") or result.get("throttle"):
        return  # they come back by themselves
    undone: Set[str] = frozenset()
    if "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", ()):
        undone = _undone(result.get("body"), sent.keys())
    sqs._delete_messages_for_esm(url, {sent[one] for one in sent.keys() - undone})


def _undone(answer: Any, sent: Set[str]) -> Set[str]:
    """The messages that an answer names; all of them, if it names another one or can't be read."""
    if answer in (None, "", {}):
        return frozenset()
    try:
        named = {one["itemIdentifier"] for one in answer["batchItemFailures"] or ()}
    except (KeyError, TypeError):
        return sent
    return named if named <= sent else sent


def correct_ticks() -> None:
    """Put it right, before MiniStack begins to answer."""
    lambdas._run_sqs_batch = run_batch
    eventbridge._parse_cron_fields = no_crons
    scheduler._tick_schedules = tick_schedules
    scheduler._SCHEDULE_TICK_INTERVAL = SCHEDULES_EVERY_S


_plain_tick_schedules = scheduler._tick_schedules
_ticker = Ticker()
