-- Keys of the HTTP API. `api_key` holds HMAC-SHA256(pepper, key) in hex, never the key itself.

DO $$
BEGIN
    IF to_regclass('public.clinic_api_keys') IS NOT NULL AND (
        SELECT count(*) FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name = 'clinic_api_keys'
           AND column_name IN ('id', 'clinic_id', 'api_key', 'key_name', 'is_active',
                               'created_at', 'expires_at', 'last_used_at')) < 8
    THEN
        RAISE EXCEPTION 'public.clinic_api_keys exists with other columns than ours'
            USING HINT = 'This database already has a table of that name from another service; '
                         'rename it or point DATABASE_URL at the right database.';
    END IF;
END $$;

CREATE TABLE IF NOT EXISTS public.clinic_api_keys (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    clinic_id    uuid REFERENCES public.clinics (id) ON DELETE CASCADE,
    api_key      text NOT NULL UNIQUE,
    key_name     text,
    is_active    boolean DEFAULT true,
    created_at   timestamptz DEFAULT now(),
    expires_at   timestamptz,
    last_used_at timestamptz,
    UNIQUE (clinic_id, api_key)
);

ALTER TABLE public.clinic_api_keys
    ALTER COLUMN clinic_id DROP NOT NULL,
    ADD COLUMN IF NOT EXISTS scopes text[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS key_hint text,
    ADD COLUMN IF NOT EXISTS revoked_at timestamptz,
    ADD COLUMN IF NOT EXISTS is_operator boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT clinic_api_keys_operator_has_no_clinic
        CHECK ((clinic_id IS NULL) = is_operator);

CREATE INDEX IF NOT EXISTS idx_clinic_api_keys_clinic_id ON public.clinic_api_keys (clinic_id);
CREATE INDEX IF NOT EXISTS idx_clinic_api_keys_api_key
    ON public.clinic_api_keys (api_key) WHERE is_active = true;
