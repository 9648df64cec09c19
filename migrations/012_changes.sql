-- Our own log of what each job did to a record, and the only one that is read back. What ODIS is
-- told in `case_sync_audits` is filled from it, and is ODIS's.

CREATE TABLE idexx_sync.changes (
    job_id      uuid NOT NULL,
    clinic_id   uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    sync        text NOT NULL CHECK (sync IN ('inbound', 'cases', 'reconciliation')),
    kind        text NOT NULL CHECK (kind IN ('appointment', 'case')),
    external_id text NOT NULL,
    case_id     uuid,
    action      text NOT NULL CHECK (action IN ('create', 'update', 'remove')),
    outcome     text NOT NULL CHECK (outcome IN ('written', 'skipped', 'refused')),
    reasons     text[] NOT NULL,
    fields      jsonb NOT NULL DEFAULT '{}',
    error       text,
    at          timestamptz NOT NULL,
    PRIMARY KEY (job_id, kind, external_id)
);
COMMENT ON TABLE idexx_sync.changes IS
    'one row a record and job, in the transaction of the change; jobs may go before it';
COMMENT ON COLUMN idexx_sync.changes.reasons IS 'each once, the first one first';
COMMENT ON COLUMN idexx_sync.changes.fields IS
    '{field: before and after}; of personal ones only that they changed, with a fingerprint';
CREATE INDEX changes_of_record ON idexx_sync.changes (clinic_id, external_id, at DESC);
CREATE INDEX changes_of_case ON idexx_sync.changes (clinic_id, case_id) WHERE case_id IS NOT NULL;

-- ODIS may have a table of that name with other columns, or without the index that keeps a record
-- from being told twice, or none at all: then it is told nothing.
CREATE FUNCTION idexx_sync.tells_odis() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (SELECT count(*) FROM pg_attribute
             WHERE attrelid = to_regclass('public.case_sync_audits') AND NOT attisdropped
               AND attname IN ('clinic_id', 'case_id', 'sync_type', 'external_id', 'status',
                               'error_message', 'metadata', 'synced_at', 'duration_ms',
                               'job_id')) = 10
       AND EXISTS (
           SELECT FROM pg_index i
            WHERE i.indrelid = to_regclass('public.case_sync_audits')
              AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
              AND (SELECT array_agg(a.attname::text ORDER BY a.attname) FROM pg_attribute a
                    WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey))
                  = '{external_id,job_id,sync_type}')
$$;

-- Tells ODIS of a job's changes to these records.
CREATE FUNCTION idexx_sync.tell_changes(of_job uuid, records text[]) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF NOT idexx_sync.tells_odis() THEN
        RETURN;
    END IF;
    INSERT INTO public.case_sync_audits AS a
           (clinic_id, job_id, external_id, case_id, sync_type, status, error_message, metadata,
            synced_at, duration_ms)
    SELECT c.clinic_id, c.job_id, c.external_id, c.case_id,
           CASE WHEN c.sync = 'reconciliation' THEN 'reconcile'
                WHEN c.action = 'create' THEN 'create' ELSE 'update' END,
           CASE c.outcome WHEN 'written' THEN 'success' WHEN 'refused' THEN 'error'
                          ELSE 'skipped' END,
           c.error, jsonb_build_object('reason', c.reasons[1], 'changes', c.fields), c.at,
           least(extract(epoch FROM idexx_sync.clock() - j.started_at) * 1000, 2147483647)::integer
      FROM idexx_sync.changes c LEFT JOIN idexx_sync.jobs j ON j.id = c.job_id
     WHERE c.job_id = of_job AND c.external_id = ANY(records)
    ON CONFLICT (job_id, external_id, sync_type) DO UPDATE
       SET status = EXCLUDED.status, error_message = EXCLUDED.error_message,
           case_id = EXCLUDED.case_id, metadata = EXCLUDED.metadata,
           duration_ms = EXCLUDED.duration_ms;
END $$;

-- What was told so far is where our log begins.
DO $$
BEGIN
    IF NOT idexx_sync.tells_odis() THEN
        RETURN;
    END IF;
    INSERT INTO idexx_sync.changes (job_id, clinic_id, sync, kind, external_id, case_id, action,
                                    outcome, reasons, fields, error, at)
    SELECT a.job_id, a.clinic_id, j.sync,
           CASE j.sync WHEN 'inbound' THEN 'appointment' ELSE 'case' END, a.external_id, a.case_id,
           CASE WHEN a.sync_type = 'create' THEN 'create'
                WHEN a.metadata::jsonb #> '{changes,removed,after}' = 'true' THEN 'remove'
                ELSE 'update' END,
           CASE a.status WHEN 'success' THEN 'written' WHEN 'error' THEN 'refused'
                         ELSE 'skipped' END,
           ARRAY[coalesce(a.metadata ->> 'reason', 'unknown')],
           coalesce(nullif(a.metadata::jsonb -> 'changes', 'null'), '{}'), a.error_message,
           coalesce(a.synced_at, j.finished_at, j.queued_at)
      FROM public.case_sync_audits a JOIN idexx_sync.jobs j ON j.id = a.job_id
     WHERE a.external_id IS NOT NULL
    ON CONFLICT DO NOTHING;
END $$;
