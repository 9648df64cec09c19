"""Who would be called after each run, beside what the runs have read (V12)."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from oracle.calls import Heard, calls_tonight, wrong_calls
from tests.faults.clinic import FaultClinic
from tests.faults.results import Violation
from tests.kit.database import query

_FINISHED = """
    SELECT DISTINCT sync FROM idexx_sync.jobs
     WHERE id = ANY(%s) AND sync IN ('cases', 'reconciliation') AND manner = 'apply'
       AND status IN ('succeeded', 'succeeded_with_warnings')
"""


class Calls:
    """Judges whom one clinic's cases would have called."""

    def __init__(self, clinic: FaultClinic) -> None:
        self._clinic = clinic
        self._calendars = self._records = 0
        self._heard = Heard()
        self._said_alive_at: dict[UUID, datetime] = {}
        self.judged = 0

    def before_run(self) -> None:
        """What was asked meanwhile was asked by nobody who writes."""
        neo = self._clinic.neo
        calendars = [one["number"] for one in neo.calendars(after=self._calendars)]
        records = [one["number"] for one in neo.records(after=self._records)]
        self._calendars = max([self._calendars, *calendars])
        self._records = max([self._records, *records])
        self._note_who_is_said_to_live()

    def after_run(self, job_ids: Collection[UUID]) -> list[Violation]:
        """Whom nobody may call by what finished runs have read."""
        clinic = self._clinic
        finished = {row["sync"] for row in query(clinic.conn, _FINISHED, (list(job_ids),))}
        if "cases" in finished:
            self._listen(self._heard)
        elif finished:  # it writes who has died; whose a visit is the case sync does
            heard = Heard()
            self._listen(heard)
            self._heard.deaths_of(heard)
        calls = calls_tonight(clinic.conn, clinic.clinic_id, clinic.now)
        self.judged += len(calls)
        if not calls:
            return []
        now = {visit["id"]: visit["patient_id"] for visit in clinic.neo.state()["visits"]}
        found = wrong_calls(calls, self._heard, self._said_alive_at, now)
        return [Violation("V12", text) for text in found]

    def _listen(self, heard: Heard) -> None:
        """What the run was told."""
        neo, now = self._clinic.neo, self._clinic.now
        for calendar in neo.calendars(after=self._calendars):
            heard.calendar(calendar["body"], now)
        for record in neo.records(after=self._records):
            heard.record(record["body"], now)

    def _note_who_is_said_to_live(self) -> None:
        rows = query(
            self._clinic.conn,
            "SELECT id FROM public.cases WHERE clinic_id = %s "
            "AND extreme_case_check -> 'isExtremeCase' = 'false'",
            (self._clinic.clinic_id,),
        )
        for row in rows:
            self._said_alive_at.setdefault(row["id"], self._clinic.now)
