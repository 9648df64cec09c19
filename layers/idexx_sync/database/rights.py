"""The rights of each role of ours: what its code uses, and no more.

Migrations grant them; `migrate --check` compares. A migration that makes a table or a function
grants what the code needs of it, and it is named here.
"""

from collections.abc import Mapping
from typing import Final

Rights = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Relation -> verb -> columns; none: the whole relation."""


def _read(listed: str) -> Rights:
    rights = {}
    for line in listed.strip().splitlines():
        relation, _, verbs = line.strip().partition(": ")
        words = (verb.split() for verb in verbs.split(";"))
        rights[relation] = {verb: tuple(columns) for verb, *columns in words}
    return rights


RIGHTS: Final[Mapping[str, Rights]] = {
    "idexx_sync_migrate": _read("""
        public.clinics: REFERENCES id
        public.cases: REFERENCES id
        public.users: REFERENCES id
    """),
    "idexx_sync_worker": _read("""
        public.clinics: SELECT id name is_active timezone business_hours
        public.clinic_schedule_configs: SELECT clinic_id open_time close_time days_of_week \
            slot_duration_minutes default_capacity sync_horizon_days stale_threshold_minutes \
            daily_hours sync_schedules
        public.clinic_blocked_periods: SELECT id clinic_id start_time end_time days_of_week \
            is_active
        public.user_clinic_access: SELECT user_id clinic_id
        public.cases: SELECT xmin id clinic_id user_id external_id source status type \
            scheduled_at metadata entity_extraction extreme_case_check canonical_patient_id \
            created_at; \
            INSERT id clinic_id external_id source visibility user_id status type \
            scheduled_at metadata entity_extraction created_at updated_at; \
            UPDATE clinic_id user_id status type scheduled_at metadata entity_extraction \
            extreme_case_check canonical_patient_id updated_at
        public.patients: SELECT xmin id case_id clinic_id name species breed sex date_of_birth \
            weight_kg owner_name owner_phone owner_email external_id metadata \
            canonical_patient_id client_id created_at; \
            INSERT case_id clinic_id user_id source name species breed sex date_of_birth \
            weight_kg owner_name owner_phone owner_email external_id created_at updated_at; \
            UPDATE clinic_id name species breed sex date_of_birth weight_kg owner_name \
            owner_phone owner_email external_id metadata canonical_patient_id client_id \
            updated_at
        public.discharge_summaries: SELECT case_id
        public.scheduled_discharge_calls: SELECT case_id status
        public.scheduled_discharge_emails: SELECT case_id status
        public.schedule_appointments: SELECT xmin id clinic_id slot_id neo_appointment_id date \
            start_time end_time patient_name client_name client_phone provider_name room_id \
            appointment_type status last_synced_at deleted_at created_at; \
            INSERT clinic_id neo_appointment_id date start_time end_time patient_name \
            client_name client_phone provider_name room_id appointment_type status \
            last_synced_at; \
            UPDATE slot_id date start_time end_time patient_name client_name client_phone \
            provider_name room_id appointment_type status last_synced_at deleted_at
        public.schedule_slots: SELECT id clinic_id date start_time end_time capacity \
            booked_count sync_id last_synced_at; \
            INSERT clinic_id date start_time end_time capacity sync_id last_synced_at; \
            UPDATE end_time capacity booked_count sync_id last_synced_at; \
            DELETE
        public.vapi_bookings: SELECT clinic_id slot_id date start_time end_time status \
            hold_expires_at idexx_appointment_id
        public.schedule_syncs: SELECT clinic_id status sync_start_date sync_end_date \
            completed_at partial_success; \
            INSERT id clinic_id sync_start_date sync_end_date status \
            slots_created slots_updated appointments_added appointments_updated \
            appointments_removed conflicts_detected partial_success progress_percentage \
            started_at completed_at duration_ms
        public.case_sync_audits: SELECT job_id external_id case_id sync_type status \
            error_message metadata duration_ms; \
            INSERT clinic_id job_id external_id case_id sync_type status error_message \
            metadata synced_at duration_ms; \
            UPDATE case_id status error_message metadata duration_ms
        idexx_sync.clinic_settings: SELECT; \
            UPDATE neo_configuration neo_configuration_read_at identity identity_version \
            identity_learned_at identity_refused identity_refused_since identity_refused_at \
            updated_at
        idexx_sync.jobs: SELECT; \
            INSERT id clinic_id sync trigger scheduled_time params manner retry_of request_id; \
            UPDATE status attempt fence started_at error_kind error_message manner progress \
            result finished_at
        idexx_sync.leases: SELECT; \
            INSERT clinic_id job_id sync fence holder expires_at; \
            UPDATE job_id sync fence holder expires_at
        idexx_sync.alerts: SELECT; \
            INSERT clinic_id kind syncs who_acts code records job_id incident_id muted_until \
            muted_by; \
            UPDATE syncs who_acts code records job_id times last_at closed_at closed_because
        idexx_sync.records: SELECT; \
            INSERT; \
            UPDATE source read_at strikes struck_at looked_up_at quarantine_code claims \
            doubtful_reads doubtful_since
        idexx_sync.unknown_words: SELECT; \
            INSERT
        idexx_sync.holds: SELECT; \
            INSERT id clinic_id sync cause findings consequence job_id opened_at updated_at; \
            UPDATE status findings consequence job_id opened_at updated_at decided_at decided_by \
            permit_until ended_at reason
        idexx_sync.hold_events: SELECT; \
            INSERT
        idexx_sync.changes: SELECT; \
            INSERT; \
            UPDATE case_id outcome reasons fields error
        idexx_sync.case_keys: SELECT; \
            INSERT; \
            UPDATE case_id
        idexx_sync.deaths: SELECT; \
            INSERT; \
            UPDATE category in_doubt told_at marked denied_at
        idexx_sync.credentials: SELECT clinic_id version sealed
        idexx_sync.imprints: SELECT
        idexx_sync.logins: SELECT; \
            INSERT clinic_id credential_version job_id attempted_at; \
            UPDATE outcome ended_at submitted
        idexx_sync.sessions: SELECT; \
            INSERT; \
            UPDATE credential_version sealed stored_at; \
            DELETE
        idexx_sync.pauses: SELECT
        idexx_sync.discrepancies: SELECT; \
            INSERT; \
            UPDATE day fingerprint decision missed_by treatment outcome nights last_night \
            last_seen_at ended_at
        idexx_sync.sightings: SELECT; \
            INSERT; \
            UPDATE treatment outcome
        idexx_sync.policies: SELECT
    """),
    "idexx_sync_api": _read("""
        public.clinics: SELECT id name is_active timezone business_hours
        public.clinic_schedule_configs: SELECT clinic_id open_time close_time days_of_week \
            slot_duration_minutes default_capacity sync_horizon_days stale_threshold_minutes \
            daily_hours sync_schedules
        public.clinic_blocked_periods: SELECT id clinic_id start_time end_time days_of_week \
            is_active
        public.cases: SELECT id clinic_id status metadata extreme_case_check
        idexx_sync.migrations: SELECT
        idexx_sync.clinic_settings: SELECT
        idexx_sync.jobs: SELECT; \
            INSERT id clinic_id sync trigger scheduled_time params manner retry_of request_id \
            for_workers; \
            UPDATE status result error_kind error_message finished_at dispatched_at
        idexx_sync.leases: SELECT; \
            UPDATE fence expires_at
        idexx_sync.idempotency_keys: SELECT; \
            INSERT; \
            UPDATE request_hash job_id created_at; \
            DELETE
        idexx_sync.key_budgets: SELECT; \
            INSERT; \
            UPDATE orders_until waits
        idexx_sync.holds: SELECT; \
            INSERT id clinic_id sync cause status findings job_id opened_at updated_at decided_at \
            decided_by reason; \
            UPDATE status findings updated_at decided_at decided_by permit_until reason
        idexx_sync.hold_events: SELECT; \
            INSERT
        idexx_sync.alerts: SELECT; \
            INSERT clinic_id kind syncs who_acts code records job_id incident_id muted_until \
            muted_by; \
            UPDATE syncs who_acts code records job_id times last_at closed_at closed_because \
            acknowledged_at acknowledged_by muted_until muted_by
        idexx_sync.messages: SELECT
        idexx_sync.dead_letters: SELECT; \
            UPDATE status ended_at ended_by ended_reason retry_job_id
        idexx_sync.records: SELECT
        idexx_sync.changes: SELECT
        idexx_sync.case_keys: SELECT
        idexx_sync.deaths: SELECT
        idexx_sync.credentials: SELECT clinic_id version created_at
        idexx_sync.logins: SELECT
        idexx_sync.discrepancies: SELECT
        idexx_sync.sightings: SELECT
        idexx_sync.policies: SELECT
        idexx_sync.pauses: SELECT; \
            INSERT clinic_id paused_by reason; \
            UPDATE resumed_at resumed_by resume_reason
    """),
    "idexx_sync_upkeep": _read("""
        idexx_sync.dead_letters: INSERT; \
            DELETE
        idexx_sync.places: SELECT; \
            INSERT; \
            UPDATE place at
        idexx_sync.messages: INSERT part alert_id zone day reader told; \
            UPDATE told tries tried_at doubts looked_at sent_at channel place refused \
            refused_at; \
            DELETE
        idexx_sync.timetables: SELECT; \
            INSERT; \
            UPDATE read_from judged_until due ended_at; \
            DELETE
        idexx_sync.jobs: INSERT status error_message finished_at catch_up_of; \
            UPDATE made_up_by; \
            DELETE
        idexx_sync.holds: DELETE
        idexx_sync.pauses: DELETE
        idexx_sync.alerts: INSERT clinics; \
            UPDATE clinics incident_id; \
            DELETE
        idexx_sync.changes: UPDATE at; \
            DELETE
        idexx_sync.discrepancies: UPDATE last_seen_at; \
            DELETE
        idexx_sync.records: UPDATE read_at; \
            DELETE
        idexx_sync.logins: UPDATE attempted_at; \
            DELETE
        idexx_sync.credentials: UPDATE created_at; \
            DELETE
        idexx_sync.sessions: SELECT clinic_id stored_at; \
            UPDATE stored_at; \
            DELETE
        idexx_sync.schedule_mirror: SELECT; \
            INSERT name clinic_id digest written_at; \
            UPDATE digest written_at modified_at; \
            DELETE
    """),
    "idexx_sync_authorizer": {},
    "idexx_sync_operator": _read("""
        public.users: SELECT id
        public.cases: SELECT updated_at
        public.clinic_schedule_configs: UPDATE sync_schedules
        public.clinic_api_keys: SELECT id clinic_id is_operator key_name key_hint scopes \
            is_active created_at expires_at last_used_at revoked_at replaced_by; \
            INSERT clinic_id is_operator key_name key_hint scopes api_key created_at \
            expires_at; \
            UPDATE is_active expires_at revoked_at replaced_by
        idexx_sync.clinic_settings: INSERT clinic_id base_url transport room_ids stage \
            acting_user_id live_from; \
            UPDATE base_url transport room_ids stage acting_user_id live_from
        idexx_sync.credentials: INSERT clinic_id version sealed
        idexx_sync.policies: INSERT; \
            UPDATE treatment until set_by set_at; \
            DELETE
        idexx_sync.imprints: INSERT secret known; \
            UPDATE known kept_at
    """),
}
"""Role -> its rights on ODIS's tables and on ours. What is ours belongs to `idexx_sync_migrate`;
the authorizer has functions and no table. None is a login: a deployment grants them to some."""
FUNCTIONS: Final[Mapping[str, frozenset[str]]] = {
    "idexx_sync_worker": frozenset(
        {
            "clock",
            "is_extreme",
            "queued_for",
            "schema_number",
            "tell_changes",
            "tells_odis",
            "with_leaves",
        }
    ),
    "idexx_sync_api": frozenset(
        {"clock", "count_waits", "is_extreme", "live_waits", "schema_number"}
    ),
    "idexx_sync_authorizer": frozenset(
        {"find_key", "pepper_imprints", "schema_number", "touch_key"}
    ),
    "idexx_sync_operator": frozenset({"forget_clinic"}),
    "service_role": frozenset({"clock"}),
}
"""Role -> the functions of our schema that it may execute."""
MEMBER_OF: Final[Mapping[str, frozenset[str]]] = {
    "idexx_sync_operator": frozenset({"idexx_sync_worker", "idexx_sync_api"}),
    "idexx_sync_upkeep": frozenset({"idexx_sync_api"}),
}
"""Role of ours -> the roles whose rights it has besides its own."""
