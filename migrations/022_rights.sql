-- Who may do what. The hosting platform opens whatever lies in `public` to everybody who holds the
-- web application's public key; what is ours is closed to all but roles of our own, each with what
-- its code uses and no more (docs/secrets.md). Roles are the whole cluster's and may exist already.

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['idexx_sync_migrate', 'idexx_sync_worker', 'idexx_sync_api',
                                  'idexx_sync_authorizer', 'idexx_sync_operator'] LOOP
        CONTINUE WHEN to_regrole(wanted) IS NOT NULL;
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL;  -- another database of this cluster has made it meanwhile
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'role % may not make the role %', current_user, wanted
                    USING HINT = 'Let an administrator make it with CREATE ROLE ' || wanted
                        || ' NOLOGIN, or connect as a role with CREATEROLE; see docs/secrets.md.';
        END;
    END LOOP;
    IF NOT pg_has_role('idexx_sync_migrate', 'USAGE') THEN
        EXECUTE format('GRANT idexx_sync_migrate TO %I', current_user);
    END IF;
    FOREACH wanted IN ARRAY ARRAY['idexx_sync_worker', 'idexx_sync_api'] LOOP
        IF NOT pg_has_role('idexx_sync_operator', wanted, 'USAGE') THEN
            EXECUTE format('GRANT %I TO idexx_sync_operator', wanted);
        END IF;
    END LOOP;
END $$;

-- A key of the HTTP API being used. Whoever checks keys sees none but those of which it knows the
-- hash, and so can't write another hash over a key that nobody has presented to it.

CREATE FUNCTION idexx_sync.find_key(VARIADIC hashes text[])
    RETURNS TABLE (id uuid, clinic_id uuid, key_name text, is_operator boolean, scopes text[],
                   is_active boolean, revoked_at timestamptz, expires_at timestamptz,
                   last_used_at timestamptz, now timestamptz)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1 SET search_path = '' AS $$
BEGIN
    RETURN QUERY SELECT k.id, k.clinic_id, k.key_name, k.is_operator, k.scopes, k.is_active,
                        k.revoked_at, k.expires_at, k.last_used_at, idexx_sync.clock()
                   FROM public.clinic_api_keys k WHERE k.api_key = ANY (hashes);
END $$;
COMMENT ON FUNCTION idexx_sync.find_key(text[]) IS
    'the key with one of these hashes, whatever its state, and the time at which it was read';

CREATE FUNCTION idexx_sync.touch_key(key_id uuid, hashes text[], every interval) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    UPDATE public.clinic_api_keys k
       SET last_used_at = idexx_sync.clock(), api_key = hashes[1]
     WHERE hashes[1] ~ '^[0-9a-f]{64}$'
       AND k.id = (SELECT f.id FROM public.clinic_api_keys f
                    WHERE f.id = key_id AND f.api_key = ANY (hashes)
                      AND coalesce(NOT isfinite(f.last_used_at)
                                   OR f.last_used_at <= idexx_sync.clock() - every, true)
                      FOR NO KEY UPDATE SKIP LOCKED);
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION idexx_sync.touch_key(uuid, text[], interval) IS
    'writes a use down, and the first hash in place of another one of these: it is that of the '
    'current pepper. Whoever does not know the hash that is stored changes nothing';

-- What is ours belongs to one role, which migrations work as from now on: what they make is closed
-- from its beginning, whatever the platform grants to others.

GRANT USAGE, CREATE ON SCHEMA public TO idexx_sync_migrate;
ALTER DEFAULT PRIVILEGES FOR ROLE idexx_sync_migrate REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER SCHEMA idexx_sync OWNER TO idexx_sync_migrate;

DO $$
DECLARE
    closed   record;
    outsider text;
    outsiders text := 'PUBLIC';
