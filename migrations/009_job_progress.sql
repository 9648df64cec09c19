-- How far a run has come that commits in pieces: a retry goes on with the first one that is not done.

ALTER TABLE idexx_sync.jobs ADD COLUMN progress jsonb;
COMMENT ON COLUMN idexx_sync.jobs.progress IS
    'the pieces that are committed, in the sync''s own words; null: none, or the sync has only one';
