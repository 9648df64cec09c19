-- What a run may write is its job's manner, and no longer a flag among the parameters of its sync.

ALTER TABLE idexx_sync.jobs
    ADD COLUMN manner text NOT NULL DEFAULT 'apply'
    CHECK (manner IN ('preview', 'observe', 'apply'));
COMMENT ON COLUMN idexx_sync.jobs.manner IS
    'preview: nothing is written, the plan is the answer; observe: our own memory; apply: ODIS''s rows too';

-- Until now a run either wrote all or nothing, in a clinic in shadow too, and left a plan if nothing.
UPDATE idexx_sync.jobs SET manner = 'preview', params = params - 'dry_run'
 WHERE params ->> 'dry_run' = 'true' OR result ? 'plan';
UPDATE idexx_sync.jobs SET params = params - 'dry_run' WHERE params ? 'dry_run';

-- While two releases run side by side, each has to find the other one's previews: the one before
-- knows them by `params.dry_run`. To be dropped with the release after this one.
CREATE FUNCTION idexx_sync.keep_manner_of_both_releases() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.params ->> 'dry_run' = 'true' OR (NEW.manner = 'apply' AND NEW.result ? 'plan') THEN
        NEW.manner := 'preview';
    ELSIF TG_OP = 'INSERT' AND NEW.manner = 'preview' THEN
        NEW.params := NEW.params || '{"dry_run": true}';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER manner_of_both_releases BEFORE INSERT OR UPDATE OF result ON idexx_sync.jobs
    FOR EACH ROW EXECUTE FUNCTION idexx_sync.keep_manner_of_both_releases();
