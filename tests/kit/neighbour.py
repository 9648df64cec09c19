"""A second clinic that shares every id with the first one, and is of another mind about all.

Its rows are copies: ids of records, patients and jobs, days of slots, even keys of rows that other
tables refer to are the first clinic's. Only what must be unique differs, and what the rows say.
"""

from collections.abc import Mapping
from typing import Any, Literal, Self
from uuid import UUID, uuid4

from psycopg import ClientCursor

from idexx_sync.core.vocabulary import fold
from idexx_sync.database.connection import Conn
from idexx_sync.syncs.gate import UNPROVEN

UNKNOWN_WORD = "Waiting outside"
"""A status that nobody knows, of which a neighbour has been told."""
Mood = Literal["full", "empty"]
"""Whether it has more of everything than the first clinic, or all of it is over."""

_OTHER_ID = "md5({}::text || 'neighbour ' || %(mood)s)::uuid"
_CLOCK = "idexx_sync.clock()"
_WHOLE_DAY = """(SELECT jsonb_agg(jsonb_build_object('day', d::date, 'start', '00:00:00',
    'end', '23:59:00', 'room', '3', 'fills', true))
    FROM generate_series('2026-05-04'::date, '2026-05-10', '1 day') d)"""

_UNIQUE: Mapping[str, Mapping[str, str]] = {
    "public.clinics": {"name": "name || %(mood)s", "slug": "slug || %(mood)s"},
    "public.clinic_api_keys": {"api_key": "api_key || %(mood)s"},
    "public.vapi_bookings": {"confirmation_number": "NULL"},
    "idexx_sync.case_keys": {"case_id": _OTHER_ID.format("case_id")},
    "public.case_sync_audits": {"job_id": _OTHER_ID.format("job_id")},
    "idexx_sync.changes": {"job_id": _OTHER_ID.format("job_id")},
}
"""Table -> columns in which no two rows may be equal, or that name a case."""

