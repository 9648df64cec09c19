-- What nobody could handle or run (dead letters), where work that is bounded goes on the next time,
-- and the role of those who look after both, and after all that grows old.

RESET ROLE;
DO $$
BEGIN
    IF to_regrole('idexx_sync_upkeep') IS NULL THEN
        BEGIN
            CREATE ROLE idexx_sync_upkeep NOLOGIN;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL;  -- another database of this cluster has made it meanwhile
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'role % may not make the role idexx_sync_upkeep', current_user
                    USING HINT = 'Let an administrator make it with CREATE ROLE idexx_sync_upkeep '
                        || 'NOLOGIN; GRANT idexx_sync_api TO idexx_sync_upkeep, or connect as a '
                        || 'role with CREATEROLE; see docs/secrets.md.';
        END;
    END IF;
    IF NOT pg_has_role('idexx_sync_upkeep', 'idexx_sync_api', 'USAGE') THEN
        GRANT idexx_sync_api TO idexx_sync_upkeep;
    END IF;
    PERFORM set_config('role', pg_get_userbyid(nspowner), true)
       FROM pg_namespace WHERE nspname = 'idexx_sync';
END $$;

CREATE TABLE idexx_sync.dead_letters (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    message_id   text NOT NULL UNIQUE CHECK (length(message_id) <= 100),
    received_at  timestamptz NOT NULL DEFAULT idexx_sync.clock()
        CONSTRAINT dead_letters_received_at_readable
        CHECK (received_at BETWEEN '0001-01-02' AND '9999-12-30'),
    shape        text NOT NULL CHECK (shape IN ('destination', 'schedule', 'event', 'unreadable')),
    condition    text CHECK (length(condition) <= 100),
    request_id   uuid,
    outcome      text NOT NULL CHECK (outcome IN ('ended', 'superseded', 'parked')),
    reason       text NOT NULL CHECK (length(reason) <= 100),
    status       text NOT NULL
                 CHECK (status IN ('ended', 'superseded', 'parked', 'retried', 'discarded')),
    job_id       uuid,
    clinic_id    uuid REFERENCES public.clinics (id) ON DELETE CASCADE,
    sync         text CHECK (sync IN ('inbound', 'cases', 'reconciliation')),
    event        jsonb CONSTRAINT dead_letters_event_object CHECK (jsonb_typeof(event) = 'object'),
    left_out     integer NOT NULL DEFAULT 0 CHECK (left_out >= 0),
    body_bytes   integer NOT NULL CHECK (body_bytes >= 0),
    body_sha256  text NOT NULL CHECK (body_sha256 ~ '^[0-9a-f]{64}$'),
    ended_at     timestamptz
        CONSTRAINT dead_letters_ended_at_readable
        CHECK (ended_at BETWEEN '0001-01-02' AND '9999-12-30'),
    ended_by     text CHECK (length(ended_by) <= 200),
    ended_reason text CHECK (length(ended_reason) <= 500),
    retry_job_id uuid,
    CONSTRAINT dead_letters_parked_until_ended CHECK ((status = 'parked') = (ended_at IS NULL)),
    CONSTRAINT dead_letters_retried_as_a_job CHECK ((status = 'retried') = (retry_job_id IS NOT NULL))
);
COMMENT ON TABLE idexx_sync.dead_letters IS
    'messages of the dead-letter queue: ids, words of ours, numbers and times only, never what '
    'somebody else wrote';
COMMENT ON COLUMN idexx_sync.dead_letters.condition IS 'what AWS says of why it came here, as one word';
COMMENT ON COLUMN idexx_sync.dead_letters.outcome IS
    'ended: its job was ended; superseded: its job has ended, or is run; parked: a person decides';
COMMENT ON COLUMN idexx_sync.dead_letters.event IS 'what can be ordered again of it';
COMMENT ON COLUMN idexx_sync.dead_letters.left_out IS 'values of the event that are not kept';
COMMENT ON COLUMN idexx_sync.dead_letters.ended_reason IS
    'why it was discarded, by whoever did; no personal data';
CREATE INDEX dead_letters_newest_first ON idexx_sync.dead_letters (received_at DESC, id DESC);
CREATE INDEX dead_letters_of_clinic ON idexx_sync.dead_letters (clinic_id, received_at DESC);
CREATE INDEX dead_letters_of_job ON idexx_sync.dead_letters (job_id) WHERE status = 'parked';
CREATE INDEX dead_letters_by_end ON idexx_sync.dead_letters (ended_at);

CREATE TABLE idexx_sync.places (
    name  text PRIMARY KEY CHECK (length(name) <= 100),
    place jsonb,
    at    timestamptz NOT NULL DEFAULT idexx_sync.clock()
        CONSTRAINT places_at_readable CHECK (at BETWEEN '0001-01-02' AND '9999-12-30')
);
COMMENT ON TABLE idexx_sync.places IS 'where work that is done in bounded parts goes on';
COMMENT ON COLUMN idexx_sync.places.place IS 'what was done last; null: it begins anew';

