"""A clinic in the database, a scripted PIMS, and a run of the inbound sync, for tests."""

import base64
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import Any, Literal
from uuid import UUID, uuid4

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from pydantic import SecretStr

from idexx_sync.clinics.store import Clinic, set_up_clinic
from idexx_sync.core.sealing import keyring
from idexx_sync.core.settings import KeySettings, Settings
from idexx_sync.database.connection import Database
from idexx_sync.jobs.contract import Sync
from idexx_sync.jobs.heartbeat import Lifetime
from idexx_sync.jobs.model import Job, Params, new_order
from idexx_sync.jobs.runner import Tools, run_job
from idexx_sync.pims.protocol import (
    Configuration,
    ConsultationAnswer,
    Found,
    Gone,
    Lookup,
    Room,
    Snapshot,
    SourceRecord,
    Unreadable,
    Window,
)
from idexx_sync.syncs.cases.sync import CaseSync
from idexx_sync.syncs.hold_store import decide
from idexx_sync.syncs.inbound.sync import InboundSync

Conn = Connection[tuple[Any, ...]]

LOCAL_KEY = SecretStr(base64.b64encode(bytes(range(32))).decode())
PEPPER = SecretStr(base64.b64encode(bytes(range(32, 64))).decode())
MONDAY = date(2026, 5, 4)
MORNING = datetime(2026, 5, 4, 14, 0, tzinfo=UTC)
"""07:00 on MONDAY in Los Angeles."""


def make_settings(database_url: str, **overrides: Any) -> Settings:
    return Settings(
        DATABASE_URL=SecretStr(database_url),
        local_key=LOCAL_KEY,
        **overrides,
    )


def make_key_settings(database_url: str, **overrides: Any) -> KeySettings:
    return KeySettings(
        DATABASE_URL=SecretStr(database_url), **{"pepper": PEPPER, "stage": "test", **overrides}
    )


def add_clinic(
    conn: Conn,
    *,
    zone: str | None = "America/Los_Angeles",
    base_url: str = "https://us.idexxneo.com",
    room_ids: list[str] | None = None,
    stage: Literal["off", "shadow", "canary", "live"] = "live",
    is_active: bool = True,
    business_hours: Any = None,
    acting_user_id: UUID | None = None,
    live_from: date | None = None,
    **schedule: Any,
) -> UUID:
    """A clinic as ODIS has it, set up for this service; returns its id."""
    clinic_id = uuid4()
    conn.execute(
        """
        INSERT INTO public.clinics (id, name, slug, timezone, is_active, business_hours)
        VALUES (%s, %s, %s, %s, %s, %s)
        """,
        (
            clinic_id,
            f"Clinic {clinic_id}",
            str(clinic_id),
            zone,
            is_active,
            None if business_hours is None else Jsonb(business_hours),
        ),
    )
    columns = {"clinic_id": clinic_id, "slot_duration_minutes": 30, **schedule}
    conn.execute(
        f"INSERT INTO public.clinic_schedule_configs ({', '.join(columns)}) "
        f"VALUES ({', '.join(['%s'] * len(columns))})",
        [Jsonb(value) if isinstance(value, dict) else value for value in columns.values()],
    )
    set_up_clinic(
        conn,
        clinic_id,
        base_url=base_url,
        room_ids=room_ids,
        stage=stage,
        acting_user_id=acting_user_id,
        live_from=live_from,
    )
    return clinic_id


def add_user(conn: Conn, *clinic_ids: UUID) -> UUID:
    """A user of ODIS with access to the clinics; returns its id."""
    user_id = uuid4()
    conn.execute("INSERT INTO auth.users (id) VALUES (%s)", (user_id,))
    conn.execute("INSERT INTO public.users (id) VALUES (%s)", (user_id,))
    for clinic_id in clinic_ids:
        conn.execute(
            "INSERT INTO public.user_clinic_access (user_id, clinic_id) VALUES (%s, %s)",
            (user_id, clinic_id),
        )
    return user_id