_FULL: Mapping[str, Mapping[str, str]] = {
    "public.clinics": {"timezone": "'Asia/Tokyo'", "business_hours": "NULL"},
    "public.clinic_schedule_configs": {
        "open_time": "'00:00'",
        "close_time": "'23:00'",
        "slot_duration_minutes": "60",
        "default_capacity": "9",
        "sync_schedules": "'{}'",
    },
    "public.schedule_appointments": {
        "start_time": "'00:00'",
        "end_time": "'23:59'",
        "room_id": "NULL",
        "appointment_type": "'block'",
        "patient_name": "'NEIGHBOUR'",
        "status": "'scheduled'",
        "deleted_at": "NULL",
    },
    "public.schedule_slots": {"capacity": "9", "booked_count": "9", "end_time": "'23:59'"},
    "public.cases": {"status": "'completed'", "extreme_case_check": "NULL"},
    "public.patients": {"name": "'NEIGHBOUR'"},
    "idexx_sync.clinic_settings": {
        "stage": "'shadow'",
        "base_url": "'https://neighbour.invalid'",
    },
    "idexx_sync.records": {
        "strikes": "5",
        "struck_at": f"{_CLOCK} - interval '1 day'",
        "quarantine_code": "'read_failed'",
        "claims": _WHOLE_DAY,
        "doubtful_since": f"{_CLOCK} - interval '1 day'",
        "source": """source || '{"denied": true, "marked_for": "40021"}'""",
    },
    "idexx_sync.holds": {
        "status": "'rejected'",
        "findings": "findings",
        "decided_by": "'neighbour'",
        "permit_until": "NULL",
    },
    "idexx_sync.jobs": {
        "status": "'queued'",
        "queued_at": f"{_CLOCK}",
        "attempt": "0",
        "trigger": "'api'",
        "result": "NULL",
        "finished_at": "NULL",
        "scheduled_time": "NULL",
    },
    "idexx_sync.leases": {"expires_at": "clock_timestamp() + interval '1 day'"},
    "idexx_sync.logins": {"outcome": "'credentials_rejected'", "attempted_at": _CLOCK},
    "idexx_sync.credentials": {"version": "version + 10", "sealed": "'neighbour'"},
    "idexx_sync.sessions": {
        "credential_version": "credential_version + 10",
        "sealed": "'neighbour'",
    },
    "idexx_sync.deaths": {"category": "'cremation'", "in_doubt": "NOT in_doubt"},
}
_EMPTY: Mapping[str, Mapping[str, str]] = {
    "public.schedule_appointments": {
        "status": "'cancelled'",
        "deleted_at": _CLOCK,
        "patient_name": "'NEIGHBOUR'",
    },
    "public.schedule_slots": {"capacity": "1", "booked_count": "0"},
    "public.vapi_bookings": {"status": "'cancelled'"},
    "public.cases": {
        "status": "'reviewed'",
        "extreme_case_check": """'{"isExtremeCase": true, "category": "euthanasia"}'""",
        "created_at": "created_at - interval '1 day'",
    },
    "public.patients": {"name": "'NEIGHBOUR'", "created_at": "created_at - interval '1 day'"},
    "idexx_sync.clinic_settings": {"stage": "'off'"},
    "idexx_sync.records": {
        "source": """source || '{"status": "Cancelled", "start": "2026-05-05 23:00:00"}'"""
    },
    "idexx_sync.holds": {
        "status": "'approved'",
        "decided_by": "'neighbour'",
        "permit_until": f"{_CLOCK} + interval '1 day'",
    },
    "idexx_sync.jobs": {
        "status": "'succeeded'",
        "finished_at": f"{_CLOCK} + interval '1 hour'",
        "result": """'{"fresh": true}'""",
        "scheduled_time": "NULL",
    },
    "idexx_sync.leases": {"expires_at": "to_timestamp(0)"},
    "idexx_sync.logins": {"outcome": "'ok'", "attempted_at": _CLOCK},
    "idexx_sync.sessions": {"credential_version": "credential_version + 10"},
    "idexx_sync.deaths": {"denied_at": _CLOCK},
}
_ONLY_THERE = """
    INSERT INTO idexx_sync.deaths
           (clinic_id, patient_id, visit_id, category, in_doubt, told_at, marked, denied_at)
    SELECT %(other)s, coalesce(source ->> 'patient', ''), external_id, 'euthanasia',
           %(mood)s = 'empty', idexx_sync.clock(), %(mood)s = 'full', idexx_sync.clock()
      FROM idexx_sync.records WHERE clinic_id = %(clinic)s AND kind = 'visit'
    ON CONFLICT DO NOTHING;
    INSERT INTO idexx_sync.changes (job_id, clinic_id, sync, kind, external_id, case_id, action,
                                    outcome, reasons, fields, at)
    SELECT gen_random_uuid(), %(other)s, 'inbound', 'appointment', external_id, NULL, 'remove',
           'written', '{deleted_at_source}', '{"date": {"before": "2026-05-04"}}',
           idexx_sync.clock()
      FROM idexx_sync.records WHERE clinic_id = %(clinic)s;
    INSERT INTO idexx_sync.unknown_words (clinic_id, field, word, job_id, first_seen_at)
    VALUES (%(other)s, 'status', %(word)s, gen_random_uuid(), idexx_sync.clock())
    ON CONFLICT DO NOTHING;
    INSERT INTO idexx_sync.holds (id, clinic_id, sync, cause, status, findings, job_id, opened_at,
                                  updated_at, decided_by, permit_until)
    SELECT gen_random_uuid(), %(other)s, s, %(cause)s,
           CASE %(mood)s WHEN 'full' THEN 'rejected' ELSE 'approved' END,
           (SELECT coalesce(jsonb_object_agg(external_id, '{}'::jsonb), '{}')
              FROM idexx_sync.records WHERE clinic_id = %(clinic)s),
           gen_random_uuid(), idexx_sync.clock(), idexx_sync.clock(), 'neighbour',
           idexx_sync.clock() + interval '1 day'
      FROM unnest(ARRAY['inbound', 'cases']) s
    ON CONFLICT DO NOTHING;
    INSERT INTO public.vapi_bookings (clinic_id, slot_id, date, start_time, end_time, status)
    SELECT %(other)s, id, date, start_time, end_time, 'confirmed'
      FROM public.schedule_slots WHERE clinic_id = %(clinic)s AND %(mood)s = 'full';
    INSERT INTO public.schedule_appointments
           (clinic_id, slot_id, neo_appointment_id, date, start_time, end_time, status)
    SELECT %(other)s, id, 'at ' || id, date, start_time, end_time, 'scheduled'
      FROM public.schedule_slots WHERE clinic_id = %(clinic)s AND %(mood)s = 'full';
    INSERT INTO public.schedule_appointments
           (clinic_id, neo_appointment_id, date, start_time, end_time, status)
    SELECT %(other)s, idexx_appointment_id, date, start_time, end_time, 'scheduled'
      FROM public.vapi_bookings
     WHERE clinic_id = %(clinic)s AND idexx_appointment_id IS NOT NULL
    ON CONFLICT DO NOTHING;
    INSERT INTO public.schedule_slots (clinic_id, date, start_time, end_time)
    SELECT %(other)s, date, start_time + interval '5 minutes', end_time
      FROM public.schedule_slots WHERE clinic_id = %(clinic)s AND %(mood)s = 'full';
    INSERT INTO idexx_sync.case_keys (clinic_id, external_id, case_id)
    SELECT %(other)s, replace(external_id, 'neo-6', 'neo-06'), case_id
      FROM idexx_sync.case_keys WHERE clinic_id = %(clinic)s;
    INSERT INTO idexx_sync.records (clinic_id, kind, external_id, source, read_at)
    SELECT %(other)s, kind, '0' || external_id,
           source || '{"denied": true, "marked_for": "40021"}', read_at
      FROM idexx_sync.records WHERE clinic_id = %(clinic)s AND kind = 'visit';
    INSERT INTO public.cases (id, clinic_id, external_id, status, metadata, extreme_case_check,
                              created_at)
    SELECT md5(id::text || 'denied' || %(mood)s)::uuid, %(other)s, external_id, 'ongoing', metadata,
           '{"isExtremeCase": false}', created_at
      FROM public.cases WHERE clinic_id = %(clinic)s AND %(mood)s = 'full';
    INSERT INTO idexx_sync.case_keys (clinic_id, external_id, case_id)
    SELECT %(other)s, replace(external_id, 'neo-6', 'neo-006'),
           md5(case_id::text || 'denied' || %(mood)s)::uuid
      FROM idexx_sync.case_keys WHERE clinic_id = %(clinic)s;
    INSERT INTO idexx_sync.jobs (id, clinic_id, sync, trigger, queued_at, status)
    VALUES (gen_random_uuid(), %(other)s, 'reconciliation', 'api', idexx_sync.clock(), 'running');
    INSERT INTO idexx_sync.pauses (clinic_id, paused_by, reason)
    VALUES (%(other)s, 'neighbour', 'neighbourly') ON CONFLICT DO NOTHING;
    INSERT INTO public.clinic_api_keys (clinic_id, api_key, key_name)
    VALUES (%(other)s, 'hash of ' || %(mood)s, 'neighbour');
    INSERT INTO idexx_sync.holds (id, clinic_id, sync, cause, findings, job_id, opened_at,
                                  updated_at)
    VALUES (gen_random_uuid(), %(other)s, 'inbound', 'neighbourly', '{}', gen_random_uuid(),
            idexx_sync.clock(), idexx_sync.clock());
    INSERT INTO auth.users (id) VALUES (%(other)s);
    INSERT INTO public.users (id) VALUES (%(other)s);
    INSERT INTO public.user_clinic_access (user_id, clinic_id)
    SELECT id, %(other)s FROM public.users
     WHERE id NOT IN (SELECT user_id FROM public.user_clinic_access);
    INSERT INTO public.cases (user_id, external_id, source, status)
    VALUES (%(other)s, 'idexx-appt-600103', 'idexx_extension', 'draft');
    INSERT INTO public.clinic_blocked_periods (clinic_id, name, start_time, end_time, days_of_week)
    SELECT %(other)s, 'all day', '00:00', '23:59', '{0,1,2,3,4,5,6}' WHERE %(mood)s = 'full'
"""
"""What the first clinic has not, and never gets; a user of the neighbour's has its id."""
_NOT_COPIED = ("public.user_clinic_access",)


