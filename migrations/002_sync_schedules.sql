-- When each sync of a clinic runs: an object {sync: cron} or an array of {"type", "cron", "enabled"}.

DO $$
BEGIN
    IF to_regclass('public.clinic_schedule_configs') IS NULL THEN
        RAISE EXCEPTION 'public.clinic_schedule_configs does not exist'
            USING HINT = 'This is not an ODIS database of the supported generation; '
                         'check DATABASE_URL.';
    END IF;
END $$;

ALTER TABLE public.clinic_schedule_configs
    ADD COLUMN IF NOT EXISTS sync_schedules jsonb DEFAULT '{
        "inbound": "*/15 * * * *",
        "cases": "0 */2 * * *",
        "reconciliation": "0 2 * * *"
    }'::jsonb;

COMMENT ON COLUMN public.clinic_schedule_configs.sync_schedules IS 'Cron schedules per sync type';
