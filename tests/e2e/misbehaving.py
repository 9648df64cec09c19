"""Handlers that do what they are told to, mostly wrong things."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any
from uuid import UUID

from functions.dead_letters import handler as consumer
from idexx_sync.clinics.store import Clinic
from idexx_sync.database.business_time import Clock
from idexx_sync.jobs.deliveries import MOST_RECEIVES, Delivery, SqsVisibility
from idexx_sync.jobs.heartbeat import Lifetime
from idexx_sync.jobs.runner import Dependencies
from idexx_sync.jobs.wiring import process_dependencies
from idexx_sync.jobs.worker import WorkerHandler, sync_worker
from idexx_sync.pims.protocol import Pims
from idexx_sync.upkeep.dead_letters import take_in
from tests.kit.foreign_words import CANARY
from tests.kit.records import visits
from tests.kit.scripted_pims import ScriptedPims


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """What the event says, or the one message of a queue."""
    if "Records" in event:
        (record,) = event["Records"]
        handler(json.loads(record["body"]), _context)
        return {"batchItemFailures": []}
    todo = event.get("do", "raise")
    if todo == "take turns":
        path = Path(event["path"])
        with path.open("a") as file:
            file.write(f"begin {event['number']}\n")
        time.sleep(0.5)
        with path.open("a") as file:
            file.write(f"end {event['number']}\n")
        return {}
    misbehave(todo, event.get("mark", ""))
    return {}


def naming_another(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """The answer to a queue that names a message which was not among those given."""
    return {"batchItemFailures": [{"itemIdentifier": "another"}]}


def inbound(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The inbound sync's worker; in the midst of a run it does what its clinic's name says."""
    return _inbound()(event, context)


def cases(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The case sync's worker; likewise."""
    return _cases()(event, context)


def dead_letters(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The consumer of dead letters, to which a message with the attribute `poison` is poison."""

    def broken(conn: Any, message: Any) -> Any:
        return misbehave("raise") if "poison" in message.attributes else take_in(conn, message)

    vars(consumer)["take_in"] = broken
    return consumer.handler(event, context)


def misbehave(todo: str, mark: str = "") -> None:
    """Do it; `mark` is a word by which processes are known that it leaves behind."""
    if todo == "time out":  # and leave behind what has a group of its own, as a browser has
        command = [sys.executable, "-c", "import time; time.sleep(600)", mark]
        subprocess.Popen(command, start_new_session=True)
        time.sleep(60)
    if todo == "be killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if todo == "eat memory":
        eaten = []
        while True:
            eaten.append(b"x" * 20_000_000)
            time.sleep(0.02)
    if todo == "raise":
        raise RuntimeError(f"as told, of {CANARY}")


@cache
def _inbound() -> WorkerHandler:
    from idexx_sync.syncs.inbound.sync import InboundSync

    return sync_worker(InboundSync(), _dependencies, _bring_back_at_once)


@cache
def _cases() -> WorkerHandler:
    from idexx_sync.syncs.cases.sync import CaseSync

    return sync_worker(CaseSync(), _dependencies)


def _bring_back_at_once(delivery: Delivery) -> None:
    """As the worker does, but for a minute."""
    SqsVisibility()(replace(delivery, number=MOST_RECEIVES))


def _dependencies() -> Dependencies:
    """The process's own, but for the PIMS and a deadline that no run of a few seconds would have:
    Lambda itself is to end it."""
    made = process_dependencies()
    settings = made.settings.model_copy(update={"deadline_reserve_seconds": -60})
    return replace(made, settings=settings, open_pims=_misbehaving_pims)


@contextmanager
def _misbehaving_pims(
    clinic: Clinic,
    job_id: UUID,
    session: tuple[int, bytes] | None,
    lifetime: Lifetime,
    clock: Clock,
) -> Iterator[Pims]:
    tomorrow = (clock() + timedelta(days=1)).date()
    pims = ScriptedPims(clock, visits(3, day=tomorrow))
    pims.before_answer = partial(misbehave, clinic.name, str(clinic.id))
    yield pims
