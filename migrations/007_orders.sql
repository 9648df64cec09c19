-- What callers of the HTTP API have asked for under an `Idempotency-Key`, for 24 hours.

CREATE TABLE idexx_sync.idempotency_keys (
    api_key_id      uuid NOT NULL REFERENCES public.clinic_api_keys (id) ON DELETE CASCADE,
    route           text NOT NULL,
    idempotency_key text NOT NULL,
    request_hash    text NOT NULL,
    job_id          uuid NOT NULL REFERENCES idexx_sync.jobs (id) ON DELETE CASCADE,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (api_key_id, route, idempotency_key)
);
CREATE INDEX idempotency_keys_of_job ON idexx_sync.idempotency_keys (job_id);
CREATE INDEX idempotency_keys_oldest_first ON idexx_sync.idempotency_keys (created_at);
