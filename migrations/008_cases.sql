-- What the case sync remembers, and how it merges into documents that others write too.

CREATE TABLE idexx_sync.case_keys (
    clinic_id   uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    external_id text NOT NULL,
    case_id     uuid NOT NULL,
    PRIMARY KEY (clinic_id, external_id)
);
COMMENT ON TABLE idexx_sync.case_keys IS 'one visit, one case: what makes a second one impossible';
COMMENT ON COLUMN idexx_sync.case_keys.case_id IS
    'no foreign key: a key whose case is gone says that somebody deleted it, and it is not made again';

ALTER TABLE idexx_sync.records
    DROP CONSTRAINT records_kind_check,
    ADD CONSTRAINT records_kind_check CHECK (kind IN ('appointment', 'visit', 'consultation'));
COMMENT ON COLUMN idexx_sync.records.kind IS
    'appointment: as the calendar sync knows it; visit and consultation: as the case sync does, '
    'both by the id of the visit';
CREATE INDEX records_visits_by_start
    ON idexx_sync.records (clinic_id, (source ->> 'start')) WHERE kind = 'visit';

ALTER TABLE idexx_sync.clinic_settings
    ADD COLUMN acting_user_id uuid REFERENCES public.users (id) ON DELETE SET NULL,
    ADD COLUMN live_from date;
COMMENT ON COLUMN idexx_sync.clinic_settings.acting_user_id IS
    'whose cases ours are; without one nobody is called about them';
COMMENT ON COLUMN idexx_sync.clinic_settings.live_from IS
    'the clinic''s first day: visits before it are never completed, so that nobody is called about them';
UPDATE idexx_sync.clinic_settings SET live_from = created_at::date WHERE stage IN ('canary', 'live');

-- Sets leaves of a document and takes others out of it; what lies beside them stays. The keys of
-- `leaves` and the items of `cleared` are paths such as 'entities.patient.name'. A null on the way
-- counts as an empty object; anything else that is no object is an error.
CREATE FUNCTION idexx_sync.with_leaves(held jsonb, leaves jsonb, cleared text[]) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    leaf  record;
    path  text[];
    depth integer;
    gone  text;
BEGIN
    held := coalesce(nullif(held, 'null'), '{}');
    FOR leaf IN SELECT key, value FROM jsonb_each(leaves) LOOP
        path := string_to_array(leaf.key, '.');
        FOR depth IN 1 .. array_length(path, 1) - 1 LOOP
            IF coalesce(held #> path[:depth], 'null') = 'null' THEN
                held := jsonb_set(held, path[:depth], '{}');
            ELSIF jsonb_typeof(held #> path[:depth]) <> 'object' THEN
                RAISE EXCEPTION 'no object at %', array_to_string(path[:depth], '.');
            END IF;
        END LOOP;
        held := jsonb_set(held, path, leaf.value);
    END LOOP;
    FOREACH gone IN ARRAY cleared LOOP
        held := held #- string_to_array(gone, '.');
    END LOOP;
    RETURN held;
END $$;
