"""Ways in which a migrated database's rights become wrong, and some in which they do not."""

from collections.abc import Iterator
from re import split
from typing import Final, LiteralString

from idexx_sync.database.connection import Conn

WRONG: Final[dict[str, tuple[LiteralString, str, str]]] = {
    "a table is open": (
        "GRANT SELECT, UPDATE ON public.clinic_api_keys TO anon",
        "public.clinic_api_keys",
        "anon may SELECT, UPDATE and must not; "
        "run: REVOKE SELECT, UPDATE ON TABLE public.clinic_api_keys FROM anon",
    ),
    "a column is open": (
        "GRANT UPDATE (status) ON public.case_sync_audits TO authenticated",
        "public.case_sync_audits",
        "REVOKE UPDATE ON TABLE public.case_sync_audits FROM authenticated",
    ),
    "everybody": (
        "GRANT SELECT ON idexx_sync.jobs TO PUBLIC",
        "idexx_sync.jobs",
        "PUBLIC may SELECT",
    ),
    "the platform in our schema": (
        "GRANT ALL ON ALL TABLES IN SCHEMA idexx_sync TO service_role",
        "idexx_sync.sessions",
        "service_role may DELETE",
    ),
    "a sequence": (
        "GRANT USAGE ON SEQUENCE idexx_sync.logins_id_seq TO anon",
        "idexx_sync.logins_id_seq",
        "REVOKE USAGE ON SEQUENCE idexx_sync.logins_id_seq FROM anon",
    ),
    "the schema": (
        "GRANT USAGE ON SCHEMA idexx_sync TO authenticated",
        "idexx_sync",
        "REVOKE USAGE ON SCHEMA idexx_sync FROM authenticated",
    ),
    "a function": (
        "GRANT EXECUTE ON FUNCTION idexx_sync.find_key(text[]) TO PUBLIC",
        "idexx_sync.find_key(text[])",
        "REVOKE EXECUTE ON FUNCTION idexx_sync.find_key(text[]) FROM PUBLIC",
    ),
    "a search path": (
        "ALTER FUNCTION idexx_sync.touch_key(uuid, text[], interval) RESET search_path",
        "idexx_sync.touch_key(uuid,text[],interval)",
        "SET search_path = ''",
    ),
    "row level security": (
        "ALTER TABLE public.clinic_api_keys DISABLE ROW LEVEL SECURITY",
        "public.clinic_api_keys",
        "row level security is off",
    ),
    "a stolen authorizer could write keys": (
        "GRANT UPDATE (api_key) ON public.clinic_api_keys TO idexx_sync_authorizer",
        "public.clinic_api_keys",
        "idexx_sync_authorizer may UPDATE more than it needs (api_key); "
        "run: REVOKE UPDATE ON TABLE public.clinic_api_keys FROM idexx_sync_authorizer",
    ),
    "a table instead of columns": (
        "GRANT SELECT ON idexx_sync.credentials TO idexx_sync_api",
        "idexx_sync.credentials",
        "REVOKE SELECT ON TABLE idexx_sync.credentials FROM idexx_sync_api; GRANT SELECT "
        "(clinic_id, created_at, version) ON TABLE idexx_sync.credentials TO idexx_sync_api",
    ),
    "a table of somebody else": (
        "GRANT SELECT ON public.providers TO idexx_sync_worker",
        "public.providers",
        "idexx_sync_worker may SELECT more than it needs",
    ),
    "a function of another role": (
        "GRANT EXECUTE ON FUNCTION idexx_sync.find_key(text[]) TO idexx_sync_api",
        "idexx_sync.find_key(text[])",
        "idexx_sync_api may EXECUTE",
    ),
    "too little": (
        "REVOKE SELECT (metadata) ON public.cases FROM idexx_sync_worker",
        "public.cases",
        "idexx_sync_worker needs SELECT (",
    ),
    "too few functions": (
        "REVOKE EXECUTE ON FUNCTION idexx_sync.clock() FROM idexx_sync_api",
        "idexx_sync.clock()",
        "idexx_sync_api needs EXECUTE",
    ),
    "no policy": (
        "DROP POLICY idexx_sync ON public.schedule_slots",
        "public.schedule_slots",
        "hides its rows from idexx_sync_worker",
    ),
    "calls that came after our migrations": (
        "DROP TABLE public.scheduled_discharge_calls;"
        "CREATE TABLE public.scheduled_discharge_calls (case_id uuid, status text);"
        "ALTER TABLE public.scheduled_discharge_calls ENABLE ROW LEVEL SECURITY",
        "public.scheduled_discharge_calls",
        "idexx_sync_worker needs SELECT (case_id, status) and may not",
    ),
    "an attribute": (
        "ALTER ROLE idexx_sync_api CREATEDB",
        "idexx_sync_api",
        "run: ALTER ROLE idexx_sync_api NOCREATEDB",
    ),
    "a member of the platform": (
        "GRANT idexx_sync_worker TO authenticated",
        "idexx_sync_worker",
        "REVOKE idexx_sync_worker FROM authenticated",
    ),
    "one role in another": (
        "GRANT idexx_sync_migrate TO idexx_sync_api",
        "idexx_sync_api",
        "REVOKE idexx_sync_migrate FROM idexx_sync_api",
    ),
    "an operator's half": (
        "REVOKE idexx_sync_worker FROM idexx_sync_operator",
        "idexx_sync_operator",
        "GRANT idexx_sync_worker TO idexx_sync_operator",
    ),
    # Other people's roles, by name or by what they lead to.
    "somebody nobody thought of": (
        'CREATE ROLE "Ana Lyst" LOGIN; GRANT SELECT ON idexx_sync.sessions TO "Ana Lyst"',
        "idexx_sync.sessions",
        'REVOKE SELECT ON TABLE idexx_sync.sessions FROM "Ana Lyst"',
    ),
    "somebody's function": (
        "CREATE ROLE analyst_0; GRANT EXECUTE ON FUNCTION idexx_sync.clock() TO analyst_0",
        "idexx_sync.clock()",
        "REVOKE EXECUTE ON FUNCTION idexx_sync.clock() FROM analyst_0",
    ),
    "somebody in our schema": (
        "CREATE ROLE analyst_1; GRANT USAGE ON SCHEMA idexx_sync TO analyst_1",
        "idexx_sync",
        "REVOKE USAGE ON SCHEMA idexx_sync FROM analyst_1",
    ),
    "a role through a third one": (
        "CREATE ROLE team_2; GRANT idexx_sync_worker TO team_2; GRANT team_2 TO authenticated",
        "idexx_sync_worker",
        "team_2 is a member of it, and through it authenticated; "
        "run: REVOKE idexx_sync_worker FROM team_2",
    ),
    "the platform through a third one": (
        "CREATE ROLE team_3; GRANT idexx_sync_worker TO team_3; GRANT team_3 TO authenticated",
        "authenticated",
        "REVOKE team_3 FROM authenticated",
    ),
    "a member of a login": (
        "CREATE ROLE login_4 LOGIN; CREATE ROLE analyst_4 LOGIN;"
        "GRANT idexx_sync_worker TO login_4; GRANT login_4 TO analyst_4",
        "login_4",
        "analyst_4 is a member of it, and may all that it may; run: REVOKE login_4 FROM analyst_4",
    ),
    "a member of the owner": (
        "CREATE ROLE analyst_5 LOGIN; GRANT hosted TO analyst_5",
        "hosted",
        "REVOKE hosted FROM analyst_5",
    ),
    "a maker of members": (
        "CREATE ROLE login_6 LOGIN; GRANT idexx_sync_api TO login_6 WITH ADMIN OPTION",
        "idexx_sync_api",
        "REVOKE ADMIN OPTION FOR idexx_sync_api FROM login_6",
    ),
    "a made member": (
        "CREATE ROLE team_7; CREATE ROLE other_7; GRANT idexx_sync_api TO team_7 WITH ADMIN OPTION;"
        "SET LOCAL ROLE team_7; GRANT idexx_sync_api TO other_7; RESET ROLE",
        "idexx_sync_api",
        "REVOKE idexx_sync_api FROM other_7 GRANTED BY team_7",
    ),
    "an owner of another database, who has made our roles": (
        "CREATE ROLE another_8 CREATEROLE; GRANT idexx_sync_worker, idexx_sync_api TO another_8"
        " WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
        "idexx_sync_worker",
        "another_8 may make itself and others members of it; run: REVOKE ADMIN OPTION",
    ),
    "a login of two parts": (
        "CREATE ROLE login_9 LOGIN; GRANT idexx_sync_worker, idexx_sync_api TO login_9",
        "login_9",
        "REVOKE idexx_sync_worker FROM login_9",
    ),
    "a login of the platform": (
        "CREATE ROLE login_10 LOGIN; GRANT idexx_sync_api, service_role TO login_10",
        "login_10",
        "REVOKE service_role FROM login_10",
    ),
    "a login that sees all": (
        "CREATE ROLE login_11 LOGIN BYPASSRLS; GRANT idexx_sync_api TO login_11",
        "login_11",
        "ALTER ROLE login_11 NOBYPASSRLS",
    ),
    "a login with rights besides": (
        "CREATE ROLE login_12 LOGIN; GRANT idexx_sync_api TO login_12;"
        "GRANT SELECT ON public.patients TO login_12",
        "public.patients",
        "login_12 may SELECT and must not",
    ),
    "anon sees all": ("ALTER ROLE anon BYPASSRLS", "anon", "ALTER ROLE anon NOBYPASSRLS"),
    "the service role makes roles": (
        "ALTER ROLE service_role CREATEROLE",
        "service_role",
        "ALTER ROLE service_role NOCREATEROLE",
    ),
    "anon reads all data": (
        "GRANT pg_read_all_data TO anon",
        "anon",
        "has the rights of pg_read_all_data, too; run: REVOKE pg_read_all_data FROM anon",
    ),
    "authenticated writes all data": (
        "CREATE ROLE team_13; GRANT pg_write_all_data TO team_13; GRANT team_13 TO authenticated",
        "authenticated",
        "has the rights of pg_write_all_data, too; run: REVOKE team_13 FROM authenticated",
    ),
    "somebody reads every row": (
        "CREATE ROLE team_14; GRANT pg_read_all_data TO team_14;"
        "CREATE ROLE analyst_14 LOGIN BYPASSRLS; GRANT team_14 TO analyst_14",
        "analyst_14",
        "ALTER ROLE analyst_14 NOBYPASSRLS",
    ),
    "somebody with the server's files": (
        "CREATE ROLE analyst_15 LOGIN; GRANT pg_execute_server_program TO analyst_15",
        "pg_execute_server_program",
        "REVOKE pg_execute_server_program FROM analyst_15",
    ),
    # Rights that may be handed on.
    "a right to hand on": (
        "GRANT SELECT ON idexx_sync.jobs TO idexx_sync_worker WITH GRANT OPTION",
        "idexx_sync.jobs",
        "REVOKE GRANT OPTION FOR SELECT ON TABLE idexx_sync.jobs FROM idexx_sync_worker CASCADE",
    ),
    "a column to hand on": (
        "GRANT SELECT (id) ON public.cases TO idexx_sync_worker WITH GRANT OPTION",
        "public.cases",
        "REVOKE GRANT OPTION FOR SELECT (id) ON TABLE public.cases FROM idexx_sync_worker",
    ),
    "audits to hand on": (
        "GRANT SELECT ON public.case_sync_audits TO authenticated WITH GRANT OPTION",
        "public.case_sync_audits",
        "authenticated may grant SELECT to others",
    ),
    "a function to hand on": (
        "GRANT EXECUTE ON FUNCTION idexx_sync.clock() TO service_role WITH GRANT OPTION",
        "idexx_sync.clock()",
        "REVOKE GRANT OPTION FOR EXECUTE ON FUNCTION idexx_sync.clock() FROM service_role",
    ),
    "a schema to hand on": (
        "GRANT USAGE ON SCHEMA idexx_sync TO idexx_sync_api WITH GRANT OPTION",
        "idexx_sync",
        "REVOKE GRANT OPTION FOR USAGE ON SCHEMA idexx_sync FROM idexx_sync_api",
    ),
    "what was handed on": (
        "GRANT SELECT ON idexx_sync.jobs TO idexx_sync_api WITH GRANT OPTION;"
        "SET LOCAL ROLE idexx_sync_api; GRANT SELECT ON idexx_sync.jobs TO anon; RESET ROLE",
        "idexx_sync.jobs",
        "run as idexx_sync_api: REVOKE SELECT ON TABLE idexx_sync.jobs FROM anon",
    ),
    "what was handed on to a role of ours": (
        "GRANT UPDATE ON idexx_sync.jobs TO service_role WITH GRANT OPTION;"
        "SET LOCAL ROLE service_role;"
        "GRANT UPDATE ON idexx_sync.jobs TO idexx_sync_authorizer; RESET ROLE",
        "idexx_sync.jobs",
        "run as service_role: REVOKE UPDATE ON TABLE idexx_sync.jobs FROM idexx_sync_authorizer",
    ),
    # Whose it is, and who may make what.
    "a table's owner": (
        "ALTER TABLE public.clinic_api_keys OWNER TO service_role",
        "public.clinic_api_keys",
        "belongs to service_role; "
        "run: ALTER TABLE public.clinic_api_keys OWNER TO idexx_sync_migrate",
    ),
    "the owner of one with a sequence": (
        "ALTER TABLE idexx_sync.logins OWNER TO hosted",
        "idexx_sync.logins",
        "belongs to hosted",
    ),
    "the schema's owner": (
        "ALTER SCHEMA idexx_sync OWNER TO hosted",
        "idexx_sync",
        "ALTER SCHEMA idexx_sync OWNER TO idexx_sync_migrate",
    ),
    "a function's owner": (
        "ALTER FUNCTION idexx_sync.tells_odis() OWNER TO hosted",
        "idexx_sync.tells_odis()",
        "ALTER FUNCTION idexx_sync.tells_odis() OWNER TO idexx_sync_migrate",
    ),
    "a view among ours": (
        "CREATE VIEW idexx_sync.spare AS SELECT 1 AS one",
        "idexx_sync.spare",
        "ALTER TABLE idexx_sync.spare OWNER TO idexx_sync_migrate",
    ),
    "a role of ours makes tables among ours": (
        "GRANT CREATE ON SCHEMA idexx_sync TO idexx_sync_worker",
        "idexx_sync",
        "REVOKE CREATE ON SCHEMA idexx_sync FROM idexx_sync_worker",
    ),
    "everybody makes tables": (
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        "public",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    ),
    "a login makes functions": (
        "CREATE ROLE login_16 LOGIN; GRANT idexx_sync_api TO login_16;"
        "GRANT CREATE ON SCHEMA public TO login_16",
        "public",
        "REVOKE CREATE ON SCHEMA public FROM login_16",
    ),
    "an outsider makes schemas": (
        "GRANT CREATE ON DATABASE hosted TO anon",
        "hosted",
        "REVOKE CREATE ON DATABASE hosted FROM anon",
    ),
    # What leads around the tables' own rights.
    "a view": (
        "CREATE VIEW public.all_keys_17 AS SELECT api_key FROM public.clinic_api_keys;"
        "GRANT SELECT ON public.all_keys_17 TO anon",
        "public.all_keys_17",
        "ALTER VIEW public.all_keys_17 SET (security_invoker = true)",
    ),
    "a view of a view": (
        'CREATE SCHEMA "Odd"; CREATE VIEW "Odd".mine AS SELECT * FROM idexx_sync.jobs;'
        'CREATE VIEW public."Odd one" AS SELECT id AS one FROM "Odd".mine;'
        'GRANT SELECT (one) ON public."Odd one" TO authenticated',
        'public."Odd one"',
        'ALTER VIEW public."Odd one" SET (security_invoker = true)',
    ),
    "a view for a role of ours": (
        "CREATE VIEW public.all_keys_18 AS SELECT api_key FROM public.clinic_api_keys;"
        "ALTER VIEW public.all_keys_18 OWNER TO service_role;"
        "GRANT SELECT ON public.all_keys_18 TO idexx_sync_api",
        "public.all_keys_18",
        "with the rights of service_role",
    ),
    "a stored view": (
        "CREATE MATERIALIZED VIEW public.opened AS SELECT * FROM idexx_sync.sessions;"
        "GRANT SELECT ON public.opened TO anon, service_role",
        "public.opened",
        "REVOKE SELECT ON TABLE public.opened FROM anon",
    ),
    "a function of others": (
        "CREATE FUNCTION public.leak_19() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS"
        " 'BEGIN RETURN QUERY SELECT api_key FROM clinic_api_keys; END'",
        "public.leak_19()",
        "ALTER FUNCTION public.leak_19() SECURITY INVOKER",
    ),
    "a function that Postgres has read": (
        "CREATE FUNCTION public.leak_20(integer, text[]) RETURNS bigint SECURITY DEFINER"
        " BEGIN ATOMIC SELECT count(*) FROM idexx_sync.jobs; END",
        "public.leak_20(integer,text[])",
        "ALTER FUNCTION public.leak_20(integer,text[]) SECURITY INVOKER",
    ),
    "a procedure that looks among ours": (
        "CREATE PROCEDURE public.leak_21() LANGUAGE plpgsql SECURITY DEFINER"
        " SET search_path = idexx_sync AS 'BEGIN DELETE FROM jobs; END'",
        "public.leak_21()",
        "ALTER PROCEDURE public.leak_21() SECURITY INVOKER",
    ),
    "a function that finds keys": (
        "CREATE FUNCTION public.found(text) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS"
        " 'SELECT count(*) FROM idexx_sync.find_key($1)';"
        "ALTER FUNCTION public.found(text) OWNER TO idexx_sync_authorizer",
        "public.found(text)",
        "with the rights of idexx_sync_authorizer, and PUBLIC may execute it",
    ),
    "a policy for anon": (
        "CREATE POLICY more ON public.clinic_api_keys TO anon USING (true)",
        "public.clinic_api_keys",
        "the policy more shows rows to anon and must not; "
        "run: DROP POLICY more ON public.clinic_api_keys",
    ),
    "a policy for everybody": (
        'CREATE POLICY "One more" ON idexx_sync.jobs USING (true)',
        "idexx_sync.jobs",
        'DROP POLICY "One more" ON idexx_sync.jobs',
    ),
    "a policy for a role of ours that has no work there": (
        "CREATE POLICY more ON idexx_sync.sessions TO idexx_sync_api USING (true)",
        "idexx_sync.sessions",
        "shows rows to idexx_sync_api",
    ),
    "all audits for users": (
        'ALTER POLICY "Members read" ON public.case_sync_audits USING (true)',
        "public.case_sync_audits",
        'DROP POLICY "Members read" ON public.case_sync_audits',
    ),
    "audits for writing": (
        "CREATE POLICY more ON public.case_sync_audits TO authenticated"
        " USING (public.is_super_admin())",
        "public.case_sync_audits",
        "DROP POLICY more ON public.case_sync_audits",
    ),
    "a policy that narrows": (
        "CREATE POLICY less ON idexx_sync.jobs AS RESTRICTIVE TO idexx_sync_api USING (false)",
        "idexx_sync.jobs",
        "the policy less may hide rows",
    ),
    "later tables": (
        "ALTER DEFAULT PRIVILEGES FOR ROLE idexx_sync_migrate GRANT SELECT ON TABLES TO anon",
        "idexx_sync_migrate",
        "ALTER DEFAULT PRIVILEGES FOR ROLE idexx_sync_migrate REVOKE SELECT ON TABLES FROM anon",
    ),
    "later tables of ours in ODIS's schema": (
        "ALTER DEFAULT PRIVILEGES FOR ROLE idexx_sync_migrate IN SCHEMA public"
        " GRANT USAGE ON SEQUENCES TO authenticated",
        "idexx_sync_migrate",
        "IN SCHEMA public REVOKE USAGE ON SEQUENCES FROM authenticated",
    ),
    "later tables in our schema": (
        "ALTER DEFAULT PRIVILEGES FOR ROLE hosted IN SCHEMA idexx_sync GRANT ALL ON TABLES TO anon",
        "idexx_sync",
        "ALTER DEFAULT PRIVILEGES FOR ROLE hosted IN SCHEMA idexx_sync REVOKE",
    ),
    "later functions": (
        "ALTER DEFAULT PRIVILEGES FOR ROLE idexx_sync_migrate GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
        "idexx_sync_migrate",
        "FUNCTIONS that idexx_sync_migrate makes are open to PUBLIC (EXECUTE)",
    ),
}
"""What -> what is done to the database `hosted` of the role `hosted`, which place is named, and
what is said of it. All of it may be done at once."""

