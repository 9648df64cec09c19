-- Which ticks did not run, by what timetable that is known, and the runs that make them up.

ALTER TABLE idexx_sync.jobs
    DROP CONSTRAINT jobs_status_check,
    ADD CONSTRAINT jobs_status_check CHECK (status IN (
        'queued', 'running', 'succeeded', 'succeeded_with_warnings', 'held', 'failed', 'dead',
        'cancelled', 'skipped_overlap', 'skipped_stale', 'skipped_paused', 'missed')) NOT VALID,
    ADD COLUMN catch_up_of uuid,
    ADD COLUMN made_up_by uuid,
    ADD CONSTRAINT jobs_catch_up_of_a_tick
        CHECK (catch_up_of IS NULL OR trigger = 'catch_up') NOT VALID,
    ADD CONSTRAINT jobs_made_up_ticks
        CHECK (made_up_by IS NULL OR scheduled_time IS NOT NULL) NOT VALID;
COMMENT ON COLUMN idexx_sync.jobs.catch_up_of IS
    'of a catch-up, the job of the newest tick that it makes up';
COMMENT ON COLUMN idexx_sync.jobs.made_up_by IS
    'of a tick that did not run, the catch-up that does its work';
CREATE INDEX jobs_not_made_up ON idexx_sync.jobs (sync, scheduled_time, id)
 WHERE trigger = 'schedule' AND made_up_by IS NULL
   AND (status IN ('missed', 'skipped_overlap', 'skipped_stale')
        OR status = 'dead' AND started_at IS NULL);
CREATE INDEX jobs_ticks ON idexx_sync.jobs (scheduled_time)
       INCLUDE (clinic_id, sync, status, started_at, made_up_by)
 WHERE trigger = 'schedule' AND scheduled_time IS NOT NULL;

CREATE TABLE idexx_sync.timetables (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    clinic_id    uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    sync         text NOT NULL CHECK (sync IN ('inbound', 'cases', 'reconciliation')),
    read_from    text NOT NULL CHECK (length(read_from) <= 100),
    zone         text NOT NULL CHECK (length(zone) <= 100),
    crons        jsonb NOT NULL
        CONSTRAINT timetables_crons_array CHECK (jsonb_typeof(crons) = 'array'),
    judged_until timestamptz NOT NULL,
    due          timestamptz,
    ended_at     timestamptz,
    CONSTRAINT timetables_instants_readable CHECK (
        judged_until BETWEEN '0001-01-02' AND '9999-12-30'
        AND coalesce(due BETWEEN '0001-01-02' AND '9999-12-30', true)
        AND coalesce(ended_at BETWEEN '0001-01-02' AND '9999-12-30', true))
) WITH (fillfactor = 50);
COMMENT ON TABLE idexx_sync.timetables IS
    'when a clinic''s sync has been due as the watchdog has seen it, and which of these ticks it has '
    'looked at';
COMMENT ON COLUMN idexx_sync.timetables.read_from IS 'a hash of what of ODIS''s it was read from';
COMMENT ON COLUMN idexx_sync.timetables.crons IS 'without H; none: nothing is due';
COMMENT ON COLUMN idexx_sync.timetables.judged_until IS
    'each tick until then has been looked at; of a new one ticks before are nobody''s matter';
COMMENT ON COLUMN idexx_sync.timetables.due IS 'the first tick after that; null: there is none';
COMMENT ON COLUMN idexx_sync.timetables.ended_at IS 'when it was seen last; null: it stands';
CREATE UNIQUE INDEX timetables_one_standing
    ON idexx_sync.timetables (clinic_id, sync) WHERE ended_at IS NULL;

ALTER TABLE idexx_sync.timetables ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE (read_from, judged_until, due, ended_at), DELETE
    ON idexx_sync.timetables TO idexx_sync_upkeep;
CREATE POLICY idexx_sync ON idexx_sync.timetables TO idexx_sync_upkeep
    USING (true) WITH CHECK (true);
GRANT INSERT (status, error_message, finished_at, catch_up_of), UPDATE (made_up_by)
    ON idexx_sync.jobs TO idexx_sync_upkeep;
