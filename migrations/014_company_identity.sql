-- Whose calendar a clinic's is: what its company in Neo shows, learned once and compared at each login.

ALTER TABLE idexx_sync.clinic_settings
    ADD COLUMN identity jsonb CHECK (jsonb_typeof(identity) = 'object'),
    ADD COLUMN identity_version integer NOT NULL DEFAULT 0 CHECK (identity_version >= 0),
    ADD COLUMN identity_learned_at timestamptz,
    ADD COLUMN identity_refused jsonb CHECK (jsonb_typeof(identity_refused) = 'object'),
    ADD COLUMN identity_refused_since timestamptz,
    ADD COLUMN identity_refused_at timestamptz,
    ADD CONSTRAINT clinic_settings_identity_learned CHECK (
        (identity IS NULL) = (identity_version = 0)),
    ADD CONSTRAINT clinic_settings_identity_refused_whole CHECK (
        num_nulls(identity_refused, identity_refused_since, identity_refused_at) IN (0, 3)),
    ADD CONSTRAINT clinic_settings_identity_learned_at_readable
        CHECK (identity_learned_at BETWEEN '0001-01-02' AND '9999-12-30'),
    ADD CONSTRAINT clinic_settings_identity_refused_since_readable
        CHECK (identity_refused_since BETWEEN '0001-01-02' AND '9999-12-30'),
    ADD CONSTRAINT clinic_settings_identity_refused_at_readable
        CHECK (identity_refused_at BETWEEN '0001-01-02' AND '9999-12-30');
COMMENT ON COLUMN idexx_sync.clinic_settings.identity IS
    'rooms and types by id and name, providers by id and fingerprint, branches, the company id''s fingerprint';
COMMENT ON COLUMN idexx_sync.clinic_settings.identity_version IS
    'raised when an identity is learned first or accepted by a person; a session names the one it was compared with';
COMMENT ON COLUMN idexx_sync.clinic_settings.identity_refused IS
    'what was seen instead and waits for a person; null: the last comparison found the clinic''s own company';

-- What was read before is the best that is known of the company until its next login shows more.
UPDATE idexx_sync.clinic_settings s
   SET identity = jsonb_build_object('rooms', r.rooms), identity_version = 1,
       identity_learned_at = neo_configuration_read_at
  FROM (SELECT c.clinic_id, jsonb_object_agg(room ->> 'id', room ->> 'name') AS rooms
          FROM idexx_sync.clinic_settings c
         CROSS JOIN jsonb_path_query(c.neo_configuration, '$.rooms[*] ? (@.name != "")') AS room
         WHERE jsonb_typeof(room -> 'id') = 'string' AND jsonb_typeof(room -> 'name') = 'string'
         GROUP BY c.clinic_id) r
 WHERE r.clinic_id = s.clinic_id;
