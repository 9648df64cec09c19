-- Who has paused a clinic, or all of them, when and why; and who let them go on.

CREATE TABLE idexx_sync.pauses (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    clinic_id     uuid REFERENCES public.clinics (id) ON DELETE CASCADE,
    paused_at     timestamptz NOT NULL DEFAULT idexx_sync.clock()
        CONSTRAINT pauses_paused_at_readable CHECK (paused_at BETWEEN '0001-01-02' AND '9999-12-30'),
    paused_by     text NOT NULL CHECK (length(paused_by) BETWEEN 1 AND 200),
    reason        text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    resumed_at    timestamptz
        CONSTRAINT pauses_resumed_at_readable
        CHECK (resumed_at BETWEEN '0001-01-02' AND '9999-12-30'),
    resumed_by    text CHECK (length(resumed_by) BETWEEN 1 AND 200),
    resume_reason text CHECK (length(resume_reason) BETWEEN 1 AND 500),
    CONSTRAINT pauses_resumed_by_somebody CHECK ((resumed_at IS NULL) = (resumed_by IS NULL))
);
COMMENT ON TABLE idexx_sync.pauses IS
    'a pause stands until somebody resumes; while one stands nothing of the clinic asks its PIMS';
COMMENT ON COLUMN idexx_sync.pauses.clinic_id IS 'null: all clinics are paused';
COMMENT ON COLUMN idexx_sync.pauses.reason IS 'in the words of whoever paused; no personal data';
CREATE UNIQUE INDEX pauses_one_standing
    ON idexx_sync.pauses (clinic_id) NULLS NOT DISTINCT WHERE resumed_at IS NULL;

-- What stood before stands on. The columns of clinic_settings are read by the release before only,
-- for which they stay as they are: a clinic that was paused is not run by it either. No release
-- has ever written them but by hand.
INSERT INTO idexx_sync.pauses (clinic_id, paused_at, paused_by, reason)
SELECT clinic_id,
       coalesce(paused_at, idexx_sync.clock()),
       left(coalesce(nullif(btrim(paused_by), ''), 'unknown'), 200),
       left(coalesce(nullif(btrim(paused_reason), ''),
                     CASE WHEN killed THEN 'stopped by the kill switch'
                          ELSE 'no reason given' END), 500)
  FROM idexx_sync.clinic_settings
 WHERE paused_at IS NOT NULL OR killed;
COMMENT ON COLUMN idexx_sync.clinic_settings.paused_at IS 'no longer read; see pauses';
COMMENT ON COLUMN idexx_sync.clinic_settings.paused_by IS 'no longer read; see pauses';
COMMENT ON COLUMN idexx_sync.clinic_settings.paused_reason IS 'no longer read; see pauses';
COMMENT ON COLUMN idexx_sync.clinic_settings.killed IS 'no longer read; see pauses';

ALTER TABLE idexx_sync.pauses ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON idexx_sync.pauses TO idexx_sync_worker, idexx_sync_api;
GRANT INSERT (clinic_id, paused_by, reason), UPDATE (resumed_at, resumed_by, resume_reason)
    ON idexx_sync.pauses TO idexx_sync_api;
CREATE POLICY idexx_sync ON idexx_sync.pauses TO idexx_sync_worker, idexx_sync_api
    USING (true) WITH CHECK (true);

-- Who pauses, and who lets go on, is ODIS: a clinic's key may neither.
RESET ROLE;
UPDATE public.clinic_api_keys
   SET scopes = array_remove(array_remove(scopes, 'clinics:write'), 'fleet:write')
 WHERE NOT is_operator AND scopes && ARRAY['clinics:write', 'fleet:write'];
ALTER TABLE public.clinic_api_keys
    DROP CONSTRAINT clinic_api_keys_operator_scopes,
    ADD CONSTRAINT clinic_api_keys_operator_scopes
        CHECK (is_operator OR NOT scopes && ARRAY['sync:reconciliation', 'clinics:write',
                                                  'fleet:write']);
