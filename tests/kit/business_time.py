"""Business time of a test's database: it can be moved there, and nowhere else.

Our function `idexx_sync.clock()` and ODIS's own stamps (column defaults and a trigger, which say
`now()`) are made to ask a function that looks at a row: so there is one time for all that people
read. Without a row it is the server's time, as in production. Lease time is never moved.
"""

from datetime import datetime

from idexx_sync.database.connection import Conn

_MOVABLE = """
CREATE SCHEMA moved_time;
CREATE SEQUENCE moved_time.ticks;
CREATE TABLE moved_time.moment (
    moment timestamptz NOT NULL,
    ticks boolean NOT NULL
);
GRANT USAGE ON SCHEMA moved_time TO PUBLIC;
GRANT SELECT ON moved_time.moment TO PUBLIC;
GRANT USAGE ON SEQUENCE moved_time.ticks TO PUBLIC;
CREATE FUNCTION moved_time.clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(
        (SELECT moment + CASE WHEN ticks THEN nextval('moved_time.ticks') * interval '1 microsecond'
                              ELSE interval '0' END
           FROM moved_time.moment),
        pg_catalog.clock_timestamp())
$$;
CREATE OR REPLACE FUNCTION idexx_sync.clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS
    'SELECT moved_time.clock()';
CREATE OR REPLACE FUNCTION public.update_updated_at_column() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at = moved_time.clock();
    RETURN NEW;
END $$;
DO $$
DECLARE
    stamp record;
BEGIN
    FOR stamp IN
        SELECT d.adrelid::regclass AS table_name, a.attname AS column_name
          FROM pg_attrdef d
          JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
          JOIN pg_class c ON c.oid = d.adrelid AND c.relnamespace = 'public'::regnamespace
         WHERE pg_get_expr(d.adbin, d.adrelid) = 'now()'
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT moved_time.clock()',
                       stamp.table_name, stamp.column_name);
    END LOOP;
END $$;
"""


def make_movable(conn: Conn) -> None:
    """Let business time be moved in this database, and in copies of it."""
    conn.execute(_MOVABLE)


def set_business_time(conn: Conn, moment: datetime, *, ticks: bool = False) -> None:
    """Let business time stand at the moment, for all that this database says.

    With `ticks` a microsecond passes with each look at it, so that stamps tell what came first.
    """
    conn.execute(
        """
        WITH gone AS (DELETE FROM moved_time.moment)
        INSERT INTO moved_time.moment VALUES (%s, %s)
        """,
        (moment, ticks),
    )
