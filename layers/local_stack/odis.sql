-- ODIS's own tables, as they stood on 2026-01-17: slots and appointments.
--
-- For demo and tests only; in production they belong to ODIS and exist already. Left out on
-- purpose: clinic_api_keys, clinic_schedule_configs.sync_schedules and case_sync_audits, which
-- our migrations bring. Applies to an empty database, Postgres 15 or later, once per database;
-- roles are the whole cluster's and may exist already.

-- Accounts and roles, as the hosting platform provides them. ------------------------------------

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['service_role BYPASSRLS', 'authenticated', 'anon'] LOOP
        BEGIN
            EXECUTE 'CREATE ROLE ' || wanted;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- another database of this cluster made it
        END;
    END LOOP;
END $$;

CREATE PUBLICATION supabase_realtime;

CREATE SCHEMA auth;
CREATE TABLE auth.users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text);

-- A direct connection carries no claims: all three are null there.
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS
    $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS
    $$ SELECT (auth.jwt() ->> 'sub')::uuid $$;
CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE AS
    $$ SELECT auth.jwt() ->> 'role' $$;

CREATE TYPE public."CaseStatus" AS ENUM ('reviewed', 'ongoing', 'completed', 'draft');
CREATE TYPE public."CaseType" AS ENUM ('checkup', 'emergency', 'surgery', 'follow_up');
CREATE TYPE public."CaseVisibility" AS ENUM ('public', 'private');
CREATE TYPE public.user_role AS ENUM
    ('veterinarian', 'vet_tech', 'admin', 'practice_owner', 'client');

CREATE FUNCTION public.update_updated_at_column() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at = now();
    RETURN NEW;
END $$;

