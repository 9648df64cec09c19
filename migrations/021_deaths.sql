-- Patients that have died, by the words of a visit: remembered apart from the cases, because a
-- visit may have none, and because somebody may have said otherwise of its case. And the one place
-- that says what `cases.extreme_case_check` means.

CREATE TABLE idexx_sync.deaths (
    clinic_id  uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    patient_id text NOT NULL,
    visit_id   text NOT NULL,
    category   text NOT NULL CHECK (category IN ('euthanasia', 'death', 'cremation')),
    in_doubt   boolean NOT NULL,
    told_at    timestamptz NOT NULL
        CONSTRAINT deaths_told_at_readable CHECK (told_at BETWEEN '0001-01-02' AND '9999-12-30'),
    marked     boolean NOT NULL,
    denied_at  timestamptz
        CONSTRAINT deaths_denied_at_readable
        CHECK (denied_at BETWEEN '0001-01-02' AND '9999-12-30'),
    PRIMARY KEY (clinic_id, patient_id, visit_id)
);
COMMENT ON TABLE idexx_sync.deaths IS
    'patients that have died, by id, and the visits whose words say so; kept for three years after '
    'that was told last, because a case of such a patient may come at any time';
COMMENT ON COLUMN idexx_sync.deaths.patient_id IS
    'the source''s; empty where the visit names none: then it is about that visit only';
COMMENT ON COLUMN idexx_sync.deaths.in_doubt IS 'no words of the visit were certain';
COMMENT ON COLUMN idexx_sync.deaths.told_at IS 'when new words of the visit said so last';
COMMENT ON COLUMN idexx_sync.deaths.marked IS
    'the visit''s case was marked then: where it is not any more, somebody has taken that back';
COMMENT ON COLUMN idexx_sync.deaths.denied_at IS
    'since when certain words meet a case that says otherwise; null: they do not';
CREATE INDEX deaths_of_visit ON idexx_sync.deaths (clinic_id, visit_id);
CREATE INDEX deaths_denied ON idexx_sync.deaths (clinic_id) WHERE denied_at IS NOT NULL;

-- What `extreme_case_check` says: true, it is an extreme case; false, it is none; null, nothing that
-- anybody could rely on, whatever stands there.
CREATE FUNCTION idexx_sync.is_extreme(said jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE said -> 'isExtremeCase' WHEN 'true' THEN true WHEN 'false' THEN false END
$$;
