"""A bench whose visits become cases: what is in ODIS, and what was said about it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

from idexx_sync.database.connection import Conn, Settle
from idexx_sync.jobs import leases
from idexx_sync.jobs.leases import Lease
from idexx_sync.jobs.model import Job, RunOrder
from idexx_sync.jobs.runner import run_job
from idexx_sync.pims.protocol import Consultation, SourceRecord
from idexx_sync.syncs.cases.sync import CaseSync
from tests.kit.bench import Bench
from tests.kit.database import as_json, insert, query, update


class CasesBench(Bench):
    """A bench with the case sync's rows at hand."""

    def case(self, visit_id: str = "600101") -> dict[str, Any]:
        """The visit's only case that has our key."""
        found = query(
            self.conn,
            "SELECT c.* FROM public.cases c JOIN idexx_sync.case_keys k ON k.case_id = c.id "
            "WHERE k.clinic_id = %s AND k.external_id = %s",
            (self.clinic_id, f"pims-appt-idexx-neo-{visit_id}"),
        )
        assert len(found) == 1, f"{len(found)} cases of visit {visit_id}"
        return found[0]

    def all_cases(self) -> list[dict[str, Any]]:
        return query(
            self.conn,
            "SELECT * FROM public.cases WHERE clinic_id = %s ORDER BY external_id, created_at, id",
            (self.clinic_id,),
        )

    def patients(self, case_id: UUID) -> list[dict[str, Any]]:
        return query(
            self.conn,
            "SELECT * FROM public.patients WHERE case_id = %s ORDER BY created_at, id",
            (case_id,),
        )

    def patient(self, visit_id: str = "600101") -> dict[str, Any]:
        found = self.patients(self.case(visit_id)["id"])
        assert len(found) == 1, f"{len(found)} patients of visit {visit_id}"
        return found[0]

    def memory(self, kind: str, visit_id: str = "600101") -> dict[str, Any]:
        found = query(
            self.conn,
            "SELECT * FROM idexx_sync.records "
            "WHERE clinic_id = %s AND kind = %s AND external_id = %s",
            (self.clinic_id, kind, visit_id),
        )
        assert len(found) == 1, f"{len(found)} records of {kind} {visit_id}"
        return found[0]

    def add_case(self, external_id: str | None, **columns: Any) -> UUID:
        """A case that somebody else made; JSON as Python values."""
        case_id = uuid4()
        values = {
            "id": case_id,
            "clinic_id": self.clinic_id,
            "external_id": external_id,
            "source": "pims:idexx-neo",
            "status": "draft",
            **columns,
        }
        insert(self.conn, "public.cases", as_json(values))
        return case_id

    def add_patient(self, case_id: UUID, **columns: Any) -> UUID:
        patient_id = uuid4()
        values = {
            "id": patient_id,
            "case_id": case_id,
            "clinic_id": self.clinic_id,
            "name": "TANGO",
            **columns,
        }
        insert(self.conn, "public.patients", values)
        return patient_id

    def edit(self, table: str, row_id: UUID, **columns: Any) -> None:
        """What a person does in ODIS."""
        update(self.conn, f"public.{table}", as_json(columns), id=row_id)

    def again(self, job: Job) -> Job:
        """The job's next attempt."""
        return run_job(RunOrder(job.id, None, "cases"), CaseSync(), self.dependencies())

    @contextmanager
    def before_each_write(
        self, happens: Callable[[], object], times: int | None = None
    ) -> Iterator[None]:
        """Within the block something happens after each plan, before it is written."""
        original, left = leases.require, count() if times is None else iter(range(times))

        def require(conn: Conn, lease: Lease, settle: Settle) -> float:
            left_s = original(conn, lease, settle)
            if next(left, None) is not None:
                happens()
            return left_s

        with patch.object(leases, "require", require):
            yield

    @contextmanager
    def changing_between(self, table: str, row_id: UUID) -> Iterator[None]:
        """Within the block somebody changes the row after each plan, before it is written."""
        statement = f"UPDATE {table} SET updated_at = idexx_sync.clock() WHERE id = %s"
        with self.before_each_write(lambda: self.conn.execute(statement, (row_id,))):
            yield

    def shows(self, *records: SourceRecord) -> None:
        self.pims.records = list(records)

    def writes(self, chart: Consultation) -> None:
        """Staff have written the record of a consultation."""
        self.pims.charts[chart.id] = chart
