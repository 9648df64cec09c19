-- What a job wrote is told over the HTTP API too.

GRANT SELECT ON idexx_sync.changes TO idexx_sync_api;
ALTER POLICY idexx_sync ON idexx_sync.changes TO idexx_sync_worker, idexx_sync_api;
