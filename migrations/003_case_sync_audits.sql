-- One row per record that a job changed, in the transaction of the change.

DO $$
BEGIN
    IF to_regclass('public.case_sync_audits') IS NOT NULL AND (
        SELECT count(*) FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name = 'case_sync_audits'
           AND column_name IN ('id', 'clinic_id', 'case_id', 'sync_type', 'external_id', 'status',
                               'error_message', 'metadata', 'synced_at', 'duration_ms')) < 10
    THEN
        RAISE EXCEPTION 'public.case_sync_audits exists with other columns than ours'
            USING HINT = 'This database already has a table of that name from another service; '
                         'rename it or point DATABASE_URL at the right database.';
    END IF;
END $$;

CREATE TABLE IF NOT EXISTS public.case_sync_audits (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    clinic_id     uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    case_id       uuid REFERENCES public.cases (id) ON DELETE SET NULL,
    sync_type     text NOT NULL CHECK (sync_type IN ('create', 'update', 'reconcile')),
    external_id   text,
    status        text NOT NULL CHECK (status IN ('success', 'error', 'skipped')),
    error_message text,
    metadata      jsonb DEFAULT '{}'::jsonb,
    synced_at     timestamptz DEFAULT now(),
    duration_ms   integer
);

ALTER TABLE public.case_sync_audits ADD COLUMN IF NOT EXISTS job_id uuid;

CREATE INDEX IF NOT EXISTS idx_case_sync_audits_clinic_id ON public.case_sync_audits (clinic_id);
CREATE INDEX IF NOT EXISTS idx_case_sync_audits_case_id ON public.case_sync_audits (case_id);
CREATE INDEX IF NOT EXISTS idx_case_sync_audits_synced_at
    ON public.case_sync_audits (synced_at DESC);
CREATE UNIQUE INDEX IF NOT EXISTS case_sync_audits_once_per_job
    ON public.case_sync_audits (job_id, external_id, sync_type);
