-- Business time: the one clock of schedules, freshness, strikes, holds, permits, budgets, retention
-- and of every stamp that people read. It is the server's own time, whatever a worker's clock says.
-- Leases and `jobs.dispatched_at` are about machines: they go by clock_timestamp() itself.
--
-- Nothing can move it: it reads neither a setting nor a row. Qualified and without a search path of
-- its own, so that Postgres inlines it.

CREATE FUNCTION idexx_sync.clock() RETURNS timestamptz
    LANGUAGE sql VOLATILE PARALLEL SAFE
    AS 'SELECT pg_catalog.clock_timestamp()';
COMMENT ON FUNCTION idexx_sync.clock() IS 'business time; leases and dispatches go by clock_timestamp()';

-- Whoever may read a key asks for the time along with it: the authorizer's role has rights on that
-- table and on no other one. Seeing the schema opens none of its tables.
GRANT USAGE ON SCHEMA idexx_sync TO PUBLIC;
GRANT EXECUTE ON FUNCTION idexx_sync.clock() TO PUBLIC;

-- Stamps that a row gets by itself are business time too.
DO $$
DECLARE
    stamp record;
BEGIN
    FOR stamp IN
        SELECT c.oid::regclass AS table_name, a.attname AS column_name
          FROM pg_attrdef d
          JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
          JOIN pg_class c ON c.oid = d.adrelid
         WHERE (c.relnamespace = 'idexx_sync'::regnamespace
                OR c.oid IN ('public.clinic_api_keys'::regclass, to_regclass('public.case_sync_audits')))
           AND pg_get_expr(d.adbin, d.adrelid)
               IN ('now()', 'clock_timestamp()', 'CURRENT_TIMESTAMP', 'statement_timestamp()')
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT idexx_sync.clock()',
                       stamp.table_name, stamp.column_name);
    END LOOP;
END $$;
