-- Our own memory, in a schema of its own (made by the runner). ODIS's tables stay ODIS's.

CREATE TABLE idexx_sync.clinic_settings (
    clinic_id       uuid PRIMARY KEY REFERENCES public.clinics (id) ON DELETE CASCADE,
    base_url        text NOT NULL,
    transport       text NOT NULL DEFAULT 'http' CHECK (transport IN ('http', 'browser')),
    room_ids        text[],
    stage           text NOT NULL DEFAULT 'off'
                    CHECK (stage IN ('off', 'shadow', 'canary', 'live')),
    paused_at       timestamptz,
    paused_by       text,
    paused_reason   text,
    killed          boolean NOT NULL DEFAULT false,
    neo_configuration jsonb,
    neo_configuration_read_at timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN idexx_sync.clinic_settings.room_ids IS
    'calendar columns that count; null: all of them; an empty list is refused';
COMMENT ON COLUMN idexx_sync.clinic_settings.neo_configuration IS
    'rooms, appointment types and slot length as Neo showed them last';

CREATE TABLE idexx_sync.jobs (
    id             uuid PRIMARY KEY,
    clinic_id      uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    sync           text NOT NULL CHECK (sync IN ('inbound', 'cases', 'reconciliation')),
    trigger        text NOT NULL
                   CHECK (trigger IN ('schedule', 'api', 'cli', 'retry', 'catch_up', 'approval')),
    scheduled_time timestamptz,
    params         jsonb NOT NULL DEFAULT '{}',
    status         text NOT NULL DEFAULT 'queued' CHECK (status IN (
                       'queued', 'running', 'succeeded', 'succeeded_with_warnings', 'held',
                       'failed', 'dead', 'cancelled', 'skipped_overlap', 'skipped_stale',
                       'skipped_paused')),
    attempt        integer NOT NULL DEFAULT 0,
    fence          bigint,
    error_kind     text,
    error_message  text,
    result         jsonb,
    retry_of       uuid,
    queued_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    dispatched_at  timestamptz,
    started_at     timestamptz,
    finished_at    timestamptz
);
CREATE UNIQUE INDEX jobs_once_per_tick
    ON idexx_sync.jobs (clinic_id, sync, scheduled_time) WHERE scheduled_time IS NOT NULL;
CREATE INDEX jobs_newest_first ON idexx_sync.jobs (clinic_id, queued_at DESC);
CREATE INDEX jobs_unfinished ON idexx_sync.jobs (queued_at) WHERE status IN ('queued', 'running');

CREATE TABLE idexx_sync.leases (
    clinic_id  uuid PRIMARY KEY REFERENCES public.clinics (id) ON DELETE CASCADE,
    job_id     uuid NOT NULL,
    sync       text NOT NULL,
    fence      bigint NOT NULL,
    holder     uuid NOT NULL,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE idexx_sync.leases IS
    'one run at a time per clinic; never deleted, because each take-over must raise the fence';
COMMENT ON COLUMN idexx_sync.leases.holder IS
    'the invocation that took it: after a lost acknowledgement it recognises its own lease';

CREATE TABLE idexx_sync.records (
    clinic_id       uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    kind            text NOT NULL CHECK (kind IN ('appointment')),
    external_id     text NOT NULL,
    source          jsonb,
    read_at         timestamptz NOT NULL,
    strikes         smallint NOT NULL DEFAULT 0,
    struck_at       timestamptz,
    looked_up_at    timestamptz,
    quarantine_code text,
    PRIMARY KEY (clinic_id, kind, external_id)
);
COMMENT ON COLUMN idexx_sync.records.source IS
    'what the source said when it last differed: wall-clock texts, words, ids; personal fields as keyed hashes';
COMMENT ON COLUMN idexx_sync.records.strikes IS
    'complete reads that missed the record while a look-up by id did not find it either';

CREATE TABLE idexx_sync.unknown_words (
    clinic_id     uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    field         text NOT NULL,
    word          text NOT NULL,
    job_id        uuid NOT NULL,
    first_seen_at timestamptz NOT NULL,
    PRIMARY KEY (clinic_id, field, word)
);

CREATE TABLE idexx_sync.holds (
    id          uuid PRIMARY KEY,
    clinic_id   uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    sync        text NOT NULL CHECK (sync IN ('inbound', 'cases', 'reconciliation')),
    cause       text NOT NULL,
    status      text NOT NULL DEFAULT 'open'
                CHECK (status IN ('open', 'approved', 'rejected', 'closed', 'expired')),
    findings    jsonb NOT NULL,
    job_id      uuid NOT NULL,
    opened_at   timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    decided_at  timestamptz,
    decided_by  text,
    permit_until timestamptz,
    ended_at    timestamptz
);
CREATE UNIQUE INDEX holds_one_standing_per_cause
    ON idexx_sync.holds (clinic_id, sync, cause) WHERE status IN ('open', 'approved', 'rejected');
COMMENT ON COLUMN idexx_sync.holds.findings IS
    '{external id: what was found}: ids, times, field names and statuses, never a personal value';

CREATE TABLE idexx_sync.credentials (
    clinic_id  uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    version    integer NOT NULL,
    sealed     bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (clinic_id, version)
);

CREATE TABLE idexx_sync.logins (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    clinic_id          uuid NOT NULL REFERENCES public.clinics (id) ON DELETE CASCADE,
    credential_version integer NOT NULL,
    job_id             uuid,
    attempted_at       timestamptz NOT NULL,
    outcome            text CHECK (outcome IN (
                           'ok', 'credentials_rejected', 'password_change_required',
                           'account_locked', 'challenge_required', 'page_unknown', 'unavailable')),
    ended_at           timestamptz
);
CREATE INDEX logins_newest_first ON idexx_sync.logins (clinic_id, attempted_at DESC);
COMMENT ON COLUMN idexx_sync.logins.outcome IS
    'null: the form may have been submitted and nobody knows how it ended';

CREATE TABLE idexx_sync.sessions (
    clinic_id          uuid PRIMARY KEY REFERENCES public.clinics (id) ON DELETE CASCADE,
    credential_version integer NOT NULL,
    sealed             bytea NOT NULL,
    stored_at          timestamptz NOT NULL
);