FINE: Final[dict[str, LiteralString]] = {
    "a login role of each part": "CREATE ROLE one LOGIN; GRANT idexx_sync_worker TO one;"
    "CREATE ROLE two LOGIN; GRANT idexx_sync_operator, idexx_sync_worker TO two;"
    "CREATE ROLE three LOGIN CREATEROLE BYPASSRLS; GRANT idexx_sync_migrate TO three",
    "views that show what their reader may see, or nobody": "CREATE VIEW public.one AS "
    "SELECT * FROM public.clinic_api_keys; ALTER VIEW public.one SET (security_invoker = on);"
    "GRANT SELECT ON public.one TO anon; CREATE ROLE nobody; CREATE VIEW public.two AS "
    "SELECT * FROM idexx_sync.jobs; GRANT SELECT ON public.two TO hosted; CREATE VIEW public.three "
    "AS SELECT * FROM idexx_sync.jobs; ALTER VIEW public.three OWNER TO nobody;"
    "GRANT SELECT ON public.three TO anon",
    "functions that reach nothing of ours": "CREATE FUNCTION public.one() RETURNS text LANGUAGE sql"
    " SECURITY DEFINER AS $$ SELECT 'idexx_sync' $$; CREATE ROLE no_one;"
    "CREATE FUNCTION public.two() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS"
    " 'BEGIN DELETE FROM clinic_api_keys; END'; ALTER FUNCTION public.two() OWNER TO no_one",
    "what the service role is for": "CREATE POLICY service ON public.clinic_api_keys"
    " TO service_role USING (true)",
    "tables that ODIS may lack, or have otherwise": "DROP TABLE public.scheduled_discharge_emails,"
    " public.scheduled_discharge_calls;"
    "CREATE TABLE public.scheduled_discharge_calls (case_id uuid, state text);"
    "ALTER TABLE public.scheduled_discharge_calls ENABLE ROW LEVEL SECURITY",
    "others among themselves": "CREATE ROLE team; CREATE ROLE analyst LOGIN; GRANT team TO analyst;"
    "GRANT CREATE ON SCHEMA public TO team; GRANT SELECT ON public.cases TO analyst;"
    "GRANT pg_monitor, pg_read_all_data TO analyst; GRANT service_role TO team;"
    "CREATE POLICY more ON public.cases TO analyst USING (true)",
    "the platform's own roles": """
        CREATE ROLE supabase_admin SUPERUSER LOGIN;
        CREATE ROLE authenticator LOGIN NOINHERIT;
        GRANT anon, authenticated, service_role TO authenticator;
        CREATE ROLE supabase_auth_admin LOGIN NOINHERIT CREATEROLE;
        CREATE ROLE supabase_storage_admin LOGIN NOINHERIT; GRANT authenticator
            TO supabase_storage_admin;
        CREATE ROLE supabase_read_only_user LOGIN BYPASSRLS;
        CREATE ROLE supabase_etl_admin LOGIN BYPASSRLS REPLICATION;
        GRANT pg_read_all_data TO supabase_read_only_user, supabase_etl_admin;
        CREATE ROLE dashboard_user CREATEROLE CREATEDB REPLICATION;
        CREATE ROLE cli_login_postgres LOGIN NOINHERIT; GRANT hosted TO cli_login_postgres;
        GRANT pg_read_all_data, authenticator, anon TO hosted WITH ADMIN OPTION;
        GRANT CREATE ON DATABASE hosted TO dashboard_user, supabase_auth_admin;
        ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA public
            GRANT ALL ON TABLES TO hosted, anon, authenticated, service_role""",
}
"""What does no harm, or is the platform's own business; all at once, too."""


def statements_of(finding: str) -> Iterator[tuple[str | None, str]]:
    """Each statement that the finding tells to run, with the role as which; in their order."""
    for part in split(r"(?=\brun(?: as [^:]*)?: )", finding)[1:]:
        told, _, rest = part.partition(": ")
        role = told.removeprefix("run").removeprefix(" as ").strip()
        for statement in rest.partition(". ")[0].split("; "):
            if statement.split(" ")[0] not in {"ALTER", "GRANT", "REVOKE", "CREATE", "DROP"}:
                break
            yield (None if role in ("", "its owner") else role), statement


def mend(conn: Conn, found: dict[str, str]) -> None:
    """Runs what the findings tell to run, as whoever they say, or as who owns it all."""
    for finding in found.values():
        for role, statement in statements_of(finding):
            conn.execute(f"SET LOCAL ROLE {role or 'NONE'}")
            conn.execute(statement.encode())
            conn.execute("RESET ROLE")
