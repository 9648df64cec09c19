-- By what a database knows the secrets that belong to it, so that a wrong one is refused by name
-- before anything is sealed or hashed with it. Nobody learns a secret from its imprint.

CREATE TABLE idexx_sync.imprints (
    secret  text PRIMARY KEY CHECK (secret IN ('local_key', 'fingerprint_key', 'pepper')),
    known   text[] NOT NULL CHECK (cardinality(known) BETWEEN 1 AND 2),
    kept_at timestamptz NOT NULL DEFAULT idexx_sync.clock()
        CONSTRAINT imprints_kept_at_readable CHECK (kept_at BETWEEN '0001-01-02' AND '9999-12-30')
);
COMMENT ON COLUMN idexx_sync.imprints.known IS
    'keyed hashes of a fixed text; two of them while the secret is being replaced';

ALTER TABLE idexx_sync.imprints ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON idexx_sync.imprints TO idexx_sync_worker;
GRANT INSERT (secret, known), UPDATE (known, kept_at) ON idexx_sync.imprints TO idexx_sync_operator;
CREATE POLICY idexx_sync ON idexx_sync.imprints TO idexx_sync_worker, idexx_sync_operator
    USING (true) WITH CHECK (true);

CREATE FUNCTION idexx_sync.pepper_imprints() RETURNS text[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT known FROM idexx_sync.imprints WHERE secret = 'pepper'
$$;
COMMENT ON FUNCTION idexx_sync.pepper_imprints() IS
    'by what whoever checks keys sees that its pepper is not the one of this database';
REVOKE ALL ON FUNCTION idexx_sync.pepper_imprints() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION idexx_sync.pepper_imprints() TO idexx_sync_authorizer;