class Neighbour:
    """The second clinic, in the database for the time of the block."""

    def __init__(self, conn: Conn, clinic_id: UUID, mood: Mood) -> None:
        self.clinic_id = uuid4()
        self._conn, self._first, self._mood = conn, clinic_id, mood
        self._tables = _tables(conn)

    def __enter__(self) -> Self:
        """Copy the first clinic's rows as they are now."""
        said = _FULL if self._mood == "full" else _EMPTY
        statements = []
        for table, columns in self._tables.items():
            if table in _NOT_COPIED:
                continue
            values = {name: name for name in columns}
            if table == "public.clinics":
                values["id"] = "%(other)s"
            else:
                values["clinic_id"] = "%(other)s"
                if "id" in values:
                    values["id"] = _OTHER_ID.format("id")
            values |= {**_UNIQUE.get(table, {}), **said.get(table, {})}
            of = "id" if table == "public.clinics" else "clinic_id"
            statements.append(
                f"INSERT INTO {table} ({', '.join(values)}) "
                f"SELECT {', '.join(values.values())} FROM {table} WHERE {of} = %(clinic)s"
            )
        self._at_once(*statements, _ONLY_THERE)
        return self

    def __exit__(self, *_: object) -> None:
        statements = ["DELETE FROM public.cases WHERE user_id = %(other)s"]
        for table in reversed(self._tables):
            of = "id" if table == "public.clinics" else "clinic_id"
            statements.append(f"DELETE FROM {table} WHERE {of} = %(other)s")
        self._at_once(*statements, "DELETE FROM auth.users WHERE id = %(other)s")

    def _at_once(self, *statements: str) -> None:
        """In one round trip and one transaction."""
        parameters = {
            "clinic": self._first,
            "other": self.clinic_id,
            "mood": self._mood,
            "word": fold(UNKNOWN_WORD),
            "cause": UNPROVEN["visit"],
        }
        ClientCursor(self._conn).execute("; ".join(statements), parameters)

    def rows(self) -> dict[str, list[Any]]:
        """All that is the neighbour's, and which transaction has written or locked it."""
        return rows_of(self._conn, self.clinic_id, self._tables, with_versions=True)


