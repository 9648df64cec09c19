-- What a run tells beside how it ended, and which calls and e-mails ODIS has queued.

ALTER TABLE idexx_sync.alerts
    ADD COLUMN records text[] NOT NULL DEFAULT '{}'
        CONSTRAINT alerts_few_records CHECK (cardinality(records) <= 20);
COMMENT ON COLUMN idexx_sync.alerts.records IS
    'ids of the cases or discrepancies that it is about, the first 20 at most; no personal data';
COMMENT ON COLUMN idexx_sync.alerts.kind IS
    'the kind of error of jobs that ended with it; held: a hold waits; stale: data have grown old; '
    'discrepancy_stays, closed_case_has_call: what runs say again as long as it is so';
GRANT INSERT (records), UPDATE (records) ON idexx_sync.alerts
    TO idexx_sync_worker, idexx_sync_api;
