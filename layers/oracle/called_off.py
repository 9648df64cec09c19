"""The oracle of cases whose visits were called off: what a reconciliation makes of them.

Nothing of the product is imported.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from oracle.question import Row

CLOSED: Final = "reviewed"
CANCELLED: Final = "cancelled"
FINALISED: Final = "finalized"


def is_marked(case: Row) -> bool:
    """Whether the case says that its visit is gone from the PIMS."""
    return _said(case, "reconciliation").get("softDeleted") is True


def called_off_differences(
    visits: Collection[Row],
    cases: Collection[tuple[str, Row]],
    days: tuple[date, date],
    zone: ZoneInfo,
    edited: Collection[str] = (),
) -> Iterator[str]:
    """What is wrong with cases that are stored on those days and that no read of them shows.

    `visits` are all that Neo has or had, `cases` the visits' ids and their cases; `edited` are
    visits whose case's status is a person's. A case of a finalised visit stays until a person lets
    it be closed; of one that is closed as cancelled nobody asks any more when its visit is.
    """
    known = {visit["id"]: visit for visit in visits}
    for visit_id, case in sorted(cases, key=lambda pair: pair[0]):
        visit = known.get(visit_id)
        if not _is_of(case, days, zone) or visit_id in edited:
            continue
        if visit is not None and not (visit["deleted"] or visit["cancelled"]):
            yield from _of_shown(visit_id, case, visit, zone)
        elif not _is_final(case, visit):
            yield from _of_gone(visit_id, case, visit)


def _is_of(case: Row, days: tuple[date, date], zone: ZoneInfo) -> bool:
    at = case["scheduled_at"]
    return at is not None and days[0] <= at.astimezone(zone).date() <= days[1]


def _is_final(case: Row, visit: Row | None) -> bool:
    said = str(_said(case, "pimsAppointment").get("sourceStatus") or "").lower()
    now = None if visit is None else visit["status_now"]
    return FINALISED in (said, now) or case["status"] == "completed"


def _of_shown(visit_id: str, case: Row, visit: Row, zone: ZoneInfo) -> Iterator[str]:
    """Its visit exists, maybe on another day than the case says."""
    if case["status"] == CLOSED and _said(case, "pimsAppointment").get("status") == CANCELLED:
        return
    start = datetime.fromisoformat(visit["start"]).replace(tzinfo=zone).astimezone(UTC)
    if case["scheduled_at"] != start:
        yield f"{visit_id}: scheduled_at is {case['scheduled_at']}, should be {start}"


def _of_gone(visit_id: str, case: Row, visit: Row | None) -> Iterator[str]:
    why = _why(visit)
    if case["status"] != CLOSED:
        yield f"{visit_id}: status is {case['status']}, should be {CLOSED}: {why}"
    said = _said(case, "pimsAppointment").get("status")
    if said != CANCELLED:
        yield f"{visit_id}: pimsAppointment.status is {said}, should be {CANCELLED}: {why}"
    if not is_marked(case) and not (visit is not None and visit["cancelled"]):
        yield f"{visit_id}: is not marked as removed: {why}"


def _why(visit: Row | None) -> str:
    if visit is None:
        return "Neo does not have it"
    return f"it was {'deleted' if visit['deleted'] else CANCELLED} in Neo"


def _said(case: Row, name: str) -> dict[str, Any]:
    held = case["metadata"].get(name) if isinstance(case["metadata"], dict) else None
    return held if isinstance(held, dict) else {}
