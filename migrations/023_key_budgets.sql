-- What a key of the HTTP API has used of its budgets: orders of runs, and requests that wait.

CREATE TABLE idexx_sync.key_budgets (
    api_key_id   uuid PRIMARY KEY REFERENCES public.clinic_api_keys (id) ON DELETE CASCADE,
    orders_until timestamptz NOT NULL
        CONSTRAINT key_budgets_orders_until_readable
        CHECK (orders_until BETWEEN '0001-01-02' AND '9999-12-30'),
    waits        jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT key_budgets_waits_object CHECK (jsonb_typeof(waits) = 'object')
) WITH (fillfactor = 50);
COMMENT ON TABLE idexx_sync.key_budgets IS
    'one row a key that has ordered; nothing in it counts for longer than a minute';
COMMENT ON COLUMN idexx_sync.key_budgets.orders_until IS
    'each order moves it on by its share of a minute; a minute ahead the budget is used up';
COMMENT ON COLUMN idexx_sync.key_budgets.waits IS
    '{id: when it ends at the latest, in Unix seconds} of the requests that wait for a run';

CREATE FUNCTION idexx_sync.live_waits(waits jsonb, longest_s integer)
    RETURNS TABLE (id text, ends numeric) LANGUAGE sql STABLE ROWS 3 AS $$
    SELECT w.key, w.value::numeric FROM jsonb_each(waits) w
     WHERE CASE WHEN jsonb_typeof(w.value) = 'number'
                THEN w.value::numeric - extract(epoch FROM idexx_sync.clock())
                     BETWEEN 0 AND longest_s END
$$;
COMMENT ON FUNCTION idexx_sync.live_waits(jsonb, integer) IS
    'those of a key''s waits that have not ended; what ends later than any wait can is none';

-- Its own statement, as the one that calls it sees the rows as they were before the lock was had.
-- The lock ends with the caller's transaction, and so with what the caller adds to the count.
CREATE FUNCTION idexx_sync.count_waits(longest_s integer) RETURNS bigint
    LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('idexx_sync.count_waits', 0));
    RETURN (SELECT count(*) FROM idexx_sync.key_budgets b
             CROSS JOIN LATERAL idexx_sync.live_waits(b.waits, longest_s)
             WHERE b.waits <> '{}');
END $$;
COMMENT ON FUNCTION idexx_sync.count_waits(integer) IS
    'the waits of all keys that have not ended; whoever counts too waits until this one is through';
GRANT EXECUTE ON FUNCTION idexx_sync.live_waits(jsonb, integer), idexx_sync.count_waits(integer)
    TO idexx_sync_api;

-- The API counts; a run looks whether readers were told of the same a moment ago.
ALTER TABLE idexx_sync.key_budgets ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE (orders_until, waits) ON idexx_sync.key_budgets TO idexx_sync_api;
CREATE POLICY idexx_sync ON idexx_sync.key_budgets TO idexx_sync_api
    USING (true) WITH CHECK (true);
RESET ROLE;
GRANT SELECT (clinic_id, status, sync_start_date, sync_end_date, completed_at, partial_success)
    ON public.schedule_syncs TO idexx_sync_worker;
