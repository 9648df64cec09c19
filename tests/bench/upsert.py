"""P5: the set-based upsert beside a raw COPY into an equal table."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from idexx_sync.database.connection import Conn, writing
from idexx_sync.syncs.inbound.model import COLUMNS, Appointment, RowChange
from idexx_sync.syncs.inbound.store import insert_appointments
from idexx_sync.syncs.memory import Record
from tests.bench.figure import Figure, interleaved, ratio, seconds_of
from tests.bench.rig import L0, Rig

ROWS = 10_000
OWN = ", ".join(COLUMNS)
NOW = datetime(2026, 5, 4, 14, tzinfo=UTC)


def measure_upsert(rig: Rig, repetitions: int) -> list[Figure]:
    with rig.service(L0, 1) as service:
        conn, clinic_id = service.conn, service.clinic.clinic_id
        make_twin(conn)
        changes = new_appointments(ROWS)

        def ours() -> float:
            conn.execute("TRUNCATE public.schedule_appointments")
            return seconds_of(lambda: upsert(conn, clinic_id, changes))

        def raw() -> float:
            conn.execute("TRUNCATE public.twin")
            return seconds_of(lambda: copy(conn, clinic_id, changes))

        upserts, copies = interleaved(repetitions, ours, raw)
    return [
        Figure(
            id="P5",
            what=f"set-based upsert of {ROWS} rows: share of COPY's rows a second",
            measured=ratio(copies, upserts),
            goal=0.5,
            unit="ratio",
            against="COPY of the same values into a table with the same indexes, constraints and "
            "triggers",
            repetitions=repetitions,
            at_least=True,
        )
    ]


def upsert(conn: Conn, clinic_id: UUID, changes: list[RowChange]) -> None:
    with writing(conn):
        written = insert_appointments(conn, clinic_id, changes, NOW)
    assert len(written.fetchall()) == len(changes)


def copy(conn: Conn, clinic_id: UUID, changes: list[RowChange]) -> None:
    statement = (
        f"COPY public.twin (clinic_id, neo_appointment_id, last_synced_at, {OWN}) FROM STDIN"
    )
    with conn.transaction(), conn.cursor() as cursor, cursor.copy(statement) as rows:
        for change in changes:
            own = (getattr(change.after, name) for name in COLUMNS)
            rows.write_row((clinic_id, change.key, NOW, *own))


def make_twin(conn: Conn) -> None:
    """A table equal to `schedule_appointments`, with what LIKE leaves out."""
    conn.execute(
        """
        CREATE TABLE public.twin (LIKE public.schedule_appointments INCLUDING ALL,
            FOREIGN KEY (clinic_id) REFERENCES public.clinics (id) ON DELETE CASCADE,
            FOREIGN KEY (slot_id) REFERENCES public.schedule_slots (id) ON DELETE SET NULL);
        CREATE TRIGGER twin_updated_at BEFORE UPDATE ON public.twin
            FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();
        """
    )


def new_appointments(count: int) -> list[RowChange]:
    """Appointments as a plan would create them."""
    return [
        RowChange(
            key=str(600000 + n),
            action="create",
            reason="new",
            after=Appointment(
                date=date(2026, 5, 4) + timedelta(days=n % 14),
                start_time=time(8 + n // 14 % 20 // 2, n // 14 % 2 * 30),
                end_time=time(8 + (n // 14 % 20 + 1) // 2, (n // 14 + 1) % 2 * 30),
                room_id=str(1 + n % 9),
                status="scheduled",
                appointment_type="Annual Exam",
                patient_name=f"PET {n}",
                client_name="Robin Sample",
                client_phone="555-555-0100",
                provider_name="DR. A. EXAMPLE",
            ),
            row=None,
            record=Record(str(600000 + n)),
        )
        for n in range(count)
    ]
