"""A bench with all three syncs: what is stored, and what the reconciliation makes of it."""

from datetime import date, timedelta
from typing import Any

from idexx_sync.core.vocabulary import Manner
from idexx_sync.jobs.model import Job, new_order
from idexx_sync.jobs.params import ReconciliationParams
from idexx_sync.jobs.runner import run_job
from idexx_sync.syncs.reconciliation.sync import ReconciliationSync
from tests.kit.cases_bench import CasesBench
from tests.kit.database import insert, query
from tests.kit.records import MORNING


class ReconciliationBench(CasesBench):
    """The days of MONDAY's week are in the past by the time of a night's run."""

    def synced(self) -> None:
        """Both other syncs have run, while MONDAY is today."""
        assert self.sync().status in ("succeeded", "succeeded_with_warnings", "held")
        assert self.cases().status in ("succeeded", "succeeded_with_warnings", "held")

    def night(self, number: int = 1) -> None:
        """So many days after MONDAY, at two o'clock in the clinic's night."""
        self.now = MORNING.replace(hour=9) + timedelta(days=number)

    def reconcile(
        self,
        *,
        fix: bool = True,
        manner: Manner | None = None,
        sync: ReconciliationSync | None = None,
        lookback_days: int = 7,
    ) -> Job:
        params = ReconciliationParams(mode="fix" if fix else "report", lookback_days=lookback_days)
        wanted = manner or params.manner
        order = new_order(self.clinic_id, "reconciliation", "schedule", params, wanted)
        return run_job(order, sync or ReconciliationSync(), self.dependencies())

    def has(self, visit_id: str) -> bool:
        """Whether the visit has a live row."""
        return visit_id in set(self.keys())

    def discrepancies(self, *, ended: bool = False) -> list[dict[str, Any]]:
        """Those that are open, or all."""
        return query(
            self.conn,
            "SELECT * FROM idexx_sync.discrepancies WHERE clinic_id = %s "
            "AND (%s OR ended_at IS NULL) ORDER BY external_id, cause",
            (self.clinic_id, ended),
        )

    def found(self) -> dict[tuple[str, str], str]:
        """Kind and cause -> outcome, of those that are open."""
        return {(one["kind"], one["cause"]): one["outcome"] for one in self.discrepancies()}

    def policy(self, cause: str, treatment: str, until: date | None = None) -> None:
        values = {
            "clinic_id": self.clinic_id,
            "cause": cause,
            "treatment": treatment,
            "until": until,
            "set_by": "a tester",
        }
        insert(self.conn, "idexx_sync.policies", values)
