-- The request that ordered a job, by which its log lines and its alert are found.

ALTER TABLE idexx_sync.jobs ADD COLUMN request_id text
    CONSTRAINT jobs_request_id_is_a_word CHECK (request_id ~ '^[A-Za-z0-9._=-]{1,64}$');
COMMENT ON COLUMN idexx_sync.jobs.request_id IS
    'of the API''s request that made it, as its answer and the log name it; null: nobody asked';

GRANT INSERT (request_id) ON idexx_sync.jobs TO idexx_sync_worker, idexx_sync_api;
