"""What a reconciliation has to tell beside its outcome: differences that stay, and cases that are
closed while a call or an e-mail about them is queued."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from idexx_sync.alerts.kinds import CLOSED_CASE_HAS_CALL, DISCREPANCY_STAYS, Opening
from idexx_sync.core.clinic_time import to_instant
from idexx_sync.jobs.contract import Run
from idexx_sync.jobs.params import MOST_LOOKBACK_DAYS
from idexx_sync.syncs.queued_store import queued_for
from idexx_sync.syncs.reconciliation.discrepancy_store import standing
from idexx_sync.syncs.reconciliation.store import closed_cases


def openings(run: Run, today: date) -> tuple[tuple[Opening, ...], Mapping[str, int]]:
    """The alerts, as what is stored says by now, and warnings: code -> how often.

    They are the same whatever days the order compares and whether it writes: the end of a run
    closes what it does not tell. Nothing is told by a run that previews.
    """
    if run.manner == "preview":
        return (), {}
    conn, clinic_id = run.conn, run.clinic.id
    told = []
    if stay := standing(conn, clinic_id, run.clock()):
        told.append(Opening(DISCREPANCY_STAYS, "odis", None, tuple(map(str, stay))))
    first_day = today - timedelta(days=MOST_LOOKBACK_DAYS + 1)
    since = to_instant(datetime.combine(first_day, time.min), run.clinic.zone)
    queued = queued_for(conn, closed_cases(conn, clinic_id, since))
    if queued.case_ids:
        cases = tuple(sorted(map(str, queued.case_ids)))
        told.append(Opening(CLOSED_CASE_HAS_CALL, "odis", None, cases))
    return tuple(told), {"calls_unknown": len(queued.unread)} if queued.unread else {}
