"""The operations of the function `status`: everything of the API that starts no sync."""

from idexx_sync.api import (
    alerts,
    clinics,
    dead_letters,
    holds,
    jobs,
    keys,
    pauses,
    schedules,
    service,
    ticks,
)
from idexx_sync.api.handler import Operation, Page
from idexx_sync.api.routes import OperationId


def status_operations() -> dict[OperationId, Operation | Page]:
    """Each operation; `/ready` remembers its newest answer for a while."""
    return {
        "list_jobs": jobs.list_jobs,
        "get_job": jobs.get_job,
        "list_changes": jobs.list_changes,
        "list_discrepancies": jobs.list_discrepancies,
        "retry_job": jobs.retry_job,
        "cancel_job": jobs.cancel_job,
        "list_holds": holds.list_holds,
        "get_hold": holds.get_hold,
        "approve_hold": holds.approve_hold,
        "reject_hold": holds.reject_hold,
        "reopen_hold": holds.reopen_hold,
        "revive_hold": holds.revive_hold,
        "list_dead_letters": dead_letters.list_dead_letters,
        "get_dead_letter": dead_letters.get_dead_letter,
        "retry_dead_letter": dead_letters.retry_dead_letter,
        "discard_dead_letter": dead_letters.discard_dead_letter,
        "list_alerts": alerts.list_alerts,
        "get_alert": alerts.get_alert,
        "acknowledge_alert": alerts.acknowledge_alert,
        "mute_alert": alerts.mute_alert,
        "unmute_alert": alerts.unmute_alert,
        "list_clinics": clinics.list_clinics,
        "get_clinic_status": clinics.get_clinic_status,
        "list_clinic_discrepancies": clinics.list_clinic_discrepancies,
        "get_ticks": ticks.get_ticks,
        "pause_clinic": pauses.pause_clinic,
        "resume_clinic": pauses.resume_clinic,
        "pause_all": pauses.pause_all,
        "resume_all": pauses.resume_all,
        "get_key": keys.get_key,
        "refresh_schedules": schedules.refresh_schedules,
        "get_metrics": service.get_metrics,
        "get_readiness_details": service.get_readiness_details,
        "get_health": Page(service.get_health),
        "get_readiness": Page(service.KeptReadiness()),
        "get_openapi": Page(service.get_openapi),
        "get_docs": Page(service.get_docs),
    }
