-- A login of which nothing has left us is no attempt: neither the breaker nor the budget counts it.

ALTER TABLE idexx_sync.logins ADD COLUMN submitted boolean;
COMMENT ON COLUMN idexx_sync.logins.submitted IS
    'false: seen from the network that nothing left us; null: it may have, or nobody looked';