BEGIN
    FOREACH outsider IN ARRAY ARRAY['anon', 'authenticated'] LOOP
        IF to_regrole(outsider) IS NOT NULL THEN
            outsiders := outsiders || ', ' || outsider;
        END IF;
    END LOOP;
    FOR closed IN
        SELECT c.oid::regclass AS relation FROM pg_class c
         WHERE c.relkind IN ('r', 'p')
           AND (c.relnamespace = 'idexx_sync'::regnamespace
                OR c.oid = to_regclass('public.clinic_api_keys')
                -- ODIS may have put a table of its own in its place since.
                OR c.oid = to_regclass('public.case_sync_audits') AND idexx_sync.tells_odis())
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO idexx_sync_migrate', closed.relation);
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', closed.relation);
        EXECUTE format('REVOKE ALL ON TABLE %s FROM %s', closed.relation, outsiders);
    END LOOP;
    FOR closed IN
        SELECT p.oid::regprocedure AS routine FROM pg_proc p
         WHERE p.pronamespace = 'idexx_sync'::regnamespace
    LOOP
        EXECUTE format('ALTER ROUTINE %s OWNER TO idexx_sync_migrate', closed.routine);
    END LOOP;
    EXECUTE 'REVOKE ALL ON SCHEMA idexx_sync FROM ' || outsiders;
    EXECUTE 'REVOKE ALL ON ALL SEQUENCES IN SCHEMA idexx_sync FROM ' || outsiders;
    EXECUTE 'REVOKE ALL ON ALL ROUTINES IN SCHEMA idexx_sync FROM ' || outsiders;
END $$;

-- Each role's rights, as `database/rights.py` has them. Without columns: the whole table. What
-- EXCLUDED names in ON CONFLICT counts as read.

GRANT USAGE ON SCHEMA idexx_sync
    TO idexx_sync_worker, idexx_sync_api, idexx_sync_authorizer, idexx_sync_operator;
GRANT USAGE ON SCHEMA public TO idexx_sync_worker, idexx_sync_api, idexx_sync_operator;
GRANT EXECUTE ON FUNCTION idexx_sync.find_key(text[]),
    idexx_sync.touch_key(uuid, text[], interval) TO idexx_sync_authorizer;
GRANT EXECUTE ON FUNCTION idexx_sync.clock(), idexx_sync.is_extreme(jsonb)
    TO idexx_sync_worker, idexx_sync_api;
GRANT EXECUTE ON FUNCTION idexx_sync.with_leaves(jsonb, jsonb, text[]), idexx_sync.tells_odis(),
    idexx_sync.tell_changes(uuid, text[]) TO idexx_sync_worker;

DO $$
DECLARE
    allowed record;