def rows_of(
    conn: Conn, clinic_id: UUID, tables: Mapping[str, Any] | None = None, *, with_versions: bool
) -> dict[str, list[Any]]:
    """Table -> rows of the clinic, sorted by what they say."""
    version = "|| jsonb_build_object('xmin', t.xmin::text, 'xmax', t.xmax::text)"
    version = version if with_versions else ""
    statement = " UNION ALL ".join(
        f"SELECT '{table}', to_jsonb(t) {version} FROM {table} t "
        f"WHERE {'id' if table == 'public.clinics' else 'clinic_id'} = %(clinic)s"
        for table in tables or _tables(conn)
    )
    found: dict[str, list[Any]] = {}
    for table, row in conn.execute(statement, {"clinic": clinic_id}).fetchall():
        found.setdefault(table, []).append(row)
    return {table: sorted(rows, key=str) for table, rows in found.items()}


def _tables(conn: Conn) -> dict[str, list[str]]:
    """Every table with rows of a clinic -> its columns; those come first that others refer to."""
    found = conn.execute(
        """
        SELECT c.table_schema || '.' || c.table_name, array_agg(c.column_name::text)
          FROM information_schema.columns c JOIN information_schema.tables t
               USING (table_schema, table_name)
         WHERE c.table_schema IN ('public', 'idexx_sync') AND t.table_type = 'BASE TABLE'
           AND c.is_identity = 'NO'
         GROUP BY 1 HAVING 'clinic_id' = ANY(array_agg(c.column_name::text))
                           OR min(c.table_schema || '.' || c.table_name) = 'public.clinics'
        """
    ).fetchall()
    first = ("public.clinics", "public.schedule_slots", "public.cases")
    return dict(sorted(found, key=lambda t: (first.index(t[0]) if t[0] in first else 9, t[0])))