def visit(
    record_id: str = "600101", start: str = "2026-05-04 09:00:00", **fields: Any
) -> SourceRecord:
    """A visit of half an hour, if nothing else is said."""
    defaults: dict[str, Any] = {
        "end": str(datetime.fromisoformat(start) + timedelta(minutes=30)),
        "room_id": "3",
        "status": "Not arrived",
        "type": "Exam",
        "patient_name": "TANGO",
        "client_name": "Robin Sample",
        "client_phone": "555-555-0100",
        "provider_name": "DR. A. EXAMPLE",
        "last_updated_at": "2026-05-01 10:00:00",
    }
    return SourceRecord(id=record_id, kind="visit", start=start, **{**defaults, **fields})


def block(
    record_id: str = "700101",
    start: str = "2026-05-04 12:00:00",
    end: str = "2026-05-04 13:00:00",
    room_id: str | None = "3",
    **fields: Any,
) -> SourceRecord:
    return SourceRecord(
        id=record_id,
        kind="block",
        start=start,
        end=end,
        room_id=room_id,
        has_status=False,
        **fields,
    )


def visits(
    count: int, first: int = 600101, day: date = MONDAY, **fields: Any
) -> list[SourceRecord]:
    """Visits with consecutive ids, five a day from 08:00, over consecutive days."""
    return [
        visit(
            str(first + n),
            f"{day + timedelta(days=n // 5)} {8 + n % 5 * 2:02}:00:00",
            **fields,
        )
        for n in range(count)
    ]


def at_once[T](racers: int, run: Callable[[int], T]) -> list[T]:
    """What each racer returns; all of them start at the same moment."""
    start = Barrier(racers)

    def racer(number: int) -> T:
        start.wait()
        return run(number)

    with ThreadPoolExecutor(racers) as pool:
        return list(pool.map(racer, range(racers)))


@dataclass
class ScriptedPims:
    """A calendar in memory that behaves as the source does.

    `records` are what exists; `hidden` ids exist but the calendar leaves them out, as an incomplete
    answer would. Whatever is neither is not found by a look-up.
    """

    clock: Any
    records: list[SourceRecord] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    beside: list[SourceRecord] = field(default_factory=list)
    """Shown whatever days are asked for, as a source with loose bounds does."""
    answers: dict[str, Lookup] = field(default_factory=dict)
    """What a look-up answers instead of what `records` say."""
    charts: dict[str, ConsultationAnswer] = field(default_factory=dict)
    """Consultation -> its record."""
    charts_read: list[str] = field(default_factory=list)
    rooms: Sequence[str] = ("3", "5")
    error: Exception | None = None
    logged_in: bool = False
    will_log_in: bool = False
    configurations_read: int = 0
    looked_up: list[str] = field(default_factory=list)
    reads: int = 0
    before_answer: Any = None
    """Called while the calendar is being read."""

    def schedule(self, window: Window) -> Snapshot:
        self.reads += 1
        if self.error is not None:
            raise self.error
        read_at = self.clock()
        shown = [
            record
            for record in self.records
            if record.id not in self.hidden and date.fromisoformat(record.start[:10]) in window
        ]
        if self.before_answer:
            self.before_answer()
        return Snapshot(window, read_at, shown + self.beside, list(self.unreadable))

    def appointments(self, ids: Sequence[str]) -> Mapping[str, Lookup]:
        self.looked_up += ids
        by_id = {record.id: record for record in reversed(self.records)}
        return {id_: self.answers.get(id_) or _found(by_id.get(id_)) for id_ in ids}

    def consultations(
        self, ids: Sequence[str]
    ) -> Generator[tuple[str, ConsultationAnswer], None, None]:
        for consultation_id in ids:
            self.charts_read.append(consultation_id)
            yield consultation_id, self.charts.get(consultation_id, Gone())

    def configuration(self) -> Configuration:
        self.configurations_read += 1
        return Configuration(30, [Room(room, f"ROOM {room}") for room in self.rooms])

    def replace(self, record_id: str, **fields: Any) -> None:
        self.records = [
            replace(record, **fields) if record.id == record_id else record
            for record in self.records
        ]

    def delete(self, record_id: str) -> None:
        """As Neo does it: gone from the calendar, readable by id as deleted."""
        record = next(record for record in self.records if record.id == record_id)
        self.records.remove(record)
        found = _found(record)
        assert isinstance(found, Found)
        self.answers[record_id] = replace(found, deleted=True)

    def forget(self, *record_ids: str) -> None:
        """Gone without a trace."""
        self.records = [record for record in self.records if record.id not in record_ids]

    def hide_as(self, record_id: str, **facts: Any) -> None:
        """Left out of the calendar; a look-up finds the record, with these facts."""
        record = next(record for record in self.records if record.id == record_id)
        found = _found(record)
        assert isinstance(found, Found)
        self.hidden.add(record_id)
        self.answers[record_id] = replace(found, **facts)


