-- What a key of the HTTP API has used of its budgets: orders of runs, and requests that wait.

CREATE TABLE idexx_sync.key_budgets (
    api_key_id   uuid PRIMARY KEY REFERENCES public.clinic_api_keys (id) ON DELETE CASCADE,
    orders_until timestamptz NOT NULL,
    waits        jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);
COMMENT ON TABLE idexx_sync.key_budgets IS
    'one row a key that has ordered; nothing in it counts for longer than a minute';
COMMENT ON COLUMN idexx_sync.key_budgets.orders_until IS
    'each order moves it on by its share of a minute; a minute ahead the budget is used up';
COMMENT ON COLUMN idexx_sync.key_budgets.waits IS
    '{id: when it ends at the latest} of the requests that wait for a run';
