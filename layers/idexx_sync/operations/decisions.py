"""Cancels jobs and decides holds for a person; Conflict says why it can't be done."""

from collections.abc import Sequence
from typing import Final

from idexx_sync.core.bounds import shortened
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import Conflict, InvalidInput
from idexx_sync.core.invisible import tidied
from idexx_sync.core.phrases import counted
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.model import Job
from idexx_sync.jobs.store import cancel, jobs_newest_first
from idexx_sync.operations.lookup import find_hold, find_job
from idexx_sync.syncs.consequence import difference
from idexx_sync.syncs.hold_event_store import versions_since
from idexx_sync.syncs.hold_store import Hold, Verdict, decide, reopen
from idexx_sync.syncs.holds import REVIVED_WITHIN
from idexx_sync.syncs.inbound.revival_store import (
    keep_revived,
    number_removed_by,
    removed_by,
)

LONGEST_REASON: Final = 500
"""Characters."""
REVIVES: Final[SyncName] = "inbound"
"""The sync whose runs bring back what any approval removed: rows of the calendar are its own."""
MOST_IDS: Final = 10
"""Of what has changed so many records are named, and all are counted."""

_INSTEAD: Final = {
    "rejected": "to let it ask again: idexx-sync holds reopen {}",
    "approved": "to bring back what it let be removed: idexx-sync holds revive {}",
}
"""What a person may want who decides a hold of that status."""
_ELSE: Final = "to see what is open: idexx-sync holds list --status open"


def require_ended(job: Job) -> None:
    """Conflict (job_not_final) unless the job has ended: only then it can be ordered again."""
    if not job.is_final:
        raise Conflict(
            "job_not_final",
            f"Job {job.id} is {job.status}; only a job that has ended can be ordered again; "
            f"end it first with: idexx-sync jobs cancel {job.id}",
            job_id=job.id,
        )


def cancel_job(conn: Conn, job: Job, by: str) -> Job:
    """End the job and return it as it is then; Conflict (job_final) if it has ended already."""
    if job.is_final or not cancel(conn, job, by=by):
        raise Conflict(
            "job_final", f"Job {job.id} has ended; there is nothing to cancel.", job_id=job.id
        )
    return find_job(conn, job.id)


def decide_hold(
    conn: Conn, hold: Hold, verdict: Verdict, *, seen: str, by: str, reason: str | None = None
) -> Hold:
    """Record the decision about the version that was `seen`, and return the hold as it is then.

    Conflict where the hold is not open (hold_decided) or says something else by now (hold_changed);
    InvalidInput for a reason that is too long.
    """
    said = tidy_reason(reason)
    for found in (hold, None):
        current = found or find_hold(conn, hold.id)
        _require_open(current)
        if current.version != seen:
            raise _changed(conn, current, seen)
        if (decided := decide(conn, current, verdict, by, said)) is not None:
            return decided
    raise _changed(conn, find_hold(conn, hold.id), seen)


def reopen_hold(conn: Conn, hold: Hold, *, by: str, reason: str | None = None) -> Hold:
    """Let a rejected hold ask again; Conflict (hold_not_rejected) unless it is rejected."""
    said = tidy_reason(reason)
    for found in (hold, None):
        current = found or find_hold(conn, hold.id)
        if current.status == "rejected" and (open_again := reopen(conn, current, by, said)):
            return open_again
    raise Conflict(
        "hold_not_rejected",
        f"Hold {hold.id} is {current.status}; only a rejected hold can be reopened.",
    )


def revive_hold(conn: Conn, hold: Hold, *, by: str, reason: str | None = None) -> None:
    """Want back what the hold's approval removed; the next run that a decision orders revives it.

    Conflict (nothing_to_revive) unless a run removed something by it within the last 7 days.
    """
    said = tidy_reason(reason)
    if not (found := removed_by(conn, hold.id)):
        raise Conflict("nothing_to_revive", _nothing_to_revive(conn, hold))
    keep_revived(conn, hold, found, by, said)


def _nothing_to_revive(conn: Conn, hold: Hold) -> str:
    """Why nothing is brought back by the hold, and what to do."""
    see = f"see what it did: idexx-sync holds show {hold.id}"
    if closed := number_removed_by(conn, hold.id):
        return (
            f"By hold {hold.id} only cases were closed, of {counted(closed, 'visit')} without a "
            "row, so nothing is brought back: a case is open again once Neo shows its visit, or "
            f"by hand in ODIS; {see}"
        )
    if hold.status != "approved":
        return (
            f"By hold {hold.id} no row was removed within the last {REVIVED_WITHIN.days} days, so "
            f"nothing is brought back; {see}"
        )
    what = f"Hold {hold.id} is approved, and no run has removed anything by it yet"
    if (run := _unfinished(conn, hold)) is None:
        return f"{what}, so nothing is brought back; {see}"
    return (
        f"{what}: job {run.id}, which carries the approval out, is {run.status}. Wait until "
        f"idexx-sync jobs show {run.id} says that it has ended, then revive; or keep it from "
        f"removing anything: idexx-sync jobs cancel {run.id}"
    )


def _unfinished(conn: Conn, hold: Hold) -> Job | None:
    """A run that may carry out a decision about the hold; the one that works, else the next."""
    for status in ("running", "queued"):
        found = jobs_newest_first(conn, clinic_id=hold.clinic_id, sync=hold.sync, status=status)
        if found:
            return found[-1]
    return None


def tidy_reason(reason: str | None) -> str | None:
    """The reason as one line of visible characters; None for an empty one.

    InvalidInput for one of more than 500 characters.
    """
    said = tidied(reason or "")
    if len(said) > LONGEST_REASON:
        raise InvalidInput("reason", f"has {len(said)} characters, at most {LONGEST_REASON} fit")
    return said or None


def _require_open(hold: Hold) -> None:
    if hold.status != "open":
        raise Conflict(
            "hold_decided",
            f"Hold {hold.id} is {hold.status}; only an open hold can be decided; "
            f"{_INSTEAD.get(hold.status, _ELSE).format(hold.id)}",
        )


def _changed(conn: Conn, hold: Hold, seen: str) -> Conflict:
    """What the hold says now beside what was seen, by number and by the first ids of each kind."""
    named = len({*hold.findings, *hold.consequence.effects})
    is_name = seen.isascii() and seen.isalnum()  # nothing else can be known, nor asked for
    versions = versions_since(conn, hold.id, seen) if is_name else []
    if not versions:
        told = f"no version {shortened(seen, 40)!r} of it is known; "
        told += f"it names {counted(named, 'record')} now"
    else:
        parts = zip(("added", "gone", "altered"), difference(versions[1:]), strict=True)
        differs = [f"{word}: {_first(ids)}" for word, ids in parts if ids]
        named_then = counted(versions[0].records, "record")
        told = "; ".join([f"it named {named_then}, {named} now", *differs])
    return Conflict(
        "hold_changed",
        f"Hold {hold.id} is version {hold.version} by now: {told}. Look at it anew, then "
        f"decide: idexx-sync holds show {hold.id}",
    )


def _first(ids: Sequence[str]) -> str:
    left = len(ids) - MOST_IDS
    more = f" and {left} more" if left > 0 else ""
    return f"{', '.join(ids[:MOST_IDS])}{more}"
