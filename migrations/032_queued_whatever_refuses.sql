-- Whatever refuses to tell which calls and e-mails ODIS has queued (a view that breaks, a lock of
-- ODIS's own, a foreign server that is away), nobody knows then, and the run goes on.

CREATE OR REPLACE FUNCTION idexx_sync.queued_for(case_ids uuid[])
    RETURNS TABLE (relation text, cases uuid[])
    LANGUAGE plpgsql STABLE SET search_path = '' SET lock_timeout = '2s' AS $$
DECLARE
    ended text[];
BEGIN
    FOR relation, ended IN
        VALUES ('scheduled_discharge_calls', '{completed,failed,cancelled}'::text[]),
               ('scheduled_discharge_emails', '{sent,failed,cancelled}')
    LOOP
        cases := NULL;
        BEGIN
            -- Row level security hides rows without an error: only a policy that shows us all of
            -- them, and none that narrows it, lets us know.
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
                EXECUTE format(
                    $q$ SELECT coalesce(array_agg(DISTINCT q.case_id), '{}') FROM public.%I q
                         WHERE q.case_id = ANY ($1) AND coalesce(q.status::text, '') <> ALL ($2) $q$,
                    relation) INTO cases USING case_ids, ended;
            END IF;
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
        RETURN NEXT;
    END LOOP;
END $$;
