-- No clinic's key holds a scope of operators; which key replaced which.

UPDATE public.clinic_api_keys
   SET scopes = array_remove(scopes, 'sync:reconciliation')
 WHERE NOT is_operator AND scopes @> ARRAY['sync:reconciliation'];

ALTER TABLE public.clinic_api_keys
    ADD COLUMN replaced_by uuid REFERENCES public.clinic_api_keys (id) ON DELETE SET NULL,
    ADD CONSTRAINT clinic_api_keys_operator_scopes
        CHECK (is_operator OR NOT scopes && ARRAY['sync:reconciliation']);

COMMENT ON COLUMN public.clinic_api_keys.replaced_by IS
    'the key that rotation made in place of this one; null: it was not rotated';