def _found(record: SourceRecord | None) -> Lookup:
    if record is None:
        return Gone()
    return Found(
        id=record.id,
        kind=record.kind,
        start=record.start,
        end=record.end,
        room_id=record.room_id,
        status=record.status,
        deleted=False,
        cancelled=False,
        patient_id=record.patient_id,
    )


@dataclass
class Bench:
    """One clinic, its PIMS, a clock that stands until it is moved, and runs on demand."""

    conn: Conn
    url: str
    clinic_id: UUID
    now: datetime = MORNING
    pims: ScriptedPims = field(init=False)
    retried: bool = False

    def __post_init__(self) -> None:
        self.pims = ScriptedPims(clock=lambda: self.now)
        self.database = Database(SecretStr(self.url))

    def tools(self, **changes: Any) -> Tools:
        @contextmanager
        def open_pims(
            clinic: Clinic,
            job_id: UUID,
            session: tuple[int, bytes] | None,
            lifetime: Lifetime,
        ) -> Iterator[ScriptedPims]:
            yield self.pims

        tools = Tools(
            settings=make_settings(self.url),
            keys=keyring(LOCAL_KEY),
            database=self.database,
            open_pims=open_pims,
            clock=lambda: self.now,
            sleep=lambda _seconds: None,
            retried=self.retried,
        )
        return replace(tools, **changes)

    def sync(self, first: date = MONDAY, last: date | None = None, **params: Any) -> Job:
        """Run the inbound sync over the days (one week, if nothing else is said)."""
        wanted = Params(first_day=first, last_day=last or first + timedelta(days=6), **params)
        order = new_order(self.clinic_id, "inbound", "cli", wanted)
        return run_job(order, InboundSync(), self.tools())

    def cases(self, sync: Sync | None = None, **params: Any) -> Job:
        """Run the case sync over its own window, if nothing else is said."""
        order = new_order(self.clinic_id, "cases", "cli", Params(**params))
        return run_job(order, sync or CaseSync(), self.tools())

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

    def decide(self, cause: str, verdict: Literal["approved", "rejected"]) -> None:
        decided = decide(self.conn, self.hold(cause)["id"], verdict, "a tester", self.now)
        assert decided is not None

    def configure(self, table: str, **columns: Any) -> None:
        """Change the clinic's row of `clinics` or `clinic_schedule_configs`."""
        key = "id" if table == "clinics" else "clinic_id"
        values = [Jsonb(v) if isinstance(v, dict) else v for v in columns.values()]
        self.conn.execute(
            f"UPDATE public.{table} SET {', '.join(f'{name} = %s' for name in columns)} "
            f"WHERE {key} = %s",
            [*values, self.clinic_id],
        )

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
        self.conn.execute(
            f"INSERT INTO public.vapi_bookings ({', '.join(values)}) "
            f"VALUES ({', '.join(['%s'] * len(values))})",
            list(values.values()),
        )

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


def query(conn: Conn, statement: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cur:
        return cur.execute(statement, parameters).fetchall()


def warnings(job: Job) -> dict[str, int]:
    assert job.result is not None, job.error_message
    return dict(job.result["warnings"])


def held(job: Job) -> dict[str, int]:
    """Cause -> how many records the job held back."""
    assert job.result is not None, job.error_message
    return dict(job.result["held"])


def counts(job: Job) -> dict[str, int]:
    """The job's counts that are not zero."""
    assert job.result is not None, job.error_message
    return {name: count for name, count in job.result["counts"].items() if count}