BEGIN
    FOR allowed IN
        SELECT 'idexx_sync_' || m.role AS role, c.oid::regclass AS relation, m.verb,
               ' (' || string_agg(quote_ident(a.attname), ', ') || ')' AS columns
          FROM (VALUES
            ('migrate', 'public.clinics', 'REFERENCES', 'id'),
            ('migrate', 'public.cases', 'REFERENCES', 'id'),
            ('migrate', 'public.users', 'REFERENCES', 'id'),

            ('worker', 'public.clinics', 'SELECT', 'id name is_active timezone business_hours'),
            ('worker', 'public.clinic_schedule_configs', 'SELECT',
             'clinic_id open_time close_time days_of_week slot_duration_minutes default_capacity
              sync_horizon_days stale_threshold_minutes daily_hours'),
            ('worker', 'public.clinic_blocked_periods', 'SELECT',
             'id clinic_id start_time end_time days_of_week is_active'),
            ('worker', 'public.user_clinic_access', 'SELECT', 'user_id clinic_id'),
            ('worker', 'public.cases', 'SELECT',
             'xmin id clinic_id user_id external_id source status type scheduled_at metadata
              entity_extraction extreme_case_check canonical_patient_id created_at'),
            ('worker', 'public.cases', 'INSERT',
             'id clinic_id external_id source visibility user_id status type scheduled_at metadata
              entity_extraction created_at updated_at'),
            ('worker', 'public.cases', 'UPDATE',
             'clinic_id user_id status type scheduled_at metadata entity_extraction
              extreme_case_check canonical_patient_id updated_at'),
            ('worker', 'public.patients', 'SELECT',
             'xmin id case_id clinic_id name species breed sex date_of_birth weight_kg owner_name
              owner_phone owner_email external_id metadata canonical_patient_id client_id
              created_at'),
            ('worker', 'public.patients', 'INSERT',
             'case_id clinic_id user_id source name species breed sex date_of_birth weight_kg
              owner_name owner_phone owner_email external_id created_at updated_at'),
            ('worker', 'public.patients', 'UPDATE',
             'clinic_id name species breed sex date_of_birth weight_kg owner_name owner_phone
              owner_email external_id metadata canonical_patient_id client_id updated_at'),
            ('worker', 'public.discharge_summaries', 'SELECT', 'case_id'),
            ('worker', 'public.schedule_appointments', 'SELECT',
             'xmin id clinic_id slot_id neo_appointment_id date start_time end_time patient_name
              client_name client_phone provider_name room_id appointment_type status
              last_synced_at deleted_at created_at'),
            ('worker', 'public.schedule_appointments', 'INSERT',
             'clinic_id neo_appointment_id date start_time end_time patient_name client_name
              client_phone provider_name room_id appointment_type status last_synced_at'),
            ('worker', 'public.schedule_appointments', 'UPDATE',
             'slot_id date start_time end_time patient_name client_name client_phone provider_name
              room_id appointment_type status last_synced_at deleted_at'),
            ('worker', 'public.schedule_slots', 'SELECT',
             'id clinic_id date start_time end_time capacity booked_count sync_id last_synced_at'),
            ('worker', 'public.schedule_slots', 'INSERT',
             'clinic_id date start_time end_time capacity sync_id last_synced_at'),
            ('worker', 'public.schedule_slots', 'UPDATE',
             'end_time capacity booked_count sync_id last_synced_at'),
            ('worker', 'public.schedule_slots', 'DELETE', NULL),
            ('worker', 'public.vapi_bookings', 'SELECT',
             'clinic_id slot_id date start_time end_time status hold_expires_at
              idexx_appointment_id'),
            ('worker', 'public.schedule_syncs', 'INSERT',
             'id clinic_id sync_start_date sync_end_date status slots_created slots_updated
              appointments_added appointments_updated appointments_removed conflicts_detected
              partial_success progress_percentage started_at completed_at duration_ms'),
            ('worker', 'public.case_sync_audits', 'SELECT',
             'job_id external_id case_id sync_type status error_message metadata duration_ms'),
            ('worker', 'public.case_sync_audits', 'INSERT',
             'clinic_id job_id external_id case_id sync_type status error_message metadata
              synced_at duration_ms'),
            ('worker', 'public.case_sync_audits', 'UPDATE',
             'case_id status error_message metadata duration_ms'),
            ('worker', 'idexx_sync.clinic_settings', 'SELECT', NULL),
            ('worker', 'idexx_sync.clinic_settings', 'UPDATE',
             'neo_configuration neo_configuration_read_at identity identity_version
              identity_learned_at identity_refused identity_refused_since identity_refused_at
              updated_at'),
            ('worker', 'idexx_sync.jobs', 'SELECT', NULL),
            ('worker', 'idexx_sync.jobs', 'INSERT',
             'id clinic_id sync trigger scheduled_time params manner retry_of'),
            ('worker', 'idexx_sync.jobs', 'UPDATE',
             'status attempt fence started_at error_kind error_message manner progress result
              finished_at'),
            ('worker', 'idexx_sync.leases', 'SELECT', NULL),
            ('worker', 'idexx_sync.leases', 'INSERT',
             'clinic_id job_id sync fence holder expires_at'),
            ('worker', 'idexx_sync.leases', 'UPDATE', 'job_id sync fence holder expires_at'),
            ('worker', 'idexx_sync.records', 'SELECT', NULL),
            ('worker', 'idexx_sync.records', 'INSERT', NULL),
            ('worker', 'idexx_sync.records', 'UPDATE',
             'source read_at strikes struck_at looked_up_at quarantine_code claims doubtful_reads
              doubtful_since'),
            ('worker', 'idexx_sync.unknown_words', 'SELECT', NULL),
            ('worker', 'idexx_sync.unknown_words', 'INSERT', NULL),
            ('worker', 'idexx_sync.holds', 'SELECT', NULL),
            ('worker', 'idexx_sync.holds', 'INSERT',
             'id clinic_id sync cause findings job_id opened_at updated_at'),
            ('worker', 'idexx_sync.holds', 'UPDATE',
             'status findings job_id opened_at updated_at decided_at decided_by permit_until
              ended_at'),
            ('worker', 'idexx_sync.changes', 'SELECT', NULL),
            ('worker', 'idexx_sync.changes', 'INSERT', NULL),
            ('worker', 'idexx_sync.changes', 'UPDATE', 'case_id outcome reasons fields error'),
            ('worker', 'idexx_sync.case_keys', 'SELECT', NULL),
            ('worker', 'idexx_sync.case_keys', 'INSERT', NULL),
            ('worker', 'idexx_sync.case_keys', 'UPDATE', 'case_id'),
            ('worker', 'idexx_sync.deaths', 'SELECT', NULL),
            ('worker', 'idexx_sync.deaths', 'INSERT', NULL),
            ('worker', 'idexx_sync.deaths', 'UPDATE',
             'category in_doubt told_at marked denied_at'),
            ('worker', 'idexx_sync.credentials', 'SELECT', 'clinic_id version sealed'),
            ('worker', 'idexx_sync.logins', 'SELECT', NULL),
            ('worker', 'idexx_sync.logins', 'INSERT',
             'clinic_id credential_version job_id attempted_at'),
            ('worker', 'idexx_sync.logins', 'UPDATE', 'outcome ended_at submitted'),
            ('worker', 'idexx_sync.sessions', 'SELECT', NULL),
            ('worker', 'idexx_sync.sessions', 'INSERT', NULL),
            ('worker', 'idexx_sync.sessions', 'UPDATE', 'credential_version sealed stored_at'),
            ('worker', 'idexx_sync.sessions', 'DELETE', NULL),

            ('api', 'public.clinics', 'SELECT', 'id name is_active timezone business_hours'),
            ('api', 'public.clinic_schedule_configs', 'SELECT',
             'clinic_id open_time close_time days_of_week slot_duration_minutes default_capacity
              sync_horizon_days stale_threshold_minutes daily_hours sync_schedules'),
            ('api', 'public.clinic_blocked_periods', 'SELECT',
             'id clinic_id start_time end_time days_of_week is_active'),
            ('api', 'public.cases', 'SELECT', 'id clinic_id status metadata extreme_case_check'),
            ('api', 'idexx_sync.migrations', 'SELECT', NULL),
            ('api', 'idexx_sync.clinic_settings', 'SELECT', NULL),
            ('api', 'idexx_sync.jobs', 'SELECT', NULL),
            ('api', 'idexx_sync.jobs', 'INSERT',
             'id clinic_id sync trigger scheduled_time params manner retry_of'),
            ('api', 'idexx_sync.jobs', 'UPDATE',
             'status result error_kind error_message finished_at dispatched_at'),
            ('api', 'idexx_sync.leases', 'SELECT', NULL),
            ('api', 'idexx_sync.leases', 'UPDATE', 'fence expires_at'),
            ('api', 'idexx_sync.idempotency_keys', 'SELECT', NULL),
            ('api', 'idexx_sync.idempotency_keys', 'INSERT', NULL),
            ('api', 'idexx_sync.idempotency_keys', 'UPDATE', 'request_hash job_id created_at'),
            ('api', 'idexx_sync.idempotency_keys', 'DELETE', NULL),
            ('api', 'idexx_sync.holds', 'SELECT', NULL),
            ('api', 'idexx_sync.holds', 'UPDATE', 'status decided_at decided_by permit_until'),
            ('api', 'idexx_sync.records', 'SELECT', NULL),
            ('api', 'idexx_sync.case_keys', 'SELECT', NULL),
            ('api', 'idexx_sync.deaths', 'SELECT', NULL),
            ('api', 'idexx_sync.credentials', 'SELECT', 'clinic_id version created_at'),
            ('api', 'idexx_sync.logins', 'SELECT', NULL),

            ('operator', 'public.users', 'SELECT', 'id'),
            ('operator', 'public.cases', 'SELECT', 'updated_at'),
            ('operator', 'public.clinic_api_keys', 'SELECT',
             'id clinic_id is_operator key_name key_hint scopes is_active created_at expires_at
              last_used_at revoked_at replaced_by'),
            ('operator', 'public.clinic_api_keys', 'INSERT',
             'clinic_id is_operator key_name key_hint scopes api_key created_at expires_at'),
            ('operator', 'public.clinic_api_keys', 'UPDATE',
             'is_active expires_at revoked_at replaced_by'),
            ('operator', 'idexx_sync.clinic_settings', 'INSERT',
             'clinic_id base_url transport room_ids stage acting_user_id live_from'),
            ('operator', 'idexx_sync.clinic_settings', 'UPDATE',
             'base_url transport room_ids stage acting_user_id live_from'),
            ('operator', 'idexx_sync.credentials', 'INSERT', 'clinic_id version sealed')
          ) AS m (role, relation, verb, columns)
          -- What is not there, or is somebody else's, `migrate --check` names.
          JOIN pg_class c ON c.oid = to_regclass(m.relation) AND pg_has_role(c.relowner, 'USAGE')
           AND (m.relation <> 'public.case_sync_audits' OR idexx_sync.tells_odis())
          LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
           AND a.attname = ANY (regexp_split_to_array(m.columns, '\s+'))
         WHERE m.columns IS NULL OR a.attname IS NOT NULL
         GROUP BY m.role, c.oid, m.verb
    LOOP
        EXECUTE format('GRANT %s%s ON TABLE %s TO %I', allowed.verb,
                       coalesce(allowed.columns, ''), allowed.relation, allowed.role);
    END LOOP;
END $$;

-- Row level security hides every row from whoever has no policy. BYPASSRLS is no way around that
-- for members of a role, who do not inherit it; a policy they do.
DO $$
DECLARE
    opened record;
BEGIN
    FOR opened IN
        SELECT c.oid::regclass AS relation,
               string_agg(DISTINCT g.grantee::regrole::text, ', ') AS roles
          FROM pg_class c
         CROSS JOIN LATERAL (
               SELECT grantee FROM aclexplode(c.relacl)
                UNION ALL
               SELECT e.grantee FROM pg_attribute a, aclexplode(a.attacl) e
                WHERE a.attrelid = c.oid) g
         WHERE c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'USAGE')
           AND c.relnamespace IN ('public'::regnamespace, 'idexx_sync'::regnamespace)
           AND g.grantee IN ('idexx_sync_worker'::regrole, 'idexx_sync_api'::regrole,
                             'idexx_sync_operator'::regrole)
         GROUP BY c.oid
    LOOP
        EXECUTE format('CREATE POLICY idexx_sync ON %s TO %s USING (true) WITH CHECK (true)',
                       opened.relation, opened.roles);
    END LOOP;
END $$;

-- Readers: members see their own clinic's audits, super admins all. Nobody but the service role and
-- our worker writes them.
DO $$
DECLARE
    reader record;
BEGIN
    IF to_regrole('service_role') IS NOT NULL THEN  -- stamps of the tables that it may write
        GRANT USAGE ON SCHEMA idexx_sync TO service_role;
        GRANT EXECUTE ON FUNCTION idexx_sync.clock() TO service_role;
    END IF;
    IF to_regrole('authenticated') IS NULL OR NOT idexx_sync.tells_odis() THEN
        RETURN;
    END IF;
    FOR reader IN
        SELECT * FROM (VALUES
            ('Members read', 'public.user_has_clinic_access(uuid)',
             'public.user_has_clinic_access(clinic_id)'),
            ('Super admins read', 'public.is_super_admin()', 'public.is_super_admin()')
        ) AS r (name, asks, says) WHERE to_regprocedure(r.asks) IS NOT NULL
    LOOP
        GRANT SELECT ON public.case_sync_audits TO authenticated;
        EXECUTE format('CREATE POLICY %I ON public.case_sync_audits FOR SELECT TO authenticated '
                       'USING (%s)', reader.name, reader.says);
    END LOOP;
END $$;
