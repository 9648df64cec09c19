"""The invariants of days that a reconciliation compares."""

from datetime import datetime
from uuid import UUID

from idexx_sync.core.clinic_time import local_day
from idexx_sync.database.connection import Conn
from oracle.cases import KEY
from tests.faults import ask_oracle
from tests.faults.results import Violation
from tests.kit.database import query


def strikes(conn: Conn, clinic_id: UUID, now: datetime) -> int:
    """Records of past days that one more look-up may prove gone: with a row, or an open case."""
    today = local_day(now, ask_oracle.zone(conn, clinic_id))
    first = today - ask_oracle.LOOKBACK
    rows = query(
        conn,
        """
        SELECT count(*) AS number FROM idexx_sync.records r
         WHERE r.clinic_id = %s AND r.kind = 'appointment' AND r.strikes > 0
           AND (EXISTS (SELECT FROM public.schedule_appointments a
                         WHERE a.clinic_id = r.clinic_id AND a.neo_appointment_id = r.external_id
                           AND a.deleted_at IS NULL AND a.date BETWEEN %s AND %s)
                OR EXISTS (SELECT FROM idexx_sync.case_keys k
                             JOIN public.cases c ON c.id = k.case_id
                            WHERE k.clinic_id = r.clinic_id AND k.external_id = %s || r.external_id
                              AND c.status::text <> 'reviewed'
                              AND c.scheduled_at BETWEEN %s AND idexx_sync.clock()))
        """,
        (clinic_id, first, today, KEY, first),
    )
    return int(rows[0]["number"])


def not_put_right(conn: Conn, clinic_id: UUID, now: datetime) -> list[Violation]:
    """Differences of days that are compared still, which were to be put right and are there."""
    today = local_day(now, ask_oracle.zone(conn, clinic_id))
    rows = query(
        conn,
        """
        SELECT kind, external_id, cause, outcome, nights FROM idexx_sync.discrepancies
         WHERE clinic_id = %s AND ended_at IS NULL AND outcome IN ('fixed', 'left', 'held')
           AND day BETWEEN %s AND %s
         ORDER BY cause, kind, external_id
        """,
        (clinic_id, today - ask_oracle.LOOKBACK, today),
    )
    return [
        Violation(
            "converges",
            f"{row['external_id']} ({row['kind']}): {row['cause']} is {row['outcome']} "
            f"after {row['nights']} nights",
        )
        for row in rows
    ]
