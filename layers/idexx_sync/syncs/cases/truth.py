"""Whether a run's calendar came to anything, and which records gave nothing (rule R24). Pure."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from idexx_sync.core.errors import ImplausibleData, ShapeChanged, SyncError
from idexx_sync.core.faults import Fault
from idexx_sync.core.phrases import phrase
from idexx_sync.pims.protocol import Snapshot, SourceRecord
from idexx_sync.syncs.cases.model import Plan
from idexx_sync.syncs.cases.stored import PREFIX, StoredVisit


def unreadable_visits(
    snapshot: Snapshot, visits: Collection[SourceRecord], unclear: int
) -> SyncError | None:
    """Why a calendar that shows visits of patients, and none that can be read, is no success."""
    days = [item.first_day for item in snapshot.unreadable if item.kind == "visit"]
    unread = sum(day is None or day in snapshot.window for day in days) + unclear
    if visits or not unread:
        return None
    return ShapeChanged(
        f"none of the calendar's {unread} visits can be read; look at one of them in Neo, and "
        "compare the calendar's answer with the Neo protocol",
        code="visits_unreadable",
    )


def nothing_written(
    visits: Collection[str], plan: Plan, refused: Collection[Fault]
) -> SyncError | None:
    """Why a run that could write no case of all the visits that it read is no success.

    `visits` are those that are not held; of each the case is as it should be, or was left.
    """
    keys = {fault.id for fault in refused if fault.code == "refused"}
    left = Counter(plan.quarantined[visit] for visit in visits if visit in plan.quarantined)
    left["refused"] += sum(PREFIX + visit in keys for visit in visits)
    if not visits or left.total() < len(visits):
        return None
    why = ", ".join(
        f"{number} {phrase({}, code)}" for code, number in sorted(left.items()) if number
    )
    return ImplausibleData(
        f"the case of none of {len(visits)} visits could be written ({why}); jobs and audits "
        "name them",
        code="no_case_written",
    )


def unread_records(
    visits: Sequence[SourceRecord], stored: Mapping[str, StoredVisit]
) -> dict[str, str]:
    """Visit -> why its record gave nothing when it was asked for last."""
    asked = ((visit, stored[visit.id].last_asked) for visit in visits)
    return {
        visit.id: memory.code
        for visit, memory in asked
        if memory.code is not None and visit.consultation_id is not None
    }
