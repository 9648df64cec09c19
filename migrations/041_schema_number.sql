-- By what a version of the functions finds out whether this schema is as new as it needs.

CREATE FUNCTION idexx_sync.schema_number() RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT max(left(name, 3)::integer) FROM idexx_sync.migrations
$$;
COMMENT ON FUNCTION idexx_sync.schema_number() IS
    'number of the newest migration: functions that need a newer one refuse to work';
REVOKE ALL ON FUNCTION idexx_sync.schema_number() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION idexx_sync.schema_number()
    TO idexx_sync_worker, idexx_sync_api, idexx_sync_authorizer;
