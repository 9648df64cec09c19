-- What the reconciliation finds: differences between ODIS and Neo with their causes, which job saw
-- which, and what a clinic wants done about a cause.

CREATE TABLE idexx_sync.discrepancies (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    clinic_id     uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    kind          text NOT NULL CHECK (kind IN ('appointment', 'case')),
    external_id   text NOT NULL CHECK (length(external_id) BETWEEN 1 AND 300),
    cause         text NOT NULL CHECK (cause IN (
                      'cancelled_in_neo', 'deleted_in_neo', 'moved', 'missing_in_odis',
                      'status_differs', 'contact_differs', 'record_differs', 'duplicate_case',
                      'reappeared', 'edited_in_odis')),
    day           date NOT NULL CONSTRAINT discrepancies_day_readable
                  CHECK (day BETWEEN '0001-01-02' AND '9999-12-30'),
    fingerprint   text NOT NULL CHECK (length(fingerprint) <= 100),
    decision      jsonb NOT NULL CHECK (jsonb_typeof(decision) = 'object'),
    missed_by     text CHECK (missed_by IN ('inbound', 'cases')),
    treatment     text NOT NULL CHECK (treatment IN ('fix', 'hold', 'report', 'ignore')),
    outcome       text NOT NULL CHECK (outcome IN ('fixed', 'held', 'reported', 'ignored', 'left')),
    nights        integer NOT NULL DEFAULT 0 CHECK (nights >= 0),
    last_night    date CONSTRAINT discrepancies_last_night_readable
                  CHECK (last_night BETWEEN '0001-01-02' AND '9999-12-30'),
    first_seen_at timestamptz NOT NULL DEFAULT idexx_sync.clock(),
    last_seen_at  timestamptz NOT NULL DEFAULT idexx_sync.clock(),
    ended_at      timestamptz,
    CONSTRAINT discrepancies_instants_readable CHECK (
        first_seen_at BETWEEN '0001-01-02' AND '9999-12-30'
        AND last_seen_at BETWEEN '0001-01-02' AND '9999-12-30'
        AND coalesce(ended_at BETWEEN '0001-01-02' AND '9999-12-30', true))
);
COMMENT ON TABLE idexx_sync.discrepancies IS
    'a difference between ODIS and Neo with its cause; times, statuses, ids and names of fields only';
COMMENT ON COLUMN idexx_sync.discrepancies.day IS 'clinic-local day on which the record is stored';
COMMENT ON COLUMN idexx_sync.discrepancies.fingerprint IS
    'of what differs: as long as it is the same, so is the discrepancy';
COMMENT ON COLUMN idexx_sync.discrepancies.decision IS 'rule, code and facts';
COMMENT ON COLUMN idexx_sync.discrepancies.missed_by IS
    'the sync that has read the record since it changed, and should have found it';
COMMENT ON COLUMN idexx_sync.discrepancies.nights IS
    'clinic-local days on which a complete run has judged it; the last one is last_night';
COMMENT ON COLUMN idexx_sync.discrepancies.ended_at IS
    'when a complete run judged the record and found it no more, or something else';
CREATE UNIQUE INDEX discrepancies_one_open ON idexx_sync.discrepancies
    (clinic_id, kind, external_id, cause) WHERE ended_at IS NULL;
CREATE INDEX discrepancies_open_by_day ON idexx_sync.discrepancies (clinic_id, day)
 WHERE ended_at IS NULL;
CREATE INDEX discrepancies_by_end ON idexx_sync.discrepancies (coalesce(ended_at, last_seen_at));

CREATE TABLE idexx_sync.sightings (
    job_id         uuid NOT NULL,
    discrepancy_id uuid NOT NULL REFERENCES idexx_sync.discrepancies (id) ON DELETE CASCADE,
    clinic_id      uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    treatment      text NOT NULL CHECK (treatment IN ('fix', 'hold', 'report', 'ignore')),
    outcome        text NOT NULL CHECK (outcome IN ('fixed', 'held', 'reported', 'ignored', 'left')),
    PRIMARY KEY (job_id, discrepancy_id)
);
COMMENT ON TABLE idexx_sync.sightings IS 'which job saw which discrepancy, and what became of it';
CREATE INDEX sightings_of_discrepancy ON idexx_sync.sightings (discrepancy_id);
CREATE INDEX sightings_of_clinic ON idexx_sync.sightings (clinic_id);

CREATE TABLE idexx_sync.policies (
    clinic_id uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    cause     text NOT NULL CHECK (cause IN (
                  'cancelled_in_neo', 'deleted_in_neo', 'moved', 'missing_in_odis',
                  'status_differs', 'contact_differs', 'record_differs', 'duplicate_case',
                  'reappeared', 'edited_in_odis')),
    treatment text NOT NULL CHECK (treatment IN ('fix', 'hold', 'report', 'ignore')),
    until     date CONSTRAINT policies_until_readable
              CHECK (until BETWEEN '0001-01-02' AND '9999-12-30'),
    set_by    text NOT NULL CHECK (length(set_by) <= 200),
    set_at    timestamptz NOT NULL DEFAULT idexx_sync.clock() CONSTRAINT policies_set_at_readable
              CHECK (set_at BETWEEN '0001-01-02' AND '9999-12-30'),
    PRIMARY KEY (clinic_id, cause),
    CONSTRAINT policies_ignored_until CHECK ((treatment = 'ignore') = (until IS NOT NULL))
);
COMMENT ON TABLE idexx_sync.policies IS
    'what is done about a cause at one clinic, where that is not what is done everywhere';

ALTER TABLE idexx_sync.discrepancies ENABLE ROW LEVEL SECURITY;
ALTER TABLE idexx_sync.sightings ENABLE ROW LEVEL SECURITY;
ALTER TABLE idexx_sync.policies ENABLE ROW LEVEL SECURITY;

GRANT SELECT, INSERT,
      UPDATE (day, fingerprint, decision, missed_by, treatment, outcome, nights, last_night,
              last_seen_at, ended_at)
    ON idexx_sync.discrepancies TO idexx_sync_worker;
GRANT SELECT, INSERT, UPDATE (treatment, outcome) ON idexx_sync.sightings TO idexx_sync_worker;
GRANT SELECT ON idexx_sync.policies TO idexx_sync_worker;
GRANT SELECT ON idexx_sync.discrepancies, idexx_sync.sightings, idexx_sync.policies
    TO idexx_sync_api;
GRANT INSERT, UPDATE (treatment, until, set_by, set_at), DELETE
    ON idexx_sync.policies TO idexx_sync_operator;
GRANT UPDATE (last_seen_at), DELETE ON idexx_sync.discrepancies TO idexx_sync_upkeep;
CREATE POLICY idexx_sync ON idexx_sync.discrepancies
    TO idexx_sync_worker, idexx_sync_api, idexx_sync_upkeep USING (true) WITH CHECK (true);
CREATE POLICY idexx_sync ON idexx_sync.sightings
    TO idexx_sync_worker, idexx_sync_api USING (true) WITH CHECK (true);
CREATE POLICY idexx_sync ON idexx_sync.policies
    TO idexx_sync_worker, idexx_sync_api, idexx_sync_operator USING (true) WITH CHECK (true);
