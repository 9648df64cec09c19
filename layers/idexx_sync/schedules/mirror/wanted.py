"""Which schedules EventBridge Scheduler should have, by what the clinics' rows say. Pure.

A clinic that was never set up has none. One that is paused, inactive or off keeps its own, but
disabled, and so does an entry that is switched off: letting it go on changes one word of each.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain
from typing import Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.clinic_time import named_zone
from idexx_sync.schedules.entries import Entry, read_entries
from idexx_sync.schedules.eventbridge import Expression, read_expression
from idexx_sync.schedules.fields import BadCron
from idexx_sync.schedules.mirror.names import ScheduleName
from idexx_sync.schedules.next_run import placed, plain_cron
from idexx_sync.schedules.spread import Place
from idexx_sync.schedules.translation import expressions

HAND_OVER_RETRIES: Final = 5
HAND_OVER_WITHIN_S: Final = 300
"""For how long AWS tries to put a tick on its queue; then the tick is a dead letter."""
SCHEDULED_TIME: Final = "<aws.scheduler.scheduled-time>"
"""AWS puts the moment in its place, by which a tick that comes twice is known."""
FindingCode = Literal[
    "zone_unknown",
    "no_settings",
    "entries_unreadable",
    "cron_invalid",
    "word_means_cases",
]


@dataclass(frozen=True, slots=True)
class ClinicRow:
    """What of a clinic's rows decides about its schedules."""

    clinic_id: UUID
    timezone: str | None
    is_set_up: bool
    """Whether it was ever set up for this service."""
    runs: bool
    """Whether it is on board and nothing keeps it paused."""
    has_settings: bool
    """Whether ODIS has schedule settings of it at all."""
    sync_schedules: Any
    """As ODIS stored it."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the schedules are kept and where they lead; all but the group's name are ARNs."""

    group: str
    queues: Mapping[SyncName, str]
    role: str
    dead_letters: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule as it should be."""

    name: str
    clinic_id: UUID
    request: Mapping[str, Any] = field(repr=False)
    """All that CreateSchedule and UpdateSchedule are told, who replace everything."""
    digest: str
    """Of the request, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What of a clinic's rows could not be carried out, or was taken for something else."""

    clinic_id: UUID
    where: str
    """`timezone`, `sync_schedules` or `sync_schedules[1]`."""
    code: FindingCode


@dataclass(frozen=True, slots=True)
class Wanted:
    """What should be there."""

    schedules: Mapping[str, Schedule]
    """Name -> schedule."""
    kept: frozenset[UUID | Place]
    """Clinics and entries that can't be read, whose schedules stay as they are."""
    findings: tuple[Finding, ...]

    def keeps(self, name: ScheduleName) -> bool:
        return name.place in self.kept or name.place.clinic_id in self.kept


def wanted_of(rows: Iterable[ClinicRow], targets: Targets) -> Wanted:
    """What the rows of these clinics ask for."""
    schedules: dict[str, Schedule] = {}
    kept: set[UUID | Place] = set()
    findings: list[Finding] = []
    for part in chain.from_iterable(_of_clinic(row, targets) for row in rows if row.is_set_up):
        if isinstance(part, Schedule):
            schedules[part.name] = part
            continue
        what, finding = part
        findings.append(finding)
        if what is not None:
            kept.add(what)
    return Wanted(schedules, frozenset(kept), tuple(findings))


type _Part = Schedule | tuple[UUID | Place | None, Finding]
"""A schedule; or what is found, and what stays as it is for that reason."""


def _of_clinic(row: ClinicRow, targets: Targets) -> Iterator[_Part]:
    def unread(where: str, code: FindingCode) -> _Part:
        return row.clinic_id, Finding(row.clinic_id, where, code)

    zone = named_zone(row.timezone)
    if zone is None:
        yield unread("timezone", "zone_unknown")
        return
    if not row.has_settings:
        yield unread("sync_schedules", "no_settings")
        return
    entries = read_entries(row.sync_schedules)
    if entries.problems:
        yield unread("sync_schedules", "entries_unreadable")
    for entry, place in placed(entries.readable, row.clinic_id):
        yield from _of_entry(entry, place, zone, row, targets)


def _of_entry(
    entry: Entry, place: Place, zone: ZoneInfo, row: ClinicRow, targets: Targets
) -> Iterator[_Part]:
    if entry.type != entry.sync:
        yield None, Finding(row.clinic_id, entry.name, "word_means_cases")
    try:
        found = expressions(plain_cron(entry.cron, zone, place), zone)
        for expression in found:
            read_expression(expression.text)
    except BadCron:
        yield place, Finding(row.clinic_id, entry.name, "cron_invalid")
        return
    for part, expression in enumerate(found):
        name = ScheduleName(place, part)
        yield _schedule(name, expression, targets, is_enabled=row.runs and entry.enabled)


def _schedule(
    name: ScheduleName, expression: Expression, targets: Targets, *, is_enabled: bool
) -> Schedule:
    place = name.place
    event = {
        "v": 1,
        "clinic_id": str(place.clinic_id),
        "sync": place.sync,
        "trigger": "schedule",
        "scheduled_time": SCHEDULED_TIME,
    }
    request = {
        "Name": str(name),
        "GroupName": targets.group,
        "ScheduleExpression": expression.text,
        "ScheduleExpressionTimezone": expression.zone.key,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": "ENABLED" if is_enabled else "DISABLED",
        "ActionAfterCompletion": "NONE",
        "Target": {
            "Arn": targets.queues[place.sync],
            "RoleArn": targets.role,
            "Input": json.dumps(event),
            "RetryPolicy": {
                "MaximumEventAgeInSeconds": HAND_OVER_WITHIN_S,
                "MaximumRetryAttempts": HAND_OVER_RETRIES,
            },
            "DeadLetterConfig": {"Arn": targets.dead_letters},
        },
    }
    digest = sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    return Schedule(str(name), place.clinic_id, request, digest)
