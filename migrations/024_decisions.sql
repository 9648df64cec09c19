-- What a person decides about a hold is about the version that was seen, and stays.

ALTER TABLE idexx_sync.holds
    ADD COLUMN consequence jsonb
        CONSTRAINT holds_consequence_object CHECK (jsonb_typeof(consequence) = 'object'),
    ADD COLUMN reason text CHECK (length(reason) <= 500);
COMMENT ON COLUMN idexx_sync.holds.consequence IS
    'all that approving lets through: by record what is done, and the time that it takes before and '
    'after; null: no run has told it yet, and a permit lets nothing through';
COMMENT ON COLUMN idexx_sync.holds.reason IS 'why it was decided so, by whoever did; no personal data';

CREATE TABLE idexx_sync.hold_events (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    clinic_id  uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    hold_id    uuid NOT NULL REFERENCES idexx_sync.holds (id) ON DELETE CASCADE,
    event      text NOT NULL CHECK (event IN ('found', 'approved', 'rejected', 'reopened',
                                              'let_through', 'revived')),
    at         timestamptz NOT NULL
        CONSTRAINT hold_events_at_readable CHECK (at BETWEEN '0001-01-02' AND '9999-12-30'),
    version    text,
    records    integer,
    appeared   text[] NOT NULL DEFAULT '{}',
    gone       text[] NOT NULL DEFAULT '{}',
    altered    text[] NOT NULL DEFAULT '{}',
    by_whom    text,
    reason     text CHECK (length(reason) <= 500),
    job_id     uuid,
    removed    jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT hold_events_removed_object CHECK (jsonb_typeof(removed) = 'object')
);
COMMENT ON TABLE idexx_sync.hold_events IS
    'what runs found, how many records that named and which ones it had not named before; what '
    'people decided, and what runs then let through';
COMMENT ON COLUMN idexx_sync.hold_events.version IS 'the one that was found, or seen and decided';
COMMENT ON COLUMN idexx_sync.hold_events.removed IS
    '{external id: what will be found of it if it is revived}, of what was let through';
CREATE INDEX hold_events_of_hold ON idexx_sync.hold_events (hold_id, id);

ALTER TABLE idexx_sync.hold_events ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON idexx_sync.hold_events TO idexx_sync_worker, idexx_sync_api;
CREATE POLICY idexx_sync ON idexx_sync.hold_events TO idexx_sync_worker, idexx_sync_api
    USING (true) WITH CHECK (true);

GRANT INSERT (consequence), UPDATE (consequence, reason) ON idexx_sync.holds TO idexx_sync_worker;
GRANT INSERT (id, clinic_id, sync, cause, status, findings, job_id, opened_at, updated_at,
              decided_at, decided_by, reason),
      UPDATE (reason, findings, updated_at) ON idexx_sync.holds TO idexx_sync_api;

-- What the status tells for a while, found without looking through all jobs and records.
CREATE INDEX jobs_telling ON idexx_sync.jobs (clinic_id, finished_at)
 WHERE result -> 'days_lost' IS NOT NULL OR result #> '{warnings,patients_changed}' IS NOT NULL;
CREATE INDEX records_partly ON idexx_sync.records (clinic_id) WHERE source ->> 'partly' = 'true';
