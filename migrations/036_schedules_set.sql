-- Operators set the crons of a clinic's syncs.

RESET ROLE;
GRANT UPDATE (sync_schedules) ON public.clinic_schedule_configs TO idexx_sync_operator;
