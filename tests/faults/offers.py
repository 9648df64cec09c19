"""What a clinic offers after each run, beside what the run has read (V11).

The last read that a run has finished counts until the next one: a run that fails before it writes
leaves the slots as they were, so they still have to fit what was read before.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from uuid import UUID

from oracle.offers import Place, Read, left
from tests.faults import ask_oracle, checks
from tests.faults.clinic import FaultClinic
from tests.faults.results import Violation
from tests.kit.database import query

_FINISHED_A_READ = """
    SELECT 1 FROM idexx_sync.jobs
     WHERE id = ANY(%s) AND sync = 'inbound' AND manner = 'apply'
       AND (status IN ('succeeded', 'succeeded_with_warnings', 'held')
            OR (status = 'failed' AND error_kind = 'shape_changed'))
       AND NOT coalesce(result -> 'held' ? 'foreign_calendar', false)
"""
"""A calendar of another clinic is not read; of one in another shape the times count."""


_PUT_RIGHT = """
    SELECT split_part(c.external_id, '@', 1) AS key
      FROM idexx_sync.changes c JOIN idexx_sync.jobs j ON j.id = c.job_id
     WHERE j.id = ANY(%s) AND j.sync = 'reconciliation' AND c.kind = 'appointment'
"""


class Offers:
    """Judges one clinic's slots after each of its runs."""

    def __init__(self, clinic: FaultClinic) -> None:
        self._clinic = clinic
        self._answers = 0
        self._left: Mapping[Place, int] = {}
        self._read: Read | None = None

    def before_run(self) -> None:
        served = self._clinic.neo.calendars(after=self._answers)
        self._answers = max([self._answers, *(one["number"] for one in served)])
        self._left = left(self._clinic.conn, self._clinic.clinic_id)

    def after_run(self, job_ids: Collection[UUID]) -> list[Violation]:
        """What is offered although the last finished read names it."""
        clinic = self._clinic
        if query(clinic.conn, _FINISHED_A_READ, (list(job_ids),)):
            served = clinic.neo.calendars(after=self._answers)
            read = ask_oracle.last_read(clinic.conn, clinic.question(), served, self._left)
            self._read = read or self._read
        if self._read is None:
            return []
        # Of these a reconciliation has heard something newer than the last inbound read.
        newer = {row["key"] for row in query(clinic.conn, _PUT_RIGHT, (list(job_ids),))}
        reading = self._read.reading
        covered = [one for one in reading.covered if one.record not in newer]
        self._read = replace(self._read, reading=replace(reading, covered=covered))
        return checks.covered_but_offered(clinic.conn, self._read, clinic.now)
