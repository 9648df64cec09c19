-- What a run tells beside how it ended, and which calls and e-mails ODIS has queued.

ALTER TABLE idexx_sync.alerts
    ADD COLUMN records text[] NOT NULL DEFAULT '{}'
        CONSTRAINT alerts_few_records CHECK (cardinality(records) <= 20);
COMMENT ON COLUMN idexx_sync.alerts.records IS
    'ids of the cases or discrepancies that it is about, the first 20 at most; no personal data';
COMMENT ON COLUMN idexx_sync.alerts.kind IS
    'the kind of error of jobs that ended with it; held: a hold waits; stale: data have grown old; '
    'discrepancy_stays, closed_case_has_call: what runs say again as long as it is so';
GRANT INSERT (records), UPDATE (records) ON idexx_sync.alerts
    TO idexx_sync_worker, idexx_sync_api;

-- ODIS may lack these tables, have others by their names, or keep them closed to us: then nobody
-- knows what is queued there, and that is no error. A status that we do not know has not ended.
CREATE FUNCTION idexx_sync.queued_for(case_ids uuid[])
    RETURNS TABLE (relation text, cases uuid[])
    LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
    ended text[];
BEGIN
    FOR relation, ended IN
        VALUES ('scheduled_discharge_calls', '{completed,failed,cancelled}'::text[]),
               ('scheduled_discharge_emails', '{sent,failed,cancelled}')
    LOOP
        cases := NULL;
        -- Row level security hides rows without an error: only a policy that shows us all of them,
        -- and none that narrows it, lets us know.
        IF NOT EXISTS (
            SELECT FROM pg_class c
             WHERE c.oid = to_regclass('public.' || relation) AND row_security_active(c.oid)
               AND (SELECT coalesce(bool_or(p.polpermissive AND p.polcmd = '*'
                                            AND pg_get_expr(p.polqual, c.oid) = 'true'), false)
                           AND bool_and(p.polpermissive)
                      FROM pg_policy p
                     WHERE p.polrelid = c.oid
                       AND EXISTS (SELECT FROM unnest(p.polroles) AS of_role
                                    WHERE of_role = 0 OR pg_has_role(of_role, 'USAGE')))
                   IS NOT TRUE)
        THEN
            BEGIN
                EXECUTE format(
                    $q$ SELECT coalesce(array_agg(DISTINCT q.case_id), '{}') FROM public.%I q
                         WHERE q.case_id = ANY ($1) AND coalesce(q.status::text, '') <> ALL ($2) $q$,
                    relation) INTO cases USING case_ids, ended;
            EXCEPTION WHEN syntax_error_or_access_rule_violation THEN
                NULL;
            END;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION idexx_sync.queued_for(uuid[]) IS
    'by table of ODIS''s, for which of these cases a call or an e-mail is queued there; null: nobody '
    'knows, as it can not be read';
GRANT EXECUTE ON FUNCTION idexx_sync.queued_for(uuid[]) TO idexx_sync_worker;

RESET ROLE;
DO $$
DECLARE
    opened record;
BEGIN
    FOR opened IN
        SELECT c.oid::regclass AS relation, c.relkind IN ('r', 'p') AS has_policies
          FROM pg_class c
         WHERE c.oid IN (to_regclass('public.scheduled_discharge_calls'),
                         to_regclass('public.scheduled_discharge_emails'))
           AND pg_has_role(c.relowner, 'USAGE')
           AND (SELECT count(*) FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND NOT a.attisdropped
                   AND a.attname IN ('case_id', 'status')) = 2
    LOOP
        EXECUTE format('GRANT SELECT (case_id, status) ON TABLE %s TO idexx_sync_worker',
                       opened.relation);
        IF opened.has_policies THEN
            EXECUTE format('CREATE POLICY idexx_sync ON %s TO idexx_sync_worker '
                           'USING (true) WITH CHECK (true)', opened.relation);
        END IF;
    END LOOP;
END $$;
