"""What Slack is told of an alert: that it is open, what has changed since, and that it is over.

Pure. Nothing of it comes from Neo: sentences of ours, ids, counts, and a clinic's name as ODIS has
it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
    records: int = 0
    """How many it is about."""
    first_day: str | None = None
    """The clinic's first and last day of these; None: that is not known."""
    last_day: str | None = None


def opened(alert: Alert, holds: Sequence[WaitingHold] = ()) -> Post:
    """The first message of an alert; what follows goes into its thread."""
    head = f"{_OPEN_MARK[alert.who_acts]} *{_whose(alert)}*"
    what = escaped(_what(alert, holds))
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
    is_again = alert.again_id is not None
    again = "; it is so again since then, in a message of its own" if is_again else ""
    lasted = None if alert.closed_at is None else _lasted(alert)
    text = f"{'over, and so again' if is_again else 'over'}: {escaped(_what(alert))}"
    mark = ":warning:" if is_again else ":white_check_mark:"
    return post(
        f"{_whose(alert)}: {text}",
        [
            section(f"{mark} *{_whose(alert)}*: {why}{again}"),
            context(" · ".join(filter(None, [lasted, f"alert {str(alert.id)[:8]}"]))),
        ],
    )


def _whose(alert: Alert) -> str:
    if alert.clinic_id is None:
        return counted((alert.alike if alert.is_open else alert.clinics) or 0, "clinic")
    return name(alert.clinic_name or str(alert.clinic_id))


def _what(alert: Alert, holds: Sequence[WaitingHold] = ()) -> str:
    alike = alert.alike if alert.is_open else alert.clinics
    causes = [hold.cause for hold in holds]
    return happened(alert.kind, alert.code, alike, alert.synced, alert.records, causes)


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
        look, take, leave = (
            code(f"idexx-sync holds {verb} {hold.id}") for verb in ("show", "approve", "reject")
        )
        about = f"{counted(hold.records, 'record')}{_days(hold)}, {escaped(hold.sync)}"
        yield section(f"*{why}* ({about}): look at {look}, then {take} or {leave}")
    if len(holds) > MOST_HOLDS:
        yield context(f"and {counted(len(holds) - MOST_HOLDS, 'more hold')}")


def _days(hold: WaitingHold) -> str:
    if hold.first_day is None or hold.last_day is None:
        return ""
    first, last = escaped(hold.first_day), escaped(hold.last_day)
    return f" of {first}" if first == last else f" of {first} to {last}"


def _about(alert: Alert) -> Iterator[str]:
    yield f"since {_moment(alert, alert.opened_at)}"
    if alert.syncs:
        yield escaped(", ".join(alert.syncs))
    if alert.job_id is not None:
        yield f"job {alert.job_id}"
    yield f"seen: {code(f'idexx-sync alerts ack {str(alert.id)[:8]}')}"


def _moment(alert: Alert, instant: datetime) -> str:
    zone = UTC_ZONE if alert.clinic_id is None else zone_of(alert.timezone)
    return local_moment(instant, zone)


def _differences(alert: Alert, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if before.get("acknowledged_by") != (by := now.get("acknowledged_by")) and by is not None:
        yield f"seen by {name(str(by))}"
    if before.get("incident_id") != (incident := now.get("incident_id")):
        if incident is None:
            yield _told_by_itself(before, now)
        else:
            command = f"idexx-sync alerts show {incident}"
            yield f"many clinics have it alike, and one alert stands for them: {code(command)}"
    if before.get("syncs") != now.get("syncs") and alert.syncs:
        yield f"now in {escaped(', '.join(alert.syncs))}"
    stands = f"{escaped(_what(alert))} {_WHO[alert.who_acts].capitalize()}: {_next(alert)}"
    if before.get("begun_anew") != now.get("begun_anew"):
        yield f"it has begun in many more clinics: {stands}"
    elif any(before.get(one) != now.get(one) for one in ("code", "who_acts", "size")):
        yield stands
    if before.get("muted_until") != (until := now.get("muted_until")):
        yield f"muted no longer, and still so: {stands}" if until is None else _muted(alert)
    if before.get("holds") != (holds := now.get("holds")) and isinstance(holds, list):
        yield f"{counted(len(holds), 'hold')} open: {_next(alert)}"


def _told_by_itself(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Why the alert for many stands for it no longer; as long as it says the same as before and is
    open, that one does until it is closed."""
    if before.get("code") != now.get("code"):
        return "it is told by itself again: its reason is another one than that of the many clinics"
    return "it is told by itself again: few clinics are left that have it alike"


def _muted(alert: Alert) -> str:
    by = "" if alert.muted_by is None else f" by {name(alert.muted_by)}"
    until = "" if alert.muted_until is None else f" until {_moment(alert, alert.muted_until)}"
    return f"muted{by}{until}: until then only its end is told here"


def _lasted(alert: Alert) -> str:
    assert alert.closed_at is not None
    minutes = int((alert.closed_at - alert.opened_at).total_seconds() // 60)
    hours, rest = divmod(max(0, minutes), 60)
    return f"it lasted {f'{hours} h {rest} min' if hours else f'{rest} min'}"
