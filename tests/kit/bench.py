"""A clinic with a scripted PIMS over a real database: syncs run in the test's own process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import InitVar, dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from pydantic import SecretStr

from idexx_sync.clinics.store import Clinic
from idexx_sync.core.fingerprints import read_fingerprint_keys
from idexx_sync.core.vocabulary import Manner, Stage
from idexx_sync.database.business_time import Clock
from idexx_sync.database.connection import Conn, Database
from idexx_sync.jobs.contract import Sync
from idexx_sync.jobs.heartbeat import Lifetime
from idexx_sync.jobs.model import Job, new_order
from idexx_sync.jobs.params import WindowParams
from idexx_sync.jobs.runner import Dependencies, run_job
from idexx_sync.syncs.cases.sync import CaseSync
from idexx_sync.syncs.hold_store import decide, hold_by_id
from idexx_sync.syncs.inbound.sync import InboundSync
from tests.kit.business_time import set_business_time
from tests.kit.database import as_role, insert, query, update
from tests.kit.records import MONDAY, MORNING
from tests.kit.scripted_pims import ScriptedPims
from tests.kit.settings import FINGERPRINT_KEY, make_settings, random_key


@dataclass
class Bench:
    """One clinic, its PIMS, a clock that stands until it is moved, and runs on demand."""

    conn: Conn
    url: str
    clinic_id: UUID
    pims: ScriptedPims = field(init=False)
    retried: bool = False
    fingerprint_key: SecretStr = FINGERPRINT_KEY
    lent: InitVar[Database | None] = None
    """What leads a worker to `url`, where a test does not need one of its own."""

    def __post_init__(self, lent: Database | None) -> None:
        self.now = MORNING
        self.pims = ScriptedPims(clock=lambda: self.now)
        self.workers_url = as_role(self.url, "worker")
        self.database = lent or Database(SecretStr(self.workers_url))

    @property
    def now(self) -> datetime:
        """Business time, in the database and in the runs of this bench."""
        return self._now

    @now.setter
    def now(self, moment: datetime) -> None:
        self._now = moment
        set_business_time(self.conn, moment, ticks=True)

    def elapsed(self) -> float:
        """Seconds as a monotonic clock tells them, of this bench's time."""
        return self._now.timestamp()

    def dependencies(self, **changes: Any) -> Dependencies:
        @contextmanager
        def open_pims(
            clinic: Clinic,
            job_id: UUID,
            session: tuple[int, bytes] | None,
            lifetime: Lifetime,
            clock: Clock,
        ) -> Iterator[ScriptedPims]:
            yield self.pims

        dependencies = Dependencies(
            settings=make_settings(self.workers_url),
            fingerprint_keys=read_fingerprint_keys(self.fingerprint_key),
            database=self.database,
            open_pims=open_pims,
            clock_from=lambda _moment: lambda: self.now,
            sleep=lambda _seconds: None,
            retried=self.retried,
        )
        return replace(dependencies, **changes)

    def sync(self, first: date = MONDAY, last: date | None = None, manner: Manner = "apply") -> Job:
        """Run the inbound sync over the days (one week, if nothing else is said)."""
        wanted = WindowParams(first_day=first, last_day=last or first + timedelta(days=6))
        order = new_order(self.clinic_id, "inbound", "schedule", wanted, manner)
        return run_job(order, InboundSync(), self.dependencies())

    def run(self, sync: Sync) -> Job:
        """Run an inbound sync of the test's own over its own window."""
        return run_job(new_order(self.clinic_id, "inbound", "schedule"), sync, self.dependencies())

    def cases(self, sync: Sync | None = None, manner: Manner = "apply", **params: Any) -> Job:
        """Run the case sync over its own window, if nothing else is said."""
        order = new_order(self.clinic_id, "cases", "schedule", WindowParams(**params), manner)
        return run_job(order, sync or CaseSync(), self.dependencies())

    def replace_fingerprint_key(self, *, keep_old: bool = False) -> None:
        """From now on another one makes fingerprints; the old one may still be known."""
        old = self.fingerprint_key.get_secret_value().split()[:keep_old]
        self.fingerprint_key = SecretStr(" ".join([random_key(), *old]))

    def later(self, minutes: float = 15) -> None:
        self.now += timedelta(minutes=minutes)

    def rows(self, *, removed: bool = False) -> list[dict[str, Any]]:
        """The clinic's appointments, live ones only unless removed ones are asked for too."""
        return query(
            self.conn,
            "SELECT * FROM public.schedule_appointments WHERE clinic_id = %s "
            "AND (%s OR deleted_at IS NULL) ORDER BY date, start_time, neo_appointment_id",
            (self.clinic_id, removed),
        )

    def row(self, key: str) -> dict[str, Any]:
        found = [row for row in self.rows(removed=True) if row["neo_appointment_id"] == key]
        assert len(found) == 1, f"{len(found)} rows of {key}"
        return found[0]

    def keys(self) -> list[str]:
        return [row["neo_appointment_id"] for row in self.rows()]

    def slots(self, day: date = MONDAY) -> dict[str, int]:
        """Start -> booked count of the day's slots."""
        found = query(
            self.conn,
            "SELECT start_time, booked_count FROM public.schedule_slots "
            "WHERE clinic_id = %s AND date = %s ORDER BY start_time",
            (self.clinic_id, day),
        )
        return {f"{slot['start_time']:%H:%M}": slot["booked_count"] for slot in found}

    def holds(self) -> list[dict[str, Any]]:
        return query(
            self.conn,
            "SELECT * FROM idexx_sync.holds WHERE clinic_id = %s ORDER BY opened_at, cause",
            (self.clinic_id,),
        )

    def hold(self, cause: str) -> dict[str, Any]:
        """The clinic's only hold of that cause, whatever has become of it."""
        found = [hold for hold in self.holds() if hold["cause"] == cause]
        assert len(found) == 1, f"{len(found)} holds of {cause}"
        return found[0]

    def version(self, hold_id: UUID | str) -> str:
        """What a decision about the hold has to name."""
        hold = hold_by_id(self.conn, UUID(str(hold_id)))
        assert hold is not None
        return hold.version

    def decide(self, cause: str, verdict: Literal["approved", "rejected"]) -> None:
        set_business_time(self.conn, self._now)  # exactly: a permit is a day long, and no tick more
        hold = hold_by_id(self.conn, self.hold(cause)["id"])
        assert hold is not None
        decided = decide(self.conn, hold, verdict, "a tester")
        self.now = self._now
        assert decided is not None

    def stage(self, stage: Stage) -> None:
        """Bring the clinic that far on board."""
        update(self.conn, "idexx_sync.clinic_settings", {"stage": stage}, clinic_id=self.clinic_id)

    def configure(self, table: str, **columns: Any) -> None:
        """Change the clinic's row of `clinics` or `clinic_schedule_configs`."""
        key = "id" if table == "clinics" else "clinic_id"
        update(self.conn, f"public.{table}", columns, **{key: self.clinic_id})

    def book(self, start: str, end: str, **columns: Any) -> None:
        """A booking of the voice agent, confirmed if nothing else is said."""
        begin, finish = datetime.fromisoformat(start), datetime.fromisoformat(end)
        values = {
            "clinic_id": self.clinic_id,
            "date": begin.date(),
            "start_time": begin.time(),
            "end_time": finish.time(),
            "status": "confirmed",
            **columns,
        }
        insert(self.conn, "public.vapi_bookings", values)

    def schedule_syncs(self) -> list[dict[str, Any]]:
        return query(
            self.conn,
            "SELECT * FROM public.schedule_syncs WHERE clinic_id = %s ORDER BY completed_at",
            (self.clinic_id,),
        )

    def audits(self, job: Job) -> list[dict[str, Any]]:
        return query(
            self.conn,
            "SELECT * FROM public.case_sync_audits WHERE job_id = %s ORDER BY external_id",
            (job.id,),
        )

    def record(self, key: str) -> dict[str, Any]:
        found = query(
            self.conn,
            "SELECT * FROM idexx_sync.records WHERE clinic_id = %s AND external_id = %s",
            (self.clinic_id, key),
        )
        assert len(found) == 1, f"{len(found)} records of {key}"
        return found[0]
