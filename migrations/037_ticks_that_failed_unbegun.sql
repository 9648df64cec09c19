-- A tick whose job failed before a run of it began did not run, as one that is dead then.

DROP INDEX idexx_sync.jobs_not_made_up;
CREATE INDEX jobs_not_made_up ON idexx_sync.jobs (sync, scheduled_time, id)
 WHERE trigger = 'schedule' AND made_up_by IS NULL
   AND (status IN ('missed', 'skipped_overlap', 'skipped_stale')
        OR status IN ('dead', 'failed') AND started_at IS NULL);
