"""What Slack is told of an alert: that it is open, what has changed since, and that it is over.

Pure. Nothing of it comes from Neo: sentences of ours, ids, counts, and a clinic's name as ODIS has
it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from idexx_sync.alerts.alert_store import Alert
from idexx_sync.alerts.slack.post import (
    Block,
    Post,
    code,
    context,
    escaped,
    name,
    post,
    section,
    sections,
)
from idexx_sync.alerts.texts import CLOSED, happened, next_step
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.core.errors import WhoActs
from idexx_sync.core.phrases import HELD_BECAUSE, counted, local_moment, phrase
from idexx_sync.schedules.translation import UTC_ZONE

MOST_HOLDS: Final = 10
"""Of one message; the command lists all."""
_WHO: Final[Mapping[WhoActs, str]] = {
    "clinic": "the clinic has to act, and somebody has to tell it",
    "odis": "ODIS has to act",
    "nobody": "nobody has to act: it passes by itself, and has lasted",
}
_OPEN_MARK: Final[Mapping[WhoActs, str]] = {
    "clinic": ":telephone_receiver:",
    "odis": ":wrench:",
    "nobody": ":hourglass:",
}


@dataclass(frozen=True, slots=True)
class WaitingHold:
    """A hold that waits for a person, as a message names it."""

    id: UUID
    cause: str
    sync: str


def opened(alert: Alert, holds: Sequence[WaitingHold] = ()) -> Post:
    """The first message of an alert; what follows goes into its thread."""
    head = f"{_OPEN_MARK[alert.who_acts]} *{_whose(alert)}*"
    what = escaped(_what(alert))
    return post(
        f"{_whose(alert)}: {what}",
        [
            section(f"{head}\n{what}"),
            section(f"*Who:* {_WHO[alert.who_acts]}\n*Next:* {_next(alert)}"),
            *_holds(holds),
            context(" · ".join(_about(alert))),
        ],
    )


def changed(alert: Alert, before: Mapping[str, Any], now: Mapping[str, Any]) -> Post:
    """What is otherwise than when it was told last; `before` and `now` are what `told` holds."""
    lines = list(_differences(alert, before, now)) or [escaped(_what(alert))]
    return post(f"{_whose(alert)}: {lines[0]}", sections(lines))


def closed(alert: Alert) -> Post:
    """The last message of an alert."""
    why = CLOSED[alert.closed_because] if alert.closed_because else "it is over"
    lasted = None if alert.closed_at is None else _lasted(alert)
    text = f"over: {escaped(_what(alert))}"
    return post(
        f"{_whose(alert)}: {text}",
        [
            section(f":white_check_mark: *{_whose(alert)}*: {why}"),
            context(" · ".join(filter(None, [lasted, f"alert {str(alert.id)[:8]}"]))),
        ],
    )


def _whose(alert: Alert) -> str:
    if alert.clinic_id is None:
        return counted((alert.alike if alert.is_open else alert.clinics) or 0, "clinic")
    return name(alert.clinic_name or str(alert.clinic_id))


def _what(alert: Alert) -> str:
    alike = alert.alike if alert.is_open else alert.clinics
    return happened(alert.kind, alert.code, alike, alert.synced, alert.records)


def _next(alert: Alert) -> str:
    told = next_step(
        alert.kind,
        alert.code,
        clinic_id=alert.clinic_id,
        job_id=alert.job_id,
        incident_id=alert.incident_id,
    )
    step, _, command = told.rpartition(": ")
    return f"{escaped(step)}: {code(command)}" if step else escaped(told)


def _holds(holds: Sequence[WaitingHold]) -> Iterator[Block]:
    for hold in holds[:MOST_HOLDS]:
        why = escaped(phrase(HELD_BECAUSE, hold.cause))
        look, take = f"idexx-sync holds show {hold.id}", f"idexx-sync holds approve {hold.id}"
        yield section(f"*{why}* ({escaped(hold.sync)}): look at {code(look)}, then {code(take)}")
    if len(holds) > MOST_HOLDS:
        yield context(f"and {counted(len(holds) - MOST_HOLDS, 'more hold')}")


def _about(alert: Alert) -> Iterator[str]:
    zone = UTC_ZONE if alert.clinic_id is None else zone_of(alert.timezone)
    yield f"since {local_moment(alert.opened_at, zone)}"
    if alert.syncs:
        yield escaped(", ".join(alert.syncs))
    if alert.job_id is not None:
        yield f"job {alert.job_id}"
    yield f"seen: {code(f'idexx-sync alerts ack {str(alert.id)[:8]}')}"


def _differences(alert: Alert, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if before.get("acknowledged_by") != (by := now.get("acknowledged_by")) and by is not None:
        yield f"seen by {name(str(by))}"
    if before.get("incident_id") != (incident := now.get("incident_id")):
        if incident is None:
            yield "it is told by itself again: few clinics are left that have it alike"
        else:
            command = f"idexx-sync alerts show {incident}"
            yield f"many clinics have it alike, and one alert stands for them: {code(command)}"
    if before.get("syncs") != now.get("syncs") and alert.syncs:
        yield f"now in {escaped(', '.join(alert.syncs))}"
    if any(before.get(one) != now.get(one) for one in ("code", "who_acts", "size")):
        yield f"{escaped(_what(alert))} {_WHO[alert.who_acts].capitalize()}: {_next(alert)}"
    if before.get("holds") != (holds := now.get("holds")) and isinstance(holds, list):
        yield f"{counted(len(holds), 'hold')} open: {_next(alert)}"


def _lasted(alert: Alert) -> str:
    assert alert.closed_at is not None
    minutes = int((alert.closed_at - alert.opened_at).total_seconds() // 60)
    hours, rest = divmod(max(0, minutes), 60)
    return f"it lasted {f'{hours} h {rest} min' if hours else f'{rest} min'}"
