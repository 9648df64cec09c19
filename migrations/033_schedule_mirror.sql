-- What the mirror has written to EventBridge Scheduler: by it an unchanged schedule is left alone.

CREATE TABLE idexx_sync.schedule_mirror (
    name        text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64),
    clinic_id   uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    digest      text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    written_at  timestamptz,
    modified_at timestamptz,
    CONSTRAINT schedule_mirror_instants_readable CHECK (
        coalesce(written_at BETWEEN '0001-01-02' AND '9999-12-30', true)
        AND coalesce(modified_at BETWEEN '0001-01-02' AND '9999-12-30', true))
);
COMMENT ON TABLE idexx_sync.schedule_mirror IS
    'what was written of each schedule of a clinic; EventBridge Scheduler itself says what is there';
COMMENT ON COLUMN idexx_sync.schedule_mirror.digest IS 'of all that it was told';
COMMENT ON COLUMN idexx_sync.schedule_mirror.written_at IS
    'when AWS answered, by its own clock; null: it did not say';
COMMENT ON COLUMN idexx_sync.schedule_mirror.modified_at IS
    'LastModificationDate as it was listed afterwards: another one is another person''s change; '
    'null: not listed yet';
CREATE INDEX schedule_mirror_of_clinic ON idexx_sync.schedule_mirror (clinic_id);

ALTER TABLE idexx_sync.schedule_mirror ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT (name, clinic_id, digest, written_at),
      UPDATE (digest, written_at, modified_at), DELETE
    ON idexx_sync.schedule_mirror TO idexx_sync_upkeep;
CREATE POLICY idexx_sync ON idexx_sync.schedule_mirror TO idexx_sync_upkeep
    USING (true) WITH CHECK (true);
