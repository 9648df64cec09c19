"""A hold as a person reads it: what was found, and all that approving would do."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from idexx_sync.cli.phrases import CAUSES, DIFFERENCES, moment, record_named
from idexx_sync.cli.tables import Shown, fact_table, line, listing
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.core.phrases import phrase
from idexx_sync.operations.models import EffectView, HoldEventView, HoldView
from idexx_sync.syncs.holds import REVIVED


def is_kept(hold: HoldView) -> bool:
    """Whether it names what a person has revived, and nobody is asked about it."""
    return hold.cause == REVIVED and hold.status == "rejected"


MOST_FREED: Final = 3
"""Of what a record takes because it is in doubt so many spans are shown."""


def hold_shown(hold: HoldView) -> list[Shown]:
    """The hold, every record that it names, what was decided, and how to decide."""
    zone = zone_of(hold.timezone)
    columns = ("Id", "What was found", "Approving")
    parts: list[Shown] = [
        _facts(hold, zone),
        listing(columns, _records(hold), whole=("Id",)),
        *(line(_told(event, zone)) for event in hold.history or ()),
    ]
    if hold.status == "rejected":
        parts.append(line(_instead(hold)))
    used = [one.event for one in hold.history or () if one.event in ("let_through", "revived")]
    if used[-1:] == ["let_through"] and hold.consequence.removed:
        parts.append(
            line(f"Bring back what it removed (within 7 days): idexx-sync holds revive {hold.id}")
        )
    if hold.status == "open":
        parts += [
            line(f"Approve (lets exactly this through): idexx-sync holds approve {hold.id}"),
            line(f"Reject (keeps all of it as it is):   idexx-sync holds reject {hold.id}"),
            line(f"Off a terminal add: --seen {hold.version} --yes"),
        ]
    return parts


def _instead(hold: HoldView) -> str:
    """What can be done about what a person has rejected, or revived."""
    reopen = f"idexx-sync holds reopen {hold.id}"
    if is_kept(hold):
        return f"To have it removed after all: {reopen}, then approve it"
    return f"Ask again: {reopen}"


def _facts(hold: HoldView, zone: ZoneInfo) -> Shown:
    until = moment(hold.permit_until, zone)
    return fact_table(
        [
            ("hold", str(hold.id)),
            ("version", hold.version),
            ("clinic", str(hold.clinic_id)),
            ("status", "revived by a person, kept" if is_kept(hold) else hold.status),
            ("cause", CAUSES.get(hold.cause, hold.cause)),
            ("approving", hold.consequence.sentence),
            ("removed is", _removed(hold)),
            ("found by job", str(hold.job_id)),
            ("opened", moment(hold.opened_at, zone)),
            ("last seen", moment(hold.updated_at, zone)),
            ("decided", moment(hold.decided_at, zone) if hold.decided_at else None),
            ("decided by", hold.decided_by),
            ("reason", hold.reason),
            ("permit until", until if hold.permit_until else None),
            ("ended", moment(hold.ended_at, zone) if hold.ended_at else None),
        ]
    )


def _removed(hold: HoldView) -> str | None:
    """What removing means where cases are judged with their rows; None: a row goes, no more."""
    if hold.sync != "reconciliation" or not hold.consequence.removed:
        return None
    return "the visit's row, if it has one; all of its cases are closed (reviewed)"


def _records(hold: HoldView) -> Iterator[tuple[str, str, str]]:
    effects, told = hold.consequence.records, hold.consequence
    for key in sorted({*hold.findings, *effects}):
        finding, effect = hold.findings.get(key), effects.get(key)
        yield (
            record_named(key),
            "-" if finding is None else _found(finding),
            "-" if effect is None else f"{_done(effect)}{_freed(effect)}",
        )
    total = told.created + told.changed + told.removed + told.settled
    if left := max(hold.found - len(hold.findings), total - len(effects)):
        yield "…", f"and {left} more", ""


def _done(effect: EffectView) -> str:
    """What approving does to the record: `moves to 2026-05-04 10:00:00 to 10:30:00`."""
    before, after = effect.takes_before, effect.takes_after
    if effect.action == "remove":
        return "removed"
    if effect.action == "create":
        return f"made, takes {after}" if after else "made, takes no time"
    if after is None:
        return "takes no time any more"
    if before is None:
        return f"takes {after}"
    return "details change" if before == after else f"moves to {after}"


def _freed(effect: EffectView) -> str:
    """`; no longer takes 2026-05-04 12:00:00 to 12:30:00`, which its row does not say."""
    if not effect.frees:
        return ""
    left = len(effect.frees) - MOST_FREED
    more = f" and {left} more" if left > 0 else ""
    return f"; no longer takes {', '.join(effect.frees[:MOST_FREED])}{more}"


def _told(event: HoldEventView, zone: ZoneInfo) -> str:
    """`2026-05-04 07:00 PDT  approved by Kim (version 3f2b8c1e5a): the clinic called`."""
    who = f" by {event.by}" if event.by else f" by job {event.job_id}" if event.job_id else ""
    version = f" (version {event.version})" if event.version else ""
    why = f": {event.reason}" if event.reason else ""
    return f"{moment(event.at, zone)}  {phrase({}, event.event)}{who}{version}{why}"


def _differs(causes: object, starts: list[Any]) -> str:
    """What of a record differs from Neo: `moved in Neo to 2026-05-04 10:00:00`."""
    named = causes if isinstance(causes, list) else [causes]
    said = ", ".join(phrase(DIFFERENCES, str(cause)) for cause in named)
    return f"{said} to {starts[-1]}" if named == ["moved"] and len(starts) > 1 else said


def _found(finding: Mapping[str, Any]) -> str:
    """A finding in words: `visit of 2026-05-04 09:00:00: missing`.

    What has no words of its own is shown as it is: nobody decides about an empty line.
    """
    rest = {name: value for name, value in finding.items() if name not in ("start", "kind")}
    what = (
        "missing"
        if finding.get("missing")
        else ", ".join(f"{phrase({}, k)}: {v}" for k, v in rest.items())
    )
    if "removal" in finding:
        what = f"would be removed ({phrase({}, finding['removal'])})"
    if "status" in finding:
        what = " -> ".join(phrase({}, str(one)) for one in finding["status"])
    start = finding.get("start", "?")
    if "causes" in finding:
        starts = start if isinstance(start, list) and start else [start]
        start, what = starts[0], _differs(finding["causes"], starts)
    elif isinstance(start, list):
        moves = start[0] != start[1]
        start, what = start[0], f"would move to {start[1]}" if moves else "another version of it"
    return f"{finding.get('kind', 'visit')} of {start}: {what}"