CREATE TABLE public.users (
    id         uuid PRIMARY KEY REFERENCES auth.users (id) ON DELETE CASCADE,
    email      text,
    first_name text,
    last_name  text,
    role       public.user_role,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Clinics and their configuration. --------------------------------------------------------------

CREATE TABLE public.clinics (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name           text NOT NULL UNIQUE,
    slug           text NOT NULL,
    email          text,
    phone          text,
    address        text,
    pims_type      text NOT NULL DEFAULT 'idexx_neo',
    is_active      boolean NOT NULL DEFAULT true,
    timezone       text,
    business_hours jsonb,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN public.clinics.timezone IS 'IANA name; null means America/Los_Angeles';
COMMENT ON COLUMN public.clinics.business_hours IS
    'by lower-case weekday, in three shapes: {open, close, lunch_start?, lunch_end?}, '
    '{open, close, enabled}, {open, close, closed?}';
CREATE INDEX idx_clinics_pims_type ON public.clinics (pims_type);
CREATE INDEX idx_clinics_active ON public.clinics (is_active) WHERE is_active;

CREATE TABLE public.user_clinic_access (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id    uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    clinic_id  uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    role       text NOT NULL DEFAULT 'member',
    is_primary boolean NOT NULL DEFAULT false,
    granted_by uuid REFERENCES auth.users (id),
    granted_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, clinic_id)
);

CREATE TABLE public.clinic_schedule_configs (
    id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    clinic_id               uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    open_time               time NOT NULL DEFAULT '08:00',
    close_time              time NOT NULL DEFAULT '18:00',
    days_of_week            integer[] NOT NULL DEFAULT '{1,2,3,4,5,6}',
    slot_duration_minutes   integer NOT NULL DEFAULT 15
                            CHECK (slot_duration_minutes BETWEEN 1 AND 120),
    default_capacity        integer NOT NULL DEFAULT 2 CHECK (default_capacity > 0),
    sync_horizon_days       integer NOT NULL DEFAULT 14 CHECK (sync_horizon_days BETWEEN 1 AND 60),
    stale_threshold_minutes integer NOT NULL DEFAULT 60 CHECK (stale_threshold_minutes > 0),
    timezone                text NOT NULL DEFAULT 'America/Los_Angeles',
    idexx_config_snapshot   jsonb,
    daily_hours             jsonb,
    created_at              timestamptz NOT NULL DEFAULT now(),
    updated_at              timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT clinic_schedule_config_unique UNIQUE (clinic_id),
    CHECK (open_time < close_time)
);
COMMENT ON COLUMN public.clinic_schedule_configs.days_of_week IS '0 is Sunday';
COMMENT ON COLUMN public.clinic_schedule_configs.timezone IS 'a copy; clinics.timezone is the truth';
COMMENT ON COLUMN public.clinic_schedule_configs.daily_hours IS
    '{"0".."6": {enabled, open?, close?}}, 0 is Sunday; null: the columns count';

CREATE TABLE public.clinic_blocked_periods (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    clinic_id    uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    name         text NOT NULL,
    start_time   time NOT NULL,
    end_time     time NOT NULL,
    days_of_week integer[] NOT NULL DEFAULT '{1,2,3,4,5,6}',
    is_active    boolean NOT NULL DEFAULT true,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    CHECK (start_time < end_time)
);
CREATE INDEX idx_clinic_blocked_periods_clinic ON public.clinic_blocked_periods (clinic_id);
CREATE INDEX idx_clinic_blocked_periods_active
    ON public.clinic_blocked_periods (clinic_id, is_active) WHERE is_active;

CREATE TABLE public.providers (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    clinic_id       uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    neo_provider_id text NOT NULL,
    name            text NOT NULL,
    role            text NOT NULL DEFAULT 'veterinarian',
    is_active       boolean NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (clinic_id, neo_provider_id)
);

-- The calendar; dates and times are the clinic's wall clock. ------------------------------------

CREATE TABLE public.schedule_slots (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    clinic_id      uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    date           date NOT NULL,
    start_time     time NOT NULL,
    end_time       time NOT NULL,
    capacity       integer NOT NULL DEFAULT 2 CHECK (capacity > 0),
    booked_count   integer NOT NULL DEFAULT 0 CHECK (booked_count >= 0),
    last_synced_at timestamptz,
    sync_id        uuid,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (clinic_id, date, start_time),
    CHECK (start_time < end_time)
);
COMMENT ON COLUMN public.schedule_slots.sync_id IS 'id of a schedule_syncs row; no foreign key';
CREATE INDEX idx_schedule_slots_date ON public.schedule_slots (clinic_id, date);
CREATE INDEX idx_schedule_slots_free
    ON public.schedule_slots (clinic_id, date, start_time) WHERE booked_count < capacity;
CREATE INDEX idx_schedule_slots_sync ON public.schedule_slots (sync_id);
CREATE INDEX idx_schedule_slots_synced ON public.schedule_slots (clinic_id, last_synced_at);

CREATE TABLE public.schedule_appointments (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    clinic_id          uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    slot_id            uuid REFERENCES public.schedule_slots (id) ON DELETE SET NULL,
    neo_appointment_id text NOT NULL,
    date               date NOT NULL,
    start_time         time NOT NULL,
    end_time           time NOT NULL,
    patient_name       text,
    client_name        text,
    client_phone       text,
    provider_name      text,
    room_id            text,
    appointment_type   text,
    status             text NOT NULL,
    sync_hash          text,
    last_synced_at     timestamptz NOT NULL DEFAULT now(),
    deleted_at         timestamptz,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX idx_schedule_appointments_neo_unique
    ON public.schedule_appointments (clinic_id, neo_appointment_id) WHERE deleted_at IS NULL;
CREATE INDEX idx_schedule_appointments_date ON public.schedule_appointments (clinic_id, date);
CREATE INDEX idx_schedule_appointments_slot ON public.schedule_appointments (slot_id);

CREATE TABLE public.vapi_bookings (
    id                   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    clinic_id            uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    slot_id              uuid REFERENCES public.schedule_slots (id) ON DELETE SET NULL,
    date                 date NOT NULL,
    start_time           time NOT NULL,
    end_time             time NOT NULL,
    status               text NOT NULL DEFAULT 'pending',
    hold_expires_at      timestamptz,
    idexx_appointment_id text,
    confirmation_number  text UNIQUE,
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN public.vapi_bookings.status IS 'pending, confirmed, cancelled or rescheduled';
CREATE INDEX idx_vapi_bookings_date ON public.vapi_bookings (clinic_id, date);
CREATE INDEX idx_vapi_bookings_slot ON public.vapi_bookings (slot_id);

CREATE TABLE public.schedule_syncs (
    id                   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    clinic_id            uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    sync_start_date      date NOT NULL,
    sync_end_date        date NOT NULL,
    status               text NOT NULL DEFAULT 'in_progress',
    slots_created        integer DEFAULT 0,
    slots_updated        integer DEFAULT 0,
    appointments_added   integer DEFAULT 0,
    appointments_updated integer DEFAULT 0,
    appointments_removed integer DEFAULT 0,
    conflicts_detected   integer DEFAULT 0,
    conflicts_resolved   integer DEFAULT 0,
    idexx_config         jsonb,
    error_message        text,
    error_details        jsonb,
    started_at           timestamptz NOT NULL DEFAULT now(),
    completed_at         timestamptz,
    duration_ms          integer,
    progress_percentage  integer DEFAULT 0,
    processing_date      date,
    failed_dates         text[],
    partial_success      boolean DEFAULT false,
    created_at           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_schedule_syncs_started ON public.schedule_syncs (clinic_id, started_at DESC);
CREATE INDEX idx_schedule_syncs_status ON public.schedule_syncs (status);
CREATE INDEX idx_schedule_syncs_completed
    ON public.schedule_syncs (clinic_id, completed_at DESC) WHERE status = 'completed';

-- Cases. ----------------------------------------------------------------------------------------

CREATE TABLE public.cases (
    id                   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    clinic_id            uuid REFERENCES public.clinics (id),
    user_id              uuid DEFAULT auth.uid() REFERENCES public.users (id),
    external_id          text,
    source               text DEFAULT 'manual',
    status               public."CaseStatus",
    type                 public."CaseType",
    visibility           public."CaseVisibility" NOT NULL DEFAULT 'private',
    scheduled_at         timestamptz,
    metadata             jsonb DEFAULT '{}',
    entity_extraction    jsonb,
    extreme_case_check   jsonb,
    auto_scheduled_at    timestamptz,
    scheduling_source    text,
    is_urgent            boolean DEFAULT false,
    is_starred           boolean DEFAULT false,
    canonical_patient_id uuid,
    created_by           uuid REFERENCES auth.users (id),
    updated_by           uuid REFERENCES auth.users (id),
    created_at           timestamptz DEFAULT now(),
    updated_at           timestamptz DEFAULT now()
);
COMMENT ON COLUMN public.cases.external_id IS 'not unique: neither alone nor within a clinic';
CREATE INDEX idx_cases_clinic_id ON public.cases (clinic_id);
CREATE INDEX idx_cases_created_by ON public.cases (created_by);
CREATE INDEX idx_cases_starred ON public.cases (user_id, is_starred) WHERE is_starred;
CREATE INDEX idx_cases_urgent ON public.cases (is_urgent) WHERE is_urgent;

CREATE TABLE public.patients (
    id                   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    case_id              uuid REFERENCES public.cases (id) ON DELETE CASCADE,
    clinic_id            uuid REFERENCES public.clinics (id),
    user_id              uuid REFERENCES public.users (id),
    name                 text NOT NULL,
    species              varchar,
    breed                varchar,
    sex                  varchar,
    date_of_birth        date,
    weight_kg            numeric,
    owner_name           varchar,
    owner_phone          varchar,
    owner_email          varchar,
    external_id          text,
    source               text DEFAULT 'manual',
    metadata             jsonb DEFAULT '{}',
    canonical_patient_id uuid,
    client_id            uuid,
    created_by           uuid,
    updated_by           uuid,
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz DEFAULT now()
);
CREATE INDEX idx_patients_case_id ON public.patients (case_id);
CREATE INDEX idx_patients_clinic_id ON public.patients (clinic_id);

CREATE TABLE public.discharge_summaries (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    case_id            uuid NOT NULL REFERENCES public.cases (id) ON DELETE CASCADE,
    user_id            uuid NOT NULL REFERENCES public.users (id),
    content            text NOT NULL,
    structured_content jsonb,
    soap_note_id       uuid,
    template_id        uuid,
    generation_id      uuid,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_discharge_summaries_case ON public.discharge_summaries (case_id, created_at DESC);

-- Calls and e-mails to owners, which ODIS plans and makes.
CREATE TABLE public.scheduled_discharge_calls (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id           uuid NOT NULL REFERENCES auth.users (id),
    case_id           uuid REFERENCES public.cases (id) ON DELETE CASCADE,
    status            text NOT NULL DEFAULT 'queued' CHECK (status IN
                          ('queued', 'ringing', 'in_progress', 'completed', 'failed', 'cancelled')),
    scheduled_for     timestamptz,
    dynamic_variables jsonb NOT NULL
);
CREATE TABLE public.scheduled_discharge_emails (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id       uuid NOT NULL REFERENCES auth.users (id),
    case_id       uuid REFERENCES public.cases (id) ON DELETE CASCADE,
    status        text NOT NULL DEFAULT 'queued' CHECK (status IN
                      ('queued', 'sent', 'failed', 'cancelled')),
    scheduled_for timestamptz
);

-- Who may see what. A direct connection needs BYPASSRLS or to own the tables. -------------------

CREATE FUNCTION public.user_has_clinic_access(clinic uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
    $$ SELECT EXISTS (SELECT FROM public.user_clinic_access AS a
                       WHERE a.clinic_id = clinic AND a.user_id = auth.uid()) $$;
CREATE FUNCTION public.user_runs_clinic(clinic uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
    $$ SELECT EXISTS (SELECT FROM public.user_clinic_access AS a
                       WHERE a.clinic_id = clinic AND a.user_id = auth.uid()
                         AND a.role IN ('owner', 'admin')) $$;
CREATE FUNCTION public.is_super_admin() RETURNS boolean LANGUAGE sql STABLE AS
    $$ SELECT coalesce((auth.jwt() -> 'app_metadata' ->> 'super_admin')::boolean, false) $$;

DO $$
DECLARE
    policy record;
BEGIN
    FOR policy IN
        SELECT * FROM (VALUES
            -- table, column with the clinic, what members may, what owners and admins may
            ('clinics', 'id', '{SELECT}', '{ALL}'),
            ('clinic_schedule_configs', 'clinic_id', '{SELECT}', '{ALL}'),
            ('clinic_blocked_periods', 'clinic_id', '{SELECT}', '{ALL}'),
            ('providers', 'clinic_id', '{SELECT}', '{ALL}'),
            ('schedule_syncs', 'clinic_id', '{SELECT}', '{ALL}'),
            ('schedule_slots', 'clinic_id', '{SELECT}', '{}'),
            ('schedule_appointments', 'clinic_id', '{SELECT,INSERT,UPDATE}', '{DELETE}'),
            ('vapi_bookings', 'clinic_id', '{SELECT,UPDATE,DELETE}', '{}'),
            ('cases', 'clinic_id', '{SELECT,INSERT,UPDATE}', '{DELETE}'),
            ('patients', 'clinic_id', '{SELECT,INSERT,UPDATE}', '{DELETE}'),
            ('user_clinic_access', 'clinic_id', '{SELECT}', '{ALL}')
        ) AS p (relation, clinic, members, managers)
        CROSS JOIN LATERAL (
            SELECT verb, 'public.user_has_clinic_access' AS test, 'Members'  AS who
              FROM unnest(p.members::text[]) AS verb
            UNION ALL
            SELECT verb, 'public.user_runs_clinic', 'Owners and admins'
              FROM unnest(p.managers::text[]) AS verb
        ) AS rule
    LOOP
        EXECUTE format(
            'CREATE POLICY %I ON public.%I FOR %s TO authenticated %s',
            policy.who || ' ' || lower(policy.verb), policy.relation, policy.verb,
            CASE policy.verb WHEN 'INSERT' THEN 'WITH CHECK' ELSE 'USING' END
                || format(' (%s(%I))', policy.test, policy.clinic));
    END LOOP;

    FOR policy IN
        SELECT tablename FROM pg_tables WHERE schemaname = 'public'
    LOOP
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', policy.tablename);
        EXECUTE format(
            $q$ CREATE POLICY "Service role" ON public.%I
                USING (auth.jwt() ->> 'role' = 'service_role') $q$, policy.tablename);
        EXECUTE format(
            'CREATE POLICY "Super admins" ON public.%I TO authenticated '
            'USING (public.is_super_admin())', policy.tablename);
    END LOOP;
END $$;

CREATE POLICY "Own row" ON public.users TO authenticated USING (id = auth.uid());
CREATE POLICY "Own cases" ON public.cases TO authenticated USING (user_id = auth.uid());
CREATE POLICY "Own patients" ON public.patients TO authenticated USING (user_id = auth.uid());
CREATE POLICY "Own summaries" ON public.discharge_summaries TO authenticated
    USING (user_id = auth.uid());

-- The platform opens all that is in `public`, and all that whoever runs this makes there later, to
-- everybody who has the web application's public key: only policies stand between.
GRANT USAGE ON SCHEMA public, auth TO service_role, authenticated, anon;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA auth TO service_role, authenticated, anon;
GRANT ALL ON ALL TABLES IN SCHEMA public TO service_role, authenticated, anon;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO service_role, authenticated, anon;
GRANT ALL ON ALL FUNCTIONS IN SCHEMA public TO service_role, authenticated, anon;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO service_role, authenticated, anon;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT ALL ON SEQUENCES TO service_role, authenticated, anon;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT ALL ON FUNCTIONS TO service_role, authenticated, anon;

DO $$
DECLARE
    relation text;
BEGIN
    -- schedule_syncs, cases and patients have no such trigger: who writes them sets updated_at.
    FOREACH relation IN ARRAY ARRAY['clinics', 'clinic_schedule_configs', 'clinic_blocked_periods',
                                    'providers', 'schedule_slots', 'schedule_appointments'] LOOP
        EXECUTE format(
            'CREATE TRIGGER %I BEFORE UPDATE ON public.%I '
            'FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column()',
            'update_' || relation || '_updated_at', relation);
    END LOOP;
END $$;
