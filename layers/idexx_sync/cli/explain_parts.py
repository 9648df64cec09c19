"""What an explained appointment and an explained time share, as a person reads it and as data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from idexx_sync.cli.phrases import CAUSES, REASONS, moment, utc
from idexx_sync.cli.tables import Shown, fact_table, heading, indented, line
from idexx_sync.core.phrases import counted, phrase
from idexx_sync.explain.model import NamedHold, Touch
from idexx_sync.explain.runs import Read, Runs
from idexx_sync.explain.store import MOST_TOUCHES
from idexx_sync.explain.texts import Reason, anchor_of
from idexx_sync.syncs.cases.phones import normal_phone
from idexx_sync.syncs.change import CLEAR

NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Veil:
    """Over everything personal, unless values are to be shown."""

    values: bool

    def shows(self, name: str) -> bool:
        """Whether the values of a field of ODIS's may be shown."""
        return self.values or name in CLEAR

    def of(self, value: Any, in_neo: Any = None) -> Any:
        """The value itself, or `set`, `empty`, or `differs` from what Neo says."""
        if self.values:
            return value
        if value in NOTHING:
            return "empty"
        if in_neo in NOTHING or value in (in_neo, normal_phone(str(in_neo))):
            return "set"
        return "differs"


def reason_data(reason: Reason) -> dict[str, str | None]:
    return {
        "rule": reason.rule,
        "text": reason.text,
        "next": reason.step,
        "explained_in": anchor_of(reason.rule),
    }


def read_data(read: Read) -> dict[str, Any]:
    return {
        "job_id": str(read.job_id),
        "sync": read.sync,
        "status": read.status,
        "manner": read.manner,
        "ended_at": told_utc(read.ended_at),
        "days": [read.first_day, read.last_day],
    }


def hold_data(hold: NamedHold) -> dict[str, Any]:
    return {
        "id": str(hold.id),
        "sync": hold.sync,
        "cause": hold.cause,
        "status": hold.status,
        "opened_at": told_utc(hold.opened_at),
        "decided_at": told_utc(hold.decided_at),
        "decided_by": hold.decided_by,
        "findings": dict(hold.findings),
    }


def told_utc(instant: datetime | None) -> str | None:
    return None if instant is None else utc(instant)


def next_shown(steps: Sequence[str]) -> list[Shown]:
    """What comes next, one line a step, which may be copied in one piece."""
    said = [line(f" {step}", whole=True) for step in steps]
    return [heading("What comes next"), *(said or [line(" nothing: it is as it should be")])]


def rules_shown(why: Sequence[Reason]) -> list[Shown]:
    """Where the rules that were named are explained."""
    rules = sorted({reason.rule for reason in why}, key=lambda rule: int(rule[1:]))
    if not rules:
        return []
    rows = [(rule, anchor_of(rule)) for rule in rules]
    return [heading("The rules"), fact_table(rows)]


def reads_shown(runs: Runs) -> list[Shown]:
    """The runs that read the day last, of either sync."""
    parts: list[Shown] = [heading("Runs that read its day last")]
    if not runs.reads:
        return [*parts, line(" none")]
    for read in runs.reads:
        observed = "" if read.manner == "apply" else ", observed only"
        said = f"{read.sync}: {phrase({}, read.status)}{observed}"
        said += f", {read.first_day} to {read.last_day}"
        parts.append(line(f" {moment(read.ended_at, runs.zone)}  {read.job_id}  {said}"))
    return parts


def in_words(data: dict[str, Any], *left_out: str) -> str:
    """`start 2026-05-04 09:00:00, room 3`: all that is there to say."""
    shown = [
        f"{name.replace('_', ' ')} {_one(value)}"
        for name, value in data.items()
        if name not in left_out and value not in (*NOTHING, False)
    ]
    return ", ".join(shown) or "nothing"


def _one(value: Any) -> str:
    """Lists without brackets, truth without a capital."""
    if isinstance(value, (list, tuple)):
        return " and ".join(map(str, value))
    return "yes" if value is True else str(value)


def touches_shown(touches: Sequence[Touch], veil: Veil, zone: ZoneInfo) -> list[Shown]:
    """What each job did, before -> after."""
    parts: list[Shown] = [heading("Jobs that touched it, newest first")]
    if not touches:
        return [*parts, line(" none")]
    for touch in touches:
        head = f" {moment(touch.at, zone)}  {touch.job_id}  {touch.sync}"
        outcome = (
            touch.did if touch.outcome == "written" else f"{touch.did}, {phrase({}, touch.outcome)}"
        )
        said = [outcome, phrase(REASONS, touch.reason or "no reason")]
        said += [touch.error_message] if touch.error_message else []
        parts.append(line(head, whole=True))
        parts.append(indented(f"{', '.join(said)}: {_changed(touch, veil)}", 5))
    if len(touches) == MOST_TOUCHES:
        parts.append(line(f" only the newest {MOST_TOUCHES} are shown"))
    return parts


def _changed(touch: Touch, veil: Veil) -> str:
    def shown(name: str) -> str:
        change = touch.changes[name]
        if not veil.shows(name) or not isinstance(change, dict) or "after" not in change:
            return name
        return f"{name} {change.get('before')} -> {change['after']}"

    if touch.did == "create" and not veil.values:
        return counted(len(touch.changes), "field")
    return ", ".join(shown(name) for name in sorted(touch.changes)) or "no field"


def holds_shown(
    holds: Sequence[NamedHold], zone: ZoneInfo, title: str = "Holds that name it"
) -> list[Shown]:
    """Each with the command that decides it, or who has decided it."""
    if not holds:
        return []
    parts: list[Shown] = [heading(title)]
    for hold in holds:
        parts.append(line(f" {hold.id}  {hold.status} since {moment(hold.opened_at, zone)}"))
        parts.append(line(f"     {hold.sync}: {phrase(CAUSES, hold.cause)}"))
        if hold.status == "open":
            parts.append(line(f"     decide: idexx-sync holds approve {hold.id}"))
            parts.append(line(f"         or: idexx-sync holds reject {hold.id}"))
        elif hold.decided_at is not None:
            decided = f"by {hold.decided_by or '-'}, {moment(hold.decided_at, zone)}"
            parts.append(line(f"     {hold.status} {decided}: idexx-sync holds show {hold.id}"))
    return parts
