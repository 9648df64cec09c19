-- Time that a record takes although no row of ours says so: what is doubled, moved while a person
-- decides, refused, in conflict or not to be read (rules R1, R3, R10). And since when it is in doubt.

ALTER TABLE idexx_sync.records
    ADD COLUMN claims jsonb CHECK (jsonb_typeof(claims) = 'array'),
    ADD COLUMN doubtful_reads smallint NOT NULL DEFAULT 0,
    ADD COLUMN doubtful_since timestamptz
        CONSTRAINT records_doubtful_since_readable
        CHECK (doubtful_since BETWEEN '0001-01-02' AND '9999-12-30');
UPDATE idexx_sync.records SET doubtful_since = read_at WHERE quarantine_code IS NOT NULL;
COMMENT ON COLUMN idexx_sync.records.claims IS
    'spans that it takes beside its row: day, start and end on the clinic''s clock, room, and whether it takes every room';
COMMENT ON COLUMN idexx_sync.records.doubtful_reads IS
    'reads, one after the other, that were incomplete because of it';
COMMENT ON COLUMN idexx_sync.records.doubtful_since IS
    'since when it has been in doubt without a break; null: it is not';
CREATE INDEX records_in_doubt ON idexx_sync.records (clinic_id, kind)
    WHERE doubtful_since IS NOT NULL;
