-- The last success and the last outcome of each clinic's sync are looked up for every clinic at each
-- reading of the metrics. Their cost must not grow with the number of jobs that are kept.

CREATE INDEX jobs_last_finished ON idexx_sync.jobs (clinic_id, sync, finished_at DESC);
