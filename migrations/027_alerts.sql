-- What has to be told, written where a job ends and by whoever watches over all clinics: one open
-- alert per clinic and kind, and one for a kind that many clinics have alike.

CREATE TABLE idexx_sync.alerts (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    clinic_id       uuid REFERENCES public.clinics (id) ON DELETE CASCADE,
    kind            text NOT NULL,
    syncs           text[] NOT NULL DEFAULT '{}',
    who_acts        text NOT NULL CHECK (who_acts IN ('clinic', 'odis', 'nobody')),
    code            text,
    job_id          uuid,
    times           integer NOT NULL DEFAULT 1 CHECK (times > 0),
    clinics         integer CHECK (clinics > 0),
    incident_id     uuid REFERENCES idexx_sync.alerts (id) ON DELETE SET NULL,
    opened_at       timestamptz NOT NULL DEFAULT idexx_sync.clock(),
    last_at         timestamptz NOT NULL DEFAULT idexx_sync.clock(),
    closed_at       timestamptz,
    closed_because  text CHECK (closed_because IN
                        ('succeeded', 'no_longer_so', 'not_watched', 'few_left')),
    acknowledged_at timestamptz,
    acknowledged_by text,
    muted_until     timestamptz,
    muted_by        text,
    opened_sent_at  timestamptz,
    closed_sent_at  timestamptz,
    thread          text,
    CONSTRAINT alerts_of_a_clinic_or_of_many CHECK ((clinic_id IS NULL) = (clinics IS NOT NULL)),
    CONSTRAINT alerts_closed_with_a_reason CHECK ((closed_at IS NULL) = (closed_because IS NULL)),
    CONSTRAINT alerts_readable CHECK (
        opened_at BETWEEN '0001-01-02' AND '9999-12-30'
        AND last_at BETWEEN '0001-01-02' AND '9999-12-30'
        AND coalesce(closed_at BETWEEN '0001-01-02' AND '9999-12-30', true)
        AND coalesce(acknowledged_at BETWEEN '0001-01-02' AND '9999-12-30', true)
        AND coalesce(muted_until BETWEEN '0001-01-02' AND '9999-12-30', true)
        AND coalesce(opened_sent_at BETWEEN '0001-01-02' AND '9999-12-30', true)
        AND coalesce(closed_sent_at BETWEEN '0001-01-02' AND '9999-12-30', true))
);
COMMENT ON TABLE idexx_sync.alerts IS
    'what is told to people: ids, words and counts only; without a clinic it stands for many';
COMMENT ON COLUMN idexx_sync.alerts.kind IS
    'the kind of error of jobs that ended with it; held: a hold waits; stale: data have grown old';
COMMENT ON COLUMN idexx_sync.alerts.syncs IS 'in which it is so; once closed, in which it was last';
COMMENT ON COLUMN idexx_sync.alerts.code IS
    'what exactly was found, as one word; of a hold its cause. Many are alike if it is the same';
COMMENT ON COLUMN idexx_sync.alerts.job_id IS 'the newest job that said it';
COMMENT ON COLUMN idexx_sync.alerts.incident_id IS
    'the alert that stands for this one, because many clinics have it alike';
COMMENT ON COLUMN idexx_sync.alerts.thread IS 'where it was sent, for what follows it';

CREATE UNIQUE INDEX alerts_one_open_per_kind ON idexx_sync.alerts (clinic_id, kind)
 WHERE closed_at IS NULL AND clinic_id IS NOT NULL;
CREATE UNIQUE INDEX alerts_one_open_for_many ON idexx_sync.alerts (kind, coalesce(code, ''))
 WHERE closed_at IS NULL AND clinic_id IS NULL;
CREATE INDEX alerts_open ON idexx_sync.alerts (kind) WHERE closed_at IS NULL;
CREATE INDEX alerts_newest_first ON idexx_sync.alerts (opened_at DESC, id DESC);
CREATE INDEX alerts_of_clinic ON idexx_sync.alerts (clinic_id, opened_at DESC);
CREATE INDEX alerts_by_close ON idexx_sync.alerts (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX alerts_of_incident ON idexx_sync.alerts (incident_id) WHERE incident_id IS NOT NULL;

ALTER TABLE idexx_sync.jobs ADD COLUMN for_workers boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN idexx_sync.jobs.for_workers IS
    'whether it was ordered for the service''s own workers, and not for a machine of somebody''s own';
GRANT INSERT (for_workers) ON idexx_sync.jobs TO idexx_sync_api;

ALTER TABLE idexx_sync.alerts ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT (clinic_id, kind, syncs, who_acts, code, job_id, incident_id, muted_until,
                      muted_by),
      UPDATE (syncs, who_acts, code, job_id, times, last_at, closed_at, closed_because)
    ON idexx_sync.alerts TO idexx_sync_worker, idexx_sync_api;
GRANT UPDATE (acknowledged_at, acknowledged_by, muted_until, muted_by)
    ON idexx_sync.alerts TO idexx_sync_api;
CREATE POLICY idexx_sync ON idexx_sync.alerts TO idexx_sync_worker, idexx_sync_api
    USING (true) WITH CHECK (true);
