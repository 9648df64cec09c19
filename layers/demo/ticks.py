"""Schedules in the demo: one is set and its tick awaited; one tick is lost, and made up.

Both are begun before the nights and awaited after them, because a tick comes with its minute and
the watchdog once in each.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
from psycopg import Connection
from psycopg.rows import dict_row

from demo.clinics import LOOKS_AGAIN_S, Member, NoOutcome
from demo.report import Report, Steps
from idexx_sync.core.catalog import SYNCS
from idexx_sync.operations.schedules import set_cron, switch
from local_stack.simulated_aws import SimulatedAws

AT_LEAST_S: Final = 20
"""From setting a schedule to its tick: it is mirrored in between."""
LONGEST_S: Final = 150
WELL: Final = ("succeeded", "succeeded_with_warnings")
LOST: Final = {"ERROR_CODE": "AWS.Scheduler.InternalServerError"}
"""What EventBridge Scheduler says of a tick that it could not hand over, beside its time."""
TITLE: Final = "On schedule: one tick awaited, one that was lost"


@dataclass(frozen=True)
class Awaited:
    """One tick of the demo."""

    member: Member
    due: datetime
    what: str
    trigger: str
    """Of the run that comes of it."""


@dataclass(frozen=True)
class Schedules:
    """The stack, as far as schedules and ticks go."""

    conn: Connection[Any]
    http: httpx.Client
    aws: SimulatedAws
    dead_letters: str
    """URL of their queue."""
    steps: Steps

    def begin(self, clinics: list[Member]) -> list[Awaited]:
        """A schedule for the first clinic, a lost tick of the second. Raises NoOutcome."""
        first, second = clinics
        self.steps.step("setting schedules, and losing a tick")
        now = datetime.now(UTC)
        last = now.replace(second=0, microsecond=0)
        due = (now + timedelta(seconds=AT_LEAST_S + 60)).replace(second=0, microsecond=0)
        self._schedule(first, due)
        self._schedule(second, last)
        self._lose(second, last)
        return [
            Awaited(first, due, "a schedule set, mirrored, and its tick came", "schedule"),
            Awaited(second, last, "a tick that was lost, and made up", "catch_up"),
        ]

    def end(self, awaited: list[Awaited], report: Report) -> list[str]:
        """What has become of them, shown; and what did not come in time."""
        self.steps.step("waiting for the ticks")
        gives_up = time.monotonic() + LONGEST_S
        found = [(one, self._run(one, gives_up)) for one in awaited]
        report.ticks(
            TITLE,
            [
                (one.member.label, one.what, "never" if job is None else job["status"])
                for one, job in found
            ],
        )
        return [
            f"{one.member.label}: {one.what}: {'never came' if job is None else job['status']}"
            for one, job in found
            if job is None or job["status"] not in WELL
        ]

    def _schedule(self, member: Member, due: datetime) -> None:
        """The clinic's inbound sync once a day at this minute, and nothing else."""
        local = due.astimezone(ZoneInfo(member.zone))
        for sync in SYNCS:
            cron = f"{local.minute} {local.hour} * * *"
            set_cron(self.conn, member.id, sync, cron, None, more=False)
            switch(self.conn, member.id, sync, None, on=sync == "inbound")
        answer = self.http.post("/api/schedules/refresh", headers={"X-API-Key": member.key})
        if not answer.is_success:
            raise NoOutcome(f"POST /api/schedules/refresh: {answer.status_code}: {answer.text}")

    def _lose(self, member: Member, due: datetime) -> None:
        """Scheduler gives the tick up, and puts it where dead letters go."""
        event = {"v": 1, "clinic_id": str(member.id), "sync": "inbound", "trigger": "schedule"}
        told = {**LOST, "SCHEDULED_TIME": f"{due:%Y-%m-%dT%H:%M:%SZ}"}
        self.aws.client("sqs").send_message(
            QueueUrl=self.dead_letters,
            MessageBody=json.dumps({**event, "scheduled_time": "<aws.scheduler.scheduled-time>"}),
            MessageAttributes=_attributes(told),
        )

    def _run(self, one: Awaited, gives_up: float) -> dict[str, Any] | None:
        """The run that has come of it and ended; None: none in time."""
        while (job := self._job(one)) is None or job["finished_at"] is None:
            if time.monotonic() > gives_up:
                return job
            time.sleep(LOOKS_AGAIN_S)
        return job

    def _job(self, one: Awaited) -> dict[str, Any] | None:
        return (
            self.conn.cursor(row_factory=dict_row)
            .execute(
                """
                SELECT j.status, j.finished_at FROM idexx_sync.jobs j
                  LEFT JOIN idexx_sync.jobs t ON t.id = j.catch_up_of
                 WHERE j.clinic_id = %s AND j.sync = 'inbound' AND j.trigger = %s
                   AND coalesce(t.scheduled_time, j.scheduled_time) = %s
                """,
                (one.member.id, one.trigger, one.due),
            )
            .fetchone()
        )


def _attributes(told: Mapping[str, str]) -> dict[str, Any]:
    return {name: {"DataType": "String", "StringValue": value} for name, value in told.items()}
