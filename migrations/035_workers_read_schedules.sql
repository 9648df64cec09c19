-- Whether a tick comes too late says its own schedule's next time, so workers read the schedules.

RESET ROLE;

GRANT SELECT (sync_schedules) ON public.clinic_schedule_configs TO idexx_sync_worker;