ALTER TABLE idexx_sync.dead_letters ENABLE ROW LEVEL SECURITY;
ALTER TABLE idexx_sync.places ENABLE ROW LEVEL SECURITY;
GRANT USAGE ON SCHEMA idexx_sync, public TO idexx_sync_upkeep;
GRANT SELECT, UPDATE (status, ended_at, ended_by, ended_reason, retry_job_id)
    ON idexx_sync.dead_letters TO idexx_sync_api;
GRANT INSERT, DELETE ON idexx_sync.dead_letters TO idexx_sync_upkeep;
GRANT SELECT, INSERT, UPDATE (place, at) ON idexx_sync.places TO idexx_sync_upkeep;
CREATE POLICY idexx_sync ON idexx_sync.dead_letters TO idexx_sync_api, idexx_sync_upkeep
    USING (true) WITH CHECK (true);
CREATE POLICY idexx_sync ON idexx_sync.places TO idexx_sync_upkeep
    USING (true) WITH CHECK (true);

-- Alerts that stand for many clinics, and those on data that have grown old.
GRANT INSERT (clinics), UPDATE (clinics, incident_id) ON idexx_sync.alerts TO idexx_sync_upkeep;

-- Retention. A row is locked before it is deleted, which needs a right to update some column of it.
GRANT DELETE ON idexx_sync.jobs, idexx_sync.holds, idexx_sync.alerts, idexx_sync.pauses
    TO idexx_sync_upkeep;
GRANT DELETE, UPDATE (at) ON idexx_sync.changes TO idexx_sync_upkeep;
GRANT DELETE, UPDATE (read_at) ON idexx_sync.records TO idexx_sync_upkeep;
GRANT DELETE, UPDATE (attempted_at) ON idexx_sync.logins TO idexx_sync_upkeep;
GRANT DELETE, UPDATE (created_at) ON idexx_sync.credentials TO idexx_sync_upkeep;
GRANT DELETE, SELECT (clinic_id, stored_at), UPDATE (stored_at)
    ON idexx_sync.sessions TO idexx_sync_upkeep;
ALTER POLICY idexx_sync ON idexx_sync.sessions TO idexx_sync_worker, idexx_sync_upkeep;

CREATE INDEX jobs_successes ON idexx_sync.jobs (clinic_id, sync, finished_at DESC)
 WHERE status IN ('succeeded', 'succeeded_with_warnings') AND result ->> 'fresh' = 'true';
CREATE INDEX jobs_by_end ON idexx_sync.jobs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX changes_by_age ON idexx_sync.changes (at);
CREATE INDEX records_by_last_day ON idexx_sync.records
    ((left(greatest(source ->> 'start', source ->> 'end'), 10) COLLATE "C"))
 WHERE source ->> 'start' IS NOT NULL;
CREATE INDEX records_without_day ON idexx_sync.records (read_at) WHERE source ->> 'start' IS NULL;
CREATE INDEX logins_by_age ON idexx_sync.logins (attempted_at);
CREATE INDEX holds_by_end ON idexx_sync.holds (ended_at) WHERE ended_at IS NOT NULL;

-- Deletes all that we keep of a clinic, or only counts it. Its lease stays: the fence must go on
-- rising. What is ODIS's stays ODIS's: audits and keys, and the rows that runs wrote.
CREATE FUNCTION idexx_sync.forget_clinic(of_clinic uuid, really boolean)
    RETURNS TABLE (relation text, number bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    ours record;
BEGIN
    PERFORM FROM idexx_sync.leases l WHERE l.clinic_id = of_clinic FOR UPDATE;
    IF really AND (
        EXISTS (SELECT FROM idexx_sync.clinic_settings s
                 WHERE s.clinic_id = of_clinic AND s.stage <> 'off')
        OR EXISTS (SELECT FROM idexx_sync.leases l
                    WHERE l.clinic_id = of_clinic AND l.expires_at > pg_catalog.clock_timestamp()))
    THEN
        RETURN;
    END IF;
    FOR ours IN
        SELECT c.oid::regclass AS place, c.relname::text AS name
          FROM pg_catalog.pg_class c
          JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'clinic_id'
         WHERE c.relnamespace = 'idexx_sync'::regnamespace AND c.relkind = 'r'
           AND c.relname <> 'leases'
         ORDER BY c.relname
    LOOP
        relation := ours.name;
        IF really THEN
            EXECUTE format('DELETE FROM %s WHERE clinic_id = $1', ours.place) USING of_clinic;
            GET DIAGNOSTICS number = ROW_COUNT;
        ELSE
            EXECUTE format('SELECT count(*) FROM %s WHERE clinic_id = $1', ours.place)
               INTO number USING of_clinic;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION idexx_sync.forget_clinic(uuid, boolean) IS
    'by table, how much we keep of a clinic, or have deleted; nothing of one that is on board or run';
REVOKE ALL ON FUNCTION idexx_sync.forget_clinic(uuid, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION idexx_sync.forget_clinic(uuid, boolean) TO idexx_sync_operator;
