"""What this service needs of a database, and where a given one differs. Only reads."""

from collections.abc import Mapping
from typing import Final

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.database.connection import Conn

Needed = Mapping[str, tuple[str, ...]]
"""Table of schema `public` -> columns that we read or write."""


def _tables(listed: str) -> Needed:
    lines = (line.partition(":") for line in listed.strip().splitlines())
    return {table.strip(): tuple(columns.split()) for table, _, columns in lines}


ODIS_TABLES: Final = _tables("""
    cases: id clinic_id user_id external_id source status type visibility scheduled_at metadata \
        entity_extraction extreme_case_check canonical_patient_id created_at updated_at
    clinics: id name is_active timezone business_hours
    clinic_blocked_periods: id clinic_id start_time end_time days_of_week is_active
    clinic_schedule_configs: clinic_id open_time close_time days_of_week slot_duration_minutes \
        default_capacity sync_horizon_days stale_threshold_minutes daily_hours
    patients: id case_id clinic_id user_id name species breed sex date_of_birth weight_kg \
        owner_name owner_phone owner_email external_id source metadata canonical_patient_id \
        client_id created_at updated_at
    discharge_summaries: case_id
    schedule_appointments: id clinic_id slot_id neo_appointment_id date start_time end_time \
        patient_name client_name client_phone provider_name room_id appointment_type status \
        last_synced_at deleted_at created_at
    schedule_slots: id clinic_id date start_time end_time capacity booked_count last_synced_at \
        sync_id
    schedule_syncs: id clinic_id sync_start_date sync_end_date status slots_created slots_updated \
        appointments_added appointments_updated appointments_removed conflicts_detected \
        partial_success progress_percentage started_at completed_at duration_ms
    user_clinic_access: user_id clinic_id
    users: id
    vapi_bookings: clinic_id slot_id date start_time end_time status hold_expires_at \
        idexx_appointment_id
""")
"""ODIS's own tables; they must be there before our migrations."""

OPTIONAL_TABLES: Final = _tables("""
    scheduled_discharge_calls: case_id status
    scheduled_discharge_emails: case_id status
""")
"""ODIS's own tables that we only read, and that it may lack or have otherwise: what they would say
is then not known, which runs tell."""

MIGRATED_TABLES: Final = _tables("""
    case_sync_audits: id clinic_id case_id sync_type external_id status error_message metadata \
        synced_at duration_ms job_id
    clinic_api_keys: id clinic_id api_key key_name is_active created_at expires_at last_used_at \
        scopes key_hint revoked_at is_operator replaced_by
    clinic_schedule_configs: sync_schedules
""")
"""What our migrations bring into ODIS's schema."""


def missing(conn: Conn, needed: Needed) -> list[str]:
    """Needed tables and columns that the database lacks: `public.table`, `public.table.column`."""
    rows = conn.execute(
        """
        SELECT c.relname::text, array_agg(a.attname::text)
          FROM pg_class c
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'f')
           AND c.relname = ANY(%s)
         GROUP BY c.oid, c.relname
        """,
        (sorted(needed),),
    ).fetchall()
    found = {name: frozenset(columns) for name, columns in rows}
    lacking = []
    for table, columns in sorted(needed.items()):
        if table not in found:
            lacking.append(f"public.{table}")
        else:
            lacking += [f"public.{table}.{name}" for name in columns if name not in found[table]]
    return lacking


MIGRATIONS: Final = "idexx_sync.migrations"
"""What was applied, a row each."""


def hidden_tables(conn: Conn) -> list[str]:
    """Tables whose rows this role may not see: row level security applies to it there, and no
    policy of its own opens all of them."""
    rows = conn.execute(
        """
        SELECT format('%%s.%%s', c.relnamespace::regnamespace, c.relname) FROM pg_class c
         WHERE c.relkind IN ('r', 'p') AND row_security_active(c.oid)
           AND (c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%s)
                OR c.oid = to_regclass(%s))
           AND has_any_column_privilege(c.oid, 'SELECT')
           AND NOT EXISTS (SELECT FROM pg_policy p, unnest(p.polroles) AS of_role
                            WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd = '*'
                              AND pg_get_expr(p.polqual, c.oid) = 'true'
                              AND (of_role = 0 OR pg_has_role(of_role, 'USAGE')))
         ORDER BY 1
        """,
        (sorted([*ODIS_TABLES, *OPTIONAL_TABLES]), MIGRATIONS),
    ).fetchall()
    return [name for (name,) in rows]


def refuse_unfit(conn: Conn) -> None:
    """ConfigurationInvalid that names each table and column of ODIS's that is missing, or says who
    has to give whoever is connected the role by which migrations work."""
    lacking = missing(conn, ODIS_TABLES)
    if lacking:
        raise ConfigurationInvalid(
            f"this database lacks what belongs to ODIS: {', '.join(lacking)}; "
            "check that DATABASE_URL names the right database. Nothing was applied.",
            code="database_unfit",
        )
    _refuse_role_of_others(conn)


def _refuse_role_of_others(conn: Conn) -> None:
    """Roles are the whole cluster's: another database's owner may have made ours."""
    found = conn.execute(
        """
        SELECT quote_ident(current_user),
               ARRAY(SELECT DISTINCT quote_ident(pg_get_userbyid(m.member)) FROM pg_auth_members m
                      WHERE m.roleid = r.oid AND m.admin_option ORDER BY 1)
          FROM pg_roles r
         WHERE r.rolname = 'idexx_sync_migrate'
           AND NOT pg_has_role(r.oid, 'USAGE') AND NOT pg_has_role(r.oid, 'USAGE WITH ADMIN OPTION')
           -- Before Postgres 16 whoever makes roles may grant every role.
           AND NOT EXISTS (SELECT FROM pg_roles me
                            WHERE me.rolname = current_user AND me.rolcreaterole
                              AND current_setting('server_version_num')::integer < 160000)
        """
    ).fetchone()
    if found is not None:
        user, grantors = found
        raise ConfigurationInvalid(
            f"the role idexx_sync_migrate of this cluster is not {user}'s to grant; let "
            f"{' or '.join([*grantors, 'a superuser'])} run: GRANT idexx_sync_migrate TO {user}. "
            "All databases of a cluster share our roles: see docs/secrets.md. Nothing was applied.",
            code="database_unfit",
        )
